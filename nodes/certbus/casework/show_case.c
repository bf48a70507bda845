/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/show_case.h"

#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/casework/rows.h"
#include "nodes/certbus/casework/step.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define LABEL "  %-14s "

/* --- For people ---------------------------------------------------------------------------- */

static void print_texts (const struct told *told)
{
    static const struct {
        const char *key, *label;
    } rows[] = { { "severity", "severity" },
                 { "type", "type" },
                 { "lead", "lead" },
                 { "assignee", "works on it" },
                 { "disposition", "turned out" },
                 { "duplicate_of", "repeats" },
                 { "escalated", "told up to" },
                 { "proposed", "to be signed" },
                 { "report", "closing report" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span text = body_text (told->map, rows[i].key);
        if (text.size)
            say (LABEL "%s%s\n", rows[i].label, line_of (text).text,
                 strcmp (rows[i].key, "proposed") == 0 ? "  (certbus close ID --accept --by NAME)"
                                                       : "");
    }
}

static void print_times (const struct told *told, int64_t now)
{
    static const struct {
        const char *key, *label;
    } rows[] = { { "aware", "known since" },      { "reported", "reported" },
                 { "contained", "contained" },    { "recovered", "recovered" },
                 { "closed", "closed" },          { "reopened", "reopened" },
                 { "next_update", "next update" } };
    struct span by = body_text (told->map, "acknowledged_by");
    int64_t acknowledged = body_int (told->map, "acknowledged", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = body_int (told->map, rows[i].key, 0);
        if (ms)
            say (LABEL "%s\n", rows[i].label, moment_of (ms, now).text);
    }
    if (acknowledged)
        say (LABEL "%s, by %s of %s\n", "acknowledged", moment_of (acknowledged, now).text,
             line_of (by).text, line_of (body_text (told->map, "acknowledged_at")).text);
}

static void print_parties (const struct told *told)
{
    struct pack_in in;
    size_t left = answer_array (told->map, "participants", &in);
    say (LABEL, "participants");
    for (bool first = true; left; left--, first = false)
        say ("%s%s", first ? "" : ", ", line_of (pack_str (&in, 0, PARTY_MAX)).text);
    say ("\n");
}

static void print_clocks (const struct told *told, int64_t now)
{
    struct pack_in in;
    for (size_t left = answer_array (told->answer, "clocks", &in); left; left--) {
        struct span row = pack_any (&in);
        int64_t due = body_int (row, "due", 0);
        enum style how = urgency_style (due, now);
        say (LABEL, "clock");
        if (how != STYLE_PLAIN)
            style (how);
        say ("%s%s %s", line_of (body_text (row, "clock")).text,
             due <= now ? " OVERDUE, due" : " due", moment_of (due, now).text);
        if (how != STYLE_PLAIN)
            style (STYLE_PLAIN);
        say ("  %s\n", line_of (body_text (row, "party")).text);
    }
}

static void print_questions (const struct told *told, int64_t now)
{
    struct pack_in in;
    for (size_t left = answer_array (told->map, "questions", &in); left; left--) {
        struct span one = pack_any (&in), of = body_text (one, "of");
        say (LABEL "%s  %s asks%s%s, %s: ", "open question", line_of (body_text (one, "id")).text,
             line_of (body_text (one, "by")).text, of.size ? " " : "", line_of (of).text,
             moment_of (body_int (one, "asked", 0), now).text);
        say ("%s\n", line_flat (body_text (one, "text")).text);
    }
}

/* The rest of it is in the message. */
static struct span first_line (struct span text)
{
    const uint8_t *end = text.size ? memchr (text.data, '\n', text.size) : NULL;
    return end ? span_bytes (text.data, (size_t) (end - text.data)) : text;
}

static void print_step (struct span step)
{
    struct span officer = body_text (step, "officer"), why = body_text (step, "void");
    struct span text = first_line (body_text (step, "text"));
    if (why.size)
        style (STYLE_GONE);
    say ("  %-20s  %s  %-11s  ", line_of (body_text (step, "id")).text,
         when_of (body_int (step, "issued", 0)).text, line_of (body_text (step, "step")).text);
    if (officer.size)
        say ("%s%s", line_of (officer).text, text.size ? ": " : "");
    say_cells (span_of (line_flat (text).text), screen_width () ? 60 : 0, false);
    if (why.size)
        style (STYLE_PLAIN);
    say ("\n");
    if (!why.size)
        return;
    style (STYLE_BAD);
    say ("  %-20s  void: %s\n", "", line_of (why).text);
    style (STYLE_PLAIN);
}

static void print_steps (const struct told *told)
{
    struct pack_in in;
    size_t left = answer_array (told->answer, "steps", &in);
    say ("\nSteps, each after what it was signed in sight of\n");
    if (answer_bool (told->answer, "steps_more"))
        say ("  (%lld in all; these are the last)\n", (long long) body_int (told->map, "steps", 0));
    for (; left; left--)
        print_step (pack_any (&in));
}

static bool may (const struct told *told, const char *step)
{
    struct pack_in in;
    for (size_t left = answer_array (told->answer, "may", &in); left; left--)
        if (span_is (pack_str (&in, 0, 64), step))
            return true;
    return false;
}

/* A question that this party is to answer. */
static bool is_asked (const struct told *told)
{
    struct pack_in in;
    for (size_t left = answer_array (told->map, "questions", &in); left; left--) {
        struct span one = pack_any (&in), of = body_text (one, "of");
        if (!span_is (body_text (one, "by"), told->self) && (!of.size || span_is (of, told->self)))
            return true;
    }
    return false;
}

/* What is waited for here comes first, then every command that is possible. */
static void print_may (const struct told *told)
{
#define COMMAND_X(command, step, operand, words, missing) { command, step },
    static const struct {
        const char *command, *step;
    } rows[] = { ACTIONS (COMMAND_X){ "escalate", "escalate" } };
#undef COMMAND_X
    bool any = false;
    say ("\n");
    if (is_asked (told) && may (told, "answer"))
        say ("Next: certbus answer %s \"...\"\n", told->text);
    if (!body_int (told->map, "acknowledged", 0) && may (told, "acknowledge"))
        say ("Next: certbus ack %s --by NAME --next-update \"in 2 hours\"\n", told->text);
    if (body_text (told->map, "proposed").size && may (told, "close") &&
        span_is (body_text (told->map, "lead"), told->self))
        say ("Next: certbus close %s --accept --by NAME\n", told->text);
    say ("Possible here: ");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (may (told, rows[i].step)) {
            say ("%s%s", any ? ", " : "certbus ", rows[i].command);
            any = true;
        }
    say ("%s\n", any ? "" : "nothing");
}

void case_print (const struct told *told)
{
    int64_t now = day_here ().now;
    struct span stage = body_text (told->map, "stage");
    say ("\nCase %s", told->text);
    if (told->mode != CB_MODE_LIVE) {
        style (STYLE_BAD);
        say ("  %s", told->mode == CB_MODE_EXERCISE ? "EXERCISE" : "TEST");
        style (STYLE_PLAIN);
    }
    style (STYLE_STRONG);
    say ("  %s%s\n", line_of (stage).text,
         answer_bool (told->map, "stub") ? "  (the report itself is not here)" : "");
    style (STYLE_PLAIN);
    print_texts (told);
    print_times (told, now);
    print_parties (told);
    print_clocks (told, now);
    print_questions (told, now);
    print_steps (told);
    print_may (told);
}

/* --- For programs -------------------------------------------------------------------------- */

static const struct row_key case_keys[] = {
    { "id", ROW_TEXT },
    { "ref", ROW_REF },
    { "title", ROW_TEXT },
    { "origin", ROW_TEXT },
    { "lead", ROW_TEXT },
    { "severity", ROW_TEXT },
    { "type", ROW_TEXT },
    { "stage", ROW_TEXT },
    { "disposition", ROW_TEXT },
    { "assignee", ROW_TEXT },
    { "tlp", ROW_TEXT },
    { "mode", ROW_TEXT },
    { "exercise", ROW_REF },
    { "stub", ROW_BOOL },
    { "aware", ROW_TIME },
    { "detect", ROW_TIME },
    { "reported", ROW_TIME },
    { "acknowledged", ROW_TIME },
    { "acknowledged_by", ROW_TEXT },
    { "acknowledged_at", ROW_TEXT },
    { "contained", ROW_TIME },
    { "recovered", ROW_TIME },
    { "closed", ROW_TIME },
    { "reopened", ROW_TIME },
    { "next_update", ROW_TIME },
    { "news", ROW_TIME },
    { "duplicate_of", ROW_TEXT },
    { "escalated", ROW_TEXT },
    { "climb", ROW_TEXT },
    { "proposed", ROW_TEXT },
    { "report", ROW_TEXT },
    { "steps", ROW_INT },
    { "voids", ROW_INT },
    { NULL, ROW_TEXT },
};
static const struct row_key step_keys[] = {
    { "id", ROW_TEXT },      { "ref", ROW_REF },     { "step", ROW_TEXT },  { "origin", ROW_TEXT },
    { "officer", ROW_TEXT }, { "issued", ROW_TIME }, { "taken", ROW_TIME }, { "text", ROW_TEXT },
    { "void", ROW_TEXT },    { NULL, ROW_TEXT },
};
static const struct row_key question_keys[] = {
    { "id", ROW_TEXT },    { "ref", ROW_REF },   { "by", ROW_TEXT }, { "of", ROW_TEXT },
    { "asked", ROW_TIME }, { "text", ROW_TEXT }, { NULL, ROW_TEXT },
};
static const struct row_key clock_keys[] = {
    { "clock", ROW_TEXT }, { "started", ROW_TIME }, { "due", ROW_TIME }, { "step", ROW_TEXT },
    { "at", ROW_TIME },    { "party", ROW_TEXT },   { NULL, ROW_TEXT },
};

static json_t *rows_json (struct span map, const char *key, const struct row_key *keys)
{
    struct pack_in in;
    json_t *made = json_array ();
    for (size_t left = answer_array (map, key, &in); left; left--)
        json_array_append_new (made, row_json (keys, pack_any (&in)));
    return made;
}

static json_t *texts_json (struct span map, const char *key)
{
    struct pack_in in;
    json_t *made = json_array ();
    for (size_t left = answer_array (map, key, &in); left; left--)
        json_array_append_new (made, json_span (pack_str (&in, 0, SIZE_MAX)));
    return made;
}

json_t *case_json (const struct told *told)
{
    json_t *made = row_json (case_keys, told->map);
    json_object_set_new (made, "participants", texts_json (told->map, "participants"));
    json_object_set_new (made, "questions", rows_json (told->map, "questions", question_keys));
    json_object_set_new (made, "clocks", rows_json (told->answer, "clocks", clock_keys));
    json_object_set_new (made, "timeline", rows_json (told->answer, "steps", step_keys));
    json_object_set_new (made, "may", texts_json (told->answer, "may"));
    return made;
}
