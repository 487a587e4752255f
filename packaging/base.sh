#!/usr/bin/env bash
# A bare Debian 12 as a tar archive, to try packages in; prints where it is. Made once. Needs root.
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
base=$target_folder/packaging-base.tar
if [ ! -f "$base" ]; then
    command -v mmdebstrap >/dev/null || fail "mmdebstrap is needed: apt-get install mmdebstrap"
    mmdebstrap --quiet --format=tar --variant=essential --include=ca-certificates,passwd --dpkgopt=path-exclude=/usr/share/doc/* \
        --dpkgopt=path-exclude=/usr/share/locale/* bookworm "$base.new" >&2
    mv "$base.new" "$base"
fi
echo "$base"
