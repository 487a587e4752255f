#!/usr/bin/env bash
# The image of packaging/Dockerfile from the binary that is there already, with buildah and no registry:
# the base is Debian's own packages, put together by mmdebstrap. Needs root.
#   bash packaging/image.sh      then: buildah images
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_binary
need_tools
command -v buildah >/dev/null || fail "buildah is needed: apt-get install buildah"
hadolint packaging/Dockerfile

base=$(bash packaging/base.sh)
storage=$target_folder/image-storage
export BUILDAH_ISOLATION=chroot
engine() { buildah --storage-driver vfs --root "$storage/root" --runroot "$storage/run" "$@"; }
# An image of one folder or one archive.
image() {
    local container
    container=$(engine from scratch)
    engine add --quiet "$container" "$2" / >/dev/null
    engine commit --quiet --rm "$container" "$1" >/dev/null
}

rm -rf "$storage"
trap 'rm -rf "$storage"' EXIT
make_share
documents=$storage/prebuilt/package/usr/share/doc/regulars
mkdir -p "$documents"
install -D "$binary" "$storage/prebuilt/package/usr/bin/regulars"
cp LICENSE-APACHE LICENSE-MIT "$share/doc/"* "$documents/"
image localhost/base "$base"
image localhost/prebuilt "$storage/prebuilt"
engine bud --quiet --file packaging/Dockerfile --ignorefile packaging/Dockerfile.dockerignore \
    --build-arg RUST=localhost/base --build-arg BASE=localhost/base --build-arg PREBUILT=localhost/prebuilt \
    --tag localhost/regulars . >/dev/null

# As a person would run it: a folder of theirs, no rights, and nothing but what the image has.
container=$(engine from localhost/regulars)
[ "$(engine run "$container" -- id -u)" = 10001 ] || fail "the image does not run as the user regulars"
engine run "$container" -- sh -c '! touch /usr/bin/x 2>/dev/null' || fail "the user of the image may write to /usr/bin"
engine run "$container" -- regulars demo --quiet
engine run "$container" -- test -s /data/regulars-out/segments.csv
engine run "$container" -- test -s /usr/share/doc/regulars/THIRD-PARTY.txt
entry=$(engine inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.User}}' "$container")
[ "$entry" = "[/usr/bin/regulars] [--help] 10001:10001" ] || fail "the image starts with $entry"
echo "the image is built, runs the demo as user 10001, and writes to /data alone"
