#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A home of a user of its own, an officer who reads and one who also acts: each may what the
# groups of the folders give, whoever acted stands in the log, and root leaves nothing of its
# own behind. The ids have no names here, so that no user has to be made.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || { echo "only root can be somebody else"; exit 77; }
command -v setpriv >/dev/null || { echo "setpriv is not installed"; exit 77; }
umask 022
# Others have to come as far as this folder.
chmod o+x "$PWD" "$(dirname "$PWD")"
# The project may stand where nobody else comes, as in /root.
cp -r "$project/schemas" "$samples" .
export CERTBUS_SCHEMAS=$PWD/schemas

broker=60001 reader=60002 actor=60003 stranger=60004 read=60011 act=60012

# as UID GROUPS COMMAND...
as () {
    local uid=$1 groups=(--clear-groups)
    [ "$2" = - ] || groups=(--groups "$2")
    shift 2
    setpriv --reuid="$uid" --regid="$uid" "${groups[@]}" "$@"
}

note "what root makes in the home of another belongs to the other"
install -d -m 0711 -o $broker -g $broker pk etc
chown 0:0 etc
ln -s "$PWD/etc/certbus.conf" pk/certbus.conf
certbus root create root >/dev/null
expect 1 as $stranger - certbus -C pk init pk --title "National CERT"
says "pk belongs to #$broker" "sudo"
expect 0 certbus -C pk init pk --title "National CERT"
[ -f etc/certbus.conf ] && [ -L pk/certbus.conf ] || fail "the settings are not where the link points"
expect 0 certbus root enrol root pk.request --policy "$policy" --yes
expect 1 as $stranger - certbus -C pk join pk.credential --root root/root
says "pk belongs to #$broker"
expect 0 certbus -C pk join pk.credential --root root/root
for file in pk/keys pk/bundle pk/run pk/run/read pk/run/act; do
    [ "$(stat -c %u "$file")" = $broker ] || fail "$file belongs to $(stat -c %u "$file")"
done
[ "$(stat -c '%a' pk/keys)" = 600 ] || fail "the keys can be read by others"
[ "$(stat -c '%u' etc/certbus.conf)" = 0 ] || fail "the settings were given away"

note "the groups, as chgrp gives them; root does not serve it, its owner does"
chgrp $read pk/run/read
chgrp $act pk/run/act
expect 1 certbusd -C pk
says "pk belongs to #$broker" "not as root"
expect 1 as $stranger - certbusd -C pk
says "pk belongs to #$broker"
setpriv --reuid=$broker --regid=$broker --clear-groups certbusd -C pk >pk.log 2>&1 </dev/null &
pids[pk]=$!
until_true "$patience" started pk

note "who may what"
expect 3 as $stranger - certbus -C pk status
says "no permission" "group $read"
expect 0 as $reader $read certbus -C pk status
expect 3 as $reader $read certbus -C pk freeze pk.kpt
says "no permission" "group $act"
expect 0 as $actor $read,$act certbus -C pk publish samples/advisory.json
id=$(grep -o 'pk/[0-9]*-[0-9]*' <<<"$said" | head -n 1)
expect 0 as $actor $read,$act certbus -C pk freeze --unknown pk.kpt
expect 0 as $reader $read certbus -C pk show "$id"
for file in pk/journal.db pk/keys; do
    expect 1 as $actor $read,$act cat "$file"
done

note "what was done by whom, and to what"
grep -q "publish by uid $actor (pid [0-9]*): advisory" pk.log || fail "who published what"
grep -q "publish by uid $actor: $id is stored" pk.log || fail "which message that became"
grep -q "freeze by uid $actor (pid [0-9]*): pk.kpt" pk.log || fail "whom the officer froze"
! grep -q "by uid $reader" pk.log || fail "reading was logged as an act"
stop pk
