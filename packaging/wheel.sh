#!/usr/bin/env bash
# A Python wheel that holds the binary as it was built; says which glibc it needs.
#   bash packaging/wheel.sh      then: pip install TARGET/packages/regulars-*.whl && regulars demo
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_binary
need_tools

mkdir -p "$packages"
rm -f "$packages"/regulars-*.whl
make_share
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
cp README.md LICENSE-APACHE LICENSE-MIT "$share/doc/"* "$project/"
sed "s|^manifest-path = \"|&$repository/|" packaging/pyproject.toml >"$project/pyproject.toml"
before=$(sha256sum <"$binary")
# maturin asks Cargo for the binary; all is built, so Cargo hands out what is there.
(cd "$project" && maturin build --quiet --release --locked --offline --out "$packages")
wheel=$(echo "$packages"/regulars-"$version"-*.whl)
[ -f "$wheel" ] || fail "maturin made no wheel in $packages"
[ "$before" = "$(sha256sum <"$binary")" ] || fail "maturin built the binary again: other flags than cargo build --release"
python3 - "$wheel" "$binary" <<'PYTHON' || fail "the wheel holds another binary than $binary"
import sys, zipfile
wheel, binary = zipfile.ZipFile(sys.argv[1]), open(sys.argv[2], "rb").read()
[name] = [name for name in wheel.namelist() if name.endswith("/scripts/regulars")]
sys.exit(wheel.read(name) != binary)
PYTHON
tag=$(basename "$wheel" .whl | grep -o 'manylinux_[0-9]*_[0-9]*') || fail "$wheel has no manylinux tag"
auditwheel show "$wheel" | tr '\n' ' ' | grep "\"${tag}_" >/dev/null || fail "auditwheel gives $wheel another tag than $tag"
glibc=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
printf '%s\n  for Linux with %s or newer (%s)\n' "$wheel" "${glibc/_/ }" "$tag"
