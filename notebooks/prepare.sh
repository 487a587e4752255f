#!/bin/sh
# Makes what the notebooks need: an environment with their libraries, and the files that they read.
#
#   sh notebooks/prepare.sh            # notebooks/.venv and notebooks/files
#
# REGULARS names the program if it is built elsewhere, REGULARS_FILES the folder for the files, and
# REGULARS_NO_VENV=1 leaves the environment to you.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
files=${REGULARS_FILES:-$here/files}

regulars() {
    if [ -n "${REGULARS:-}" ]; then "$REGULARS" "$@"; return; fi
    if command -v regulars >/dev/null; then command regulars "$@"; return; fi
    cargo run --release --locked --quiet --manifest-path "$here/../Cargo.toml" -- "$@"
}

if [ -z "${REGULARS_NO_VENV:-}" ]; then
    [ -d "$here/.venv" ] || python3 -m venv "$here/.venv"
    "$here/.venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi

rm -rf "$files/before"
mkdir -p "$files/before"
echo "The demo: every stage on the built-in sample"
(cd "$files" && regulars demo --quiet)

echo "The same shop as of 2017-12-04, a list of that day, and what came of it"
cp -r "$files/regulars-out/demo/." "$files/before/"
cat >> "$files/before/regulars.toml" <<'END'

[targets.regained]
who = "segment IN ('At Risk', 'Can''t Lose Them', 'Hibernating', 'About To Sleep')"
offer = "10 % off on {suggestion}"
suggestion = true
channel = "email"
response_rate = 0.05
value = "monetary * 0.1"
contact_cost = 0.4
budget = 100
control = 0.2
END
(
    cd "$files/before"
    regulars run --as-of 2017-12-04 --quiet
    regulars targets --as-of 2017-12-04 --quiet
    regulars campaign read regained --quiet
)
echo "Files are in $files. Open the notebooks with $here/.venv/bin/jupyter lab, or any editor that knows them."
