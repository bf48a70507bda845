/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/bulletin.h"

#include <stdlib.h>
#include <string.h>

#define OTHER "other"

static const char *bulletin_total_name (unsigned total)
{
#define BULLETIN_X(NAME, name) name,
    static const char *const names[] = { BULLETIN_TOTALS (BULLETIN_X) };
#undef BULLETIN_X
    return total < BULLETIN_TOTAL_END ? names[total] : "?";
}

/* --- Filling ------------------------------------------------------------------------------- */

/* Never inside a character, and never empty, which no field of the schema may be. */
static void copy_text (char *out, size_t size, struct span text)
{
    while (text.size >= size || (text.size > 0 && !span_utf8 (text)))
        text.size--;
    span_text (text, out, size);
}

void bulletin_add (struct bulletin_rows *rows, struct span name, int64_t count, int64_t before)
{
    char text[BULLETIN_NAME];
    size_t i = 0;
    copy_text (text, sizeof text, name);
    while (i < rows->count && strcmp (rows->at[i].name, text) != 0)
        i++;
    if (i == rows->count && i + 1 >= BULLETIN_ROWS && strcmp (text, OTHER) != 0) {
        bulletin_add (rows, span_of (OTHER), count, before);
        return;
    }
    if (i == rows->count) {
        rows->count++;
        memset (&rows->at[i], 0, sizeof rows->at[i]);
        memcpy (rows->at[i].name, text, sizeof text);
    }
    rows->at[i].count += count;
    rows->at[i].before += before;
}

bool bulletin_add_party (struct bulletin_parties *parties, struct span party, int64_t count)
{
    size_t i = 0;
    while (i < parties->count && !span_is (party, parties->at[i].party))
        i++;
    if (i == BULLETIN_ROWS)
        return false;
    if (i == parties->count) {
        parties->count++;
        memset (&parties->at[i], 0, sizeof parties->at[i]);
        copy_text (parties->at[i].party, sizeof parties->at[i].party, party);
    }
    parties->at[i].count += count;
    return true;
}

bool bulletin_add_item (struct bulletin_items *items, struct span title, int64_t when,
                        int64_t count)
{
    if (items->count == BULLETIN_ITEMS || title.size == 0)
        return false;
    struct bulletin_item *item = &items->at[items->count++];
    memset (item, 0, sizeof *item);
    copy_text (item->title, sizeof item->title, title);
    item->when = when;
    item->count = count;
    return true;
}

static int by_name (const void *a, const void *b)
{
    return strcmp (((const struct bulletin_row *) a)->name,
                   ((const struct bulletin_row *) b)->name);
}

static int by_count (const void *a, const void *b)
{
    const struct bulletin_row *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return by_name (a, b);
}

void bulletin_sort_rows (struct bulletin_rows *rows)
{
    qsort (rows->at, rows->count, sizeof rows->at[0], by_count);
}

static int party_order (const void *a, const void *b)
{
    const struct bulletin_party *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp (x->party, y->party);
}

static void sort_parties (struct bulletin_parties *parties)
{
    qsort (parties->at, parties->count, sizeof parties->at[0], party_order);
}

void bulletin_sort (struct bulletin *b)
{
    struct bulletin_rows *severities = &b->tables[BULLETIN_BY_SEVERITY];
    for (unsigned i = BULLETIN_BY_ALL + 1; i < BULLETIN_BY_END; i++)
        bulletin_sort_rows (&b->tables[i]);
    qsort (severities->at, severities->count, sizeof severities->at[0], by_name);
    sort_parties (&b->overdue);
    sort_parties (&b->breaches);
    sort_parties (&b->silent);
}

void bulletin_number (struct span party, const char *day, char out[BULLETIN_NUMBER])
{
    /* Room for "-BULLETIN-", the day, and "-GREEN" of the other edition. */
    size_t room = BULLETIN_NUMBER - 1 - strlen ("-BULLETIN-") - strlen (day) - strlen ("-GREEN");
    while (party.size > room) {
        const uint8_t *dot = memchr (party.data, '.', party.size);
        size_t label = dot != NULL ? (size_t) (dot - party.data) + 1 : party.size - room;
        party.data += label;
        party.size -= label;
    }
    size_t i = 0;
    for (; i < party.size; i++) {
        char c = (char) party.data[i];
        out[i] = (char) (c == '.' ? '-' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    snprintf (out + i, BULLETIN_NUMBER - i, "-BULLETIN-%s", day);
}

bool bulletin_may_name (unsigned tlp, struct span climb, struct span self)
{
    if (tlp == CB_TLP_CLEAR || tlp == CB_TLP_GREEN)
        return true;
    return tlp == CB_TLP_AMBER && climb.size > 0 && party_within (self, climb);
}

/* --- Packing ------------------------------------------------------------------------------- */

static void put_text (struct pack_out *out, const char *key, const char *text)
{
    pack_put_text (out, key);
    pack_put_text (out, text);
}

static void put_int (struct pack_out *out, const char *key, int64_t value)
{
    pack_put_text (out, key);
    pack_put_int (out, value);
}

static void put_time (struct pack_out *out, const char *key, int64_t time)
{
    put_int (out, key, time < 0 ? 0 : time > TIME_MAX ? TIME_MAX : time);
}

static void put_list (struct pack_out *out, const char *key, size_t count)
{
    pack_put_text (out, key);
    pack_put_array (out, count);
}

static void put_row (struct pack_out *out, const struct bulletin_row *row)
{
    pack_put_map (out, 2 + (row->before >= 0));
    if (row->before >= 0)
        put_int (out, "before", row->before);
    put_int (out, "count", row->count);
    put_text (out, "name", row->name);
}

static void put_table (struct pack_out *out, const char *key, const struct bulletin_rows *rows)
{
    put_list (out, key, rows->count);
    for (size_t i = 0; i < rows->count; i++)
        put_row (out, &rows->at[i]);
}

static void put_parties (struct pack_out *out, const char *key,
                         const struct bulletin_parties *parties)
{
    put_list (out, key, parties->count);
    for (size_t i = 0; i < parties->count; i++) {
        const struct bulletin_party *party = &parties->at[i];
        pack_put_map (out, 2 + (party->title[0] != '\0'));
        put_int (out, "count", party->count);
        put_text (out, "party", party->party);
        if (party->title[0] != '\0')
            put_text (out, "title", party->title);
    }
}

static void put_items (struct pack_out *out, const char *key, const struct bulletin_items *items,
                       const char *name)
{
    put_list (out, key, items->count);
    for (size_t i = 0; i < items->count; i++) {
        const struct bulletin_item *item = &items->at[i];
        pack_put_map (out, 2 + (item->count >= 0));
        if (item->count >= 0)
            put_int (out, "count", item->count);
        put_text (out, name, item->title);
        put_time (out, "when", item->when);
    }
}

static void put_advisory (struct pack_out *out, const struct bulletin_advisory *a)
{
    pack_put_map (out, 6 + 2 * (a->bodies >= 0) + (a->cve_count > 0));
    if (a->bodies >= 0) {
        put_int (out, "bodies", a->bodies);
        put_int (out, "complied", a->complied);
    }
    if (a->cve_count > 0) {
        put_list (out, "cves", a->cve_count);
        for (size_t i = 0; i < a->cve_count; i++)
            pack_put_text (out, a->cves[i]);
    }
    pack_put_text (out, "exploited");
    pack_put_bool (out, a->exploited);
    put_time (out, "issued", a->issued);
    put_text (out, "number", a->number);
    put_text (out, "severity", a->severity);
    put_text (out, "title", a->title);
    put_text (out, "tlp", cb_tlp_name (a->tlp));
}

static void put_open (struct pack_out *out, const struct bulletin_open *o)
{
    bool typed = o->type[0] != '\0';
    pack_put_map (out, 3 + typed + 3 * o->named);
    if (o->named) {
        put_text (out, "id", o->id);
        put_text (out, "party", o->party);
    }
    put_time (out, "reported", o->reported);
    put_text (out, "severity", o->severity);
    put_text (out, "stage", o->stage);
    if (o->named)
        put_text (out, "title", o->title);
    if (typed)
        put_text (out, "type", o->type);
}

static void put_period (struct pack_out *out, const struct bulletin *b)
{
    pack_put_text (out, "period");
    pack_put_map (out, 2 + (b->shown[0] != '\0') + (b->zone[0] != '\0'));
    put_time (out, "from", b->from);
    if (b->shown[0] != '\0')
        put_text (out, "shown", b->shown);
    put_time (out, "until", b->until);
    if (b->zone[0] != '\0')
        put_text (out, "zone", b->zone);
}

void bulletin_pack (struct pack_out *out, const struct bulletin *b)
{
    pack_put_map (out, 18 + (b->issuer[0] != '\0'));
    put_list (out, "advisories", b->advisory_count);
    for (size_t i = 0; i < b->advisory_count; i++)
        put_advisory (out, &b->advisories[i]);
    put_parties (out, "breaches", &b->breaches);
    put_table (out, "by_class", &b->tables[BULLETIN_BY_CLASS]);
    put_table (out, "by_province", &b->tables[BULLETIN_BY_PROVINCE]);
    put_table (out, "by_sector", &b->tables[BULLETIN_BY_SECTOR]);
    put_table (out, "by_severity", &b->tables[BULLETIN_BY_SEVERITY]);
    put_items (out, "campaigns", &b->campaigns, "title");
    put_text (out, "edition", "cabinet");
    put_items (out, "exercises", &b->exercises, "title");
    if (b->issuer[0] != '\0')
        put_text (out, "issuer", b->issuer);
    put_items (out, "next", &b->next, "text");
    put_text (out, "number", b->number);
    put_list (out, "open", b->open_count);
    for (size_t i = 0; i < b->open_count; i++)
        put_open (out, &b->open[i]);
    put_parties (out, "overdue", &b->overdue);
    put_period (out, b);
    put_parties (out, "silent", &b->silent);
    put_text (out, "status", "draft");
    put_list (out, "totals", BULLETIN_TOTAL_END);
    for (unsigned i = 0; i < BULLETIN_TOTAL_END; i++) {
        struct bulletin_row row = b->totals[i];
        snprintf (row.name, sizeof row.name, "%s", bulletin_total_name (i));
        put_row (out, &row);
    }
    put_list (out, "trend", b->trend_count);
    for (size_t i = 0; i < b->trend_count; i++)
        pack_put_int (out, b->trend[i]);
}
