#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts in place works from there, and `make uninstall` takes it away again.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

here=$TMPDIR
# Called by hand, as make would run it again for each of these.
place () {
    DESTDIR=$1 PREFIX=$2 CERTBUS_BUILD=${CERTBUS_BUILD:-$project/build} \
        "$project/tools/install-files" "$3" 0.1.0 libzmq libczmq msgpack libconfig libsodium \
        sqlite3 jansson glib-2.0
}

[ -f "${CERTBUS_BUILD:-$project/build}/libcertbus.a" ] || { echo "this tree has no libcertbus.a"; exit 77; }

note "into a folder for a package, and out again: nothing is left"
place "$here/package" /usr install
[ -x package/usr/bin/certbusd ] || fail "no broker"
grep -q 'ExecStart=/usr/bin/certbusd -C /var/lib/certbus$' \
    package/usr/lib/systemd/system/certbusd.service || fail "the unit names another program"
grep -rlE '@[A-Z]+@' package --include=*.service --include=*.conf --include=*.pc &&
    fail "something was not filled in"
place "$here/package" /usr uninstall
[ -z "$(find package -mindepth 1 -not -path package/usr)" ] || fail "left: $(find package)"

note "what was there before stays"
mkdir -p own/usr/bin own/usr/share/certbus own/usr/share/man/man1
touch own/usr/bin/certbus-mine own/usr/share/certbus/mine
find own | sort >before
place "$here/own" /usr install
# Once more, as an upgrade does it; a file of the older version goes.
echo bin/certbus-old >>own/usr/share/certbus/installed
touch own/usr/bin/certbus-old
place "$here/own" /usr install
[ ! -e own/usr/bin/certbus-old ] || fail "a file of the older version was left"
place "$here/own" /usr uninstall
find own | sort | diff before - || fail "it is not as it was"
expect 1 place "$here/own" /usr uninstall
says "nothing of certbus is known to be"

note "from where they were installed, the programs find their schemas"
place "" "$here/usr" install >/dev/null
PATH=$here/usr/bin:$PATH
unset CERTBUS_SCHEMAS
certbus root create root >/dev/null
certbus -C pk init pk --title "National CERT" --listen 'tcp://127.0.0.1:*' >/dev/null
certbus root enrol root pk.request --policy "$here/usr/share/certbus/config/cert-rules-2023.cfg" \
    --yes >/dev/null
certbus -C pk join pk.credential --root root/root >/dev/null
broker pk
expect 0 certbus -C pk publish "$here/usr/share/certbus/config/samples/advisory.json"
stop pk

note "a program is built with what pkg-config says, and nothing else"
cat >node.c <<'C'
#include "bus/edge/client.h"
#include <stdio.h>
int main (void)
{
    char why[256] = "";
    struct client *client = client_open ("nowhere", CLIENT_READ, why, sizeof why);
    puts (why);
    client_close (&client);
    return 0;
}
C
read -ra flags < <(PKG_CONFIG_PATH=$here/usr/lib/pkgconfig pkg-config --cflags --libs certbus)
${CC:-gcc} -std=c11 -Wall -Werror -o node node.c "${flags[@]}"
expect 0 ./node
says "nowhere: no such folder"
place "" "$here/usr" uninstall >/dev/null
[ ! -e "$here/usr" ] || [ -z "$(find "$here/usr" -mindepth 1)" ] || fail "left: $(find "$here/usr")"
