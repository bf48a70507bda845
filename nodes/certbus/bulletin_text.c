/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin_view.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define BAR 30 /* columns of the longest one */

static void say_heading (enum heading which)
{
    style (STYLE_STRONG);
    say ("\n%s\n", heading_english (which));
    style (STYLE_PLAIN);
}

static void say_mark (const struct bulletin_view *view)
{
    if (!*view->mark)
        return;
    style (STYLE_BAD);
    say ("*** %s: ", view->mark);
    say ("%s ***\n", strcmp (view->mark, "EXERCISE") == 0 ? "none of this is real"
                     : strcmp (view->mark, "DRAFT") == 0  ? "no officer has approved it"
                                                          : "as it would be now");
    style (STYLE_PLAIN);
}

static void say_head (const struct bulletin_view *view)
{
    struct span body = view->body, headline = body_text (body, "headline");
    say_mark (view);
    style (STYLE_STRONG);
    say ("%s  %s\n", line_of (body_text (body, "number")).text, cb_tlp_name (view->tlp));
    style (STYLE_PLAIN);
    say ("%s, %s\n", line_of (body_text (body, "issuer")).text,
         line_of (body_text (body, "period.shown")).text);
    style (STYLE_STRONG);
    say ("\n%s\n", headline.size ? line_of (headline).text : "(no headline yet)");
    style (STYLE_PLAIN);
    struct span level = body_text (body, "threat_level");
    say ("%s: %s\n", heading_english (HEADING_LEVEL),
         level.size ? line_of (level).text : "(not decided yet)");
}

static void say_outlook (struct span body)
{
    struct span outlook = body_text (body, "outlook");
    if (!outlook.size)
        return;
    say_heading (HEADING_OUTLOOK);
    say_block (outlook, 2);
    say ("\n");
}

static void say_figure (const char *label, const struct figure *figure)
{
    say ("  %-42.60s %12s  %s\n", line_text (label).text, figure->text, figure->change);
}

static void say_first_page (struct span body)
{
    say ("\n");
    for (size_t i = 0; i < FIGURES; i++) {
        struct figure figure = figure_total (body, first_figures[i].name);
        say_figure (heading_english (first_figures[i].heading), &figure);
    }
}

static void say_bar (int64_t count, int64_t most)
{
    int64_t columns = most > 0 ? (count * BAR + most - 1) / most : 0;
    for (int64_t i = 0; i < columns; i++)
        say ("#");
}

static void say_table (struct span body, const struct figure_about *about)
{
    struct pack_in in;
    int64_t most = 0;
    size_t count = answer_array (body, about->name, &in);
    if (!count)
        return;
    say_heading (about->heading);
    struct pack_in again = in;
    for (size_t left = count; left; left--) {
        struct figure figure = figure_of (pack_any (&in));
        most = figure.count > most ? figure.count : most;
    }
    for (; count; count--) {
        struct figure figure = figure_of (pack_any (&again));
        say ("  %-34.60s %14s  %-5s ", line_text (figure.name).text, figure.text, figure.change);
        say_bar (figure.count, most);
        say ("\n");
    }
}

static void say_trend (struct span body)
{
    struct pack_in in;
    size_t count = answer_array (body, "trend", &in);
    if (!count)
        return;
    say_heading (HEADING_TREND);
    say (" ");
    for (; count; count--)
        say (" %" PRId64, pack_int (&in, 0, INT64_MAX));
    say ("\n");
}

static void say_open (struct span body)
{
    struct pack_in in;
    size_t count = answer_array (body, "open", &in);
    if (count)
        say_heading (HEADING_CASES);
    for (; count; count--) {
        struct span row = pack_any (&in), title = body_text (row, "title");
        say ("  %-13s %-13s %s  ", line_of (body_text (row, "severity")).text,
             line_of (body_text (row, "stage")).text, day_of (body, row, "reported").text);
        if (title.size)
            say ("%s  %s", line_of (body_text (row, "id")).text, line_of (title).text);
        else
            say ("(not named: its TLP and consent do not allow it)");
        say ("\n");
    }
}

static void say_items (struct span body, enum heading heading, const char *key, const char *name)
{
    struct pack_in in;
    size_t count = answer_array (body, key, &in);
    if (count)
        say_heading (heading);
    for (; count; count--) {
        struct span row = pack_any (&in);
        int64_t bodies = body_int (row, "count", -1);
        say ("  %s  %s", day_of (body, row, "when").text, line_of (body_text (row, name)).text);
        if (bodies >= 0)
            say ("  (%" PRId64 " constituents)", bodies);
        say ("\n");
    }
}

static void say_cves (struct span advisory)
{
    struct pack_in in;
    for (size_t left = answer_array (advisory, "cves", &in); left; left--)
        say (" %s", line_of (pack_str (&in, 0, SIZE_MAX)).text);
}

static void say_advisories (struct span body)
{
    struct pack_in in;
    size_t count = answer_array (body, "advisories", &in), exploited = 0;
    if (count)
        say_heading (HEADING_COMPLIANCE);
    struct pack_in again = in;
    for (size_t left = count; left; left--) {
        struct span row = pack_any (&in);
        exploited += answer_bool (row, "exploited");
        say ("  %-20s %-4s %5s  %s\n", line_of (body_text (row, "number")).text,
             line_of (body_text (row, "severity")).text, share_of (row).text,
             line_of (body_text (row, "title")).text);
    }
    if (exploited)
        say_heading (HEADING_EXPLOITED);
    for (; count; count--) {
        struct span row = pack_any (&again);
        if (!answer_bool (row, "exploited"))
            continue;
        say ("  %-20s", line_of (body_text (row, "number")).text);
        say_cves (row);
        say ("\n");
    }
    int64_t withheld = body_int (body, "withheld", 0);
    if (withheld)
        say ("  and %" PRId64 " that may not be shown here\n", withheld);
}

static void say_parties (struct span body, const struct figure_about *about)
{
    struct pack_in in;
    size_t count = answer_array (body, about->name, &in);
    if (count)
        say_heading (about->heading);
    for (; count; count--) {
        struct span row = pack_any (&in);
        say ("  %-28s %4" PRId64 "  %s\n", line_of (body_text (row, "party")).text,
             body_int (row, "count", 0), line_of (body_text (row, "title")).text);
    }
}

static void say_fakes (struct span body)
{
    struct figure fakes = figure_total (body, "fakes"), forged = figure_total (body, "forged");
    say_heading (HEADING_FAKES);
    say_figure ("reported: masquerade and phishing", &fakes);
    say_figure ("refused here: not signed by whom they name", &forged);
}

static void say_foot (const struct bulletin_view *view)
{
    char id[ID_TEXT], code[CODE_TEXT];
    if (!view->e)
        return;
    msg_id_text (&view->e->id, id);
    hash_code (&view->e->leaf, code);
    say ("\n%s  code %s\n", id, code);
    if (view->e->officer.size)
        say ("Approved by %s.\n", line_of (view->e->officer).text);
    say ("Is it genuine?  certbus verify %s\n", id);
    say_mark (view);
}

void bulletin_print_text (const struct bulletin_view *view)
{
    struct span body = view->body;
    say_head (view);
    say_first_page (body);
    say_outlook (body);
    say_trend (body);
    for (size_t i = 0; i < TABLES; i++)
        say_table (body, &incident_tables[i]);
    say_open (body);
    say_items (body, HEADING_CAMPAIGNS, "campaigns", "title");
    say_advisories (body);
    for (size_t i = 0; i < PARTY_LISTS; i++)
        say_parties (body, &party_lists[i]);
    say_fakes (body);
    say_items (body, HEADING_EXERCISES, "exercises", "title");
    say_items (body, HEADING_NEXT, "next", "text");
    say_foot (view);
}
