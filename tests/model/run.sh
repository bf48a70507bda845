#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Verifies the model of the link, exhaustively (no bitstate hashing): each configuration must hold
# and each mutant must be caught. docs/model.md explains both. Two runs at a time; about a minute,
# with CERTBUS_MODEL=full ten minutes and 9 GB a run.
set -eu
cd "$(dirname "$0")/../.."

build=${CERTBUS_BUILD:-$PWD/build}
mkdir -p "$build/model"
work=$(cd "$build/model" && pwd)
model=$PWD/tests/model/link.pml
seconds=120
megabytes=2000
stored=()
if [ "${CERTBUS_MODEL:-}" = full ]; then
    seconds=900
    megabytes=9000
    stored=(-DCOLLAPSE)
fi

for tool in spin gcc; do
    command -v $tool >/dev/null || { echo "model: $tool is not installed (make deps)"; exit 1; }
done

# verify EXPECTED NAME SEARCH SENTENCE DEFINES...: EXPECTED is holds or caught, SEARCH is states
# (assertions and end states) or cycles (those, and that no run goes on for ever).
verify () {
    local expected=$1 name=$2 search=$3 sentence=$4 verdict found states elapsed
    local how=(-DSAFETY) options=()
    shift 4
    [ "$search" = states ] || { how=(-DNP -DNOFAIR); options=(-l); }
    rm -rf "${work:?}/$name"
    mkdir "$work/$name"
    cd "$work/$name"
    if ! spin -a "$@" "$model" >spin.out 2>&1 ||
        ! gcc -O1 -w "${how[@]}" "${stored[@]}" -DVECTORSZ=1024 -DMEMLIM=$megabytes \
            -o pan pan.c 2>gcc.out; then
        echo "FAIL $name: the model does not compile"
        cat spin.out gcc.out 2>/dev/null
        return
    fi
    timeout $seconds ./pan -m20000 "${options[@]}" >pan.out 2>&1 || true
    states=$(awk '/states, stored/ { print $1 }' pan.out)
    elapsed=$(awk '/^pan: elapsed time/ { print $4 }' pan.out)
    if grep -q 'errors: 0$' pan.out && ! grep -qE 'not completed|too small|out of memory' pan.out
    then
        found=holds
    elif grep -qE '^pan:.*(assertion violated|non-progress cycle|invalid end state)' pan.out; then
        found=caught
    else
        found=unfinished
    fi
    verdict=PASS
    [ $found = "$expected" ] || verdict=FAIL
    printf '%s %-6s %9s states %6s s  %s\n' $verdict $found "${states:-?}" "${elapsed:-?}" \
        "$sentence"
    if [ $verdict = FAIL ]; then
        grep -E '^pan:|errors:|error:' pan.out | sed 's/^/    | /' || true
        if [ $found = caught ]; then
            spin -k link.pml.trail -r -s "$@" "$model" 2>&1 | grep -E '^ *(end|to end|the)\b' |
                sed 's/^ */    | /' || true
        fi
    elif [ "$expected" = holds ]; then
        rm -f pan pan.?
    fi
}

holds () { start holds "$@"; }
caught () { start caught "$1" "$2" "mutant $1: $3" "-DMUTANT_$1" "${@:4}"; }

count=0
running=0
start () {
    if [ $running -ge 2 ]; then
        wait -n || true
        running=$((running - 1))
    fi
    count=$((count + 1))
    verify "$@" | tee "$work/$count.line" &
    running=$((running + 1))
}

rm -f "$work"/*.line
if bash tests/model/names.sh; then named=1; else named=0; fi

# The long ones first.
if [ "${CERTBUS_MODEL:-}" = full ]; then
    holds full-child states 'a cut, and a child that sends and receives is restored' \
        -DNC=2 -DNP=1 -DRESTORES_C=1 -DCUTS=1
    holds full-parent states 'a cut, and a parent that sends and receives is restored' \
        -DNC=1 -DNP=2 -DRESTORES_P=1 -DCUTS=1
    holds full-both states 'a cut, and both are restored, each at any time' \
        -DNC=1 -DNP=1 -DRESTORES_C=1 -DRESTORES_P=1 -DCUTS=1
fi
holds restore-child-crash states 'a restored child that crashes during its recovery' \
    -DNC=2 -DNP=1 -DRESTORES_C=1 -DCRASHES_C=1
holds restore-parent-crash states 'a restored parent that crashes during its recovery' \
    -DNC=1 -DNP=2 -DRESTORES_P=1 -DCRASHES_P=1
holds restore-child states 'a cut, and the child is restored: it gets back what it lost' \
    -DNC=2 -DNP=0 -DRESTORES_C=1 -DCUTS=1
holds restore-parent states 'a cut, and the parent is restored: it gets back what it lost' \
    -DNC=0 -DNP=2 -DRESTORES_P=1 -DCUTS=1
holds restore-both states 'both are restored, each at any time' \
    -DNC=1 -DNP=1 -DRESTORES_C=1 -DRESTORES_P=1
holds restore-lanes states 'a restored child of two lanes, with messages that stay at home' \
    -DNC=3 -DNP=0 -DROUTINES=4 -DLOCALS=2 -DRESTORES_C=1 -DCRASHES_C=1
holds resumed-child states 'a child goes on in an old memory and signs after the next WELCOME' \
    -DNC=2 -DNP=1 -DRESTORES_C=1 -DRESUMED
holds resumed-parent states 'a parent goes on in an old memory, no HELLO is late' \
    -DNC=1 -DNP=2 -DRESTORES_P=1 -DRESUMED
holds cut states 'the connection is cut twice' \
    -DNC=2 -DNP=1 -DCUTS=2
holds crash-child states 'a cut, and the child crashes' \
    -DNC=2 -DNP=1 -DCUTS=1 -DCRASHES_C=1
holds crash-parent states 'a cut, and the parent crashes' \
    -DNC=1 -DNP=2 -DCUTS=1 -DCRASHES_P=1
holds crash-both states 'a cut, and both crash' \
    -DNC=1 -DNP=1 -DCUTS=1 -DCRASHES_C=1 -DCRASHES_P=1
holds lanes states 'two lanes, messages that stay at home, a cut' \
    -DNC=3 -DNP=1 -DROUTINES=4 -DLOCALS=8 -DCUTS=1
holds lanes-crash states 'two lanes, messages that stay at home, a cut and a crash' \
    -DNC=3 -DNP=0 -DROUTINES=4 -DLOCALS=2 -DCUTS=1 -DCRASHES_P=1
holds ends-cut cycles 'every run ends, delivered: two cuts' \
    -DNC=1 -DNP=1 -DCUTS=2
holds ends-crash cycles 'every run ends, delivered: a cut, and both crash' \
    -DNC=1 -DNP=1 -DCUTS=1 -DCRASHES_C=1 -DCRASHES_P=1
holds ends-restore-child cycles 'every run ends, delivered: a cut, and the child is restored' \
    -DNC=1 -DNP=1 -DCUTS=1 -DRESTORES_C=1
holds ends-restore-parent cycles 'every run ends, delivered: a cut, and the parent is restored' \
    -DNC=1 -DNP=1 -DCUTS=1 -DRESTORES_P=1

caught ACK_BEFORE_COMMIT states 'ACK for what is only in memory' -DCRASHES_P=1
caught NO_PREV_CHECK states 'DATA is taken wherever it begins' -DCUTS=1
caught NO_SESSION states 'frames of an old session count' -DCUTS=1
caught NO_DEDUPE states 'repeats are stored' -DRESTORES_C=1
caught RESUME_AT_CURSOR states 'the cursor is believed whatever its epoch and chain' \
    -DRESTORES_C=1
caught OLD_EPOCH states 'after a restore ids go on in the old epoch' -DRESTORES_C=1
caught NO_NEW_EPOCH states 'an old memory is found out and no new epoch begins' \
    -DRESTORES_C=1 -DRESUMED
caught LATE_HELLO states 'a HELLO proves to a parent that its memory is not old' \
    -DNC=1 -DNP=2 -DRESTORES_P=1 -DCUTS=1 -DRESUMED
caught RECOVERY_FORGOTTEN states 'a crash forgets that a recovery is not complete' \
    -DRESTORES_C=1 -DCRASHES_C=1
caught CURSOR_STAYS states 'a cursor that is not found is left where it is' \
    -DNP=0 -DLOCALS=4 -DRESTORES_C=1
caught GREET_BEFORE_COMMIT states 'a greeting while a batch is on its way to the disk' -DCUTS=1
caught NO_ACK_TIMEOUT states 'DATA that is never acknowledged ends no session' -DCUTS=1
caught NO_RECOVER_TIMEOUT states 'RECOVER that is never answered ends no session' \
    -DNC=1 -DNP=1 -DCUTS=1 -DRESTORES_C=1
caught REJECT_IS_A_NOTE states 'a refused session stays open' -DCRASHES_P=1
caught REJECT_IS_ANSWERED cycles 'REJECT is answered by REJECT' \
    -DNC=1 -DNP=1 -DCUTS=1 -DCRASHES_P=1
caught ANY_SESSION_IS_LIFE states 'frames of another session are signs of life' \
    -DCUTS=1 -DCRASHES_C=1
wait

# A mutant that nobody runs proves nothing.
unused=0
for mutant in $(grep -o 'MUTANT_[A-Z_]*' "$model" | sort -u); do
    if [ ! -e "$work/${mutant#MUTANT_}/pan.out" ]; then
        echo "FAIL $mutant is in the model and was not run"
        unused=$((unused + 1))
    fi
done

passed=$(cat "$work"/*.line | grep -c '^PASS' || true)
failed=$((count - passed + 1 - named + unused))
echo "$((passed + named)) passed, $failed failed"
[ $failed = 0 ]
