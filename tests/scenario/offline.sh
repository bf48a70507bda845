#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What needs no broker: the root and its keys, homes, requests, credentials, and whether a
# message that somebody brought along is genuine.
# asan: yes
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

# changed FILE OFFSET: a copy of the file with one bit of one byte turned, as FILE.changed
changed () {
    /usr/bin/python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 1
open(sys.argv[1] + ".changed", "wb").write(data)' "$1" "$2"
}

note "a root of three keys, two of which must sign"
expect 0 certbus root create root --keys 3 --threshold 2
says "2 of 3 keys sign for pk"
code=$(sed -n 's/.*code \([0-9A-Z-]*\)$/\1/p' <<<"$said")
[ "$(stat -c %a root/key-1)" = 600 ] || fail "a root key can be read by others"
expect 1 certbus root create root
says "there is a root already"
expect 2 certbus root create other --keys 2 --threshold 3
says "--threshold: '3' is not a whole number from 1 to 2"
expect 2 certbus root create other --top pk.sindh
says "is no name for the top"
expect 0 certbus root create other

note "a home"
expect 2 certbus -C pk init PK
says "'PK' is no party's name"
expect 2 certbus -C pk init pk --listen tcp//nowhere
says "'tcp//nowhere' is no endpoint"
expect 0 certbus -C pk init pk --title "National CERT" --listen tcp://127.0.0.1:7411
says "pk.request" "code "
[ "$(stat -c %a pk/keys)" = 600 ] || fail "the keys can be read by others"
expect 1 certbus -C pk init pk --title "National CERT"
says "is a home already; its keys stay as they are"
expect 1 certbus -C pk2 init pk --title "Another"
says "pk.request: exists already"
expect 1 certbus -C pk join pk.request --root "$code"
says "no credential"

note "the root keys enrol the top party, and nobody else"
expect 2 certbus root enrol root pk.request --policy "$policy"
says "compare the code"
expect 2 certbus root enrol root pk.request --policy "$policy" --json
expect 1 certbus root enrol root pk.request --policy no.cfg
says "no.cfg"
says_not "Code"
[ ! -e root/policy ] || fail "a policy that nobody was given is kept as the newest"
mv root/key-1 root/key-3 .
expect 1 certbus root enrol root pk.request --policy "$policy" --yes
says "2 of the root's keys must sign, and 1 is here; missing in root: key-1, key-3"
mv key-3 root
cp other/key-1 root
expect 1 certbus root enrol root pk.request --policy "$policy" --yes
says "root/key-1: not a key of root/root"
rm root/key-1
sed 's/^version = .*/version = 0;/' "$policy" >bad.cfg
expect 1 certbus root enrol root pk.request --policy bad.cfg --yes
says "bad.cfg:" "version"
expect 1 certbus root enrol root pk.request --policy "$policy" --role emperor --yes
says "has no role 'emperor'"
expect 0 certbus root enrol root pk.request --policy "$policy" --yes
says "National CERT" "tcp://127.0.0.1:7411" "May enrol any role; sectors: any" "until 2"
expect 1 certbus root enrol root pk.request --policy "$policy" --yes
says "pk.credential: exists already"
certbus -C kpt init pk.sindh.kpt --title "Karachi Port Trust" >/dev/null
expect 1 certbus root enrol root pk.sindh.kpt.request --policy "$policy" --yes
says "Its parent enrols it"
changed pk.request 40
expect 1 certbus root enrol root pk.request.changed --policy "$policy" --yes --out x.credential
says "pk.request.changed: "

note "a policy's version says one thing only"
expect 0 certbus root policy root "$policy"
cmp -s policy-1 root/policy || fail "the same policy was signed twice in two ways"
sed 's/^title = .*/title = "Another";/' "$policy" >next.cfg
expect 1 certbus root policy root next.cfg
says "version 1 was signed already and says something else; raise its version to 2"
sed -i 's/^version = 1;/version = 2;/' next.cfg
expect 0 certbus root policy root next.cfg
says "policy-2  version 2"
expect 1 certbus root policy root "$policy" --out old
says "version 1 is older than 2"

note "joining: the right root, the right party, the right keys"
expect 2 certbus -C pk join pk.credential
says "which root?"
expect 1 certbus -C pk join pk.credential --root other/root
says "another root" "(other-root)"
expect 1 certbus -C pk join pk.credential --root 0000-0000-0000-0000
says "another root: 0000-0000-0000-0000 is pinned" "$code"
expect 1 certbus -C pk join pk.credential --root nothing
says "'nothing' is no file, and no code"
expect 1 certbus -C kpt join pk.credential --root root/root
says "is for pk, and this is the home of pk.sindh.kpt"
certbus -C thief init pk --title "Another" --out thief.request >/dev/null
expect 1 certbus -C thief join pk.credential --root root/root
says "is for other keys than those in this home"
expect 1 certbus -C nowhere join pk.credential --root root/root
says "nowhere/keys" "init NAME"
size=$(stat -c %s pk.credential)
for offset in 3 20 200 $((size / 2)) $((size - 40)); do
    changed pk.credential "$offset"
    expect 1 certbus -C pk join pk.credential.changed --root root/root
done
[ ! -e pk/bundle ] || fail "a refused credential was kept"
expect 0 certbus -C pk join pk.credential --root "${code,,}"
says "pk has joined under the root $code" "certbusd -C pk"
expect 0 certbus -C pk join pk.credential
expect 0 certbus -C pk --json join pk.credential --root root/root
[ "$(json root <<<"$said")" = "$code" ] || fail "the root's code differs in JSON"
certbus -C thief init pk --title "Another" --out thief.request >/dev/null 2>&1 || true
certbus root enrol other thief.request --policy "$policy" --yes --out thief.credential >/dev/null
cp thief/keys pk/keys
expect 1 certbus -C pk join thief.credential --root other/root
says "has joined under another root (other-root)"

note "without a broker"
expect 2 certbus -C kpt status
says "no broker is running in kpt"
expect 3 certbus -C nowhere list
says "nowhere"
expect 1 certbus verify pk.request --root root/root
says "pk.request: this is a signed statement (a request, a policy or a root file)"
says_not "GENUINE"
expect 1 certbus verify no.such.file --root root/root
says "no such file"

note "what is not a command"
expect 2 certbus publsh
says "unknown command 'publsh'; did you mean 'publish'?"
expect 2 certbus root creat x
says "did you mean 'root create'?"
expect 2 certbus init --nmae x y
says "unknown option '--nmae'; did you mean '--name'?" "certbus help init"
expect 2 certbus join
says "missing operand"
expect 2 certbus handover now
says "'now' is one operand too many"
expect 2 certbus
says "No station here" "certbus -C DIR init NAME"
expect 0 certbus --version
says "certbus 0."
for command in "" "root create" "root enrol" "root policy" init enrol join publish report contact \
    watch list show verify export status tree revoke freeze policy help \
    "quarantine list" "quarantine show" "quarantine release" "quarantine discard" quarantine \
    config; do
    # shellcheck disable=SC2086  # two words
    expect 0 certbus $command --help
    says "usage: certbus" "Exit codes"
done
note "done"
