#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bash completion: commands, options, their values, parties, messages, files, homes; quick, and
# without a word when there is no broker.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"

cat >tab.sh <<'TAB'
# tab.sh LINE: what the completion offers at the end of that line, one a line
[ ! -f /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
. "$COMPLETION"
COMP_LINE=$1 COMP_POINT=${#1}
# As bash does it: = : @ are words of their own.
mapfile -t COMP_WORDS < <(sed 's/[=:@]/ & /g' <<<"$1" | tr -s ' ' '\n')
[[ $1 != *[\ =:@] ]] || [ -z "${COMP_WORDS[-1]}" ] || [[ $1 == *[=:@] ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
case $1 in certbusd*) _certbusd ;; *) _certbus ;; esac
printf '%s\n' "${COMPREPLY[@]}"
TAB
export COMPLETION=$project/config/completion/certbus

# tab LINE WORD...: the completion offers each of them; a person presses again when the machine is
# too busy for it
tab () {
    local line=$1 word missing
    shift
    for _ in 1 2 3 4 5; do
        missing=
        expect 0 bash tab.sh "$line"
        for word; do
            grep -qxF -e "$word" <<<"$said" || missing=$word
        done
        [ -n "$missing" ] || return 0
    done
    fail "after '$line' it offers no '$missing': $said"
}

# only LINE WORD...: the completion offers them and nothing else
only () {
    tab "$@"
    shift
    [ "$(wc -l <<<"$said")" = $# ] || fail "it offers more: $said"
}

# quick: the best of some tries is below 50 ms
quick () {
    local best=1000000 begun took
    for _ in 1 2 3 4 5 6 7 8; do
        begun=${EPOCHREALTIME//[.,]/}
        certbus -C pk complete -- show '' >/dev/null
        took=$((${EPOCHREALTIME//[.,]/} - begun))
        best=$((took < best ? took : best))
    done
    note "$((best / 1000)) ms"
    [ "$best" -lt 50000 ] || fail "it took $best us"
}

note "what the program itself knows"
tab 'certbus ' publish list root help
only 'certbus pub' publish
tab 'certbus root ' create enrol policy
only 'certbus root e' enrol
tab 'certbus publish --' --tlp --to --kind --home
only 'certbus publish --tlp A' AMBER AMBER+STRICT
only 'certbus publish --tlp=G' GREEN
only 'certbus publish --precedence ' flash routine bulk
tab 'certbus publish --kind ' advisory incident note update
only 'certbus publish --kind adv' advisory
tab 'certbus watch --since ' start now
only 'certbus list --color a' auto always
only 'certbus list --severity u' undetermined
only 'certbus help pub' publish
tab 'certbusd --' --check --home

note "files and homes"
touch a.json b.txt c.request
mkdir folder
only 'certbus report ' a.json folder
only 'certbus enrol ' c.request folder
only 'certbus -C fo' folder
expect 0 certbus complete -- -C folder status --j
says '--json'

note "without a broker: silent, and at once"
expect 0 certbus complete -- show ''
[ -z "$said" ] || fail "it said: $said"
home pk "National CERT" - national
expect 0 certbus -C pk complete -- show ''
[ -z "$said" ] || fail "it said: $said"
quick

note "what the broker knows"
broker pk
home pk.sindh "Sindh CERT" pk provincial energy
id=$(certbus -C pk publish "$samples/advisory.json" | grep -o 'pk/[0-9]*-[0-9]*' | head -n 1)
code=$(certbus -C pk --json show "$id" | json code)
number=$(certbus -C pk --json show "$id" | json body.number)
tab 'certbus -C pk show ' "$id"
only "certbus -C pk show ${code:0:5}" "$code"
only "certbus -C pk show ${number:0:6}" "$number"
tab 'certbus -C pk publish --replaces ' "$id"
tab 'certbus -C pk freeze ' pk.sindh
tab 'certbus -C pk list --from ' pk pk.sindh
only 'certbus -C pk publish --to pk.s' pk.sindh 'pk.sindh.\*\*'
only 'certbus -C pk publish --to @' energy
only 'certbus -C pk enrol x --role pro' provincial
export CERTBUS_HOME=$PWD/pk
tab 'certbus verify pk' "$id"

note "in less than 50 ms"
quick
stop pk
