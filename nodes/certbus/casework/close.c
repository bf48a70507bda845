/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/casework/step.h"
#include "nodes/certbus/compose.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/talk.h"

/* As schemas/update.cfg has them. */
#define TIMELINE_MOST 200
#define CLOCKS_MOST   64
#define WHAT_MOST     300

static const struct option_row options[] = {
    { "accept", 0, false, NULL, "countersign the closing report that another party has proposed" },
    { "root-cause", 0, false, "TEXT", "why it could happen" },
    { "impact", 0, false, "TEXT", "what it did, in words" },
    { "lessons", 0, false, "TEXT", "what will be done differently" },
    { "disposition", 0, false, "confirmed|duplicate|refuted", "what the case turned out to be" },
    STEP_TEXT,
    { "draft", 0, false, "FILE", "write in this file, or go on with it" },
    STEP_OPTIONS,
    { NULL, 0, false, NULL, NULL },
};

/* --- What the case says already ------------------------------------------------------------ */

struct moment {
    int64_t ms;
    char text[WHAT_MOST];
};

struct timeline {
    size_t count;
    struct moment at[TIMELINE_MOST];
};

static void add_moment (struct timeline *line, int64_t ms, const char *what, struct span officer,
                        struct span text)
{
    struct moment *one = &line->at[line->count];
    if (ms <= 0 || line->count == TIMELINE_MOST)
        return;
    struct line by = line_of (officer), said = line_of (text);
    if (strlen (said.text) > 120)
        said.text[0] = '\0'; /* whoever writes the report says it better than half a sentence */
    one->ms = ms;
    snprintf (one->text, sizeof one->text, "%.40s%s%.64s%s%.120s", what, *by.text ? ", by " : "",
              by.text, *said.text ? ": " : "", said.text);
    line->count++;
}

static int by_time (const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    return x->ms < y->ms ? -1 : x->ms > y->ms;
}

static json_t *timeline_json (const struct told *told)
{
    static const struct {
        const char *key, *what;
    } times[] = { { "detect", "first seen" },
                  { "aware", "known to be an incident" },
                  { "contained", "contained" },
                  { "recovered", "recovered" } };
    static const char *const steps[] = { "report",   "acknowledge", "triage", "transfer",
                                         "escalate", "reopen",      NULL };
    struct timeline *line = calloc (1, sizeof *line);
    struct pack_in in;
    json_t *made = json_array ();
    if (!line)
        abort ();
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        add_moment (line, body_int (told->map, times[i].key, 0), times[i].what, (struct span){ 0 },
                    (struct span){ 0 });
    for (size_t left = answer_array (told->answer, "steps", &in); left; left--) {
        struct span step = pack_any (&in), name = body_text (step, "step");
        bool report = span_is (name, "report");
        for (size_t i = 0; steps[i] && !body_text (step, "void").size; i++)
            if (span_is (name, steps[i]))
                add_moment (line, body_int (step, "issued", 0), steps[i],
                            body_text (step, "officer"),
                            body_text (report ? told->map : step, report ? "title" : "text"));
    }
    qsort (line->at, line->count, sizeof line->at[0], by_time);
    for (size_t i = 0; i < line->count; i++)
        json_array_append_new (made, json_pack ("{s:o, s:s}", "time", json_time (line->at[i].ms),
                                                "text", line->at[i].text));
    free (line);
    return made;
}

static void add_clock (json_t *list, struct span row, int64_t done)
{
    int64_t due = body_int (row, "due", 0);
    if (json_array_size (list) == CLOCKS_MOST)
        return;
    json_t *made = json_pack ("{s:o, s:o, s:o, s:b}", "clock", json_span (body_text (row, "clock")),
                              "party", json_span (body_text (row, "party")), "due", json_time (due),
                              "met", done > 0 && done <= due);
    if (done > 0)
        json_object_set_new (made, "done", json_time (done));
    json_array_append_new (list, made);
}

/* Clocks that were met or missed, as the lead's broker kept them; that of the closing report ends
 * now, and one that still runs is neither. */
static int add_clocks (struct call *call, const struct told *told, json_t *body)
{
    int64_t now = day_here ().now;
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("clocks");
    ask_ref (question, "id", &told->id);
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code != EXIT_DONE)
        return code;
    json_t *list = json_array ();
    for (size_t left = answer_array (answer, "past", &in); left; left--) {
        struct span row = pack_any (&in);
        int64_t done = body_int (row, "done", 0);
        if (!done && span_is (body_text (row, "clock"), "close"))
            done = now;
        if (done || body_int (row, "due", 0) <= now)
            add_clock (list, row, done);
    }
    if (json_array_size (list))
        json_object_set (body, "clocks", list);
    json_decref (list);
    return EXIT_DONE;
}

/* Puts in what nobody has said. */
static int prefill (struct call *call, const struct told *told, json_t *body)
{
    int code = EXIT_DONE;
    json_object_set_new (body, "step", json_string ("close"));
    if (!json_object_get (body, "clocks"))
        code = add_clocks (call, told, body);
    if (!json_object_get (body, "timeline"))
        json_object_set_new (body, "timeline", timeline_json (told));
    if (!json_array_size (json_object_get (body, "timeline")))
        json_object_del (body, "timeline");
    struct span disposition = body_text (told->map, "disposition");
    if (!json_object_get (body, "disposition") && disposition.size)
        json_object_set_new (body, "disposition", json_span (disposition));
    return code;
}

/* --- The ways to say it -------------------------------------------------------------------- */

static int countersign (struct call *call, const struct told *told)
{
    char why[WHY_MAX], id[ID_TEXT], reference[ID_JSON];
    struct msg_id proposed;
    span_text (body_text (told->map, "proposed"), id, sizeof id);
    if (!*id)
        return refused ("%s: no closing report waits to be countersigned", told->text);
    int code = talk_ref (call, id, &proposed, why, sizeof why);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        return code;
    }
    json_id_text (&proposed, reference);
    json_t *body = json_pack ("{s:s, s:s}", "step", "close", "accepts", reference);
    code = step_fields (call, action_of ("close"), body);
    if (code == EXIT_DONE)
        code = add_clocks (call, told, body);
    if (code == EXIT_DONE)
        return step_send (call, told, step_document (call, told, body));
    json_decref (body);
    return code;
}

/* What a file says: JSON, or the form that the editor had. Returns its body, owned. */
static int from_file (struct call *call, const char *path, json_t **body)
{
    struct post post;
    int code = compose_load (call, path, &post);
    if (code == EXIT_DONE && post.kind && strcmp (post.kind, "update") != 0)
        code = refused ("%s: a closing report is an update, and this is of kind '%s'", post.name,
                        line_text (post.kind).text);
    if (code == EXIT_DONE)
        *body = json_deep_copy (post.body);
    post_free (&post);
    return code;
}

static bool is_said (const struct call *call)
{
    static const char *const words[] = { "root-cause", "impact", "lessons", "text", "disposition" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (args_flag (&call->args, words[i]))
            return true;
    return false;
}

static int close_case (struct call *call, const struct told *told)
{
    static const char *const form[] = { "step",   "text",   "disposition", "timeline", "root_cause",
                                        "impact", "clocks", "lessons",     NULL };
    const char *file = call->args.operand_count > 1 ? call->args.operands[1] : NULL;
    const char *text = args_text (&call->args, "text");
    json_t *body = NULL;
    int code = file ? from_file (call, file, &body) : EXIT_DONE;
    if (!body)
        body = json_object ();
    if (code == EXIT_DONE)
        code = step_fields (call, action_of ("close"), body);
    if (code == EXIT_DONE && text)
        json_object_set_new (body, "text", json_string (text));
    if (code == EXIT_DONE)
        code = prefill (call, told, body);
    if (code != EXIT_DONE) {
        json_decref (body);
        return code;
    }
    json_t *document = step_document (call, told, body);
    return file || is_said (call) ? step_send (call, told, document)
                                  : step_edit (call, told, document, form);
}

static int run (struct call *call)
{
    struct told told;
    bool accepts = args_flag (&call->args, "accept");
    const char *text = args_text (&call->args, "text");
    if (accepts && call->args.operand_count > 1)
        return usage (call, "close: --accept countersigns what is there; it takes no FILE");
    if (accepts && args_text (&call->args, "by") == NULL)
        return usage (call, "close: who? --by OFFICER: a named person countersigns");
    if (text && (!*text || !span_utf8 (span_of (text))))
        return usage (call, "--text: %s", *text ? "not UTF-8" : "nothing is said");
    int code = told_ask (call, call->args.operands[0], &told);
    if (code == EXIT_DONE)
        code = accepts ? countersign (call, &told) : close_case (call, &told);
    told_free (&told);
    return code;
}

const struct command command_close = {
    .name = "close",
    .group = GROUP_CASE,
    .operands = "ID [FILE.json]",
    .least = 1,
    .most = 2,
    .summary = "write the closing report of a case, or countersign it",
    .about =
        "The report has the timeline, the root cause, the impact, the clocks that were met and\n"
        "missed, and lessons. At a terminal a form opens in which the timeline and the clocks are\n"
        "filled in from the case; options, or FILE, say the rest without an editor.\n"
        "\n"
        "The case is closed when its lead signs. What another party signs is a proposal, which\n"
        "the lead countersigns with --accept.",
    .options = options,
    .run = run,
};
