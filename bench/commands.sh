#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What each reading command takes, in ms, from its start to its end, on journals of COUNTS
# messages: the first time, and the median and the slowest of ROUNDS more. One child is enrolled
# and away, so that half of all messages wait for it; another one, too, for which nothing is.
set -eu
BUILD=$(realpath "${CERTBUS_BUILD:-build}")
COUNTS=${COUNTS:-100000 1000000}
ROUNDS=${ROUNDS:-9}
PROJECT=$PWD
PATH=$BUILD/bin:$PATH
export CERTBUS_SCHEMAS=$PROJECT/schemas
WORK=$(mktemp -d)
BROKER=
trap '[ -z "$BROKER" ] || kill "$BROKER" 2>/dev/null || true; rm -rf "$WORK"' EXIT

up() {
    certbusd -C pk 2>>pk.log &
    BROKER=$!
    for _ in $(seq 1200); do
        certbus -C pk list -n 1 >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "commands: the broker did not start:"; tail -n 5 pk.log; exit 1
}
down() {
    kill "$BROKER"; wait "$BROKER" 2>/dev/null || true
    BROKER=
}
once() { # WORDS...; sets took, in us
    local begun=${EPOCHREALTIME/./}
    certbus -C pk "$@" >out.txt 2>&1 || true
    took=$((${EPOCHREALTIME/./} - begun))
}
measure() { # WORDS...
    local first times=()
    once "$@"; first=$took
    for _ in $(seq "$ROUNDS"); do once "$@"; times+=("$took"); done
    mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
    # shellcheck disable=SC2016
    awk -v "what=$*" -v "first=$first" -v "median=${times[$((ROUNDS / 2))]}" \
        -v "most=${times[$((ROUNDS - 1))]}" -v "lines=$(wc -l <out.txt)" \
        'BEGIN { if (what == "") what = "certbus"
            printf "| `%s` | %d | %.1f | %.1f | %.1f |\n", what, lines, first / 1000, median / 1000, most / 1000 }'
}

cd "$WORK"
certbus root create root >root.txt
certbus -C pk init pk --title "National CERT" --listen "tcp://127.0.0.1:*" >/dev/null
certbus root enrol root pk.request --policy "$PROJECT/config/cert-rules-2023.cfg" --yes >/dev/null
certbus -C pk join pk.credential --root root/root >/dev/null
certbus -C child init pk.f8 --title "One of many" >/dev/null
certbus -C quiet init pk.quiet --title "One that hears little" >/dev/null
up
certbus -C pk enrol pk.f8.request --role organisation --yes >/dev/null
certbus -C pk enrol pk.quiet.request --role organisation --yes >/dev/null
down
held=0
for count in $COUNTS; do
    "$BUILD/tests/tools/fill_journal" pk $((count - held))
    up
    held=$count
    id=$(certbus -C pk list --kind advisory -n 1 | grep -oE 'pk/[0-9]+-[0-9]+' | head -n 1)
    run=${id#pk/}; run=${run%-*}
    case=$(certbus -C pk list --kind incident -n 1 | grep -oE '[a-z0-9.]+/[0-9]+-[0-9]+' | head -n 1)
    code=$(certbus -C pk show "$id" | awk '/^Code/ { print $2; exit }')
    number=$(certbus -C pk --json show "$id" | grep -oE 'FILL-[0-9]+-[0-9]+' | head -n 1)
    attached=$(certbus -C pk publish "$PROJECT/config/samples/advisory.json" --tlp GREEN --to pk \
        --number "FILES-$count" --attach "$PROJECT/LICENSE" --yes --again |
        grep -oE 'pk/[0-9]+-[0-9]+' | head -n 1)
    echo "$count messages, $(du -m pk/journal.db | cut -f 1) MiB"
    echo
    echo "| command | lines | first, ms | median, ms | slowest, ms |"
    echo "| --- | --- | --- | --- | --- |"
    measure
    measure list
    measure list --all -n 100
    measure list --kind advisory
    measure list --kind incident --severity S1
    measure list --kind receipt
    measure list --severity S1 -n 100
    measure list --from pk.f8
    measure list --from "pk.**" --kind incident
    measure list --from pk.nobody
    measure list --since 1h
    measure list --waiting -n 20
    measure list --quarantine
    measure show "$id"
    measure show "pk/$run-16"
    measure show "$case"
    measure cases
    measure clocks
    measure breaches
    measure compliance "$id"
    measure show "f8/$run-8"
    measure show "$number"
    measure show "${number,,}"
    measure show "$code"
    measure show "${code:0:9}"
    measure show "pk/$run-999999999"
    measure show "FILL-1-000001"
    measure show "0000-1111-2222-3333"
    measure show "$attached"
    measure verify "$id"
    measure verify "$code"
    measure export "$id" -o message
    measure status
    measure tree
    measure quarantine
    measure config
    down
    echo
done
