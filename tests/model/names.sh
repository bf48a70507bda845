#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The states, events and verbs in link.pml are those of the headers: what the model declares and
# what it leaves out (named here) are together exactly the lists of the code.
set -eu
cd "$(dirname "$0")/../.."

model=tests/model/link.pml
left_out_verbs='BUSY REQUEST REPLY PONG BYE'
left_out_events='STOP'
status=0

# rows FILE LIST: the first columns of the X macro LIST, sorted
rows () {
    sed -n "/^#define $2(X)/,/[^\\\\]\$/p" "$1" | grep -oE '\bX \([A-Z_]+' | sed 's/X (//' | sort
}

# declared TYPE: the names of mtype:TYPE in the model
declared () {
    sed -nE "s/^mtype:$1 = \\{(.*)\\}.*/\\1/p" "$model" | tr -d ' ' | tr ',' '\n'
}

# compare WHAT FILE LIST LEFT-OUT
compare () {
    local names code
    names=$(declared "$1")
    code=$(rows "$2" "$3")
    if [ -z "$names" ] || [ -z "$code" ]; then
        echo "names: no $1 found in $model or $2"
        status=1
        return
    fi
    # shellcheck disable=SC2086  # one word for each name
    if ! diff <(printf '%s\n' $names $4 | sort) <(echo "$code") >/dev/null; then
        echo "names: the ${1}s of $model and $3 in $2 differ (<: model, or left out on purpose):"
        # shellcheck disable=SC2086
        diff <(printf '%s\n' $names $4 | sort) <(echo "$code") | grep '^[<>]' || true
        status=1
    fi
    for name in $names; do
        if ! grep -v "^mtype:" "$model" | grep -qw "$name"; then
            echo "names: $model declares $name and does not use it"
            status=1
        fi
    done
}

compare state bus/core/link.h LINK_STATES ''
compare event bus/core/link.h LINK_EVENTS "$left_out_events"
compare verb bus/core/catalog.h CB_VERBS "$left_out_verbs"
[ $status != 0 ] || echo "names: OK"
exit $status
