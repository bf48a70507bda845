#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# systemd accepts the units, and what they leave open is as little as docs/operations/install.md
# says.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed"; exit 77; }
[ -f "$bin/../libcertbus.a" ] || { echo "this tree has no libcertbus.a"; exit 77; }
DESTDIR='' PREFIX=$TMPDIR/usr CERTBUS_BUILD=${bin%/bin} "$project/tools/install-files" install 0.1.0 \
    >/dev/null
units=$TMPDIR/usr/lib/systemd/system

# exposure UNIT MOST: the figure of systemd-analyze, in tenths
exposure () {
    local figure
    figure=$(systemd-analyze security --offline=true "$1" |
        sed -n 's/.*Overall exposure level for .*: \([0-9]*\)\.\([0-9]\) .*/\1\2/p')
    note "$(basename "$1"): ${figure:0:1}.${figure:1}"
    [ "$figure" -le "$2" ] || fail "$1 gives more away than it did: $figure, not $2"
}

note "nothing in them that systemd does not know"
cp "$units/certbusd@.service" "$units/certbusd@dmz.service"
cp "$units/certbus-watch@.service" "$units/certbus-watch@mail.service"
for unit in certbusd certbusd@dmz certbus-watch@mail; do
    expect 0 systemd-analyze verify --man=no "$units/$unit.service"
    [ -z "$(grep -F "$units" <<<"$said")" ] || { echo "$said"; fail "$unit.service"; }
done

note "what they leave open"
exposure "$units/certbusd.service" 14
exposure "$units/certbusd@.service" 14
exposure "$units/certbus-watch@.service" 20

grep -q "exposure level for certbusd.service: 1\.4 " "$project/docs/operations/install.md" ||
    fail "docs/operations/install.md has another figure"

note "users, groups and folders"
root=$TMPDIR/root
mkdir -p "$root/etc"
expect 0 systemd-sysusers --root="$root" --dry-run "$TMPDIR/usr/lib/sysusers.d/certbus.conf"
says "certbus" "certbus-read" "certbus-act"
sed s/NAME/dmz/g "$TMPDIR/usr/share/certbus/tmpfiles-NAME.conf" >dmz.conf
grep -q '^L /var/lib/certbus-dmz/run - - - - /run/certbus-dmz$' dmz.conf || fail "the template"
if [ "$(id -u)" = 0 ]; then
    expect 0 systemd-sysusers --root="$root" "$TMPDIR/usr/lib/sysusers.d/certbus.conf"
    for file in "$TMPDIR/usr/lib/tmpfiles.d/certbus.conf" "$PWD/dmz.conf"; do
        expect 0 systemd-tmpfiles --root="$root" --create "$file"
    done
    read -r group < <(sed -n 's/^certbus-act:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/group")
    [ "$(stat -c '%a %g' "$root/run/certbus-dmz/act")" = "2750 $group" ] || fail "the act folder"
    [ "$(readlink "$root/var/lib/certbus/certbus.conf")" = /etc/certbus/certbus.conf ] ||
        fail "the settings are elsewhere"
fi
