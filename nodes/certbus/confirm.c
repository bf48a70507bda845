/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#define NOT_REACHED 8 /* parties that are named */
#define LABEL       "%-12s "

static void show_text (const char *label, struct span text)
{
    if (text.size)
        say (LABEL "%.300s\n", label, line_flat (text).text);
}

static void show_time (const char *label, int64_t ms)
{
    char text[DAY_TEXT];
    struct day day = day_here ();
    if (ms <= 0)
        return;
    day_text (ms, &day, text);
    say (LABEL "%s%s\n", label, text, ms < day.now ? "  (this is PAST)" : "");
}

/* "acknowledge_by" as "acknowledge by". */
static void words_of (const char *name, char words[KIND_MAX])
{
    snprintf (words, KIND_MAX, "%.30s", name);
    for (char *at = words; *at; at++)
        if (*at == '_')
            *at = ' ';
}

/* The times that are a limit of the whole, such as acknowledge_by. */
static void show_limits (const struct field *record, struct span map)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        struct span value = body_field (map, field->name);
        char words[KIND_MAX];
        words_of (field->name, words);
        if (value.size && field->until)
            show_time (words, body_int (map, field->name, 0));
    }
}

/* The elements that have a limit of their own, such as the actions of an advisory. */
static void show_dated (const struct field *list, struct span body)
{
    struct pack_in in = pack_open (body_field (body, list->name));
    const struct field *until = NULL;
    for (size_t i = 0; i < list->field_count; i++)
        if (list->fields[i].until)
            until = &list->fields[i];
    if (!until || pack_peek (&in) != PACK_ARRAY)
        return;
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left; left--) {
        struct span one = pack_any (&in), text = body_text (one, "text");
        char when[DAY_TEXT] = "no date";
        struct day day = day_here ();
        int64_t ms = body_int (one, until->name, 0);
        if (ms)
            day_text (ms, &day, when);
        say (LABEL "%.24s  %s %s%s\n" LABEL "%.160s\n", list->name,
             line_of (body_text (one, "id")).text, until->name, when,
             ms && ms < day.now ? "  (this is PAST)" : "", "", line_of (text).text);
    }
}

static void show_attachments (struct span body)
{
    struct pack_in in = pack_open (body_field (body, "attachments"));
    if (pack_peek (&in) != PACK_ARRAY)
        return;
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left; left--) {
        struct span one = pack_any (&in);
        say (LABEL "%s, %lld bytes\n", "attached", line_of (body_text (one, "name")).text,
             (long long) body_int (one, "size", 0));
    }
}

static void show_not_reached (struct span dry_run)
{
    struct pack_in in;
    size_t listed = answer_array (dry_run, "without", &in), count = listed, shown = 0;
    if (!count)
        return;
    int64_t all = body_int (dry_run, "without_count", 0);
    count = all > (int64_t) listed ? (size_t) all : listed;
    say (LABEL "%zu known %s:\n", "but not", count, count == 1 ? "party" : "parties");
    for (; shown < listed && shown < NOT_REACHED; shown++) {
        struct span party = pack_any (&in);
        say (LABEL "%-24s %.60s: %s\n", "", line_of (body_text (party, "party")).text,
             line_of (body_text (party, "title")).text, line_of (body_text (party, "why")).text);
    }
    if (count > shown)
        say (LABEL "and %zu others: --dry-run lists them\n", "", count - shown);
}

/* A reference as people write it. */
static struct line short_id (const char *reference)
{
    struct msg_id id;
    char text[ID_TEXT];
    if (!json_id_parse (span_of (reference), &id))
        return line_text (reference);
    msg_id_text (&id, text);
    return line_text (text);
}

/* What a step of a case says besides its severity and its times. */
static void show_step (struct span body)
{
    static const struct {
        const char *field, *label;
    } rows[] = { { "type", "type" },
                 { "disposition", "turned out" },
                 { "assignee", "assigned to" },
                 { "lead", "new lead" },
                 { "text", "says" } };
    char text[ID_TEXT];
    struct msg_id id;
    struct pack_in ref = pack_open (body_field (body, "duplicate_of"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        show_text (rows[i].label, body_text (body, rows[i].field));
    if (!msg_id_read (&ref, &id))
        return;
    msg_id_text (&id, text);
    say (LABEL "%s\n", "repeats", text);
}

void confirm_show (const struct post *post, const struct ready *ready)
{
    struct span body = pack_result (&ready->body), number = ready_number (post, ready);
    say ("\n");
    style (STYLE_STRONG);
    say ("This is what would leave\n");
    style (STYLE_PLAIN);
    say (LABEL "%s%s%s%s\n", "kind", post->kind, post->step ? ": " : "",
         post->step ? post->step : "",
         post->mode == CB_MODE_LIVE ? "" : ": NOT the real thing, an exercise or a test");
    if (number.size)
        say (LABEL "%s%s\n", "number", line_of (number).text,
             ready->wants_number ? "  (the next one of this party)" : "");
    else if (ready->wants_number)
        say (LABEL "none\n", "number");
    show_text ("title", body_text (body, "title"));
    show_text ("severity", body_text (body, "severity"));
    show_text ("status", body_text (body, "status"));
    if (post->step)
        show_step (body);
    if (post->by)
        say (LABEL "%s\n", "by", line_text (post->by).text);
    style (STYLE_STRONG);
    say (LABEL "%s\n", "TLP", cb_tlp_name (post->tlp));
    style (STYLE_PLAIN);
    if (post->replaces)
        say (LABEL "%s\n", "replaces", short_id (post->replaces).text);
    if (post->precedence == CB_LANE_FLASH)
        say (LABEL "flash: ahead of everything else\n", "precedence");
    if (post->climb)
        say (LABEL "%s\n", "may climb to", post->climb);
    show_limits (&ready->schema->body, body);
    for (size_t i = 0; i < ready->schema->body.field_count; i++)
        if (ready->schema->body.fields[i].type == FIELD_RECORD &&
            ready->schema->body.fields[i].list)
            show_dated (&ready->schema->body.fields[i], body);
    show_attachments (body);
    say (LABEL, "to");
    for (size_t i = 0; i < post->to_count; i++)
        say ("%s%s", i ? ", " : "", post->to[i]);
    say (": %zu %s known here\n", ready->reached, ready->reached == 1 ? "party" : "parties");
    show_not_reached (ready->dry_run);
    if (*ready->away)
        say (LABEL "the parent %s is away: it will wait here\n", "link", ready->away);
    say (LABEL "it is made when the message is signed, and shown then\n", "code");
}

int confirm_ask (const struct ready *ready, bool edit)
{
    struct span same = body_text (ready->dry_run, "same");
    if (same.size) {
        style (STYLE_BAD);
        say ("\nThe same was sent before, as %s.", line_of (same).text);
        style (STYLE_PLAIN);
    }
    char *answer = prompt_line (edit        ? same.size ? "\nSend it AGAIN? [yes/edit/NO]"
                                                        : "\nSend it? [yes/edit/NO]"
                                : same.size ? "\nSend it AGAIN? [yes/NO]"
                                            : "\nSend it? [yes/NO]");
    int choice = answer && prompt_is_yes (answer)                       ? 'y'
                 : answer && edit && (*answer == 'e' || *answer == 'E') ? 'e'
                                                                        : 'n';
    free (answer);
    return choice;
}
