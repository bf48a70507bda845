#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real unit under the real systemd: with all that is taken from it the broker starts, serves,
# reloads and comes again after it was killed; so does a second home, and a command is woken.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

skip () {
    echo "$*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "only root can boot a machine"
[ -x /lib/systemd/systemd ] || skip "systemd is not installed"
[ -f "$bin/../libcertbus.a" ] || skip "this tree has no libcertbus.a"

cat >script.sh <<'SCRIPT'
set -eux
systemd-sysusers
systemd-tmpfiles --create certbus.conf
cd /root
certbus root create root
certbus init pk --title "National CERT" --listen 'tcp://127.0.0.1:7801'
certbus root enrol root pk.request --policy /usr/share/certbus/config/cert-rules-2023.cfg --yes

# Before it has joined, a start does nothing and is no failure.
systemctl start certbusd
[ "$(systemctl is-active certbusd)" = inactive ]

certbus join pk.credential --root root/root
systemctl start certbusd
[ "$(systemctl show -P User certbusd)" = certbus ]
grep -q '^Seccomp:.2$' "/proc/$(systemctl show -P MainPID certbusd)/status"
certbus publish /usr/share/certbus/config/samples/advisory.json
setpriv --reuid=65534 --regid=65534 --groups="$(getent group certbus-read | cut -d: -f3)" \
    certbus list

systemctl reload certbusd
systemctl kill -s KILL certbusd
systemctl reset-failed certbusd 2>/dev/null || true
systemctl restart certbusd
certbus list | grep advisory
# systemd leaves the folders of the two groups as they are.
[ "$(stat -c '%a %G' /run/certbus/act)" = "2750 certbus-act" ]

# A command is woken, under a user of its own that may read.
mkdir -m 1777 /mnt/woken
printf '#!/bin/sh\nid -un >/mnt/woken/who && cat >/mnt/woken/message\n' >/etc/certbus/watch/note
chmod 755 /etc/certbus/watch/note
mkdir -p /etc/systemd/system/certbus-watch@note.service.d
printf '[Service]\nReadWritePaths=/mnt/woken\n' \
    >/etc/systemd/system/certbus-watch@note.service.d/where.conf
systemctl daemon-reload
systemctl start certbus-watch@note
for ((i = 0; i < 200; i++)); do
    [ ! -s /mnt/woken/message ] || break
    # Until the reader is there: its name begins now.
    echo "{ \"text\": \"number $i\" }" >note.json
    certbus publish note.json --kind note --tlp CLEAR --to pk >/dev/null
    read -rt 0.1 <> <(:) || true
done
grep -q '"kind"' /mnt/woken/message
case $(cat /mnt/woken/who) in root | certbus) exit 1 ;; esac
systemctl stop certbus-watch@note

sed s/NAME/dmz/g /usr/share/certbus/tmpfiles-NAME.conf >/etc/tmpfiles.d/certbus-dmz.conf
systemd-tmpfiles --create certbus-dmz.conf
certbus -C /var/lib/certbus-dmz init pk.dmz --title "The same, outside"
certbus enrol pk.dmz.request --role organisation --yes
certbus -C /var/lib/certbus-dmz join pk.dmz.credential --root root/root
systemctl start certbusd@dmz
for ((i = 0; i < 200; i++)); do
    [ "$(certbus -C /var/lib/certbus-dmz list | grep -c advisory)" = 0 ] || break
    read -rt 0.05 <> <(:) || true
done
certbus -C /var/lib/certbus-dmz list | grep advisory
systemctl stop certbusd certbusd@dmz
[ "$(systemctl show -P Result certbusd)" = success ]
touch /mnt/passed
SCRIPT

timeout -k 5 100 unshare --mount --pid --cgroup --uts --ipc --net --fork --kill-child \
    bash "$project/tests/scenario/support_boot.sh" "$PWD" "${bin%/bin}" "$PWD/script.sh" \
    >boot.out 2>&1 </dev/null || true
[ -e out/ready ] || skip "no machine can be booted here: $(tail -n 1 boot.out)"
[ -e out/story ] || skip "systemd does not come up in namespaces here"
if [ ! -e out/passed ]; then
    tail -n 60 out/story boot.out
    fail "the script under systemd did not end well"
fi
