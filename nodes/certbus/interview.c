/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/interview.h"

#include "nodes/certbus/day.h"

#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/prompt.h"

static const struct question_row {
    const char *key; /* in a draft, and the option */
    unsigned number;
    bool lines, needed;
    const char *question, *help;
} rows[] = {
    [ANSWER_WHAT] = { "what", 1, true, true,
                      "What happened? (as many lines as you like; an empty line ends it)",
                      "In your own words, as you would tell a colleague: what was seen, where, by "
                      "whom. It need not be complete; you can send more later." },
    [ANSWER_SINCE] = { "since", 2, false, true, "Since when do you know?",
                       "When somebody with you understood that this is an incident. Write now, "
                       "02:30, yesterday 23:00, 2 hours ago or 2026-12-01 18:00; or unknown: then "
                       "now counts." },
    [ANSWER_ONGOING] = { "ongoing", 3, false, false, "Does it still go on? (yes, no, unknown)",
                         "Whether it still spreads, or is still done to you, at this moment." },
    [ANSWER_AFFECTED] = { "affected", 4, false, false,
                          "What does not work now, or what was changed or taken?",
                          "Services that are down or slow, files that are gone or locked, data "
                          "that somebody may have read or copied." },
    [ANSWER_COUNT] = { "count", 5, false, false, "How many systems or people?",
                       "A guess will do: 21 servers, 1400 users." },
    [ANSWER_CONTACT] = { "contact", 6, false, false, "Who can we call, day and night?",
                         "Name, role and telephone, best one that does not depend on what is "
                         "broken: Ahmed Khan, duty officer, +92 21 0000000, night +92 300 "
                         "0000000" },
    [ANSWER_DONE] = { "done", 7, false, false, "What have you done so far?",
                      "What was switched off, changed or restored. Nothing yet is an answer." },
    [ANSWER_HELP] = { "help-wanted", 7, false, false, "And what help do you need?",
                      "Advice, a person, equipment, a call to another body." },
    [ANSWER_CONSENT] = { "consent", 8, false, true,
                         "May your CERT pass it on to those above it? (yes, no)",
                         "Without your yes the report stays between you, your CERT and that of "
                         "your sector. Those above "
                         "can help where it cannot, and warn others." },
};

const char *interview_option (enum answer which)
{
    return rows[which].key;
}

bool interview_options (struct interview *self, const struct call *call)
{
    bool some = false;
    for (enum answer i = 0; i < ANSWERS; i++) {
        const char *text = args_text (&call->args, rows[i].key);
        if (!text)
            continue;
        free (self->at[i]);
        self->at[i] = strdup (text);
        some = true;
    }
    self->title = args_text (&call->args, "title");
    self->type = args_text (&call->args, "type");
    self->severity = args_text (&call->args, "severity");
    return some;
}

struct answers interview_answers (const struct interview *self)
{
    struct answers answers = { .title = self->title,
                               .type = self->type,
                               .severity = self->severity };
    for (enum answer i = 0; i < ANSWERS; i++)
        answers.at[i] = self->at[i] && *self->at[i] ? self->at[i] : NULL;
    return answers;
}

/* --- Kept at each step ------------------------------------------------------------------- */

static int save (const struct interview *self)
{
    json_t *made = json_object ();
    for (enum answer i = 0; i < ANSWERS; i++)
        if (self->at[i])
            json_object_set_new (made, rows[i].key, json_string (self->at[i]));
    char *text = json_print (made, true);
    int code = self->draft ? draft_write (self->draft, text) : EXIT_DONE;
    free (text);
    json_decref (made);
    return code;
}

bool interview_load (struct interview *self, struct span text)
{
    char why[WHY_MAX];
    json_t *read = json_read_document (text, "the draft", why, sizeof why);
    for (enum answer i = 0; read && i < ANSWERS; i++) {
        const char *answer = json_string_value (json_object_get (read, rows[i].key));
        if (!answer)
            continue;
        free (self->at[i]);
        self->at[i] = strdup (answer);
    }
    json_decref (read);
    return read != NULL;
}

void interview_free (struct interview *self)
{
    for (enum answer i = 0; i < ANSWERS; i++)
        free (self->at[i]);
}

/* --- Asking ------------------------------------------------------------------------------ */

static bool is_asked (const struct interview *self, enum answer which)
{
    return which != ANSWER_CONSENT || *self->above;
}

/* Lines up to an empty one; a "?" alone is none of them. Takes `first`; returns owned, NULL: broken
 * off. */
static char *more_lines (char *first, const char *help)
{
    char *text = first;
    while (*text) {
        char *line = prompt_line ("  "), *both = NULL;
        if (line && strcmp (line, "?") == 0) {
            say ("   %s An empty line ends it.\n", help);
            free (line);
            continue;
        }
        if (line && *line && asprintf (&both, "%s\n%s", text, line) < 0)
            abort ();
        bool ended = !line || !*line;
        if (!line) {
            free (text);
            return NULL;
        }
        free (line);
        if (ended)
            return text;
        free (text);
        text = both;
    }
    return text;
}

/* What is wrong with an answer by itself; NULL: nothing. */
static const char *objection (enum answer which, const char *text, char *why, size_t why_size)
{
    struct answers answers = { .at = { [ANSWER_WHAT] = "-", [ANSWER_SINCE] = "now" } };
    struct day day = day_here ();
    enum answer about = which;
    answers.at[which] = text;
    json_t *body = incident_body (&answers, &day, &about, why, why_size);
    bool good = body || about != which;
    json_decref (body);
    return good ? NULL : why;
}

/* "an hour ago" is another time when the draft is taken up tomorrow. Takes `answer`. */
static char *settled (enum answer which, char *answer)
{
    char why[WHY_MAX], text[DAY_TEXT];
    struct day day = day_here ();
    int64_t ms = day.now;
    bool unknown = which == ANSWER_SINCE && incident_yes (answer) == 'u';
    if (which != ANSWER_SINCE ||
        (!unknown && !day_parse (span_of (answer), &day, DAY_START, &ms, why, sizeof why)))
        return answer;
    free (answer);
    day_text (ms - ms % 60000, &day, text);
    if (unknown)
        say ("   Then now counts as the time at which you know of it: %s.\n", text);
    else
        say ("   That is %s.\n", text);
    return strdup (text);
}

static int ask_one (struct interview *self, enum answer which)
{
    const struct question_row *row = &rows[which];
    char question[320], why[WHY_MAX];
    snprintf (question, sizeof question, "\n%u. %s", row->number, row->question);
    if (which == ANSWER_CONSENT)
        snprintf (question, sizeof question, "\n%u. May your CERT pass it on to %.200s? (yes, no)",
                  row->number, self->above);
    for (;;) {
        char *answer = prompt_line (question);
        if (answer && strcmp (answer, "?") == 0 && which != ANSWER_ONGOING) {
            say ("   %s\n", row->help);
        } else if (answer && strcmp (answer, "?") == 0) {
            say ("   %s Enter means: not known.\n", row->help);
        } else if (answer && !*answer && row->needed) {
            say ("   This one is needed. ? explains it.\n");
        } else {
            if (answer && row->lines)
                answer = more_lines (answer, row->help);
            if (!answer)
                return EXIT_REFUSED;
            if (!*answer || !objection (which, answer, why, sizeof why)) {
                free (self->at[which]);
                self->at[which] = settled (which, answer);
                return save (self);
            }
            say ("   %s\n", why);
        }
        free (answer);
    }
}

int interview_ask (struct interview *self)
{
    int code = EXIT_DONE;
    for (enum answer i = 0; i < ANSWERS && code == EXIT_DONE; i++)
        if (!self->at[i] && is_asked (self, i))
            code = ask_one (self, i);
    return code;
}

bool interview_again (struct interview *self, const char *number, int *code)
{
    bool found = false;
    char *end;
    unsigned long wanted = strtoul (number, &end, 10);
    *code = EXIT_DONE;
    for (enum answer i = 0; i < ANSWERS && !*end && *code == EXIT_DONE; i++) {
        if (rows[i].number != wanted || !is_asked (self, i))
            continue;
        found = true;
        *code = ask_one (self, i);
    }
    return found;
}

int interview_mend (struct interview *self, enum answer which, const char *why)
{
    say ("\n   %s\n", why);
    return ask_one (self, which);
}

void interview_show (const struct interview *self)
{
    for (enum answer i = 0; i < ANSWERS; i++) {
        if (!is_asked (self, i))
            continue;
        int size = (int) strcspn (rows[i].question, "?(");
        say ("%u. %.*s?\n", rows[i].number, size, rows[i].question);
        if (self->at[i] && *self->at[i])
            say_block (span_of (self->at[i]), 5);
        else
            say ("     (not said)\n");
    }
}
