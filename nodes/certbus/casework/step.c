/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/step.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/compose.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"

#define TEXT_LIMIT ((size_t) 64 * 1024) /* more than the schema lets through */

#define ACTION_X(command, step, operand, words, missing) { command, step, operand, words, missing },
static const struct action actions[] = { ACTIONS (ACTION_X) };
#undef ACTION_X

const struct action *action_of (const char *command)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp (actions[i].command, command) == 0)
            return &actions[i];
    assert (false);
    return NULL;
}

/* --- Fields -------------------------------------------------------------------------------- */

/* What was given for an option; NULL: nothing, or the command does not have it. */
static const char *given (const struct call *call, const char *option)
{
    for (const struct option_row *row = call->command->options; row->name; row++)
        if (strcmp (row->name, option) == 0)
            return args_text (&call->args, option);
    return NULL;
}

enum meaning { TEXT, PAST, TO_COME, REFERENCE };

/* Which option says which field; `step`: only in that one ("": in any). */
static const struct {
    const char *option, *step, *record, *field;
    enum meaning meaning;
} rows[] = {
    { "next-update", "", "", "next_update", TO_COME },
    { "severity", "", "", "severity", TEXT },
    { "type", "", "", "type", TEXT },
    { "disposition", "", "", "disposition", TEXT },
    { "duplicate-of", "", "", "duplicate_of", REFERENCE },
    { "question", "", "", "question", REFERENCE },
    { "root-cause", "", "", "root_cause", TEXT },
    { "impact", "", "impact", "description", TEXT },
    { "lessons", "", "", "lessons", TEXT },
    { "at", "contain", "times", "contained", PAST },
    { "at", "recover", "times", "recovered", PAST },
};

static int time_of (struct call *call, const char *option, const char *text, enum meaning meaning,
                    json_t **value)
{
    char why[WHY_MAX], shown[DAY_TEXT];
    int64_t ms;
    struct day day = day_here ();
    bool ahead = meaning == TO_COME;
    if (!day_parse (span_of (text), &day, ahead ? DAY_END : DAY_START, &ms, why, sizeof why))
        return usage (call, "--%s: %s", option, why);
    day_text (ms, &day, shown);
    if (ahead ? ms <= day.now : ms > day.now)
        return usage (call, "--%s: %s is %s", option, shown,
                      ahead ? "past; say a time to come"
                            : "still to come; say a time that is past");
    *value = json_time (ms);
    return EXIT_DONE;
}

static int value_of_option (struct call *call, const char *option, const char *text,
                            enum meaning meaning, json_t **value)
{
    char why[WHY_MAX], reference[ID_JSON];
    struct msg_id id;
    if (!span_utf8 (span_of (text)) || !*text)
        return usage (call, "--%s: %s", option, *text ? "not UTF-8" : "nothing is said");
    if (meaning == PAST || meaning == TO_COME)
        return time_of (call, option, text, meaning, value);
    if (meaning == TEXT) {
        *value = json_string (text);
        return EXIT_DONE;
    }
    int code = talk_ref (call, text, &id, why, sizeof why);
    if (code != EXIT_DONE) {
        complain ("--%s: %s", option, why);
        return code;
    }
    json_id_text (&id, reference);
    *value = json_string (reference);
    return EXIT_DONE;
}

int step_fields (struct call *call, const struct action *action, json_t *body)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = given (call, rows[i].option);
        json_t *value = NULL, *into = body;
        if (!text || (*rows[i].step && strcmp (rows[i].step, action->step) != 0))
            continue;
        int code = value_of_option (call, rows[i].option, text, rows[i].meaning, &value);
        if (code != EXIT_DONE)
            return code;
        if (*rows[i].record && !(into = json_object_get (body, rows[i].record)))
            json_object_set_new (body, rows[i].record, into = json_object ());
        json_object_set_new (into, rows[i].field, value);
    }
    return EXIT_DONE;
}

/* --- Words --------------------------------------------------------------------------------- */

static int put_words (struct call *call, const char *field, const char *words, json_t *body)
{
    char why[WHY_MAX];
    struct span text = { 0 };
    bool piped = strcmp (words, "-") == 0;
    if (piped && file_read ("/dev/stdin", TEXT_LIMIT, &text, why, sizeof why) != 0)
        return refused ("standard input: %s", why);
    struct span all = piped ? text : span_of (words);
    while (all.size && all.data[all.size - 1] == '\n')
        all.size--;
    int code = all.size == 0      ? usage (call, "%s: nothing is said", call->command->name)
               : !span_utf8 (all) ? usage (call, "%s: not UTF-8", call->command->name)
                                  : EXIT_DONE;
    if (code == EXIT_DONE)
        json_object_set_new (body, field, json_stringn ((const char *) all.data, all.size));
    span_free (&text);
    return code;
}

/* The second operand, and what the words' option says. */
static int step_words (struct call *call, const struct action *action, json_t *body)
{
    const char *operand = call->args.operand_count > 1 ? call->args.operands[1] : NULL;
    const char *words = *action->words ? given (call, action->words) : NULL;
    int code = EXIT_DONE;
    if (operand && !*action->operand && (strcmp (operand, "-") != 0 || words))
        return usage (call, "%s: '%s' is one operand too many", call->command->name,
                      line_text (operand).text);
    if (operand)
        code = put_words (call, *action->operand ? action->operand : "text", operand, body);
    if (code == EXIT_DONE && words)
        code = put_words (call, "text", words, body);
    return code;
}

/* --- Questions ----------------------------------------------------------------------------- */

static bool for_others (const struct told *told, struct span question)
{
    struct span of = body_text (question, "of");
    return span_is (body_text (question, "by"), told->self) ||
           (of.size && !span_is (of, told->self));
}

/* The only question that this party can answer. An exit code, after a complaint. */
static int the_question (const struct told *told, json_t *body)
{
    struct pack_in in;
    char list[WHY_MAX / 2] = "", reference[ID_JSON] = "";
    size_t open = 0;
    for (size_t left = answer_array (told->map, "questions", &in); left; left--) {
        struct span one = pack_any (&in);
        struct pack_in ref = pack_open (body_field (one, "ref"));
        struct msg_id id;
        if (for_others (told, one) || !msg_id_read (&ref, &id))
            continue;
        json_id_text (&id, reference);
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "\n  %-20.80s  %.80s",
                  line_of (body_text (one, "id")).text, line_flat (body_text (one, "text")).text);
        open++;
    }
    if (!open)
        return refused ("%s: no question to %s is open; certbus update %s -m TEXT tells news",
                        told->text, told->self, told->text);
    if (open > 1)
        return refused ("%s: which of %zu questions? --question ID%s", told->text, open, list);
    json_object_set_new (body, "question", json_string (reference));
    return EXIT_DONE;
}

/* --- The message --------------------------------------------------------------------------- */

static bool is_among (const json_t *texts, const char *text)
{
    for (size_t i = 0; i < json_array_size (texts); i++)
        if (strcmp (json_string_value (json_array_get (texts, i)), text) == 0)
            return true;
    return false;
}

json_t *step_document (const struct call *call, const struct told *told, json_t *body)
{
    struct post post = { .precedence = -1 };
    const char *by = given (call, "by"), *of = given (call, "of");
    const char *lead = json_string_value (json_object_get (body, "lead"));
    size_t terms = args_count (&call->args, "to");
    json_t *made = json_object (), *to = json_array ();
    told_address (told, &post);
    for (size_t i = 0; i < (terms ? terms : post.to_count) && !(of && !terms); i++)
        json_array_append_new (to,
                               json_string (terms ? args_nth (&call->args, "to", i) : post.to[i]));
    if (of && !terms)
        json_array_append_new (to, json_string (of));
    if (lead && !terms && !is_among (to, lead))
        json_array_append_new (to, json_string (lead));
    json_object_set_new (made, "kind", json_string (post.kind));
    json_object_set_new (made, "thread", json_string (post.thread));
    json_object_set_new (made, "tlp", json_string (cb_tlp_name (post.tlp)));
    if (post.mode != CB_MODE_LIVE)
        json_object_set_new (made, "mode", json_string (cb_mode_name ((unsigned) post.mode)));
    if (post.exercise)
        json_object_set_new (made, "exercise", json_string (post.exercise));
    if (by)
        json_object_set_new (made, "by", json_string (by));
    json_object_set_new (made, "to", to);
    json_object_set_new (made, "body", body);
    return made;
}

/* What stands for the step in what people read: "acknowledge of pk.sindh.kpt/1-2". */
static void name_step (const struct call *call, const struct told *told, char *name, size_t size)
{
    snprintf (name, size, "%s of %s", action_of (call->command->name)->step, told->text);
}

int step_edit (struct call *call, const struct told *told, json_t *document,
               const char *const *fields)
{
    char place[ID_TEXT + 32], again[ID_TEXT + 32], step[ID_TEXT + 32];
    json_t *fixed = json_object ();
    const char *const names[] = { "kind", "thread", "tlp" };
    if (!prompt_possible ()) {
        json_decref (document);
        json_decref (fixed);
        return usage (call, "%s: %s", call->command->name,
                      action_of (call->command->name)->missing);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set (fixed, names[i], json_object_get (document, names[i]));
    snprintf (place, sizeof place, "%s.%s", call->command->name, told->text);
    for (char *at = place; *at; at++)
        if (*at == '/')
            *at = '_';
    snprintf (again, sizeof again, "%s %s", call->command->name, told->text);
    name_step (call, told, step, sizeof step);
    struct compose how = { .kind = "update",
                           .start = document,
                           .fixed = fixed,
                           .fields = fields,
                           .draft = given (call, "draft"),
                           .place = place,
                           .again = again,
                           .step = step,
                           .after = body_field (told->map, "heads") };
    int code = compose (call, &how);
    json_decref (fixed);
    json_decref (document);
    return code;
}

int step_send (struct call *call, const struct told *told, json_t *document)
{
    struct post post;
    char step[ID_TEXT + 32];
    name_step (call, told, step, sizeof step);
    int code = post_split (&post, call->command->name, document);
    if (code == EXIT_DONE) {
        post.step = step;
        post.after = body_field (told->map, "heads");
        post.to_is_default = !args_count (&call->args, "to") && !given (call, "of");
        /* Whoever is to lead has to hear of it. */
        code = told_reach (call, &post, json_string_value (json_object_get (post.body, "lead")));
    }
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

/* --- All of it ----------------------------------------------------------------------------- */

/* A step of a case that was asked for already. */
static int step_go (struct call *call, const struct told *told)
{
    const struct action *action = action_of (call->command->name);
    static const char *const form[] = { "step",       "text",          "question",    "lead",
                                        "severity",   "next_update",   "affected",    "impact",
                                        "indicators", "actions_taken", "help_wanted", NULL };
    json_t *body = json_object ();
    json_object_set_new (body, "step", json_string (action->step));
    int code = step_words (call, action, body);
    if (code == EXIT_DONE)
        code = step_fields (call, action, body);
    if (code == EXIT_DONE && strcmp (action->step, "answer") == 0 &&
        !json_object_get (body, "question"))
        code = the_question (told, body);
    if (code == EXIT_DONE && strcmp (action->step, "triage") == 0 && json_object_size (body) == 1)
        code = usage (call, "triage: what is it? --severity, --type, --disposition, "
                            "--duplicate-of or --text");
    if (code != EXIT_DONE) {
        json_decref (body);
        return code;
    }
    json_t *document = step_document (call, told, body);
    if (*action->missing && !json_object_get (body, "text"))
        return step_edit (call, told, document, form);
    return step_send (call, told, document);
}

int step_run (struct call *call)
{
    struct told told;
    int code = told_ask (call, call->args.operands[0], &told);
    if (code == EXIT_DONE)
        code = step_go (call, &told);
    told_free (&told);
    return code;
}
