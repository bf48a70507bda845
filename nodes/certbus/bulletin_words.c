/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin_view.h"

#include <inttypes.h>
#include <string.h>

#include "bus/core/when.h"
#include "bus/edge/zone.h"
#include "nodes/certbus/talk.h"

static const struct {
    const char *english, *urdu;
} headings[] = {
#define BULLETIN_X(NAME, english, urdu) { english, urdu },
    BULLETIN_HEADINGS (BULLETIN_X)
#undef BULLETIN_X
};

const char *heading_english (enum heading which)
{
    return headings[which].english;
}

const char *heading_urdu (enum heading which)
{
    return headings[which].urdu;
}

const struct figure_about first_figures[FIGURES] = {
    { HEADING_INCIDENTS, "incidents" },   { HEADING_OPEN, "open" },
    { HEADING_ADVISORIES, "advisories" }, { HEADING_OVERDUE, "overdue" },
    { HEADING_BREACHES, "breaches" },
};

const struct figure_about incident_tables[TABLES] = {
    { HEADING_SEVERITY, "by_severity" },
    { HEADING_CLASS, "by_class" },
    { HEADING_PROVINCE, "by_province" },
    { HEADING_SECTOR, "by_sector" },
};

const struct figure_about party_lists[PARTY_LISTS] = {
    { HEADING_LATE, "overdue" },
    { HEADING_WHOSE, "breaches" },
    { HEADING_SILENT, "silent" },
};

struct figure figure_of (struct span row)
{
    struct figure figure = { .count = body_int (row, "count", -1) };
    int64_t before = body_int (row, "before", -1);
    span_text (body_text (row, "name"), figure.name, sizeof figure.name);
    if (figure.count < 0) {
        snprintf (figure.text, sizeof figure.text, "fewer than %" PRId64,
                  body_int (row, "fewer", 1));
        figure.count = 0;
        return figure;
    }
    snprintf (figure.text, sizeof figure.text, "%" PRId64, figure.count);
    if (before >= 0 && before != figure.count)
        snprintf (figure.change, sizeof figure.change, "%+" PRId64, figure.count - before);
    else if (before >= 0)
        snprintf (figure.change, sizeof figure.change, "=");
    return figure;
}

struct figure figure_total (struct span body, const char *name)
{
    struct pack_in in;
    for (size_t left = answer_array (body, "totals", &in); left > 0; left--) {
        struct span row = pack_any (&in);
        if (span_is (body_text (row, "name"), name))
            return figure_of (row);
    }
    return (struct figure){ .text = "-" };
}

struct share share_of (struct span advisory)
{
    struct share share = { "-" };
    int64_t bodies = body_int (advisory, "bodies", -1),
            complied = body_int (advisory, "complied", -1);
    if (bodies > 0 && complied >= 0 && complied <= bodies)
        snprintf (share.text, sizeof share.text, "%" PRId64 " %%",
                  complied >= bodies ? 100 : complied * 100 / bodies);
    return share;
}

struct share day_of (struct span body, struct span map, const char *key)
{
    struct share share = { "-" };
    char name[ZONE_NAME], why[ZONE_WHY], text[ZONE_TEXT];
    int64_t ms = body_int (map, key, 0);
    span_text (body_text (body, "period.zone"), name, sizeof name);
    struct zone *zone = zone_open (*name ? name : "UTC", why);
    if (!zone) /* the zones of this machine are others than the issuer's */
        zone = zone_open ("UTC", why);
    if (zone && ms > 0) {
        zone_day (zone, ms, text);
        snprintf (share.text, sizeof share.text, "%.10s", text);
    }
    zone_close (&zone);
    return share;
}
