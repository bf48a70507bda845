#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One link, measured beside the bare recipe of a link on the same machine in the same run:
# a child that holds COUNT stored messages connects to its parent; the figure is how many a
# second are stored at the parent, from the first to the last. Both are run ROUNDS times in
# turn, and the ratio is taken pair by pair, because machines are noisy. With BESIDE, the build
# tree of another commit's checkout, its link is measured instead of the bare recipe.
set -eu
BUILD=$(realpath "${CERTBUS_BUILD:-build}")
BESIDE=${BESIDE:+$(realpath "$BESIDE")}
COUNT=${COUNT:-200000}
ROUNDS=${ROUNDS:-5}
BODY=${BODY:-144} # makes envelopes of about 512 bytes
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
ratio() { # A B
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}
median() { # NAME RATIO...
    printf '%s\n' "${@:2}" | sort -n |
        awk -v "name=$1" '{ r[NR] = $1 } END { print "median " name " " r[int((NR + 1) / 2)] ", lowest " r[1] }'
}

# Two programs of one build with homes of their own: in what is called, with them in the way.
use() { # BUILD
    PATH=$1/bin:$SYSTEM_PATH
    mkdir -p "$WORK/${1//\//_}"
    cd "$WORK/${1//\//_}"
}
SYSTEM_PATH=$PATH

enrol() { # BUILD CONFIG; a parent and its child
    local port
    use "$1"
    certbus root create root >root.txt
    certbus -C national init pk --name "National CERT" --listen "tcp://127.0.0.1:*" >/dev/null
    certbus root enrol root pk.request --policy "$2/cert-rules-2023.cfg" --yes >/dev/null
    certbus -C national join pk.credential --root root/root >/dev/null
    certbus -C child init pk.sindh --name "Sindh CERT" >/dev/null
    up national
    port=$(field national listen 0); port=${port##*:}
    certbus -C national enrol pk.sindh.request --role provincial --yes >/dev/null
    certbus -C child join pk.sindh.credential --root root/root >/dev/null
    down
    sed -i "s|tcp://127.0.0.1:\*|tcp://127.0.0.1:$port|" national/certbus.conf
}

link() { # BUILD TARGET; sets published and rate, a second
    local seconds
    use "$1"
    up child
    seconds=$("$BUILD/bench/load" child "$COUNT" "$BODY" pk)
    down
    published=$(awk -v n="$COUNT" -v s="$seconds" 'BEGIN { printf "%d", n / s }')
    up child; up national
    rate=$("$BUILD/bench/until" national $(($2 - COUNT + COUNT / 50)) "$2")
    down; down
}

CONFIG=$PWD/config
enrol "$BUILD" "$CONFIG"
[ -z "$BESIDE" ] || enrol "$BESIDE" "$(dirname "$BESIDE")/config"
ratios=()
published_ratios=()
target=0
for round in $(seq "$ROUNDS"); do
    target=$((target + COUNT))
    if [ -n "$BESIDE" ]; then
        link "$BESIDE" "$target"
        other_published=$published
        other_rate=$rate
    fi
    link "$BUILD" "$target"
    size=$(/usr/bin/python3 -c 'import sqlite3
db = sqlite3.connect("child/journal.db")
print(int(db.execute("select avg(length(envelope)) from (select envelope from log_routine limit 1000)").fetchone()[0]))')
    said="round $round: $size bytes each; published and stored at the child $published/s"
    if [ -n "$BESIDE" ]; then
        published_ratios+=("$(ratio "$published" "$other_published")")
        said="$said, beside $other_published/s, ratio ${published_ratios[-1]}"
        what=beside
    else
        other_rate=$("$BUILD/bench/prototype" "$WORK" "$COUNT" "$size")
        rm -f "$WORK"/prototype.db*
        what="bare recipe"
    fi
    ratios+=("$(ratio "$rate" "$other_rate")")
    echo "$said; stored at the parent $rate/s, $what $other_rate/s, ratio ${ratios[-1]}"
done
[ -z "$BESIDE" ] || median "ratio of what is published" "${published_ratios[@]}"
median ratio "${ratios[@]}"
