# shellcheck shell=bash
# Sourced by `run`: steps with a name and a time, some of them beside others, and a table of them at the end.

table=() # lines of "seconds<tab>name"
now=""
began=$SECONDS
declare -A beside_process beside_name
everything=$SECONDS

close_step() { [ -z "$now" ] || table+=("$((SECONDS - began))"$'\t'"$now"); now=""; }

step() {
    close_step
    now=$1 began=$SECONDS
    printf '\n== %s (%s)\n' "$1" "$(date -u +%H:%M:%S)"
}

# Runs a function beside what follows, at the lowest priority and in a process group of its own;
# what it prints comes in one piece, when it is joined.
beside() { # FUNCTION NAME
    local work=$1
    set -m
    (
        set -e
        renice -n 15 "$BASHPID" >/dev/null
        SECONDS=0
        # shellcheck disable=SC2064 # the name is wanted as it is now
        trap "echo \$SECONDS >'$scratch/$work.seconds'" EXIT
        "$work"
    ) >"$scratch/$1.log" 2>&1 </dev/null &
    set +m
    beside_process[$1]=$!
    beside_name[$1]=$2
}

# Waits for it, shows what it printed, and fails as it did.
joined() { # FUNCTION
    local code=0
    close_step
    step "${beside_name[$1]}: waited for"
    wait "${beside_process[$1]}" || code=$?
    unset "beside_process[$1]"
    cat "$scratch/$1.log"
    table+=("$(cat "$scratch/$1.seconds" 2>/dev/null || echo 0)"$'\t'"${beside_name[$1]} (beside other steps)")
    [ "$code" -eq 0 ] || exit "$code"
    close_step
}

# Ends what still runs beside, and prints minutes by step.
finish() { # EXIT CODE
    local process line
    for process in "${beside_process[@]}"; do kill -- "-$process" 2>/dev/null || true; done
    [ "$1" -eq 0 ] || now="$now: FAILED"
    close_step
    table+=("$((SECONDS - everything))"$'\t'"all of it")
    printf '\nminutes  step\n'
    for line in "${table[@]}"; do
        printf '%4d:%02d  %s\n' "$((${line%%$'\t'*} / 60))" "$((${line%%$'\t'*} % 60))" "${line#*$'\t'}"
    done
    rm -rf "$scratch"
}
