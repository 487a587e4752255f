#!/usr/bin/env bash
# Licences, duplicates, sources and known holes of what the binary is made of.
#   REGULARS_ADVISORIES=FOLDER bash packaging/dependencies.sh
# FOLDER is a clone of https://github.com/RustSec/advisory-db. With none named, advisories are left
# out, which is said: no package registry has that database.
# shellcheck source=packaging/common.sh
source "$(dirname "$0")/common.sh"
need_tools

cargo deny --locked check --hide-inclusion-graph --deny unmatched-skip bans licenses sources
audit() { cargo audit --quiet --no-fetch --stale --db "$1" --deny unsound --deny yanked; }

# A check that finds nothing has to be one that would find something.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted/crates/arrow"
cat >"$planted/crates/arrow/RUSTSEC-2020-0000.md" <<'ADVISORY'
```toml
[advisory]
id = "RUSTSEC-2020-0000"
package = "arrow"
date = "2020-01-01"

[versions]
patched = []
```

# Planted, to see it found

Not an advisory.
ADVISORY
if audit "$planted" >"$planted/said" 2>&1; then fail "an advisory that was planted was not found"; fi
grep -q RUSTSEC-2020-0000 "$planted/said" || { cat "$planted/said" >&2; fail "cargo audit does not run"; }

if [ -n "${REGULARS_ADVISORIES:-}" ]; then
    [ -d "$REGULARS_ADVISORIES/crates" ] || fail "REGULARS_ADVISORIES=$REGULARS_ADVISORIES is no clone of the advisory database"
    audit "$REGULARS_ADVISORIES"
    echo "advisories ok ($REGULARS_ADVISORIES)"
else
    echo "advisories NOT LOOKED AT: name a clone of the database in REGULARS_ADVISORIES"
fi
