/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bus/core/catalog.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/casework/compliance.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define NAME_WIDTH 28
#define OPEN_MAX   100 /* advisories that are listed */
#define READ_MAX   20  /* times that the broker is asked for more of them */

static bool is_exercise (struct span advisory)
{
    return body_int (advisory, "mode", CB_MODE_LIVE) == CB_MODE_EXERCISE;
}

static bool counts_nobody (const struct compliance_counts *counts)
{
    return !counts->asked;
}

/* --- The table ------------------------------------------------------------------------------ */

static void print_counts (const struct compliance_counts *counts)
{
#define COUNT_X(name, heading) say ("  %*zu", (int) strlen (heading), counts->name);
    COMPLIANCE_COUNTS (COUNT_X)
#undef COUNT_X
    say ("  %3d %%\n", compliance_percent (counts->complied, counts->asked));
}

static void print_headings (void)
{
    style (STYLE_STRONG);
    say ("%-*s", NAME_WIDTH, "");
#define COUNT_X(name, heading) say ("  %s", heading);
    COMPLIANCE_COUNTS (COUNT_X)
#undef COUNT_X
    say ("    %%\n");
    style (STYLE_PLAIN);
}

static void print_head (const struct compliance *self)
{
    struct span a = self->advisory, replaced = body_field (a, "replaced");
    if (is_exercise (a)) {
        style (STYLE_WARN);
        say ("EXERCISE EXERCISE EXERCISE\n");
        style (STYLE_PLAIN);
    }
    if (replaced.size) {
        style (STYLE_BAD);
        say ("%s by %s; what counts now: certbus compliance %s\n",
             span_is (body_text (replaced, "state"), "withdrawn") ? "Withdrawn" : "Replaced",
             line_of (body_text (replaced, "id")).text, line_of (body_text (replaced, "id")).text);
        style (STYLE_PLAIN);
    }
    style (STYLE_STRONG);
    say ("%s  %s\n", line_of (body_text (a, "number")).text, line_of (body_text (a, "title")).text);
    style (STYLE_PLAIN);
    say ("%s  %s  by %s, issued %s%s\n", line_of (body_text (a, "id")).text,
         cb_tlp_name ((unsigned) body_int (a, "tlp", 0)), line_of (body_text (a, "origin")).text,
         moment_of (body_int (a, "issued", 0), self->now).text,
         answer_bool (a, "withdrawn") ? "; a withdrawal, to be acknowledged" : "");
}

static void print_actions (const struct compliance *self)
{
    struct pack_in in;
    for (size_t left = answer_array (self->advisory, "actions", &in); left; left--) {
        struct span one = pack_any (&in);
        int64_t due = body_int (one, "due", 0);
        say ("  %-4s %s", line_of (body_text (one, "id")).text,
             due ? moment_of (due, self->now).text : "no date");
        say ("  %s\n", line_of (body_text (one, "text")).text);
    }
}

static void print_overdue (const struct compliance *self)
{
    bool any = false;
    for (size_t i = 0; i < self->row_count; i++) {
        struct pack_in in;
        size_t count = answer_array (self->rows[i], "overdue", &in);
        if (!count)
            continue;
        if (!any) {
            style (STYLE_BAD);
            say ("\nOverdue\n");
            style (STYLE_PLAIN);
        }
        any = true;
        say ("  %-28s  ", line_of (body_text (self->rows[i], "party")).text);
        say_cells (body_text (self->rows[i], "title"), NAME_WIDTH, true);
        for (; count; count--)
            say ("  %s", line_of (pack_str (&in, 0, 64)).text);
        say ("\n");
    }
}

static void print_before (const struct compliance *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->row_count; i++)
        count += answer_bool (self->rows[i], "before_enrolment");
    if (count)
        say ("\n%zu more %s enrolled after it was issued, and not counted.\n", count,
             count == 1 ? "was" : "were");
}

void compliance_print (const struct compliance *self)
{
    print_head (self);
    print_actions (self);
    if (counts_nobody (&self->all)) {
        say ("\nIt asks nobody that is known here.\n");
        print_before (self);
        return;
    }
    if (self->overdue) {
        print_overdue (self);
        if (!self->row_count)
            say ("\nNobody is overdue.\n");
        return;
    }
    say ("\n");
    print_headings ();
    for (size_t i = 0; i < self->group_count; i++) {
        if (counts_nobody (&self->groups[i].counts))
            continue;
        say_cells (span_of (self->groups[i].title), NAME_WIDTH, true);
        print_counts (&self->groups[i].counts);
    }
    style (STYLE_STRONG);
    say ("%-*s", NAME_WIDTH, "all");
    print_counts (&self->all);
    style (STYLE_PLAIN);
    print_overdue (self);
    print_before (self);
}

/* --- For programs --------------------------------------------------------------------------- */

static json_t *counts_json (const struct compliance_counts *counts)
{
    json_t *made = json_object ();
#define COUNT_X(name, heading)                                                                     \
    json_object_set_new (made, #name, json_integer ((json_int_t) counts->name));
    COMPLIANCE_COUNTS (COUNT_X)
#undef COUNT_X
    json_object_set_new (made, "before_enrolment",
                         json_integer ((json_int_t) counts->before_enrolment));
    json_object_set_new (made, "not_applicable",
                         json_integer ((json_int_t) counts->not_applicable));
    json_object_set_new (made, "percent",
                         json_integer (compliance_percent (counts->complied, counts->asked)));
    return made;
}

/* What is a time in a ledger is a count elsewhere. */
static void make_times (json_t *object)
{
    static const char *const names[] = { "issued", "expires",   "due",         "when",
                                         "read",   "delivered", "acknowledged" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get (object, names[i]);
        if (json_is_integer (value))
            json_object_set_new (object, names[i], json_time (json_integer_value (value)));
    }
}

static json_t *with_times (struct span map)
{
    json_t *made = value_json (map), *action;
    size_t i;
    make_times (made);
    json_array_foreach (json_object_get (made, "actions"), i, action) make_times (action);
    return made;
}

/* Numbers of the catalogue as their names. */
static json_t *advisory_json (struct span advisory)
{
    json_t *made = with_times (advisory);
    json_object_del (json_object_get (made, "replaced"), "by"); /* `id` is enough */
    json_object_set_new (made, "tlp",
                         json_string (cb_tlp_name ((unsigned) body_int (advisory, "tlp", 0))));
    json_object_set_new (made, "mode",
                         json_string (cb_mode_name ((unsigned) body_int (advisory, "mode", 0))));
    return made;
}

void compliance_print_json (const struct compliance *self)
{
    json_t *groups = json_array (), *rows = json_array ();
    for (size_t i = 0; i < self->group_count; i++) {
        json_t *one = counts_json (&self->groups[i].counts);
        json_object_set_new (one, "name", json_string (self->groups[i].name));
        json_object_set_new (one, "title", json_string (self->groups[i].title));
        json_array_append_new (groups, one);
    }
    for (size_t i = 0; i < self->row_count; i++)
        json_array_append_new (rows, with_times (self->rows[i]));
    say_json (json_pack ("{s:o, s:o, s:o, s:o}", "advisory", advisory_json (self->advisory),
                         "groups", groups, "rows", rows, "totals", counts_json (&self->all)),
              true);
}

/* One field, always in quotes. What a spreadsheet would take for a formula gets an apostrophe. */
static void csv_text (struct span text, bool first)
{
    struct line line = line_of (text);
    say ("%s\"%s", first ? "" : ",",
         line.text[0] != '\0' && strchr ("=+-@", line.text[0]) ? "'" : "");
    for (const char *at = line.text; *at;) {
        size_t plain = strcspn (at, "\"");
        say ("%.*s%s", (int) plain, at, at[plain] ? "\"\"" : "");
        at += plain + (at[plain] != '\0');
    }
    say ("\"");
}

static void csv_time (int64_t ms)
{
    csv_text (span_of (ms ? when_of (ms).text : ""), false);
}

static void csv_list (struct span row, const char *key)
{
    struct pack_in in;
    char text[LINE_MAX_BYTES] = "";
    for (size_t left = answer_array (row, key, &in); left; left--) {
        size_t used = strlen (text);
        snprintf (text + used, sizeof text - used, "%s%.64s", used ? " " : "",
                  line_of (pack_str (&in, 0, 64)).text);
    }
    csv_text (span_of (text), false);
}

static void csv_row (struct span row)
{
    struct pack_in in;
    struct pack_in applicable = pack_open (body_field (row, "applicable"));
    bool said = pack_peek (&applicable) == PACK_BOOL;
    csv_text (body_text (row, "party"), true);
    csv_text (body_text (row, "title"), false);
    csv_text (body_text (row, "province"), false);
    csv_list (row, "sectors");
    csv_time (body_int (row, "delivered", 0));
    csv_time (body_int (row, "read", 0));
    csv_time (body_int (row, "acknowledged", 0));
    csv_text (body_text (row, "by"), false);
    csv_text (span_of (!said ? "" : pack_bool (&applicable) ? "yes" : "no"), false);
    csv_text (body_text (row, "text"), false);
    csv_text (span_of (answer_bool (row, "complied") ? "yes" : "no"), false);
    csv_list (row, "overdue");
    for (size_t left = answer_array (row, "actions", &in); left; left--)
        csv_text (body_text (pack_any (&in), "state"), false);
    say ("\r\n");
}

void compliance_print_csv (const struct compliance *self)
{
    struct pack_in in;
    if (is_exercise (self->advisory))
        say ("\"EXERCISE EXERCISE EXERCISE\"\r\n");
    say ("\"party\",\"title\",\"province\",\"sectors\",\"delivered\",\"read\",\"acknowledged\","
         "\"by\",\"applicable\",\"text\",\"complied\",\"overdue\"");
    for (size_t left = answer_array (self->advisory, "actions", &in); left; left--)
        csv_text (body_text (pack_any (&in), "id"), false);
    say ("\r\n");
    for (size_t i = 0; i < self->row_count; i++)
        csv_row (self->rows[i]);
}

/* --- All that are open ---------------------------------------------------------------------- */

struct list {
    struct call *call;
    json_t *json; /* NULL: for people */
    size_t count;
};

static void list_line (struct span answer)
{
    struct span a = body_field (answer, "advisory"), totals = body_field (answer, "totals");
    size_t asked = (size_t) body_int (totals, "asked", 0);
    size_t done = (size_t) body_int (totals, "complied", 0);
    int64_t overdue = body_int (totals, "overdue", 0);
    say ("%-20s  %5zu  %5zu  %3d %%  ", line_of (body_text (a, "number")).text, asked, done,
         compliance_percent (done, asked));
    if (overdue)
        style (STYLE_BAD);
    say ("%7lld", (long long) overdue);
    style (STYLE_PLAIN);
    say ("  %-14s  %s%s\n", moment_of (body_int (a, "issued", 0), body_int (answer, "now", 0)).text,
         is_exercise (a) ? "EXERCISE " : "", line_of (body_text (a, "title")).text);
}

static json_t *list_json (struct span answer)
{
    struct span totals = body_field (answer, "totals");
    json_t *made = value_json (totals);
    json_object_set_new (
        made, "percent",
        json_integer (compliance_percent ((size_t) body_int (totals, "complied", 0),
                                          (size_t) body_int (totals, "asked", 0))));
    return json_pack ("{s:o, s:o}", "advisory", advisory_json (body_field (answer, "advisory")),
                      "totals", made);
}

/* Of one that is current and asks somebody here. */
static int list_one (struct list *list, const struct record *record)
{
    char id[ID_TEXT];
    struct span answer;
    msg_id_text (&record->e.id, id);
    struct ask *question = ask_new ("ledger");
    ask_text (question, "id", span_of (id));
    ask_int (question, "limit", 0);
    int code = talk_about (list->call, id, &question, &answer);
    int64_t expires = body_int (answer, "advisory.expires", 0);
    if (code != EXIT_DONE || body_int (answer, "totals.asked", 0) == 0 ||
        (expires != 0 && expires <= body_int (answer, "now", 0)))
        return code;
    if (list->json)
        json_array_append_new (list->json, list_json (answer));
    else if (!list->count)
        say ("%-20s  asked   done      %%  overdue  issued\n", "number");
    if (!list->json)
        list_line (answer);
    list->count++;
    return code;
}

static int list_page (struct list *list, struct span page)
{
    struct pack_in in;
    for (size_t left = answer_array (page, "records", &in); left && list->count < OPEN_MAX;
         left--) {
        struct record record;
        if (!record_read (pack_any (&in), &record) || !record.whole ||
            record.standing.state != STANDING_CURRENT || record.e.mode == CB_MODE_TEST)
            continue;
        int code = list_one (list, &record);
        if (code != EXIT_DONE)
            return code;
    }
    return EXIT_DONE;
}

int compliance_list (struct call *call)
{
    struct list list = { .call = call, .json = call->json ? json_array () : NULL };
    const struct span kind = span_of ("advisory");
    int64_t after = 0;
    int code = EXIT_DONE;
    for (int i = 0; i < READ_MAX && code == EXIT_DONE && list.count < OPEN_MAX; i++) {
        struct span answer;
        struct ask *question = ask_new ("read");
        ask_texts (question, "kinds", &kind, 1);
        ask_int (question, "after", after);
        ask_int (question, "limit", 100);
        ask_bool (question, "back", true);
        code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            break;
        struct span page = span_keep (answer);
        code = list_page (&list, page);
        after = body_int (page, "next", 0);
        span_free (&page);
        if (after <= 1)
            break;
    }
    if (code == EXIT_DONE && list.json)
        say_json (json_incref (list.json), true);
    else if (code == EXIT_DONE && !list.count)
        say ("No advisory is open here.\n");
    else if (code == EXIT_DONE && list.count == OPEN_MAX)
        say ("and perhaps more; of one: certbus compliance NUMBER\n");
    json_decref (list.json);
    return code;
}
