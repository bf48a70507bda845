/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/line.h"

#include <stdio.h>
#include <string.h>

#include "bus/core/credential.h"
#include "nodes/certbus/screen.h"

#define TITLE_LEAST 12
#define KIND_MOST   12
#define TIME_SHORT  17 /* 2026-11-22 21:06Z */
#define BETWEEN     12 /* the severity, and two blanks after each column */

static const char *label_of (const struct columns *columns, const struct envelope *e)
{
    const char *label = cb_tlp_name (e->tlp);
    return columns->width && strncmp (label, "TLP:", 4) == 0 ? label + 4 : label;
}

static int most (int a, int b)
{
    return a > b ? a : b;
}

void columns_fit (struct columns *columns, const struct record *records, size_t count)
{
    columns->width = screen_width ();
    for (size_t i = 0; columns->width && i < count; i++) {
        char id[ID_TEXT];
        if (!records[i].whole)
            continue;
        const struct envelope *e = &records[i].e;
        msg_id_text (&e->id, id);
        int kind = (int) e->kind.size;
        columns->id = most (columns->id, (int) strlen (id));
        columns->kind = most (columns->kind, kind < KIND_MOST ? kind : KIND_MOST);
        columns->tlp = most (columns->tlp, (int) strlen (label_of (columns, e)));
    }
}

static enum style severity_style (struct span severity)
{
    if (span_is (severity, "S1") || span_is (severity, "S2"))
        return STYLE_BAD;
    return span_is (severity, "S3") ? STYLE_WARN : STYLE_PLAIN;
}

static void say_severity (struct span severity)
{
    enum style how = severity_style (severity);
    if (how != STYLE_PLAIN)
        style (how);
    say ("%-2.2s", span_is (severity, "undetermined") ? "?" : line_of (severity).text);
    if (how != STYLE_PLAIN)
        style (STYLE_PLAIN);
}

/* "[exercise] "; returns the columns it took. */
static int say_mark (enum style how, const char *before, const char *what)
{
    style (how);
    say ("[%s%s]", before, what);
    style (STYLE_PLAIN);
    say (" ");
    return (int) (strlen (before) + strlen (what)) + 3;
}

static int say_marks (const struct record *record)
{
    int used = 0;
    const struct envelope *e = &record->e;
    if (e->mode == CB_MODE_TEST)
        used += say_mark (STYLE_STRONG, "", cb_mode_name (e->mode));
    if (record->reason != CB_OK)
        used += say_mark (STYLE_BAD, "", cb_reason_name ((unsigned) record->reason));
    else if (record->refused.size)
        used += say_mark (STYLE_BAD, "refused by ",
                          line_of (body_text (record->refused, "party")).text);
    if (record->standing.state != STANDING_CURRENT)
        used += say_mark (STYLE_BAD,
                          record->standing.state == STANDING_WITHDRAWN ? "withdrawn by "
                                                                       : "replaced by ",
                          record->standing.id);
    return used;
}

/* An enrolment says in its credential whom it is about. */
static struct line headline_of (const struct envelope *e)
{
    struct credential c;
    struct line line;
    if (!span_is (e->kind, "enrolment") ||
        !credential_parse (&c, body_bytes (e->body, "credential")))
        return message_headline (e);
    char again[64] = "";
    if (c.generation > 1)
        snprintf (again, sizeof again, "%s as generation %u: ",
                  credential_again (&c) ? "KEYS LOST, enrolled again" : "renewed",
                  (unsigned) c.generation);
    snprintf (line.text, sizeof line.text, "%s%.300s, %.100s: %.500s", again, line_of (c.name).text,
              line_of (c.role).text, line_of (c.title).text);
    return line;
}

static void say_headline (const struct record *record, int room)
{
    struct line line = headline_of (&record->e);
    bool gone = record->standing.state != STANDING_CURRENT;
    if (gone)
        style (STYLE_GONE);
    say_cells (span_of (line.text), room ? most (room, TITLE_LEAST) : 0, false);
    if (gone)
        style (STYLE_PLAIN);
    say ("\n");
}

static void say_time (const struct columns *columns, int64_t ms)
{
    struct when when = when_of (ms);
    if (columns->width && ms > 0)
        say ("%.10s %.5sZ", when.text, when.text + 11);
    else
        say ("%s", when.text);
}

void line_print (const struct columns *columns, const struct record *record)
{
    char id[ID_TEXT];
    bool wide = !columns->width;
    if (!record->whole) {
        say_time (columns, record->taken);
        say ("  (no longer kept; only its hash is)\n");
        return;
    }
    const struct envelope *e = &record->e;
    int id_width = wide ? 22 : columns->id, kind_width = wide ? 10 : columns->kind;
    int tlp_width = wide ? 16 : columns->tlp;
    msg_id_text (&e->id, id);
    say_time (columns, e->issued);
    say ("  %-*s  ", id_width, id);
    style (STYLE_STRONG);
    say ("%-*s", tlp_width, label_of (columns, e));
    style (STYLE_PLAIN);
    say ("  ");
    say_cells (e->kind, kind_width, true);
    say ("  ");
    say_severity (message_severity (e));
    say ("  ");
    int used = TIME_SHORT + BETWEEN + id_width + kind_width + tlp_width + say_marks (record);
    say_headline (record, wide ? 0 : most (columns->width - used, 1));
}
