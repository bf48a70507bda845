#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a new user does, in the order of README.md, the tutorial and docs/operations/install.md.
# tests/fresh/run.sh starts it, as root on a machine that is thrown away afterwards.
set -euo pipefail
cd /root/certbus

said=/tmp/said
# A thousand lines of dpkg are not for the transcript.
noise='^(Selecting previously|Preparing to unpack|Unpacking|Setting up|Processing triggers|\(Reading)'
held=0
failed=0

# chapter TEXT
chapter () {
    printf '\n=== %s (%d s)\n' "$*" "$SECONDS"
}

# count CODE WHAT
count () {
    if [ "$1" = 0 ]; then
        held=$((held + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}

# try SECONDS COMMAND [EXIT [TEXT]]: types it as root; it ends with EXIT (0) and prints TEXT
try () {
    local code=0 wanted=${3:-0}
    echo "# $2"
    timeout --kill-after=5 "$1" bash -o pipefail -c "$2" 2>&1 </dev/null | tee "$said" |
        grep --line-buffered -vE "$noise" || code=${PIPESTATUS[0]}
    if [ "$code" != "$wanted" ]; then
        count 1 "exit code $code, expected $wanted: $2"
    elif [ -n "${4:-}" ] && ! grep -qF -e "$4" "$said"; then
        count 1 "it does not say '$4': $2"
    else
        count 0
    fi
}

# until_it_says SECONDS COMMAND TEXT: the same, asked again until it prints TEXT, as a person would
until_it_says () {
    local end=$((SECONDS + $1))
    until timeout 10 bash -c "$2" 2>&1 </dev/null | grep -F -e "$3" >/dev/null; do
        [ $SECONDS -lt $end ] || break
        sleep 0.2
    done
    try 10 "$2" 0 "$3"
}

# same WHAT FILE FILE: what differs is printed
same () {
    local code=0
    diff "$2" "$3" || code=1
    count $code "$1"
    [ $code != 0 ] || echo "$1: so it is"
}

# What is on the disk, but not what each program writes as it runs.
everything () {
    find / -xdev \( -path /root -o -path /tmp -o -path /run -o -path /proc -o -path /dev \
        -o -path /var/cache -o -path /var/lib/apt -o -path /var/log \) -prune -o -print |
        grep -vE '/__pycache__|^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$' | sort
}

chapter "README.md: the two commands"
try 240 "make demo"
[ -z "${WHOLE:-}" ] || try 600 "make test"

chapter "README.md: the first message; docs/tutorial.md: each command of the two pages"
mkdir /tmp/pages
try 120 "TMPDIR=/tmp/pages PAGES=show python3 tests/scenario/pages.py"

chapter "docs/operations/install.md: install"
# As far as a machine that has booted would have them already.
systemd-sysusers
systemd-tmpfiles --create >/dev/null 2>&1 || true
everything >/tmp/before
try 120 "make install PREFIX=/usr" 0 "installed in /usr"
try 20 "systemd-sysusers"
try 20 "systemd-tmpfiles --create"
try 5 "getent passwd certbus" 0 "certbus broker:/var/lib/certbus"
try 5 "stat --format '%A %U %G %n' /var/lib/certbus" 0 "drwx--x--x certbus certbus"
try 5 "stat --format '%A %U %G %n' /run/certbus/read" 0 "drwxr-s--- certbus certbus-read"
try 5 "stat --format '%A %U %G %n' /run/certbus/act" 0 "drwxr-s--- certbus certbus-act"
try 10 "useradd --create-home --groups certbus-read clerk"
try 10 "useradd --create-home --groups certbus-read,certbus-act duty"

chapter "a party above, as in README.md, with the installed programs"
mkdir /root/top
cd /root/top
# Another address than anybody's: the network is the machine's.
address=127.$((RANDOM % 254 + 1)).$((RANDOM % 254 + 1)).1:7411
try 10 "certbus root create root"
try 10 "certbus -C national init pk --title 'National CERT' --listen tcp://$address"
try 10 "certbus root enrol root pk.request --policy /usr/share/certbus/config/cert-rules-2023.cfg --yes"
try 10 "certbus -C national join pk.credential --root root/root" 0 "pk has joined"
try 5 "certbusd -C national >national.log 2>&1 &"

chapter "docs/operations/install.md: first start, without systemd"
try 10 "certbus init pk.kpt --title 'Karachi Port Trust' --out pk.kpt.request"
until_it_says 20 "certbus -C national status" "pk is healthy"
try 10 "certbus -C national enrol pk.kpt.request --role organisation --sector maritime --yes" 0 "pk.kpt.credential"
try 10 "certbus join pk.kpt.credential --root root/root" 0 "pk.kpt has joined"
try 5 "stat --format '%A %U %n' /var/lib/certbus/keys" 0 "-rw------- certbus"
try 5 "stat --format '%A %U %n' /etc/certbus/certbus.conf" 0 "-rw-r--r-- root"
try 10 "certbusd --check" 0 "ok: pk.kpt, no open port"
try 5 "systemctl enable --now certbusd" 1
try 5 "runuser -u certbus -- certbusd >kpt.log 2>&1 &"
until_it_says 20 "certbus status" "pk.kpt is healthy"

chapter "two officers, up and down"
try 10 "runuser -u clerk -- certbus status" 0 "pk.kpt is healthy"
try 10 "runuser -u clerk -- certbus freeze pk" 3 "no permission"
try 10 "runuser -u duty -- certbus report /usr/share/certbus/config/samples/incident.json --yes" 0 "incident"
until_it_says 20 "certbus -C national list" "Virtual servers deleted"
try 10 "certbus -C national publish /usr/share/certbus/config/samples/advisory.json --yes" 0 "advisory"
until_it_says 20 "runuser -u clerk -- certbus list" "Forged advisories"

chapter "man pages and completion"
try 10 "man -w certbusd certbus certbus.conf certbus-policy certbus-schema certbus-report"
try 10 "man certbus-report | head -n 6" 0 "certbus-report"
# shellcheck disable=SC2016  # that shell fills it in
try 10 '. /usr/share/bash-completion/bash_completion; _completion_loader certbus; COMP_LINE="certbus wat" COMP_POINT=11 COMP_WORDS=(certbus wat) COMP_CWORD=1; _certbus; echo "${COMPREPLY[@]}"' 0 "watch"

chapter "uninstall"
cd /root/certbus
mapfile -t brokers < <(pgrep -x certbusd)
try 5 "kill ${brokers[*]}"
for broker in "${brokers[@]}"; do
    timeout 20 tail --pid="$broker" -f /dev/null || true
done
try 5 "systemctl disable certbusd"
try 10 "certbus status" 2 "no broker is running"
try 60 "make uninstall PREFIX=/usr" 0 "removed from /usr"
try 5 "certbus status" 127
everything | grep -vE '^/(etc|var/lib)/certbus(/|$)|^/home/(clerk|duty)(/|$)|^/var/(spool/)?mail/' >/tmp/after
same "nothing is left but settings, keys and journal" /tmp/before /tmp/after
try 5 "ls /var/lib/certbus/keys /var/lib/certbus/journal.db /etc/certbus/certbus.conf"
try 10 "rm -r /var/lib/certbus /etc/certbus"
try 10 "userdel certbus"
try 10 "groupdel certbus-read"
try 10 "groupdel certbus-act"
try 5 "getent passwd certbus" 2

printf '\n=== fresh: %d steps held, %d failed, in %d s\n' "$held" "$failed" "$SECONDS"
[ "$failed" = 0 ]
