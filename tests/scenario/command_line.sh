#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each command against running brokers: what officers type, and what they are told when it is
# wrong.
# asan: yes
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

note "a hierarchy of three"
home pk "National CERT" - national
broker pk
home pk.sindh "Sindh CERT" pk provincial
broker pk.sindh
home pk.sindh.kpt "Karachi Port Trust" pk.sindh organisation maritime
broker pk.sindh.kpt
until_true "$patience" open_links pk.sindh 2
until_true "$patience" open_links pk 1
expect 0 certbus -C pk.sindh tree
says "pk.sindh.kpt" "organisation" "Karachi Port Trust" "@maritime" "(here)"

note "enrolment that this party may not grant"
expect 2 certbus -C x init pk.sindh.ogdcl
says "what do people call pk.sindh.ogdcl?" "--title"
certbus -C x init pk.sindh.ogdcl --title OGDCL >/dev/null
expect 1 certbus -C pk enrol pk.sindh.ogdcl.request --role organisation --yes
says "(not-a-child)"
expect 1 certbus -C pk.sindh enrol pk.sindh.ogdcl.request --role national --yes
says "(role-not-granted)"
expect 1 certbus -C pk.sindh enrol pk.sindh.kpt.request --role organisation --yes --out kpt2
says "(name-taken)"
expect 2 certbus -C pk.sindh enrol pk.sindh.ogdcl.request
says "--role"
expect 2 certbus -C pk.sindh enrol pk.sindh.ogdcl.request --role organisation
says "compare the code"
touch taken
expect 1 certbus -C pk.sindh enrol pk.sindh.ogdcl.request --role organisation --yes --out taken
says "taken: exists already"
expect 0 certbus -C pk.sindh tree
says_not "ogdcl"
[ ! -e pk.sindh.ogdcl.credential ] || fail "a refused party has a credential"

expect 2 certbus -C pk.sindh enrol pk.sindh.ogdcl.request --role organisation --depth 1
says "--depth goes with --may-enrol"

note "documents that are no messages"
/usr/bin/python3 -c 'import json, sys; print (json.dumps (json.load (open (sys.argv[1]))["body"]))' \
    "$samples/advisory.json" >body.json
expect 1 certbus -C pk publish body.json
says "no TLP"
expect 2 certbus -C pk publish "$samples/advisory.json" --tlp white
says "TLP:WHITE is CLEAR in TLP 2.0"
expect 2 certbus -C pk publish "$samples/advisory.json" --to pk.sindh.request
says "the shell expanded pk.sindh.**; quote it: --to 'pk.sindh.**'"
expect 2 certbus -C pk publish --to pk.sindh.credential pk.sindh.request "$samples/advisory.json"
says "quote it: --to 'pk.sindh.**'"
expect 2 certbus -C pk publish "$samples/advisory.json" --tlp PINK
says "'PINK' is no TLP 2.0 label"
expect 2 certbus -C pk publish "$samples/advisory.json" --tlp GREEN --to 'pk.sindh**'
says "is no audience"
expect 1 certbus -C pk publish "$samples/advisory.json" --tlp RED --to pk.sindh
says "(tlp-needs-sealing)"
expect 1 certbus -C pk publish "$samples/advisory.json" --tlp GREEN --kind advisry
says "unknown kind 'advisry'; did you mean 'advisory'?"
expect 1 certbus -C pk publish "$samples/advisory.json" --tlp GREEN --kind receipt
says "made by brokers"
expect 1 certbus -C pk publish "$samples/incident.json" --tlp GREEN
says "incident.json: " "certbus report FILE"
expect 1 certbus -C pk publish "$samples/incident.json" --tlp GREEN --kind advisory
says "(read as kind advisory); did you mean: certbus report FILE"
expect 1 certbus -C pk publish "$samples/advisory-csaf.json"
says "(read as kind advisory); this is a CSAF document: certbus publish --csaf FILE"
expect 1 certbus -C pk.sindh.kpt report body.json
says "(read as kind incident); did you mean: certbus publish FILE"
echo '{ "title": "x", ' >broken.json
expect 1 certbus -C pk publish broken.json --tlp GREEN
says "broken.json:"
echo '{ "body": { "text": "x" }, "kind": "note", "tpl": "GREEN" }' >typo.json
expect 1 certbus -C pk publish typo.json
says "did you mean \"tlp\"?"
echo '{ "text": "x", "titel": "y" }' >field.json
expect 1 certbus -C pk publish field.json --kind note --tlp GREEN --to pk.sindh
says "titel"
/usr/bin/python3 -c 'import json; print (json.dumps ({"text": 40000 * "x"}))' >long.json
expect 1 certbus -C pk publish long.json --kind note --tlp GREEN --to pk.sindh
says "long.json: text: 40000 bytes; at most 32000"
expect 1 certbus -C pk.sindh.kpt publish "$samples/advisory.json" --tlp GREEN
says "(no-grant)"
expect 1 certbus -C pk publish "$samples/advisory.json" --tlp GREEN --to pk.sindh --thread pk/1-999
says "pk/1-999: "
expect 0 certbus -C pk --json list --kind advisory
says "[]"
expect 0 certbus -C pk list --kind advisry
says "--kind advisry: no schema of that name here; did you mean advisory?"
expect 1 certbus -C pk watch --kind advisry --count 1 --timeout 1
says "--kind advisry: no schema of that name here; did you mean advisory?"

note "an advisory, from a document that says everything"
/usr/bin/python3 - "$samples/advisory.json" >full.json <<'PYTHON'
import json, sys
print(json.dumps({"kind": "advisory", "tlp": "TLP:GREEN", "to": ["pk.**"],
                  "precedence": "flash", "by": "duty officer",
                  "body": json.load(open(sys.argv[1]))["body"]}))
PYTHON
expect 0 certbus -C pk publish full.json --dry-run
says "nothing was sent" "it would reach: 3" "Karachi Port Trust"
expect 0 certbus -C pk publish full.json --to pk.sindh --dry-run
says "it would reach: 1" "it would not reach: 1" # who sends it is no one who misses it
expect 0 certbus -C pk --json list --kind advisory
says "[]"
expect 0 certbus -C pk --json publish full.json
id=$(json id <<<"$said")
code=$(json code <<<"$said")
until_true "$patience" has pk.sindh.kpt "$id"
until_true "$patience" delivered pk "$id" 2
expect 0 certbus -C pk show "$id"
says "pk (National CERT)" "duty officer" "TLP:GREEN" "flash" "$code" "at the children  1 of 1" \
    "delivered        2"
expect 0 certbus -C pk.sindh.kpt show "$code"
says "$id"
expect 1 certbus -C pk show pk/1-999
says "pk/1-999: "

note "a report climbs, with the consent that is in it"
expect 0 certbus -C pk.sindh.kpt --json report "$samples/incident.json"
report=$(json id <<<"$said")
until_true "$patience" has pk "$report"
expect 0 certbus -C pk --json show "$report"
[ "$(json tlp <<<"$said")" = TLP:AMBER ] || fail "a report is TLP:AMBER by default"
[ "$(json may_climb_to <<<"$said")" = pk ] || fail "a report with consent may climb to the top"
[ "$(json audience <<<"$said")" = '["pk", "pk.sindh"]' ] || fail "a report is for those above"
sed 's/"consent": true/"consent": false/' "$samples/incident.json" >silent.json
expect 0 certbus -C pk.sindh.kpt --json report silent.json --flash
[ "$(json audience <<<"$said")" = '["pk.sindh"]' ] || fail "without consent it went further up"
silent=$(json id <<<"$said")
until_true "$patience" has pk.sindh "$silent"
expect 1 certbus -C pk show "$silent"
expect 1 certbus -C pk.sindh.kpt report full.json
says "sends incidents"

note "an answer in the thread, named as people name it"
echo '{ "text": "We are on our way." }' >answer.json
expect 0 certbus -C pk.sindh --json publish answer.json --kind note --tlp AMBER \
    --to pk.sindh.kpt --thread "$report"
answer=$(json id <<<"$said")
until_true "$patience" has pk.sindh.kpt "$answer"
expect 0 certbus -C pk.sindh.kpt show "$answer"
says "Thread      $report"

note "whom a message reaches, and what it waits for"
expect 1 certbus -C pk.sindh publish answer.json --kind note --tlp AMBER --to 'pk.sindh.**'
says "the same was sent before, as $answer" "--again"
expect 0 certbus -C pk.sindh publish answer.json --kind note --tlp AMBER --to 'pk.sindh.**' --again
says "to pk.sindh.** : 1 party known here"
says_not "away"
expect 0 certbus -C pk.sindh publish answer.json --kind note --tlp AMBER --to pk.sindh --again
says "to pk.sindh, this party alone"

note "reading: a list, a watch, and a reader that is remembered"
expect 0 certbus -C pk.sindh list
says "$report" "$silent" "$id"
says_not " receipt "
expect 0 certbus -C pk.sindh list --all --kind receipt
says " receipt "
expect 0 certbus -C pk.sindh list -n 1
[ "$(wc -l <<<"$said")" = 1 ] || fail "more than one line"
expect 0 certbus -C pk.sindh --json watch --since start --kind incident --count 2
[ "$(grep -c '^{.*}$' <<<"$said")" = 2 ] || fail "a watch prints one object a line"
expect 0 certbus -C pk.sindh watch --as desk --from start --kind incident --count 1
says "$report"
expect 0 certbus -C pk.sindh watch --as desk --kind incident --count 1
says "$silent"
expect 2 certbus -C pk.sindh watch --from start --since start
says "--since is given, too"
expect 2 certbus -C pk.sindh watch --from PK
says "is no party's name"
expect 0 certbus -C pk.sindh --json watch --since start --from pk --severity s3 --count 1
says "$id"
expect 1 certbus -C pk.sindh watch --as desk --kind incident --count 1 --timeout 1
says "0 of 1 messages came"

note "a watch outlives its broker"
certbus -C pk.sindh watch --kind note --count 1 >watch.out 2>watch.err &
watcher=$!
pids[watcher]=$watcher
until_true "$patience" grep -q "watching pk.sindh" watch.err
kill9 pk.sindh
until_true "$patience" grep -q "the broker is away" watch.err
broker pk.sindh
echo '{ "text": "Are you there?" }' >there.json
until_true "$patience" grep -q "the broker is back" watch.err
certbus -C pk publish there.json --kind note --tlp GREEN --to pk.sindh >/dev/null
wait "$watcher" || fail "the watch did not end well"
unset "pids[watcher]"
grep -q "Are you there?" watch.out || fail "the watch missed the message"

note "is it genuine?"
expect 0 certbus -C pk.sindh.kpt verify "$id"
says "GENUINE" "pk (National CERT)" "which holds the same message"
expect 1 certbus -C pk.sindh.kpt verify "$code"
says "A code alone never says"
expect 0 certbus -C pk export "$id" --out advisory.certbus
expect 0 certbus -C pk.sindh.kpt verify advisory.certbus
says "GENUINE"
expect 0 certbus verify advisory.certbus --root root/root
says "GENUINE" "National CERT" "not known offline"
root=$(certbus verify advisory.certbus --root root/root --json | json root)
expect 0 certbus verify advisory.certbus --root "$root"
expect 4 certbus verify advisory.certbus --root 0000-0000-0000-0000
says "NOT GENUINE" "(other-root)"
/usr/bin/python3 - <<'PYTHON'
data = open("advisory.certbus", "rb").read()
assert data.count(b"Forged advisories") == 1
open("forged.certbus", "wb").write(data.replace(b"Forged advisories", b"Former advisories"))
PYTHON
expect 4 certbus verify forged.certbus --root root/root
says "NOT GENUINE" "(bad-signature)"
says_not "Former advisories"
expect 4 certbus -C pk verify forged.certbus
says "NOT GENUINE"
expect 4 certbus -C pk --json verify forged.certbus
[ "$(json genuine <<<"$said")" = false ] || fail "JSON says that a forgery is genuine"
rm forged.certbus

note "a correction"
expect 0 certbus -C pk --json publish full.json --replaces "$id"
newer=$(json id <<<"$said")
expect 0 certbus -C pk show "$id"
says "Replaced by $newer"
expect 0 certbus -C pk verify "$id"
says "$newer took its place"

note "a CSAF document"
expect 0 certbus -C pk --json publish --csaf "$samples/advisory-csaf.json" --to pk.sindh
csaf=$(json id <<<"$said")
until_true "$patience" has pk.sindh "$csaf"
expect 2 certbus -C pk publish --csaf "$samples/advisory-csaf.json" "$samples/advisory.json"
says "one document"

note "frozen, and no longer"
expect 2 certbus -C pk freeze PK.SINDH
says "is no party's name"
expect 1 certbus -C pk freeze pk.snidh
says "pk.snidh: no such party is known here; did you mean pk.sindh?" "certbus freeze --unknown pk.snidh"
expect 0 certbus -C pk freeze --unknown pk.snidh
expect 0 certbus -C pk freeze --off pk.snidh
expect 1 certbus -C pk freeze --off pk.snidh
expect 0 certbus -C pk list --from pk.snidh
says "warning: --from pk.snidh: no such party is known here; did you mean pk.sindh?"
expect 0 certbus -C pk freeze pk.sindh
says "pk.sindh is frozen here"
expect 1 certbus -C pk status
says "frozen       pk.sindh"
says "1 party is frozen here (pk.sindh, by an officer): call them, then: certbus freeze --off pk.sindh"
says_not "two messages"
expect 0 certbus -C pk --json freeze pk.sindh --off
[ "$(json frozen <<<"$said")" = false ] || fail "JSON says that it is frozen"
expect 0 certbus -C pk status
says_not "frozen"

note "a text that would steer a terminal does not"
printf '{ "text": "red \xe2\x80\xaeder\\nTLP         TLP:CLEAR" }' >bidi.json
expect 0 certbus -C pk --json publish bidi.json --kind note --tlp GREEN --to pk.sindh
bidi=$(json id <<<"$said")
until_true "$patience" has pk.sindh "$bidi"
expect 0 certbus -C pk.sindh show "$bidi"
says "<U+202E>" "        TLP         TLP:CLEAR"

note "contact, policy, revocation"
echo '{ "officer": "Duty desk", "phone_night": "+92 21 0000 0000" }' >contact.json
expect 0 certbus -C pk.sindh contact contact.json
says "to pk.sindh.**, pk"
expect 0 certbus -C pk.sindh contact --phone-day "+92 21 1111 1111"
expect 0 certbus -C pk.sindh contact
says "officer: Duty desk" "phone day: +92 21 1111 1111" "phone night: +92 21 0000 0000" \
    "pk  has told no contact"
expect 0 certbus -C pk.sindh contact --officer ""
expect 0 certbus -C pk.sindh contact pk.sindh
says "+92 21 1111 1111"
says_not "officer"
expect 1 certbus -C pk.sindh contact --endpoint tcp//10.0.0.1
says "'tcp//10.0.0.1' is no endpoint; expected tcp://HOST:PORT"
expect 1 certbus -C pk.sindh contact missing.json
says "missing.json: "
expect 2 certbus -C pk.sindh contact pk --officer x
says "not both"
sed 's/^version = 1;/version = 2;/' "$policy" >next.cfg
certbus root policy root next.cfg >/dev/null
expect 1 certbus -C pk policy next.cfg
says "neither a signed policy nor a root file"
expect 0 certbus -C pk policy policy-2
# has_policy NAME VERSION
has_policy () {
    [ "$(certbus -C "$1" --json status | json policy)" = "$2" ]
}
until_true "$patience" has_policy pk.sindh.kpt 2
expect 2 certbus -C pk.sindh revoke pk.sindh.kpt
says "--why"
expect 1 certbus -C pk.sindh.kpt revoke pk.sindh --why "no"
expect 0 certbus -C pk.sindh revoke pk.sindh.kpt --why "keys lost with a laptop"
# is_revoked: at the top
is_revoked () {
    certbus -C pk tree | grep pk.sindh.kpt | grep -q REVOKED
}
until_true "$patience" is_revoked

expect 0 certbus -C pk verify "$report"
says "GENUINE" "But now     the credential has been revoked"

note "what a CERT may enrol unless it is said"
certbus -C a init pk.punjab --title "Punjab CERT" >/dev/null
expect 2 certbus -C pk enrol pk.punjab.request --role provincial
says "Role      provincial" "Sectors   none" "Until     2" \
    "May enrol observer, organisation; sectors: any; at most 1000 parties, 1 level below it"
expect 2 certbus -C pk enrol pk.punjab.request --role provincial --may-enrol none
says "May enrol nobody"
expect 2 certbus -C pk enrol pk.punjab.request --role sectoral --sector maritime --sector energy
says "Sectors   energy, maritime" "May enrol organisation; sectors: energy, maritime;"
expect 0 certbus -C pk enrol pk.punjab.request --role provincial --yes
says "for pk.punjab until 2"
certbus -C a join pk.punjab.credential --root root/root >/dev/null
echo "schemas = \"$project/schemas\";" >>a/certbus.conf
broker a
certbus -C b init pk.punjab.wapda --title WAPDA >/dev/null
expect 0 certbus -C a enrol pk.punjab.wapda.request --role organisation --sector energy --yes
says "for pk.punjab.wapda until 2"
stop a

note "a command that follows its broker at once finds it"
certbusd -C a >>a.log 2>&1 </dev/null &
pids[a]=$!
expect 0 certbus -C a tree
stop a

note "nobody is left"
stop pk
# is_away: the link up is seen to be down
is_away () {
    [ "$(certbus -C pk.sindh --json status | json parent.state)" != OPEN ]
}
until_true "$patience" is_away
expect 0 certbus -C pk.sindh report silent.json
says "the parent pk is away: it waits here"
stop pk.sindh pk.sindh.kpt
expect 2 certbus -C pk status
says "no broker is running in pk; start it with: certbusd -C pk"
expect 0 certbus -C pk verify advisory.certbus
says "GENUINE" "not known offline"
note "done"
