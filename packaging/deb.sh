#!/usr/bin/env bash
# A Debian package with man pages and completions; what it depends on is read from the binary.
#   bash packaging/deb.sh      then: apt-get install TARGET/packages/regulars_*.deb
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_binary
command -v cargo-deb >/dev/null || fail "cargo-deb is needed: cargo install --locked cargo-deb"
command -v dpkg-shlibdeps >/dev/null || fail "dpkg-shlibdeps is needed: apt-get install dpkg-dev"
make_share
gzip -9n "$share"/man/man1/*.1

mkdir -p "$packages"
rm -f "$packages"/regulars_*.deb
# --fast: the slower ways take minutes on two cores for a tenth of the size.
SOURCE_DATE_EPOCH=$epoch cargo deb --quiet --no-build --no-strip --locked --fast --package regulars --output "$packages/" >/dev/null
deb=$(echo "$packages"/regulars_"$version"-*.deb)
[ -f "$deb" ] || fail "cargo-deb made no package in $packages"
printf '%s\n  needs %s\n' "$deb" "$(dpkg-deb --field "$deb" Depends)"
