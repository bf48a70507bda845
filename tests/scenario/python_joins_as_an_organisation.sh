#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The second implementation, written from docs/protocol.md alone, is an organisation below real
# brokers: it is enrolled, receives an advisory and answers with a receipt, reports an incident
# that is genuine at the National CERT, is told of a report that was refused, and gets its own
# messages back after its disk was restored from an older copy.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

organisation () {
    /usr/bin/python3 "$project/tests/python/certbus_py/organisation.py" "$@" --home kpt
}

# arrived KIND COUNT: it runs until it has so many of the kind and nothing is left to send
arrived () {
    organisation run --until "$1:$2" --for "$patience" >>organisation.log ||
        fail "the organisation has not got $2 of kind $1"
}

note "a national and a provincial CERT"
home pk "National CERT" - national
root=$(/usr/bin/python3 -c '
import sys
sys.path.insert(0, sys.argv[1] + "/tests/python")
from certbus_py import statement
print(statement.Statement(open("root/root", "rb").read()).code)' "$project")
broker pk
home pk.sindh "Sindh CERT" pk provincial
broker pk.sindh
until_true "$patience" open_links pk 1

note "the organisation asks, is enrolled, and joins under the root that it was told of"
expect 0 organisation request pk.sindh.kpt "Karachi Port Trust" --out kpt.request
asked=$(tail -n 1 <<<"$said")
expect 0 certbus -C pk.sindh --json enrol kpt.request --role organisation --sector maritime --yes
says "$asked"
expect 1 organisation join pk.sindh.kpt.credential --root 0000-0000-0000-0000
says "other-root"
expect 0 organisation join pk.sindh.kpt.credential --root "$root"
says "joined as pk.sindh.kpt (Karachi Port Trust), role organisation, below pk.sindh"
cp kpt/store.db older.db

note "an advisory of the National CERT"
expect 0 certbus -C pk --json publish "$samples/advisory.json" --tlp GREEN --to 'pk.**'
advisory=$(json id <<<"$said")
code=$(json code <<<"$said")
arrived advisory 1
expect 0 organisation list
says "$advisory" "$code" "receipt"
until_true "$patience" delivered pk "$advisory" 2
expect 0 certbus -C pk show "$advisory"
says "pk.sindh.kpt"

note "a report, which is genuine at the top"
cat >incident.json <<'JSON'
{ "title": "سرور ڈیلیٹ ہو گئے", "description": "An example; it did not happen.", "severity": "S2",
  "times": { "aware": 1783979700000 }, "lead": "pk" }
JSON
expect 0 organisation report incident.json --to pk --to pk.sindh --may-climb-to pk
read -r incident code <<<"$said"
arrived advisory 1
until_true "$patience" has pk "$incident"
expect 0 certbus -C pk verify "$incident"
says "$code" "Karachi Port Trust"
expect 0 certbus -C pk export "$incident" --out incident.certbus
expect 0 certbus verify incident.certbus --root "$root"
says "$incident"

note "a report that is none is refused, and its origin is told"
echo '{ "title": "no description" }' >poor.json
expect 0 organisation report poor.json
read -r poor _ <<<"$said"
arrived rejection 1
expect 0 organisation list
says "\"reason\": \"schema\"" "$poor"
expect 0 certbus -C pk.sindh show "$poor"
says "Refused here" "schema"

note "restored from an older copy, it gets its own messages back"
# Only the parent knows of the report now. What is signed next has another epoch's nonce: a
# number of its own, though people may read the same counter.
rm -f kpt/store.db-wal kpt/store.db-shm
cp older.db kpt/store.db
expect 0 organisation list
says_not "$incident"
arrived incident 1
expect 0 organisation list
says "$incident" "$advisory"
expect 0 organisation report incident.json --to pk
read -r again other <<<"$said"
arrived advisory 1
until_true "$patience" has pk "$other"
expect 0 certbus -C pk show "$other"
says "$again" "Karachi Port Trust"
expect 0 certbus -C pk show "$code"
says "$incident"

stop pk.sindh pk
