/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/asked.h"

#include <stdlib.h>
#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

/* --- Which one ------------------------------------------------------------------------------ */

/* The ledger of an advisory as far as this party is concerned: its own row sorts first. */
static int ask_ledger (struct call *call, struct asked *asked, char *why, size_t why_size)
{
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("ledger");
    ask_text (question, "id", span_of (asked->id));
    ask_int (question, "limit", 1);
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    asked->ledger = span_keep (answer);
    if (answer_array (asked->ledger, "rows", &in) == 0)
        return EXIT_DONE;
    struct span row = pack_any (&in);
    if (span_is (body_text (row, "party"), asked->self))
        asked->row = row;
    return EXIT_DONE;
}

static int refuse_state (const struct asked *asked, const char *id)
{
    const struct record *record = &asked->fetched.record;
    const char *shown = line_text (id).text;
    if (!record->whole || !span_is (record->e.kind, "advisory"))
        return refused ("%s is no advisory%s", shown,
                        record->whole && span_is (record->e.kind, "incident")
                            ? "; a case is acknowledged by the CERT that leads it"
                            : "");
    if (record->reason != CB_OK)
        return refused ("%s was refused here (%s), so nobody answers it; look at it with: certbus "
                        "show %s",
                        shown, cb_reason_name ((unsigned) record->reason), asked->id);
    if (span_is (record->e.id.origin, asked->self))
        return refused ("%s is your own: it asks others. What they say: certbus compliance %s",
                        shown, asked->id);
    if (record->standing.state != STANDING_CURRENT)
        return refused ("%s was %s by %s: answer that one", shown,
                        record->standing.state == STANDING_WITHDRAWN ? "withdrawn" : "replaced",
                        record->standing.id);
    return EXIT_DONE;
}

int asked_open (struct call *call, const char *id, struct asked *asked)
{
    char why[WHY_MAX];
    struct party_name party;
    *asked = (struct asked){ .row = { NULL, 0 } };
    int code = post_party (call, &party);
    if (code == EXIT_DONE) {
        snprintf (asked->self, sizeof asked->self, "%s", party.text);
        code = fetch (call, id, &asked->fetched);
    }
    if (code != EXIT_DONE)
        return code;
    if (asked->fetched.record.whole)
        msg_id_text (&asked->fetched.record.e.id, asked->id);
    code = refuse_state (asked, id);
    if (code != EXIT_DONE)
        return code;
    code = ask_ledger (call, asked, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    else if (asked->row.size == 0)
        return refused ("%s does not ask %s: it is not in the audience", line_text (id).text,
                        asked->self);
    return code;
}

/* As asked_open, without a word: false, when there is nothing to answer. */
static bool asked_about (struct call *call, const struct record *record, struct asked *asked)
{
    char why[WHY_MAX];
    struct party_name party;
    *asked = (struct asked){ .row = { NULL, 0 } };
    if (!record->whole || record->reason != CB_OK || !span_is (record->e.kind, "advisory") ||
        record->e.mode == CB_MODE_TEST || record->standing.state != STANDING_CURRENT ||
        post_party (call, &party) != EXIT_DONE || span_is (record->e.id.origin, party.text))
        return false;
    snprintf (asked->self, sizeof asked->self, "%s", party.text);
    msg_id_text (&record->e.id, asked->id);
    return fetch_quietly (call, asked->id, &asked->fetched) &&
           ask_ledger (call, asked, why, sizeof why) == EXIT_DONE && asked->row.size > 0;
}

void asked_free (struct asked *asked)
{
    fetch_free (&asked->fetched);
    span_free (&asked->ledger);
}

/* --- The answer ----------------------------------------------------------------------------- */

/* The issuer, and each CERT between it and this party. */
static json_t *audience (const struct asked *asked)
{
    struct span issuer = asked->fetched.record.e.id.origin;
    json_t *to = json_array ();
    json_array_append_new (to, json_stringn ((const char *) issuer.data, issuer.size));
    for (struct span at = party_parent (span_of (asked->self));
         at.size > 0 && party_above (issuer, at); at = party_parent (at))
        json_array_append_new (to, json_stringn ((const char *) at.data, at.size));
    return to;
}

static json_t *document (struct call *call, const struct asked *asked, json_t *body)
{
    const struct envelope *e = &asked->fetched.record.e;
    const char *by = args_text (&call->args, "by");
    char exercise[ID_JSON];
    json_t *made = json_object ();
    json_object_set_new (made, "kind", json_string ("compliance"));
    json_object_set_new (made, "thread", json_ref (&e->id));
    json_object_set_new (made, "tlp", json_string (cb_tlp_name (e->tlp)));
    if (e->mode != CB_MODE_LIVE)
        json_object_set_new (made, "mode", json_string (cb_mode_name (e->mode)));
    if (e->exercise.origin.size > 0) {
        json_id_text (&e->exercise, exercise);
        json_object_set_new (made, "exercise", json_string (exercise));
    }
    if (by)
        json_object_set_new (made, "by", json_string (by));
    json_object_set_new (made, "to", audience (asked));
    json_object_set_new (made, "body", body);
    return made;
}

int asked_answer (struct call *call, const struct asked *asked, json_t *body, const char *step)
{
    struct post post;
    int code = post_split (&post, call->command->name, document (call, asked, body));
    if (code == EXIT_DONE) {
        post.step = step;
        code = post_send (call, &post);
    }
    post_free (&post);
    return code;
}

/* By a call of its own, which has no options: nobody was asked, so nobody answers for it. */
/* As asked_answer, without asking anybody and without a word. Takes the body. */
static bool asked_answer_quietly (struct call *call, const struct asked *asked, json_t *body)
{
    static const struct option_row options[] = { { "by", 0, false, "OFFICER", "" },
                                                 { NULL, 0, false, NULL, NULL } };
    char why[WHY_MAX];
    struct post post;
    struct ready ready;
    struct span answer;
    struct args args = call->args;
    call->args = (struct args){ .own = options };
    bool sent = post_take (&post, "read", document (call, asked, body), why, sizeof why);
    if (sent) {
        sent = post_ready (call, &post, &ready, why, sizeof why) == EXIT_DONE &&
               post_ask (call, &post, &ready, false, &answer, why, sizeof why) == EXIT_DONE;
        ready_free (&ready);
    }
    post_free (&post);
    call->args = args;
    return sent;
}

/* --- That it was opened --------------------------------------------------------------------- */

static bool wanted (struct call *call)
{
    char why[WHY_MAX];
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("config");
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why) !=
        EXIT_DONE)
        return false;
    for (size_t left = answer_array (answer, "settings", &in); left; left--) {
        struct span one = pack_any (&in);
        if (span_is (body_text (one, "name"), "read_receipts"))
            return span_is (body_text (one, "value"), "yes");
    }
    return false;
}

void asked_print_next (struct call *call, const struct record *record)
{
    struct asked asked;
    struct pack_in in;
    if (!asked_about (call, record, &asked)) {
        if (record->whole && span_is (record->e.kind, "advisory"))
            say ("  who did it       certbus compliance %s\n",
                 line_text (call->args.operands[0]).text);
        asked_free (&asked);
        return;
    }
    say ("\nWhat it asks of %s\n", asked.self);
    if (body_int (asked.row, "acknowledged", 0) == 0)
        say ("  acknowledge it   certbus ack %s --by NAME\n", asked.id);
    for (size_t left = answer_array (asked.row, "actions", &in); left; left--) {
        struct span one = pack_any (&in), state = body_text (one, "state"),
                    id = body_text (one, "id");
        bool open = span_is (state, "open") || span_is (state, "planned");
        say ("  %-15.60s  %s", line_of (id).text, line_of (state).text);
        if (open)
            say (": certbus comply %s --action %.60s --done", asked.id, line_of (id).text);
        say ("\n");
    }
    say ("  other answers    certbus help comply\n");
    asked_free (&asked);
}

void asked_opened (struct call *call, const struct record *record)
{
    struct asked asked;
    if (call->json || screen_width () == 0)
        return;
    if (asked_about (call, record, &asked) && body_int (asked.row, "read", 0) == 0 &&
        wanted (call) &&
        asked_answer_quietly (call, &asked, json_pack ("{s:o}", "read", json_time (clock_utc ()))))
        say ("\n%s is told that it was opened here (read_receipts in certbus.conf).\n",
             line_of (record->e.id.origin).text);
    asked_free (&asked);
}
