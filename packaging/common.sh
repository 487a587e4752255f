# shellcheck shell=bash disable=SC2034 # what is set here is used by whoever sources it
# Sourced by the scripts beside it: where packages come from, where they go, and the tools that make them.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"

fail() { printf 'packaging: %s\n' "$1" >&2; exit 1; }

target_folder=$(cargo metadata --format-version 1 --no-deps --offline \
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
release=$target_folder/release # what was built
packages=$target_folder/packages # what is made of it
export CARGO_TARGET_DIR=$target_folder
# The same commit makes the same packages: files in them are as old as the commit. Not exported: where C is
# compiled, Cargo takes another SOURCE_DATE_EPOCH for a reason to compile it and all that stands on it again.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
umask 022

binary=$release/regulars
platform=$(rustc -vV | sed -n 's/^host: //p')

# Nothing here builds: half an hour is spent knowingly, or not at all.
need_binary() {
    [ -x "$binary" ] || fail "there is no $binary; build it first: cargo build --release --locked"
    version=$("$binary" --version | cut -d ' ' -f 2)
    written=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    [ "$version" = "$written" ] || fail "$binary is version $version, Cargo.toml says $written; build it again"
}

# Python tools in the versions that packaging/requirements.txt names, once for each change of it.
need_tools() {
    tools=$target_folder/packaging-tools
    if ! cmp -s packaging/requirements.txt "$tools/requirements.txt"; then
        rm -rf "$tools"
        python3 -m venv "$tools" || fail "python3 with venv is needed: apt-get install python3-venv"
        "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement packaging/requirements.txt
        cp packaging/requirements.txt "$tools/requirements.txt"
    fi
    PATH=$tools/bin:$PATH
}

# What every package holds besides the binary: man pages, completions, licences of others.
make_share() {
    share=$release/share
    rm -rf "$share"
    mkdir -p "$share/completions" "$share/doc"
    "$binary" man "$share/man/man1" >/dev/null
    "$binary" completions bash >"$share/completions/regulars.bash"
    "$binary" completions zsh >"$share/completions/_regulars"
    "$binary" completions fish >"$share/completions/regulars.fish"
    python3 packaging/licences.py >"$share/doc/THIRD-PARTY.txt"
    cp datasets/complete-journey/README.md "$share/doc/SAMPLE.md"
}
