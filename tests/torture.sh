#!/usr/bin/env bash
# Kills, full disks, damaged files and commands at once, for as long as wanted; prints what was tried and
# what was found as a table. The tests do the same for a minute each.
#
#     tests/torture.sh target/release/regulars [SECONDS]     3600 unless given
#
# Needs strace for kills at system calls, and root for small file systems; what cannot be done is said.
set -u
regulars=$(realpath "${1:?which binary?}")
limit=${2:-3600}
work=$(mktemp -d)
trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

# A first delivery and a second one, which corrects products and has bad rows.
"$regulars" generate --customers 400 --months 6 --dirty --format csv --out shop --quiet || exit 1
cp -r shop later
python3 - <<'PYTHON' || exit 1
import glob
for path in glob.glob("shop/interactions*.csv") + glob.glob("shop/interactions/*.csv"):
    lines = open(path, "rb").read().splitlines(keepends=True)
    open(path, "wb").writelines(lines[: len(lines) // 2])
PYTHON
load=(ingest --quiet)
"$regulars" "${load[@]}" -c shop/regulars.toml --out one || exit 1

rows() { "$regulars" profile --quiet --json --table interactions -c later/regulars.toml --out "$1" 2>/dev/null | grep -m1 -o '"rows": *[0-9]*' | grep -o '[0-9]*'; }
again() { rm -rf "$2"; cp -r "$1" "$2"; }
# The sources keep their names, so that a delivery that has grown is the same files with more rows.
rm -rf shop && mv later shop && ln -s shop later
again one both
"$regulars" "${load[@]}" -c shop/regulars.toml --out both || exit 1
before=$(rows one) after=$(rows both)
if [ -z "$before" ] || [ -z "$after" ] || [ "$before" = "$after" ]; then
    echo "the two deliveries cannot be told apart: $before, $after rows" >&2
    exit 1
fi
cp -r both full
"$regulars" run --quiet -c shop/regulars.toml --out full || exit 1

declare -A tries finds lost
note() { # kind, what was found, whether something was lost
    tries[$1]=$((${tries[$1]:-0} + 1))
    if [ -n "$2" ]; then
        finds[$1]=$((${finds[$1]:-0} + 1))
        echo "$1: $2" >&2
    fi
    [ -z "$3" ] || lost[$1]=$((${lost[$1]:-0} + 1))
}

# After whatever happened to `out`: one load or the one before it, and the next one goes on.
judge() { # kind, folder, what was done
    local found next
    found=$(rows "$2")
    if [ "$found" != "$before" ] && [ "$found" != "$after" ]; then
        note "$1" "$3: $found rows, neither $before nor $after" yes
        return
    fi
    next=$("$regulars" "${load[@]}" -c shop/regulars.toml --out "$2" 2>&1)
    local code=$?
    if [ $code -ne 0 ] || [ "$(rows "$2")" != "$after" ]; then
        note "$1" "$3: the next load ended with $code and $(rows "$2") rows: $next" yes
        return
    fi
    local left
    left=$(find "$2" \( -name '.*' ! -name .lock -o -name '*.writing' -o -name '*#*' \) ! -path "$2" | head -n 3)
    note "$1" "${left:+$3 left $left}" ""
}

end=$((SECONDS + limit))
share() { [ $SECONDS -lt $((end - limit + limit * $1 / 100)) ]; }

# Kills at moments by chance.
while share 20; do
    again one out
    "$regulars" "${load[@]}" -c shop/regulars.toml --out out 2>/dev/null &
    child=$!
    sleep "0.$(printf '%03d' $((RANDOM % 700)))"
    kill -9 $child 2>/dev/null
    wait $child 2>/dev/null
    judge "kills by chance" out "a kill"
done

# Kills and errors at system calls that change the disk.
if strace -f -qq -o /dev/null -e inject=getppid:signal=SIGKILL true 2>/dev/null; then
    calls=(rename,renameat,renameat2 link,linkat fsync,fdatasync unlink,unlinkat,rmdir mkdir,mkdirat ftruncate write,pwrite64 openat)
    number=0
    while share 55; do
        number=$((number + 1))
        for call in "${calls[@]}"; do
            share 55 || break
            for fault in signal=SIGKILL error=ENOSPC error=EIO; do
                again one out
                {
                    # A write that wakes a thread up may be hit too; who is never woken waits for ever.
                    timeout --signal=KILL 60 strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:$fault:when=$number" \
                        "$regulars" "${load[@]}" -c shop/regulars.toml --out out >said 2>&1
                    code=$?
                } 2>/dev/null # the shell would say that it was killed
                if grep -q 'panicked\|fault of regulars' said; then
                    note "faults at system calls" "$call $number $fault: $(head -n 1 said)" ""
                else
                    judge "faults at system calls" out "$call $number $fault (exit code $code)"
                fi
            done
        done
        [ $number -lt 60 ] || number=0
    done
else
    echo "left out: strace cannot watch processes here" >&2
fi

# Full disks of growing size.
mkdir -p small
if mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    umount small
    room=$(du -sk one | cut -f1)
    while share 70; do
        for more in 60 200 400 700 1200 2500; do
            share 70 || break
            mount -t tmpfs -o "size=$((room + more + RANDOM % 200))k" tmpfs small || break
            if cp -r one small/out 2>/dev/null; then
                "$regulars" "${load[@]}" -c shop/regulars.toml --out small/out >said 2>&1
                code=$?
                case $code in 0 | 4) ;; *) note "full disks" "exit code $code: $(head -n 1 said)" "" ;; esac
                mount -o remount,size=200m small
                judge "full disks" small/out "a full disk"
            fi
            umount small
        done
    done
else
    echo "left out: no small file system can be made here" >&2
fi

# Two and three commands at once.
while share 85; do
    again full out
    "$regulars" run --quiet --wait 600 -c shop/regulars.toml --out out 2>said.1 &
    one=$!
    "$regulars" "${load[@]}" --wait 600 -c shop/regulars.toml --out out 2>said.2 &
    two=$!
    "$regulars" features --quiet --wait 600 -c shop/regulars.toml --out out 2>said.3 &
    three=$!
    problem=
    for child in $one $two $three; do wait $child || problem="exit code $?: $(cat said.? | head -n 1)"; done
    wrong=$(python3 - out <<'PYTHON'
import hashlib, json, sys
for file in json.load(open(sys.argv[1] + "/manifest.json"))["files"]:
    with open(f"{sys.argv[1]}/{file['path']}", "rb") as bytes_:
        if hashlib.sha256(bytes_.read()).hexdigest() != file["sha256"]:
            print(file["path"])
PYTHON
    )
    note "commands at once" "$problem${wrong:+ wrong hash: $wrong}" "$wrong"
done

# Bytes flipped in what lies there: a message, or nothing of it; never a panic.
while share 100; do
    again both out
    file=$(find out -type f -size +0 ! -name .lock | shuf -n 1)
    python3 - "$file" <<'PYTHON'
import random, sys
with open(sys.argv[1], "r+b") as file:
    content = bytearray(file.read())
    for _ in range(random.choice([1, 1, 1, 20])):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    file.seek(0)
    file.write(content)
PYTHON
    problem=
    for command in "ingest --quiet" "features --quiet" "profile --quiet"; do
        # shellcheck disable=SC2086
        timeout 120 "$regulars" $command -c shop/regulars.toml --out out >said 2>&1
        code=$?
        if [ $code -gt 4 ] || grep -q 'panicked\|fault of regulars' said; then
            problem="$file: $command ended with $code: $(head -n 1 said)"
        fi
    done
    note "flipped bytes" "$problem" ""
done

printf '\n| what | tries | problems | history lost |\n|---|---|---|---|\n'
for kind in "kills by chance" "faults at system calls" "full disks" "commands at once" "flipped bytes"; do
    printf '| %s | %s | %s | %s |\n' "$kind" "${tries[$kind]:-0}" "${finds[$kind]:-0}" "${lost[$kind]:-0}"
done
