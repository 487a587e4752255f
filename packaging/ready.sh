#!/bin/sh
# Says in a second what this machine lacks to build regulars, before half an hour is spent.
#   sh packaging/ready.sh && cargo run --release -- demo
cd "$(dirname "$0")/.." || exit 1
lacking=0
lack() { lacking=$((lacking + 1)); printf 'lacking: %s\n' "$1" >&2; shift; printf '  %s\n' "$@" >&2; }

# A compiler that is new enough; an older one cannot even read the settings of the workspace.
cargo=
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if command -v cargo >/dev/null && command -v rustc >/dev/null; then
    have=$(rustc --version | cut -d ' ' -f 2)
    if [ "$(printf '%s\n%s\n' "$wanted" "${have%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
        lack "Rust $wanted or newer; $(command -v rustc) is $have" \
            "rustup update stable, or https://rustup.rs where Rust came with the system"
    else
        cargo=usable
    fi
else
    lack "a Rust toolchain, $wanted or newer" "https://rustup.rs (what Debian and Ubuntu bring is too old)"
fi

# A C compiler: parts of the tree are C, and every program is linked by it.
trial=$(mktemp -d) || exit 1
trap 'rm -rf "$trial"' EXIT
printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' >"$trial/trial.c"
if ! said=$("${CC:-cc}" -o "$trial/trial" "$trial/trial.c" 2>&1); then
    lack "a C compiler that compiles and links (${CC:-cc}: $(printf '%s' "$said" | head -n 1))" \
        "Debian, Ubuntu: apt-get install build-essential" "Fedora: dnf install gcc" "macOS: xcode-select --install"
fi

# Room for what is built and for the sources of the crates, less what is there already; in MB.
room() { # WHAT FOLDER NEEDED NAME
    there=0
    [ -d "$2" ] && there=$(du -skx "$2" 2>/dev/null | awk '{ print int($1 / 1024) }')
    at=$2
    while [ ! -d "$at" ]; do at=$(dirname "$at"); done
    free=$(df -Pk "$at" | awk 'NR == 2 { print int($4 / 1024) }')
    if [ $((free + there)) -lt "$3" ]; then
        lack "$3 MB for $1 in $2; $free MB are free there" "free some, or name another place: $4=/some/folder"
    fi
}
room "what is built" "${CARGO_TARGET_DIR:-target}" 5000 CARGO_TARGET_DIR
room "the sources of the crates" "${CARGO_HOME:-$HOME/.cargo}/registry" 1500 CARGO_HOME

# The crates: fetched before, or fetched now.
if [ -n "$cargo" ] && ! cargo fetch --locked --offline --quiet 2>/dev/null; then
    if ! said=$(cargo fetch --locked 2>&1); then
        lack "crates that Cargo.lock names, which are neither here nor to be had" \
            "cargo says:$(printf '%s\n' "$said" | grep -v -e '^ *$' -e 'As a reminder' | tail -n 1)" \
            "with no network: run \`cargo fetch --locked\` where there is one and copy ${CARGO_HOME:-$HOME/.cargo}/registry"
    fi
fi

[ "$lacking" -eq 0 ] || exit 1
echo "ready to build: Rust ${have}, a C compiler, room, and the crates of Cargo.lock"
