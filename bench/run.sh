#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One link, measured beside the bare recipe of a link on the same machine in the same run:
# a child that holds COUNT stored messages connects to its parent; the figure is how many a
# second are stored at the parent, from the first to the last. Both are run ROUNDS times in
# turn, and the ratio is taken pair by pair, because machines are noisy.
set -eu
BUILD=${CERTBUS_BUILD:-build}
COUNT=${COUNT:-200000}
ROUNDS=${ROUNDS:-5}
BODY=${BODY:-144} # makes envelopes of about 512 bytes
PATH=$BUILD/bin:$PATH
WORK=$(mktemp -d)
PIDS=()
trap 'kill "${PIDS[@]}" 2>/dev/null || true; rm -rf "$WORK"' EXIT

field() { # HOME JSON-PATH...
    certbus -C "$1" --json status 2>/dev/null | /usr/bin/python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key) if key.isdigit() else key]
print(value)' "${@:2}"
}
up() { # HOME
    certbusd -C "$1" 2>>"$1.log" &
    PIDS+=($!)
    for _ in $(seq 200); do
        field "$1" party >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "bench: $1 did not start:"; tail -n 5 "$1.log"; exit 1
}
down() { # kills the newest broker
    kill "${PIDS[-1]}"; wait "${PIDS[-1]}" 2>/dev/null || true
    unset 'PIDS[-1]'
}

cd "$WORK"
certbus root create root >root.txt
certbus -C national init pk --name "National CERT" --listen "tcp://127.0.0.1:*" >/dev/null
certbus root enrol root pk.request --policy "$OLDPWD/config/cert-rules-2023.cfg" --yes >/dev/null
certbus -C national join pk.credential --root root/root >/dev/null
certbus -C child init pk.sindh --name "Sindh CERT" >/dev/null
up national
port=$(field national listen 0); port=${port##*:}
certbus -C national enrol pk.sindh.request --role provincial --yes >/dev/null
certbus -C child join pk.sindh.credential --root root/root >/dev/null
down
sed -i "s|tcp://127.0.0.1:\*|tcp://127.0.0.1:$port|" national/certbus.conf

ratios=()
target=0
for round in $(seq "$ROUNDS"); do
    up child
    seconds=$("$BUILD/bench/load" child "$COUNT" "$BODY" pk)
    down
    size=$(/usr/bin/python3 -c 'import sqlite3
db = sqlite3.connect("child/journal.db")
print(int(db.execute("select avg(length(envelope)) from (select envelope from log_routine limit 1000)").fetchone()[0]))')
    bare=$("$BUILD/bench/prototype" "$WORK" "$COUNT" "$size"); rm -f prototype.db*
    target=$((target + COUNT))
    up child; up national
    rate=$("$BUILD/bench/until" national $((target - COUNT + COUNT / 50)) "$target")
    down; down
    ratio=$(/usr/bin/python3 -c "print(f'{$rate/$bare:.2f}')")
    ratios+=("$ratio")
    echo "round $round: $size bytes each; published and stored at the child" \
        "$(/usr/bin/python3 -c "print(int($COUNT/$seconds))")/s; stored at the parent $rate/s;" \
        "bare recipe $bare/s; ratio $ratio"
done
printf '%s\n' "${ratios[@]}" | sort -n | awk '{ r[NR] = $1 } END { print "median ratio " r[int((NR + 1) / 2)] ", lowest " r[1] }'
