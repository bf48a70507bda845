/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/verify.h"

#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/strange.h"
#include "nodes/certbus/talk.h"

static json_t *current_json (bool known, const struct standing *standing)
{
    return known ? json_boolean (standing->state == STANDING_CURRENT) : json_null ();
}

static json_t *root_json (const struct finding *self)
{
    struct root_file root;
    char code[CODE_TEXT];
    struct span bytes = self->broker ? self->chain.evidence.root : self->evidence.root;
    if (!bytes.size || root_parse (&root, bytes) != CB_OK)
        return json_null ();
    hash_code (&root.st.hash, code);
    return json_string (code);
}

static void print_json (struct call *call, const struct finding *self)
{
    json_t *made = json_object ();
    json_object_set_new (made, "genuine", json_boolean (finding_genuine (self)));
    json_object_set_new (made, "reason", json_string (cb_reason_name (self->reason)));
    json_object_set_new (made, "detail", json_span (span_of (self->why)));
    json_object_set_new (made, "checked_by", json_string (self->broker ? "broker" : "offline"));
    json_object_set_new (made, "held", self->broker ? json_boolean (self->held) : json_null ());
    json_object_set_new (made, "current", current_json (self->standing_known, &self->standing));
    json_object_set_new (made, "standing", standing_json (&self->standing));
    json_object_set_new (made, "replaced_by", json_span (span_of (self->standing.id)));
    json_object_set_new (made, "signed_by", signer_json (self->signer));
    json_object_set_new (made, "root", root_json (self));
    json_object_set_new (made, "message",
                         self->parsed ? message_json (call, &self->e) : json_null ());
    say_json (made, true);
}

/* "current", "REPLACED by pk/1-9", ... */
static const char *standing_text (const struct standing *standing, const struct envelope *e)
{
    static char text[ID_TEXT + 80];
    if (standing->state != STANDING_CURRENT)
        snprintf (text, sizeof text, "%s by %s",
                  standing->state == STANDING_WITHDRAWN ? "WITHDRAWN" : "REPLACED", standing->id);
    else if (e->expires && e->expires < clock_utc ())
        snprintf (text, sizeof text, "EXPIRED at %s", when_of (e->expires).text);
    else
        snprintf (text, sizeof text, "current");
    return text;
}

/* The first line is what is read out. */
static void print_verdict (const struct finding *self)
{
    bool good = finding_genuine (self);
    const char *standing = standing_text (&self->standing, &self->e);
    bool current = strcmp (standing, "current") == 0;
    style (good && current ? STYLE_GOOD : STYLE_BAD);
    if (!good)
        say ("NOT GENUINE\n");
    else if (self->e.mode != CB_MODE_LIVE)
        say ("GENUINE, but of mode %s: this is not the real thing; %s\n",
             cb_mode_name (self->e.mode), standing);
    else if (!current)
        say ("GENUINE, but %s\n", standing);
    else if (self->standing_known)
        say ("GENUINE and current\n");
    else
        say ("GENUINE; whether it still counts is not known here\n");
    style (STYLE_PLAIN);
    if (self->reason != CB_OK)
        say ("%-11s %s%s%s (%s)\n", good ? "But now" : "Because", cb_reason_text (self->reason),
             *self->why ? ": " : "", self->why, cb_reason_name (self->reason));
}

static void print_root (const struct finding *self)
{
    json_t *code = root_json (self);
    if (json_is_string (code))
        say ("%-11s code %s\n", "root", json_string_value (code));
    json_decref (code);
}

static void print_action (struct span action)
{
    int64_t due = body_int (action, "due", 0);
    say ("  %-4s %s%s\n", line_of (body_text (action, "id")).text,
         due ? "due " : "no date of its own", due ? when_of (due).text : "");
    say_block (body_text (action, "text"), 7);
}

/* What the two on the phone compare. */
static void print_read_back (const struct envelope *e)
{
    struct pack_in in;
    struct span number = body_text (e->body, "number"), title = message_title (e);
    size_t count = answer_array (e->body, "actions", &in);
    say ("\nRead this back to the caller; what differs is not genuine:\n");
    if (number.size)
        say ("  %-6s %s\n", "number", line_of (number).text);
    if (title.size)
        say ("  %-6s %s\n", "title", line_of (title).text);
    say ("  %-6s %s\n", "issued", when_of (e->issued).text);
    while (count--)
        print_action (pack_any (&in));
}

static void print_text (struct call *call, const struct finding *self)
{
    bool good = finding_genuine (self);
    print_verdict (self);
    if (self->signer && good) {
        signer_print (self->signer);
        print_root (self);
    }
    if (self->broker)
        say ("%-11s this broker%s\n", "Checked by",
             self->held ? ", which holds the same message" : "; it does not hold this message");
    else if (self->parsed)
        say ("%-11s signatures alone: what has been revoked since is not known offline\n",
             "Checked by");
    if (!good)
        return;
    if (*self->standing.id)
        say ("%-11s %s took its place: read that one instead\n",
             self->standing.state == STANDING_WITHDRAWN ? "Withdrawn" : "Replaced",
             self->standing.id);
    print_read_back (&self->e);
    say ("\nGenuine is this text, and no other under the same number or code:\n\n");
    message_print (call, &self->e,
                   self->signer ? self->signer->credential.title : (struct span){ 0 });
}

int verify_conclude (struct call *call, const struct finding *self)
{
    if (call->json)
        print_json (call, self);
    else
        print_text (call, self);
    return finding_genuine (self) ? EXIT_DONE : EXIT_NOT_GENUINE;
}

static void look_up_json (struct call *call, const struct record *record, const char *what)
{
    json_t *made = json_object ();
    json_object_set_new (made, "genuine", json_null ());
    json_object_set_new (made, "detail",
                         json_sprintf ("a %s alone is no proof: compare the text", what));
    json_object_set_new (made, "current", current_json (true, &record->standing));
    json_object_set_new (made, "standing", standing_json (&record->standing));
    json_object_set_new (made, "message", message_json (call, &record->e));
    say_json (made, true);
}

static void look_up_text (struct call *call, const struct record *record, const char *what)
{
    char id[ID_TEXT], why[WHY_MAX];
    struct fetched_chain chain;
    const struct envelope *e = &record->e;
    msg_id_text (&e->id, id);
    style (STYLE_WARN);
    say ("A %s alone never says \"genuine\". %s has it, and is %s\n", what, id,
         standing_text (&record->standing, e));
    style (STYLE_PLAIN);
    if (fetch_chain (call, e->credential, &chain, why, sizeof why) == EXIT_DONE)
        signer_print (chain.signer);
    print_read_back (e);
    say ("\nThe message here says:\n\n");
    message_print (call, e, chain.signer ? chain.signer->credential.title : (struct span){ 0 });
    say ("\nIf the text that you were shown differs in anything, it is not genuine.\n");
    fetch_chain_free (&chain);
}

void verify_unknown (const struct fetched *fetched)
{
    if (!span_is (body_text (fetched->answer, "reason"), "not-found"))
        return;
    complain ("nobody here can vouch for it: treat it as not genuine. Call the issuer on a number "
              "that you know (certbus contact PARTY shows what it told)");
}

int verify_look_up (struct call *call, const char *typed)
{
    struct fetched fetched;
    const char *what = looks_like_number (typed) ? "number" : "code";
    int code = fetch (call, typed, &fetched);
    if (code == EXIT_REFUSED)
        verify_unknown (&fetched);
    if (code == EXIT_DONE && !fetched.record.whole) {
        code = refused ("%s: is no longer kept here; only its hash is", line_text (typed).text);
    } else if (code == EXIT_DONE && fetched.record.reason != CB_OK) {
        code = refused ("%s: a message that was refused here has it (%s); see certbus show",
                        line_text (typed).text, cb_reason_name ((unsigned) fetched.record.reason));
    } else if (code == EXIT_DONE) {
        if (call->json)
            look_up_json (call, &fetched.record, what);
        else
            look_up_text (call, &fetched.record, what);
        code = EXIT_REFUSED;
    }
    fetch_free (&fetched);
    return code;
}
