/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/talk.h"

#define TREND_MOST 12
#define PIECE      900 /* bytes of a paragraph that are made harmless at a time */

/* What a page needs to be read on a screen and printed on A4; nothing is fetched from anywhere. */
static const char *const style_sheet =
    "@page{size:A4;margin:18mm 16mm}"
    "*{box-sizing:border-box}"
    "body{font:11pt/1.45 \"DejaVu Sans\",\"Noto Sans\",Arial,sans-serif;color:#1a1a1a;"
    "max-width:178mm;margin:0 auto;padding:8mm 4mm}"
    "[dir=rtl]{font-family:\"Noto Nastaliq Urdu\",\"Jameel Noori Nastaleeq\",\"Noto Naskh Arabic\","
    "\"DejaVu Sans\",serif;line-height:2}"
    "header{border-bottom:2pt solid #123a5c;padding-bottom:3mm;margin-bottom:5mm}"
    "h1{font-size:15pt;margin:0;color:#123a5c}"
    "h1 span,h2 span{float:right;font-weight:normal}"
    "h2{font-size:11.5pt;margin:7mm 0 2mm;color:#123a5c;border-bottom:.5pt solid #b9c6d2;"
    "break-after:avoid;overflow:hidden}"
    ".tlp{display:inline-block;background:#000;padding:.5mm 2mm;font-weight:bold;font-size:9pt}"
    ".tlp.amber{color:#ffc000}.tlp.green{color:#33ff00}.tlp.clear{color:#fff}"
    ".meta{font-size:9pt;color:#444;margin:1mm 0 0}"
    ".headline{font-size:19pt;font-weight:bold;line-height:1.25;margin:5mm 0}"
    ".level{display:inline-block;padding:1.5mm 4mm;font-weight:bold;color:#fff;background:#555}"
    ".level.low{background:#2e7d32}.level.guarded{background:#1565c0}"
    ".level.elevated{background:#f9a825;color:#000}.level.high{background:#e65100}"
    ".level.severe{background:#b71c1c}"
    ".figures{display:flex;gap:3mm;margin:6mm 0}"
    ".figures div{flex:1;border:.5pt solid #b9c6d2;padding:3mm 2mm;text-align:center}"
    ".figures b{display:block;font-size:20pt;color:#123a5c;line-height:1.2}"
    ".figures b.words{font-size:12pt}.figures small{display:block;font-size:8pt;color:#444}"
    ".first{min-height:200mm}"
    "table{border-collapse:collapse;width:100%;font-size:9.5pt;break-inside:auto}"
    "tr{break-inside:avoid}th,td{text-align:left;padding:1mm 2mm;border-bottom:.3pt solid #d7dee5;"
    "vertical-align:top}th{color:#444;font-weight:normal;font-size:8.5pt}"
    "td.n,th.n{text-align:right;white-space:nowrap}"
    ".trend{width:100%;height:auto}"
    "footer{margin-top:10mm;border-top:.5pt solid #b9c6d2;padding-top:2mm;font-size:8pt;color:#444;"
    "break-inside:avoid}"
    ".mark{position:fixed;top:45%;left:0;right:0;text-align:center;font-size:72pt;font-weight:bold;"
    "color:#b71c1c;opacity:.14;transform:rotate(-28deg);pointer-events:none}"
    ".banner{background:#b71c1c;color:#fff;text-align:center;font-weight:bold;padding:1.5mm}"
    "@media print{body{padding:0}.first{break-after:page}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

/* --- Text ---------------------------------------------------------------------------------- */

static void put_char (FILE *out, char c)
{
    switch (c) {
    case '&': fputs ("&amp;", out); break;
    case '<': fputs ("&lt;", out); break;
    case '>': fputs ("&gt;", out); break;
    case '"': fputs ("&quot;", out); break;
    case '\'': fputs ("&#39;", out); break;
    default: fputc (c, out);
    }
}

/* Where a piece of a long text may end: at a blank, else at a character. */
static size_t piece_of (struct span text)
{
    size_t size = text.size < PIECE ? text.size : PIECE;
    if (size == text.size)
        return size;
    for (size_t at = size; at > PIECE / 2; at--)
        if (text.data[at - 1] == ' ')
            return at;
    while (size > 0 && (text.data[size] & 0xc0) == 0x80)
        size--;
    return size;
}

/* Harmless for the eye (controls, and what turns writing around), then for HTML. */
static void put (FILE *out, struct span text)
{
    while (text.size) {
        size_t size = piece_of (text);
        struct line line = line_of (span_bytes (text.data, size));
        for (const char *at = line.text; *at; at++)
            put_char (out, *at);
        text.data += size;
        text.size -= size;
    }
}

static void put_text (FILE *out, const char *text)
{
    put (out, span_of (text));
}

/* A text of several lines; what stands in it goes in the direction that it has by itself. */
static void put_paragraphs (FILE *out, struct span text, const char *attributes)
{
    while (text.size) {
        const uint8_t *end = memchr (text.data, '\n', text.size);
        size_t size = end ? (size_t) (end - text.data) : text.size;
        if (size) {
            fprintf (out, "<p %s>", attributes);
            put (out, span_bytes (text.data, size));
            fputs ("</p>\n", out);
        }
        size += end != NULL;
        text.data += size;
        text.size -= size;
    }
}

static void cell (FILE *out, const char *attributes, struct span text)
{
    fprintf (out, "<td%s><bdi>", attributes);
    put (out, text);
    fputs ("</bdi></td>", out);
}

static void number_cell (FILE *out, const char *text)
{
    cell (out, " class=\"n\"", span_of (text));
}

static void urdu (FILE *out, enum heading which)
{
    fprintf (out, "<span lang=\"ur\" dir=\"rtl\">%s</span>", heading_urdu (which));
}

static void heading (FILE *out, enum heading which)
{
    fputs ("<h2>", out);
    urdu (out, which);
    fprintf (out, "%s</h2>\n", heading_english (which));
}

/* --- The first page ------------------------------------------------------------------------ */

static const char *tlp_class (unsigned tlp)
{
    return tlp == CB_TLP_CLEAR ? "clear" : tlp == CB_TLP_GREEN ? "green" : "amber";
}

/* The level is a choice of the schema, so that it can be a class; anything else is none. */
static const char *level_class (struct span level)
{
    static const char *const levels[] = { "low", "guarded", "elevated", "high", "severe" };
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (span_is (level, levels[i]))
            return levels[i];
    return "";
}

/* On paper each sheet says its label above and below, on the right, in 12 pt (TLP 2.0). */
static void put_page_marks (FILE *out, unsigned tlp)
{
    static const char *const edges[] = { "top", "bottom" };
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        fprintf (out, "@page{@%s-right{content:\"%s\";font:bold 12pt Arial,sans-serif}}", edges[i],
                 cb_tlp_name (tlp));
}

static void put_head (FILE *out, const struct bulletin_view *view)
{
    fputs ("<header><h1>", out);
    urdu (out, HEADING_TITLE);
    fprintf (out, "%s</h1>\n<p class=\"meta\"><bdi>", heading_english (HEADING_TITLE));
    put (out, body_text (view->body, "issuer"));
    fputs ("</bdi> &#183; ", out);
    put (out, body_text (view->body, "number"));
    fputs (" &#183; ", out);
    put (out, body_text (view->body, "period.shown"));
    fprintf (out, "</p>\n<p class=\"meta\"><span class=\"tlp %s\">%s</span></p></header>\n",
             tlp_class (view->tlp), cb_tlp_name (view->tlp));
}

static void put_headline (FILE *out, struct span body)
{
    struct span headline = body_text (body, "headline"), in_urdu = body_text (body, "headline_ur");
    struct span level = body_text (body, "threat_level");
    fputs ("<p class=\"headline\"><bdi>", out);
    put (out, headline.size ? headline : span_of ("(no headline yet)"));
    fputs ("</bdi></p>\n", out);
    if (in_urdu.size) {
        fputs ("<p class=\"headline\" lang=\"ur\" dir=\"rtl\"><bdi>", out);
        put (out, in_urdu);
        fputs ("</bdi></p>\n", out);
    }
    fprintf (out, "<p><span class=\"level %s\">%s: ", level_class (level),
             heading_english (HEADING_LEVEL));
    put (out, level.size ? level : span_of ("not decided yet"));
    fputs (" &#183; <span lang=\"ur\" dir=\"rtl\">", out);
    fprintf (out, "%s</span></span></p>\n", heading_urdu (HEADING_LEVEL));
}

static void put_figures (FILE *out, struct span body)
{
    fputs ("<div class=\"figures\">\n", out);
    for (size_t i = 0; i < FIGURES; i++) {
        struct figure figure = figure_total (body, first_figures[i].name);
        bool words = strchr (figure.text, ' ') != NULL;
        fprintf (out, "<div><b%s>", words ? " class=\"words\"" : "");
        put_text (out, figure.text);
        fputs ("</b><small>", out);
        put_text (out, figure.change[0] ? figure.change : "\u00a0");
        fprintf (out, "</small>%s<small lang=\"ur\" dir=\"rtl\">%s</small></div>\n",
                 heading_english (first_figures[i].heading),
                 heading_urdu (first_figures[i].heading));
    }
    fputs ("</div>\n", out);
}

static void put_outlook (FILE *out, struct span body)
{
    struct span outlook = body_text (body, "outlook"), in_urdu = body_text (body, "outlook_ur");
    if (outlook.size || in_urdu.size)
        heading (out, HEADING_OUTLOOK);
    put_paragraphs (out, outlook, "dir=\"auto\"");
    put_paragraphs (out, in_urdu, "lang=\"ur\" dir=\"rtl\"");
}

/* --- The pages behind it ------------------------------------------------------------------- */

static void put_trend (FILE *out, struct span body)
{
    int64_t values[TREND_MOST];
    struct pack_in in;
    size_t count = answer_array (body, "trend", &in);
    if (!count || count > TREND_MOST)
        return;
    for (size_t i = 0; i < count; i++)
        values[i] = pack_int (&in, 0, INT64_C (1000000000000));
    if (in.bad)
        return;
    heading (out, HEADING_TREND);
    chart_trend (out, values, count);
}

static void put_table (FILE *out, struct span body, const struct figure_about *about)
{
    struct pack_in in;
    int64_t most = 0;
    size_t count = answer_array (body, about->name, &in);
    if (!count)
        return;
    struct pack_in again = in;
    for (size_t left = count; left; left--) {
        struct figure figure = figure_of (pack_any (&in));
        most = figure.count > most ? figure.count : most;
    }
    heading (out, about->heading);
    fputs ("<table>\n", out);
    for (; count; count--) {
        struct figure figure = figure_of (pack_any (&again));
        fputs ("<tr>", out);
        cell (out, "", span_of (figure.name));
        number_cell (out, figure.text);
        number_cell (out, figure.change);
        fputs ("<td>", out);
        chart_bar (out, figure.count, most);
        fputs ("</td></tr>\n", out);
    }
    fputs ("</table>\n", out);
}

static void put_open (FILE *out, struct span body)
{
    struct pack_in in;
    size_t count = answer_array (body, "open", &in);
    if (!count)
        return;
    heading (out, HEADING_CASES);
    fputs ("<table>\n<tr><th></th><th>Stage</th><th>Reported</th><th>Kind</th><th>Whose, and "
           "what</th></tr>\n",
           out);
    for (; count; count--) {
        struct span row = pack_any (&in), title = body_text (row, "title");
        fputs ("<tr>", out);
        cell (out, "", body_text (row, "severity"));
        cell (out, "", body_text (row, "stage"));
        cell (out, "", span_of (day_of (body, row, "reported").text));
        cell (out, "", body_text (row, "type"));
        fputs ("<td><bdi>", out);
        if (title.size) {
            put (out, body_text (row, "party"));
            fputs ("</bdi>: <bdi>", out);
            put (out, title);
        } else
            fputs ("not named: its TLP and consent do not allow it", out);
        fputs ("</bdi></td></tr>\n", out);
    }
    fputs ("</table>\n", out);
}

static void put_items (FILE *out, struct span body, enum heading which, const char *key)
{
    struct pack_in in;
    size_t count = answer_array (body, key, &in);
    if (!count)
        return;
    heading (out, which);
    fputs ("<table>\n", out);
    for (; count; count--) {
        struct span row = pack_any (&in), text = body_text (row, "text");
        int64_t bodies = body_int (row, "count", -1);
        char constituents[48] = "";
        if (bodies >= 0)
            snprintf (constituents, sizeof constituents, "%" PRId64 " constituents", bodies);
        fputs ("<tr>", out);
        cell (out, "", span_of (day_of (body, row, "when").text));
        cell (out, "", text.size ? text : body_text (row, "title"));
        number_cell (out, constituents);
        fputs ("</tr>\n", out);
    }
    fputs ("</table>\n", out);
}

static void put_cves (FILE *out, struct span advisory)
{
    struct pack_in in;
    fputs ("<td>", out);
    for (size_t left = answer_array (advisory, "cves", &in); left; left--) {
        put (out, pack_str (&in, 0, SIZE_MAX));
        fputs (left > 1 ? ", " : "", out);
    }
    fputs ("</td>", out);
}

static void put_advisories (FILE *out, struct span body)
{
    struct pack_in in;
    size_t count = answer_array (body, "advisories", &in);
    int64_t withheld = body_int (body, "withheld", 0);
    if (count) {
        heading (out, HEADING_COMPLIANCE);
        fputs ("<table>\n<tr><th>Number</th><th></th><th>Subject</th><th>Exploited "
               "vulnerabilities</th><th class=\"n\">Complied</th></tr>\n",
               out);
    }
    for (size_t left = count; left; left--) {
        struct span row = pack_any (&in);
        fputs ("<tr>", out);
        cell (out, "", body_text (row, "number"));
        cell (out, "", body_text (row, "severity"));
        cell (out, "", body_text (row, "title"));
        put_cves (out, answer_bool (row, "exploited") ? row : span_of (""));
        number_cell (out, share_of (row).text);
        fputs ("</tr>\n", out);
    }
    if (count)
        fputs ("</table>\n", out);
    if (withheld)
        fprintf (out, "<p class=\"meta\">And %" PRId64 " that may not be shown here.</p>\n",
                 withheld);
}

static void put_parties (FILE *out, struct span body, const struct figure_about *about)
{
    struct pack_in in;
    size_t count = answer_array (body, about->name, &in);
    if (!count)
        return;
    heading (out, about->heading);
    fputs ("<table>\n", out);
    for (; count; count--) {
        struct span row = pack_any (&in), title = body_text (row, "title");
        char times[32];
        snprintf (times, sizeof times, "%" PRId64, body_int (row, "count", 0));
        fputs ("<tr>", out);
        cell (out, "", title.size ? title : body_text (row, "party"));
        cell (out, "", body_text (row, "party"));
        number_cell (out, times);
        fputs ("</tr>\n", out);
    }
    fputs ("</table>\n", out);
}

static void put_fakes (FILE *out, struct span body)
{
    static const char *const names[] = { "fakes", "forged" };
    static const char *const labels[] = { "Reported: masquerade and phishing",
                                          "Refused here: not signed by whom they name" };
    heading (out, HEADING_FAKES);
    fputs ("<table>\n", out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct figure figure = figure_total (body, names[i]);
        fputs ("<tr>", out);
        cell (out, "", span_of (labels[i]));
        number_cell (out, figure.text);
        number_cell (out, figure.change);
        fputs ("</tr>\n", out);
    }
    fputs ("</table>\n", out);
}

static void put_foot (FILE *out, const struct bulletin_view *view)
{
    char id[ID_TEXT], code[CODE_TEXT];
    fprintf (out, "<footer>%s &#183; ", cb_tlp_name (view->tlp));
    put (out, body_text (view->body, "number"));
    if (view->e) {
        msg_id_text (&view->e->id, id);
        hash_code (&view->e->leaf, code);
        fputs (" &#183; ", out);
        put_text (out, id);
        fprintf (out, " &#183; code <b>%s</b><br/>", code);
        if (view->e->officer.size) {
            fputs ("Approved by <bdi>", out);
            put (out, view->e->officer);
            fputs ("</bdi>. ", out);
        }
        fputs ("This page is a copy. What was signed is checked with: certbus verify ", out);
        put_text (out, id);
        fputs (" - it is this bulletin if the code is the one above.", out);
    }
    fputs ("<br/>Incidents are those known to the issuer, by the time at which they were reported; "
           "duplicates, what was refuted, tests and exercises are not counted.</footer>\n",
           out);
}

char *bulletin_html (const struct bulletin_view *view)
{
    char *text = NULL;
    size_t size = 0;
    struct span body = view->body;
    FILE *out = open_memstream (&text, &size);
    if (!out)
        abort ();
    fputs ("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>\n"
           "<meta charset=\"utf-8\"/>\n<title>",
           out);
    put (out, body_text (body, "number"));
    fprintf (out, "</title>\n<style>%s", style_sheet);
    put_page_marks (out, view->tlp);
    fputs ("</style>\n</head><body>\n", out);
    if (*view->mark)
        fprintf (out, "<div class=\"mark\">%s</div><div class=\"banner\">%s</div>\n", view->mark,
                 view->mark);
    fputs ("<section class=\"first\">\n", out);
    put_head (out, view);
    put_headline (out, body);
    put_figures (out, body);
    put_outlook (out, body);
    fputs ("</section>\n<section>\n", out);
    put_trend (out, body);
    for (size_t i = 0; i < TABLES; i++)
        put_table (out, body, &incident_tables[i]);
    put_open (out, body);
    put_items (out, body, HEADING_CAMPAIGNS, "campaigns");
    put_advisories (out, body);
    for (size_t i = 0; i < PARTY_LISTS; i++)
        put_parties (out, body, &party_lists[i]);
    put_fakes (out, body);
    put_items (out, body, HEADING_EXERCISES, "exercises");
    put_items (out, body, HEADING_NEXT, "next");
    put_foot (out, view);
    fputs ("</section>\n</body></html>\n", out);
    if (fclose (out) != 0)
        abort (); /* out of memory */
    return text;
}
