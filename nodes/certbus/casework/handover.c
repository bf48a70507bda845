/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nodes/certbus/body.h"
#include "nodes/certbus/casework/shift.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#define KIND "handover"

/* As schemas/handover.cfg has them: all of it fits into a message. */
#define CASES_MOST     150
#define CLOCKS_MOST    60
#define QUESTIONS_MOST 60
#define ALARMS_MOST    40
#define TITLE_MOST     300
#define TO_MOST        100
#define NOTE_MOST      8000

static const struct option_row options[] = {
    { "to", 't', false, "OFFICER", "who takes over" },
    { "note", 'm', false, "TEXT", "what the next shift should know" },
    { "by", 0, false, "OFFICER", "who hands over" },
    { "last", 0, false, NULL, "show the last one, and send nothing" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "again", 0, false, NULL, "send it although the same was sent before" },
    { "dry-run", 'n', false, NULL, "show what would be signed; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* --- The body ------------------------------------------------------------------------------ */

static void put_text (json_t *into, const char *key, const char *text, size_t most)
{
    size_t size = strlen (text);
    if (size > most)
        for (size = most; size && ((unsigned char) text[size] & 0xc0) == 0x80;)
            size--;
    if (size)
        json_object_set_new (into, key, json_stringn (text, size));
}

static void put_time (json_t *into, const char *key, int64_t ms)
{
    if (ms > 0)
        json_object_set_new (into, key, json_time (ms));
}

static json_t *case_json (const struct shift_row *row)
{
    json_t *made = json_pack ("{s:s}", "id", row->ref);
    put_text (made, "title", row->title, TITLE_MOST);
    put_text (made, "severity", row->severity, 16);
    put_text (made, "stage", row->stage, 32);
    put_text (made, "lead", row->party, PARTY_MAX);
    put_text (made, "assignee", row->person, 128);
    put_text (made, "clock", row->clock, 32);
    put_time (made, "due", row->due);
    json_object_set_new (made, "questions", json_integer (row->questions));
    return made;
}

static json_t *clock_json (const struct shift_row *row)
{
    json_t *made = json_pack ("{s:s, s:s}", "class", row->class, "clock", row->clock);
    put_time (made, "due", row->due);
    put_text (made, "id", row->ref, ID_JSON);
    put_text (made, "party", row->party, PARTY_MAX);
    put_text (made, "title", row->title, TITLE_MOST);
    return made;
}

static json_t *question_json (const struct shift_row *row)
{
    json_t *made = json_pack ("{s:s}", "case", row->ref);
    put_text (made, "by", row->party, PARTY_MAX);
    put_text (made, "of", row->of, PARTY_MAX);
    put_time (made, "asked", row->when);
    put_text (made, "text", row->title, TITLE_MOST);
    return made;
}

static json_t *alarm_json (const struct shift_row *row)
{
    json_t *made = json_pack ("{s:s}", "what", row->what);
    put_time (made, "issued", row->when);
    put_text (made, "about", row->ref, ID_JSON);
    put_text (made, "party", row->party, PARTY_MAX);
    put_text (made, "title", row->title, TITLE_MOST);
    return made;
}

/* One list under `key`, made of some of the shift's, and how many there are. */
static void put_lists (json_t *body, const char *key, const struct shift *shift,
                       const enum shift_list *from, size_t most)
{
    char count[32];
    json_t *list = json_array ();
    size_t all = 0;
    for (; *from != SHIFT_END; from++) {
        const struct shift_rows *rows = &shift->lists[*from];
        for (size_t i = 0; i < rows->count && i < SHIFT_ROWS && json_array_size (list) < most; i++)
            json_array_append_new (list, *from == SHIFT_CASES       ? case_json (&rows->at[i])
                                         : *from == SHIFT_QUESTIONS ? question_json (&rows->at[i])
                                         : *from == SHIFT_ALARMS    ? alarm_json (&rows->at[i])
                                                                    : clock_json (&rows->at[i]));
        all += rows->count;
    }
    snprintf (count, sizeof count, "%s_count", key);
    json_object_set_new (body, count, json_integer ((json_int_t) all));
    if (json_array_size (list))
        json_object_set (body, key, list);
    json_decref (list);
}

static json_t *body_of (const struct call *call, const struct shift *shift)
{
    static const enum shift_list cases[] = { SHIFT_CASES, SHIFT_END },
                                 clocks[] = { SHIFT_OVERDUE, SHIFT_SILENT, SHIFT_OTHERS,
                                              SHIFT_END },
                                 questions[] = { SHIFT_QUESTIONS, SHIFT_END },
                                 alarms[] = { SHIFT_ALARMS, SHIFT_END };
    const char *to = args_text (&call->args, "to"), *note = args_text (&call->args, "note");
    json_t *body = json_object ();
    put_time (body, "at", shift->now);
    put_text (body, "successor", to ? to : "", TO_MOST);
    put_text (body, "note", note ? note : "", NOTE_MOST);
    put_lists (body, "cases", shift, cases, CASES_MOST);
    put_lists (body, "clocks", shift, clocks, CLOCKS_MOST);
    put_lists (body, "questions", shift, questions, QUESTIONS_MOST);
    put_lists (body, "alarms", shift, alarms, ALARMS_MOST);
    return body;
}

/* What contains another is never weaker in TLP. */
static unsigned tlp_of (const struct shift *shift)
{
    unsigned tlp = CB_TLP_AMBER;
    for (unsigned list = 0; list < SHIFT_END; list++) {
        const struct shift_rows *rows = &shift->lists[list];
        for (size_t i = 0; i < rows->count && i < SHIFT_ROWS; i++)
            if (rows->at[i].tlp > tlp)
                tlp = rows->at[i].tlp;
    }
    return tlp;
}

/* --- Handing over -------------------------------------------------------------------------- */

static void show (struct call *call, const json_t *body)
{
    const struct schemas *schemas = call_schemas (call);
    const struct schema *schema = schemas ? schemas_find (schemas, span_of (KIND)) : NULL;
    char why[WHY_MAX];
    struct pack_out packed;
    pack_init (&packed);
    if (!call->json && schema && body_from_json (schema, body, &packed, why, sizeof why))
        body_print (schema, pack_result (&packed));
    pack_free (&packed);
}

static int hand_over (struct call *call)
{
    char why[WHY_MAX];
    struct party_name self;
    struct shift shift;
    struct post post;
    struct span status;
    struct ask *question = ask_new ("status");
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &status);
    if (code != EXIT_DONE)
        return code;
    span_text (body_text (status, "party"), self.text, sizeof self.text);
    shift_begin (&shift, self.text, body_int (status, "now", 0));
    code = shift_ask (call, &shift, why, sizeof why);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        shift_free (&shift);
        return code;
    }
    post_start (&post, KIND, body_of (call, &shift));
    post.kind = KIND;
    post.by = args_text (&call->args, "by");
    post.tlp = tlp_of (&shift);
    post_default_to (&post, self.text);
    post.to_is_default = false;
    show (call, post.body);
    code = post_send (call, &post);
    post_free (&post);
    shift_free (&shift);
    return code;
}

/* --- The last one -------------------------------------------------------------------------- */

/* The newest of a kind. An exit code and whether there is one; it borrows from the answer. */
static int newest (struct call *call, struct record *record, bool *found)
{
    const struct span kind = span_of (KIND);
    int64_t after = 0;
    *found = false;
    do {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new ("read");
        ask_int (question, "after", after);
        ask_bool (question, "back", true);
        ask_bool (question, "here", true);
        ask_texts (question, "kinds", &kind, 1);
        ask_int (question, "limit", 1);
        int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        *found = answer_array (answer, "records", &in) > 0 &&
                 record_read (pack_any (&in), record) && record->whole;
        after = body_int (answer, "next", 0);
    } while (!*found && after > 1);
    return EXIT_DONE;
}

static int last (struct call *call)
{
    struct record record;
    bool found;
    int code = newest (call, &record, &found);
    if (code != EXIT_DONE)
        return code;
    if (!found)
        return refused ("no shift was handed over here yet: certbus handover");
    if (call->json)
        say_json (record_json (call, &record), true);
    else
        message_print (call, &record.e, (struct span){ 0 });
    return EXIT_DONE;
}

static int run (struct call *call)
{
    static const struct {
        const char *option;
        size_t most;
    } limits[] = { { "to", TO_MOST }, { "note", NOTE_MOST }, { "by", OFFICER_MAX } };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *text = args_text (&call->args, limits[i].option);
        if (text && (!*text || strlen (text) > limits[i].most || !span_utf8 (span_of (text))))
            return usage (call, "--%s: 1 to %zu bytes of UTF-8 expected", limits[i].option,
                          limits[i].most);
    }
    return args_flag (&call->args, "last") ? last (call) : hand_over (call);
}

const struct command command_handover = {
    .name = "handover",
    .group = GROUP_CASE,
    .operands = "",
    .summary = "hand the shift over: what is open is listed, signed and kept",
    .about =
        "Open cases with their clocks, unanswered questions, overdue advisories, silent bodies\n"
        "and alarms, as they are now, in a message to this party itself. Where there are more\n"
        "than a message holds, the most urgent are listed and all are counted. Exercises are\n"
        "left out.",
    .options = options,
    .run = run,
};
