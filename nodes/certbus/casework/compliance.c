/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/compliance.h"

#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/talk.h"

#define PAGE 1000

static const struct option_row options[] = {
    { "by", 0, false, "province|sector", "one line for each of these (default: province)" },
    { "overdue", 0, false, NULL, "only those who are overdue" },
    { "csv", 0, false, NULL, "one line a party, for a spreadsheet" },
    { NULL, 0, false, NULL, NULL },
};

int compliance_percent (size_t part, size_t whole)
{
    return whole ? (int) (part * 100 / whole) : 100;
}

/* --- Asking --------------------------------------------------------------------------------- */

static void *grow (void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room ? 2 * *room : 64;
    list = realloc (list, *room * size);
    if (!list)
        abort ();
    return list;
}

static void take_page (struct compliance *self, struct span page)
{
    struct pack_in in;
    self->pages = realloc (self->pages, (self->page_count + 1) * sizeof self->pages[0]);
    if (!self->pages)
        abort ();
    self->pages[self->page_count++] = page;
    for (size_t left = answer_array (page, "rows", &in); left; left--) {
        self->rows = grow (self->rows, self->row_count, &self->row_room, sizeof self->rows[0]);
        self->rows[self->row_count++] = pack_any (&in);
    }
}

/* Asks for all of it. An exit code, after a complaint. compliance_free in any case. */
static int compliance_ask (struct call *call, const char *id, struct compliance *out)
{
    char after[PARTY_MAX + 1] = "";
    bool more;
    *out = (struct compliance){ .now = 0 };
    do {
        struct span answer;
        struct ask *question = ask_new ("ledger");
        ask_text (question, "id", span_of (id));
        ask_int (question, "limit", PAGE);
        if (*after)
            ask_text (question, "after", span_of (after));
        int code = talk_about (call, id, &question, &answer);
        if (code != EXIT_DONE)
            return code;
        take_page (out, span_keep (answer));
        struct span page = out->pages[out->page_count - 1];
        if (!out->advisory.size) {
            out->advisory = body_field (page, "advisory");
            out->now = body_int (page, "now", 0);
        }
        span_text (body_text (page, "next"), after, sizeof after);
        more = *after && answer_bool (page, "more");
    } while (more);
    return EXIT_DONE;
}

static void compliance_free (struct compliance *self)
{
    for (size_t i = 0; i < self->page_count; i++)
        span_free (&self->pages[i]);
    for (size_t i = 0; i < self->group_count; i++) {
        free (self->groups[i].name);
        free (self->groups[i].title);
    }
    free (self->pages);
    free (self->rows);
    free (self->groups);
}

/* --- Counting ------------------------------------------------------------------------------- */

static bool any_waived (struct span row)
{
    struct pack_in in;
    for (size_t left = answer_array (row, "actions", &in); left; left--)
        if (span_is (body_text (pack_any (&in), "state"), "waived"))
            return true;
    return false;
}

static void count_row (struct compliance_counts *counts, struct span row)
{
    struct pack_in in;
    struct pack_in applicable = pack_open (body_field (row, "applicable"));
    bool before = answer_bool (row, "before_enrolment");
    counts->before_enrolment += before;
    if (before)
        return;
    counts->asked++;
    counts->delivered += body_int (row, "delivered", 0) != 0;
    counts->read += body_int (row, "read", 0) != 0;
    counts->acknowledged += body_int (row, "acknowledged", 0) != 0;
    counts->applicable += answer_bool (row, "applicable");
    counts->not_applicable += pack_peek (&applicable) == PACK_BOOL && !pack_bool (&applicable);
    counts->complied += answer_bool (row, "complied");
    counts->waived += any_waived (row);
    counts->overdue += answer_array (row, "overdue", &in) > 0;
}

static struct compliance_group *group_of (struct compliance *self, struct span name,
                                          struct span title)
{
    for (size_t i = 0; i < self->group_count; i++)
        if (span_is (name, self->groups[i].name))
            return &self->groups[i];
    self->groups =
        grow (self->groups, self->group_count, &self->group_room, sizeof self->groups[0]);
    struct compliance_group *made = &self->groups[self->group_count++];
    *made = (struct compliance_group){ .name = strndup ((const char *) name.data, name.size),
                                       .title = strndup ((const char *) title.data, title.size) };
    if (!made->name || !made->title)
        abort ();
    return made;
}

static void count_sectors (struct compliance *self, struct span row)
{
    struct pack_in in;
    size_t left = answer_array (row, "sectors", &in);
    if (!left)
        count_row (&group_of (self, span_of ("-"), span_of ("no sector"))->counts, row);
    for (; left; left--) {
        struct span sector = pack_str (&in, 0, SECTOR_MAX);
        count_row (&group_of (self, sector, sector)->counts, row);
    }
}

static int by_name (const void *a, const void *b)
{
    return strcmp (((const struct compliance_group *) a)->name,
                   ((const struct compliance_group *) b)->name);
}

/* Counts the rows by province, or by sector: a party with several counts in each. */
static void compliance_group (struct compliance *self, bool by_sector)
{
    for (size_t i = 0; i < self->row_count; i++) {
        struct span row = self->rows[i];
        count_row (&self->all, row);
        if (by_sector)
            count_sectors (self, row);
        else
            count_row (
                &group_of (self, body_text (row, "province"), body_text (row, "province_title"))
                     ->counts,
                row);
    }
    if (self->group_count)
        qsort (self->groups, self->group_count, sizeof self->groups[0], by_name);
}

/* The counts are of all; who is shown are those. */
static void keep_overdue (struct compliance *self)
{
    size_t kept = 0;
    struct pack_in in;
    for (size_t i = 0; i < self->row_count; i++)
        if (answer_array (self->rows[i], "overdue", &in) > 0)
            self->rows[kept++] = self->rows[i];
    self->row_count = kept;
    self->overdue = true;
}

/* --- The command ---------------------------------------------------------------------------- */

static int run (struct call *call)
{
    struct compliance self;
    const char *by = args_text (&call->args, "by");
    bool by_sector = by && strcmp (by, "sector") == 0, csv = args_flag (&call->args, "csv");
    if (by && !by_sector && strcmp (by, "province") != 0)
        return usage (call, "compliance: --by province or --by sector");
    if (csv && call->json)
        return usage (call, "compliance: --csv or --json, not both");
    if (!call->args.operand_count)
        return by || csv || args_flag (&call->args, "overdue")
                   ? usage (call, "compliance: of which ADVISORY? Without one it lists those that "
                                  "are open")
                   : compliance_list (call);
    int code = compliance_ask (call, call->args.operands[0], &self);
    if (code == EXIT_DONE) {
        compliance_group (&self, by_sector);
        if (args_flag (&call->args, "overdue"))
            keep_overdue (&self);
        if (call->json)
            compliance_print_json (&self);
        else if (csv)
            compliance_print_csv (&self);
        else
            compliance_print (&self);
    }
    compliance_free (&self);
    return code;
}

const struct command command_compliance = {
    .name = "compliance",
    .group = GROUP_READ,
    .operands = "[ADVISORY]",
    .most = 1,
    .summary = "who has answered an advisory, and who has done what it asks",
    .about =
        "ADVISORY is its number, id or code; a number is its newest revision, in which what was\n"
        "done for the one before counts where the action is the same. Without one: all open\n"
        "advisories. Counted are the parties that it asks and that are known here. Done is who\n"
        "has acknowledged it, and has done or waived each action, or has said that it does not\n"
        "apply.",
    .options = options,
    .paged = true,
    .run = run,
};
