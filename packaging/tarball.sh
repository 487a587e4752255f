#!/usr/bin/env bash
# A tarball with the binary, man pages, completions, licences and a list of what is in it (SBOM,
# CycloneDX), and SHA256SUMS beside it. The list is the one that maturin writes into the wheel.
#   bash packaging/wheel.sh; bash packaging/tarball.sh
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_binary
wheel=$(echo "$packages"/regulars-"$version"-*.whl)
[ -f "$wheel" ] || fail "the list of crates is taken from the wheel; make it first: bash packaging/wheel.sh"
make_share

name=regulars-$version-$platform
rm -f "$packages"/regulars-*.tar.gz "$packages"/regulars-*.cdx.json
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
inside=$folder/$name
mkdir -p "$inside"
cp "$binary" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$inside/"
cp "$share/doc/THIRD-PARTY.txt" "$share/doc/SAMPLE.md" "$inside/"
cp -r "$share/man" "$share/completions" "$inside/"
python3 - "$wheel" >"$inside/$name.cdx.json" <<'PYTHON'
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[name] = [name for name in wheel.namelist() if "/sboms/regulars." in name]
sys.stdout.buffer.write(wheel.read(name))
PYTHON
cp "$inside/$name.cdx.json" "$packages/"
tar --create --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
    --directory "$folder" "$name" | gzip -n >"$packages/$name.tar.gz"
# Every package that is there, so that one signature over this file covers them all.
(cd "$packages" && rm -f SHA256SUMS && sha256sum -- * >"$folder/SHA256SUMS" && mv "$folder/SHA256SUMS" .)
printf '%s\n%s\n' "$packages/$name.tar.gz" "$packages/SHA256SUMS"
