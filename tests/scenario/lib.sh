# SPDX-License-Identifier: Apache-2.0
# What scenarios share: homes, brokers, waiting for a condition. A scenario begins with
#
#     . "$(dirname "$0")/lib.sh"
#
# and then stands in $TMPDIR. A home is a folder there, named after its party. Every process
# that was started is ended by its id, whatever happens.
# shellcheck shell=bash
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # for scenarios
samples=$project/config/samples
policy=$project/config/cert-rules-2023.cfg
bin=${CERTBUS_BUILD:-$project/build}/bin
unset CERTBUS_HOME
PATH=$bin:$PATH

# Programs are slower under valgrind, and so is everything that waits for them.
patience=${PATIENCE:-30}
[ -z "${CERTBUS_VALGRIND:-}" ] || patience=$((patience * 10))

if [ -z "${TMPDIR:-}" ]; then
    TMPDIR=$(mktemp -d)
    own_folder=$TMPDIR
fi
export TMPDIR
cd "$TMPDIR"

declare -A pids=()

# note TEXT...: a line of the scenario's story
note () {
    echo "--- $*"
}

# fail TEXT...: ends the scenario
fail () {
    echo "FAILED: $*" >&2
    exit 1
}

finish () {
    local status=$? name
    trap - EXIT
    for name in "${!pids[@]}"; do
        kill -KILL "${pids[$name]}" 2>/dev/null || true
        wait "${pids[$name]}" 2>/dev/null || true
    done
    if [ "$status" != 0 ] && [ "$status" != 77 ]; then
        for name in *.log; do
            [ -f "$name" ] || continue
            echo "=== the last lines of $name"
            tail -n 40 "$name"
        done
    fi
    [ -z "${own_folder:-}" ] || rm -rf "$own_folder"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# until_true SECONDS COMMAND...: waits until the command succeeds; fails when time is up
until_true () {
    local seconds=$1 end
    shift
    end=$((${EPOCHREALTIME%[.,]*} + seconds))
    until ("$@") >until.out 2>&1; do
        if [ "${EPOCHREALTIME%[.,]*}" -ge "$end" ]; then
            tail -n 20 until.out >&2
            fail "not within $seconds s: $*"
        fi
        # A condition is asked for again, never a time waited for.
        read -rt 0.05 <> <(:) || true
    done
}

# expect CODE COMMAND...: runs it; its exit code must be CODE. What it printed is in $said.
expect () {
    local wanted=$1 got=0
    shift
    said=$("$@" 2>&1 </dev/null) || got=$?
    if [ "$got" != "$wanted" ]; then
        echo "$said" >&2
        fail "exit code $got, not $wanted: $*"
    fi
}

# says TEXT...: the last `expect` printed each text
says () {
    local text
    for text in "$@"; do
        [[ $said == *"$text"* ]] || { echo "$said" >&2; fail "it did not say: $text"; }
    done
}

# says_not TEXT
says_not () {
    [[ $said != *"$1"* ]] || { echo "$said" >&2; fail "it said: $1"; }
}

# json PATH: a value of the JSON on standard input, as in json children.0.party; a whole list
# or object is printed as JSON
json () {
    /usr/bin/python3 -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    if part:
        value = value[int(part)] if isinstance(value, list) else value[part]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# home NAME TITLE PARENT ROLE [SECTOR...]: makes a home and joins it. Its parent's broker must
# be running; PARENT "-" is the root, which is made when there is none.
home () {
    local name=$1 title=$2 parent=$3 role=$4 sector options=()
    shift 4
    certbus -C "$name" init "$name" --title "$title" --listen 'tcp://127.0.0.1:*' >/dev/null
    echo "schemas = \"$project/schemas\";" >>"$name/certbus.conf"
    for sector in "$@"; do
        options+=(--sector "$sector")
    done
    # What it may enrol in turn, by its role.
    case $parent:$role in
        -:*) ;;
        *:provincial | *:sectoral)
            options+=(--may-enrol "organisation,observer" --may-sectors '*' --depth 2)
            ;;
    esac
    if [ "$parent" = - ]; then
        [ -d root ] || certbus root create root --top "$name" >/dev/null
        certbus root enrol root "$name.request" --policy "$policy" --role "$role" --yes \
            "${options[@]}" >/dev/null
    else
        certbus -C "$parent" enrol "$name.request" --role "$role" --yes "${options[@]}" >/dev/null
    fi
    certbus -C "$name" join "$name.credential" --root root/root >/dev/null
}

# started NAME: its broker answers, or has ended and need not be waited for
started () {
    certbus -C "$1" tree || ! kill -0 "${pids[$1]}"
}

# keep_port NAME: the free port that the system chose stays when its broker comes again
keep_port () {
    local endpoint
    grep -q '^listen.*:\*"' "$1/certbus.conf" || return 0
    endpoint=$(certbus -C "$1" --json status | json listen.0)
    sed -i "s|^listen.*|listen = [ \"$endpoint\" ];|" "$1/certbus.conf"
}

# broker NAME...: starts them, all at once, and waits until each answers
broker () {
    local name under=()
    [ -z "${CERTBUS_VALGRIND:-}" ] ||
        under=(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite)
    for name in "$@"; do
        "${under[@]}" certbusd -C "$name" >>"$name.log" 2>&1 </dev/null &
        pids[$name]=$!
    done
    for name in "$@"; do
        until_true "$patience" started "$name"
        kill -0 "${pids[$name]}" 2>/dev/null || fail "the broker of $name has ended"
        keep_port "$name"
    done
}

# kill9 NAME...: as when the power goes
kill9 () {
    local name
    for name in "$@"; do
        kill -KILL "${pids[$name]}"
        wait "${pids[$name]}" 2>/dev/null || true
        unset "pids[$name]"
    done
}

# stop NAME...: in order, which must end with exit code 0
stop () {
    local name status
    for name in "$@"; do
        status=0
        kill -TERM "${pids[$name]}"
        wait "${pids[$name]}" || status=$?
        unset "pids[$name]"
        [ "$status" = 0 ] || fail "the broker of $name ended with exit code $status"
    done
}

# open_links NAME COUNT: its broker has so many open links
open_links () {
    [ "$(certbus -C "$1" --json status | grep -c '"state": "OPEN"')" = "$2" ]
}

# has NAME ID: the message is at that broker
has () {
    certbus -C "$1" show "$2"
}

# delivered NAME ID COUNT: NAME, its origin, has so many receipts for it
delivered () {
    [ "$(certbus -C "$1" --json show "$2" | json delivered | grep -o '"party"' | wc -l)" = "$3" ]
}
