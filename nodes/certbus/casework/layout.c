/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/layout.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/record.h"

#define WIDE        72  /* columns from which rows stand in columns on one line */
#define FULL        110 /* columns from which a case has all of its columns */
#define SPACED      30  /* rows from which sections are set apart */
#define SOON_MS     INT64_C (3600000)
#define ROWS_FILE   20 /* of each list, where there is any number of rows */
#define HEALTH_MOST 3  /* lines of each sentence */
#define EMPTY_MOST  5  /* lines of what is empty */
#define EMPTY_TEXT  512

/* The lists of the shift, then those of the board. */
enum { ADVISORIES = SHIFT_END, DUE, SECTIONS };

struct section {
    size_t count; /* found */
    size_t held;  /* that can be shown */
    bool more;
    size_t given; /* rows of the screen, without the heading */
};

struct drawing {
    struct page *page;
    const struct layout *layout;
    bool wide;
    size_t each; /* lines that one row takes */
    struct section sections[SECTIONS];
};

/* --- Words --------------------------------------------------------------------------------- */

static struct ago moment (const struct drawing *d, int64_t ms)
{
    struct ago ago;
    if (d->layout->relative)
        return ago_of (ms, d->layout->shift->now);
    snprintf (ago.text, sizeof ago.text, "%s", when_of (ms).text);
    return ago;
}

/* "in 12 min", "OVERDUE 3 min". */
static struct ago until (const struct drawing *d, int64_t due)
{
    struct ago ago;
    int64_t now = d->layout->shift->now;
    if (!due)
        return (struct ago){ "no clock" };
    if (due > now)
        return moment (d, due);
    if (d->layout->relative)
        snprintf (ago.text, sizeof ago.text, "OVERDUE %.30s", lasting_of (now - due).text);
    else
        snprintf (ago.text, sizeof ago.text, "OVERDUE %.30s", when_of (due).text);
    return ago;
}

static const char *severity (const char *name)
{
    return strcmp (name, "undetermined") == 0 ? "S?" : *name ? name : "-";
}

static enum style urgency (const struct drawing *d, int64_t due)
{
    int64_t left = due - d->layout->shift->now;
    return !due ? STYLE_PLAIN : left <= 0 ? STYLE_BAD : left <= SOON_MS ? STYLE_WARN : STYLE_PLAIN;
}

/* One row: on a narrow screen the title has a line of its own. */
static void put_row (struct drawing *d, enum style style, const char *what, const char *title)
{
    if (d->wide) {
        page_put (d->page, style, "  %s  %s", what, title);
        return;
    }
    char squeezed[4 * LINE_MAX_BYTES], *to = squeezed;
    snprintf (squeezed, sizeof squeezed, "%s", what);
    for (const char *from = squeezed; *from; from++)
        if (*from != ' ' || (from[1] != ' ' && from[1]))
            *to++ = *from;
    *to = 0;
    page_put (d->page, style, "%s", squeezed);
    page_put (d->page, STYLE_PLAIN, "    %s", title);
}

/* --- Rows ---------------------------------------------------------------------------------- */

/* Where there is no room for all, the clock and who leads are left out, not the title. */
static void put_case (struct drawing *d, const struct shift_row *row, bool drill)
{
    char what[1024];
    const char *mark = drill ? "EXERCISE " : "", *asked = row->questions ? " ?" : "";
    if (d->page->columns && d->page->columns < FULL)
        snprintf (what, sizeof what, "%s%-2s %-14s %-16s %-12s%s", mark, severity (row->severity),
                  until (d, row->due).text, row->id, row->stage, asked);
    else
        snprintf (what, sizeof what, "%s%-2s %-14s %-20s %-12s %-12s %s%s", mark,
                  severity (row->severity), until (d, row->due).text, row->id, row->clock,
                  row->stage, *row->person ? row->person : row->party, asked);
    put_row (d, urgency (d, row->due), what, row->title);
}

static void put_alarm (struct drawing *d, const struct shift_row *row)
{
    char what[512];
    snprintf (what, sizeof what, "%-2s %-14s %-10s", severity (row->severity),
              moment (d, row->when).text, row->what);
    put_row (d, STYLE_BAD, what, row->title);
}

static void put_question (struct drawing *d, const struct shift_row *row)
{
    char what[1024];
    snprintf (what, sizeof what, "%-20s %-14s %s%s%s:", row->id, moment (d, row->when).text,
              row->party, *row->of ? " asks " : " asks", row->of);
    put_row (d, STYLE_PLAIN, what, row->title);
}

static void put_clock (struct drawing *d, const struct shift_row *row)
{
    char what[1024];
    snprintf (what, sizeof what, "%-14s %-20s %-20s %s", until (d, row->due).text, row->id,
              row->clock, row->party);
    put_row (d, urgency (d, row->due), what, row->title);
}

static void put_message (struct drawing *d, const struct board_row *row, bool due)
{
    char what[512], mark[64] = "";
    int64_t now = d->layout->shift->now;
    if (row->mark[0])
        snprintf (mark, sizeof mark, "[%s] ", row->mark);
    if (due)
        snprintf (what, sizeof what, "%-20s %-8s %s %-12s", row->id, row->action,
                  row->when < now ? "OVERDUE, due" : "due", moment (d, row->when).text);
    else
        snprintf (what, sizeof what, "%-20s %-12s %-12s %-9s%s%s", row->id,
                  moment (d, row->when).text, row->severity, row->tlp + strlen ("TLP:"),
                  *mark ? " " : "", mark);
    put_row (d, due && row->when < now ? STYLE_BAD : STYLE_PLAIN, what, row->title);
}

static void put_one (struct drawing *d, unsigned section, size_t at)
{
    const struct board *board = d->layout->board;
    if (section == ADVISORIES || section == DUE) {
        put_message (d, section == DUE ? &board->due.at[at] : &board->advisories.at[at],
                     section == DUE);
        return;
    }
    const struct shift_row *row = &d->layout->shift->lists[section].at[at];
    switch (section) {
    case SHIFT_CASES:
    case SHIFT_DRILL: put_case (d, row, section == SHIFT_DRILL); break;
    case SHIFT_ALARMS: put_alarm (d, row); break;
    case SHIFT_QUESTIONS: put_question (d, row); break;
    default: put_clock (d, row); break;
    }
}

/* --- Sections ------------------------------------------------------------------------------ */

static const char *heading_of (unsigned section)
{
    return section == ADVISORIES ? "Advisories of the last 7 days"
           : section == DUE      ? "Due, as advisories ask"
                                 : shift_heading ((enum shift_list) section);
}

static const char *next_of (unsigned section)
{
    return section == ADVISORIES || section == DUE ? "certbus list --kind advisory"
                                                   : shift_next ((enum shift_list) section);
}

/* The heading, with a blank line before it where there is room. */
static size_t head_lines (const struct drawing *d)
{
    return d->page->rows == 0 || d->page->rows >= SPACED ? 2 : 1;
}

/* Those that say "none" where they are empty; the others are left out then. */
static bool always (unsigned section)
{
    return section == SHIFT_CASES || section == SHIFT_ALARMS || section == SHIFT_QUESTIONS ||
           section == ADVISORIES || section == DUE;
}

static void count_sections (struct drawing *d)
{
    const struct board *board = d->layout->board;
    for (unsigned i = 0; i < SHIFT_END; i++) {
        const struct shift_rows *rows = &d->layout->shift->lists[i];
        d->sections[i] = (struct section){
            .count = rows->count,
            .held = rows->count < SHIFT_ROWS ? rows->count : SHIFT_ROWS,
            .more = rows->more,
        };
    }
    const struct board_rows *of_board[] = { &board->advisories, &board->due };
    for (unsigned i = 0; i < 2; i++)
        d->sections[ADVISORIES + i] = (struct section){
            .count = of_board[i]->count,
            .held = of_board[i]->count < BOARD_ROWS ? of_board[i]->count : BOARD_ROWS,
            .more = board->older,
        };
}

/* Rows for each list: one for each that has any, in their order, then one more for each until
 * none are left. */
static void share (struct drawing *d, size_t lines)
{
    size_t head = head_lines (d);
    bool gave = true;
    for (unsigned i = 0; i < SECTIONS; i++) {
        if (d->sections[i].count == 0 || lines < head + d->each)
            continue;
        d->sections[i].given = 1;
        lines -= head + d->each;
    }
    while (gave) {
        gave = false;
        for (unsigned i = 0; i < SECTIONS; i++) {
            struct section *s = &d->sections[i];
            if (s->given == 0 || s->given >= s->held || lines < d->each ||
                (d->page->rows == 0 && s->given >= ROWS_FILE))
                continue;
            s->given++;
            lines -= d->each;
            gave = true;
        }
    }
}

static void put_section (struct drawing *d, unsigned section)
{
    struct section *s = &d->sections[section];
    size_t shown = s->given < s->held ? s->given : s->held;
    if (head_lines (d) == 2)
        page_put (d->page, STYLE_PLAIN, "%s", "");
    page_put (d->page, STYLE_STRONG, "%s (%s%zu)%s%s", heading_of (section),
              s->more ? "at least " : "", s->count, shown < s->count ? "  all: " : "",
              shown < s->count ? next_of (section) : "");
    for (size_t i = 0; i < shown; i++)
        put_one (d, section, i);
}

/* What is empty takes a line together; "": nothing is. */
static void empty_text (const struct drawing *d, char *text, size_t size)
{
    *text = 0;
    for (unsigned i = 0; i < SECTIONS; i++) {
        size_t used = strlen (text);
        if (d->sections[i].count == 0 && always (i))
            snprintf (text + used, size - used, "%s%s: none", used ? "; " : "", heading_of (i));
    }
}

static void put_empty (struct drawing *d)
{
    char text[EMPTY_TEXT];
    empty_text (d, text, sizeof text);
    if (*text && head_lines (d) == 2)
        page_put (d->page, STYLE_PLAIN, "%s", "");
    if (*text)
        page_wrap (d->page, STYLE_PLAIN, EMPTY_MOST, text);
}

static size_t empty_lines (const struct drawing *d)
{
    char text[EMPTY_TEXT];
    empty_text (d, text, sizeof text);
    return *text ? page_wrapped (d->page, EMPTY_MOST, text) + head_lines (d) - 1 : 0;
}

/* --- All of it ----------------------------------------------------------------------------- */

static void put_top (struct drawing *d)
{
    const struct layout *layout = d->layout;
    page_put (d->page, STYLE_STRONG, "%s", layout->heading);
    if (layout->shift->held)
        page_wrap (d->page, STYLE_BAD, HEALTH_MOST,
                   "The clock of this machine jumped: nothing climbs until somebody confirms the "
                   "time: certbus clocks --confirm");
    for (size_t i = 0; i < layout->health_count; i++)
        page_wrap (d->page, layout->healthy ? STYLE_GOOD : STYLE_BAD, HEALTH_MOST,
                   layout->health[i]);
}

static size_t bottom_lines (const struct drawing *d)
{
    size_t lines = empty_lines (d) + head_lines (d) - 1;
    for (size_t i = 0; i < 2; i++)
        if (d->layout->leaving[i])
            lines += page_wrapped (d->page, HEALTH_MOST, d->layout->leaving[i]);
    return lines;
}

void layout_board (struct page *page, const struct layout *layout)
{
    struct drawing d = { .page = page, .layout = layout };
    d.wide = page->columns == 0 || page->columns >= WIDE;
    d.each = d.wide ? 1 : 2;
    count_sections (&d);
    put_top (&d);
    size_t left = page_left (page), bottom = bottom_lines (&d);
    share (&d, left == SIZE_MAX ? left : left > bottom ? left - bottom : 0);
    for (unsigned i = 0; i < SECTIONS; i++)
        if (d.sections[i].given)
            put_section (&d, i);
    put_empty (&d);
    if (head_lines (&d) == 2)
        page_put (page, STYLE_PLAIN, "%s", "");
    for (size_t i = 0; i < 2; i++)
        if (layout->leaving[i])
            page_wrap (page, STYLE_PLAIN, HEALTH_MOST, layout->leaving[i]);
}
