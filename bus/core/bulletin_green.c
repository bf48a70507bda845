/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/bulletin.h"

#include "bus/core/schema.h"

#include <string.h>

#define LABEL_LEAST 3 /* a shorter last label of a name is a word of every language */

/* --- Reading ------------------------------------------------------------------------------- */

static size_t list_open (struct span body, const char *key, struct pack_in *in)
{
    *in = pack_open (body_field (body, key));
    return pack_peek (in) == PACK_ARRAY ? pack_array (in, 0, SIZE_MAX) : 0;
}

/* A map in the making: what is there goes in, in the order in which it is put. */
struct map {
    size_t count;
    struct pack_out out;
};

static void put_raw (struct map *map, const char *key, struct span value)
{
    if (value.size == 0)
        return;
    map->count++;
    pack_put_text (&map->out, key);
    pack_put_raw (&map->out, value);
}

static void put_text (struct map *map, const char *key, struct span text)
{
    if (text.size == 0)
        return;
    map->count++;
    pack_put_text (&map->out, key);
    pack_put_str (&map->out, text);
}

static void put_int (struct map *map, const char *key, int64_t value)
{
    map->count++;
    pack_put_text (&map->out, key);
    pack_put_int (&map->out, value);
}

/* Appends the map to a list or to the body, and frees it. */
static void map_end (struct map *map, struct pack_out *out)
{
    pack_put_map (out, map->count);
    pack_put_raw (out, pack_result (&map->out));
    pack_free (&map->out);
}

static void map_begin (struct map *map)
{
    map->count = 0;
    pack_init (&map->out);
}

/* A list in the making. */
struct list {
    size_t count;
    struct pack_out out;
};

static void list_end (struct list *list, struct map *map, const char *key)
{
    map->count++;
    pack_put_text (&map->out, key);
    pack_put_array (&map->out, list->count);
    pack_put_raw (&map->out, pack_result (&list->out));
    pack_free (&list->out);
}

/* --- Figures ------------------------------------------------------------------------------- */

/* A figure below `least` is "fewer than so many", nothing as well: that there was none would tell
 * of the weeks in which there was one. */
static void put_figure (struct list *list, const char *name, int64_t count, int64_t before,
                        int64_t least)
{
    struct map row;
    map_begin (&row);
    if (count >= least && before >= least)
        put_int (&row, "before", before);
    if (count >= least)
        put_int (&row, "count", count);
    else
        put_int (&row, "fewer", least);
    put_text (&row, "name", span_of (name));
    map_end (&row, &list->out);
    list->count++;
}

static void green_totals (struct map *map, struct span body, int64_t least)
{
    struct list list = { .count = 0 };
    struct pack_in in;
    pack_init (&list.out);
    for (size_t left = list_open (body, "totals", &in); left > 0; left--) {
        struct span row = pack_any (&in);
        char name[BULLETIN_NAME];
        span_text (body_text (row, "name"), name, sizeof name);
        /* What this CERT itself did, and what reached it, tell of no constituent. */
        bool own = strcmp (name, "advisories") == 0 || strcmp (name, "forged") == 0;
        put_figure (&list, name, body_int (row, "count", 0), body_int (row, "before", -1),
                    own ? 0 : least);
    }
    list_end (&list, map, "totals");
}

/* Rows below `least` are put together. One alone could be told from the total, so that the
 * smallest of the others joins it. */
static void green_table (struct map *map, struct span body, const char *key, int64_t least)
{
    struct bulletin_rows rows = { .count = 0 };
    struct list list = { .count = 0 };
    struct pack_in in;
    for (size_t left = list_open (body, key, &in); left > 0; left--) {
        struct span row = pack_any (&in);
        bulletin_add (&rows, body_text (row, "name"), body_int (row, "count", 0),
                      body_int (row, "before", 0));
    }
    bulletin_sort_rows (&rows);
    size_t shown = 0;
    while (shown < rows.count && rows.at[shown].count >= least)
        shown++;
    if (shown > 0 && rows.count - shown == 1)
        shown--;
    pack_init (&list.out);
    int64_t others = 0;
    for (size_t i = 0; i < rows.count; i++) {
        if (i < shown)
            put_figure (&list, rows.at[i].name, rows.at[i].count, rows.at[i].before, least);
        else
            others += rows.at[i].count;
    }
    if (shown < rows.count)
        put_figure (&list, "other", others, -1, least);
    list_end (&list, map, key);
}

/* Only where no figure of it is a small one. */
static void green_trend (struct map *map, struct span body, int64_t least)
{
    struct pack_in in;
    bool small = false;
    for (size_t left = list_open (body, "trend", &in); left > 0; left--)
        small = pack_int (&in, 0, INT64_MAX) < least || small;
    if (!small && !in.bad)
        put_raw (map, "trend", body_field (body, "trend"));
}

/* --- Advisories ---------------------------------------------------------------------------- */

static bool may_be_shown (struct span advisory)
{
    struct span tlp = body_text (advisory, "tlp");
    return span_is (tlp, cb_tlp_name (CB_TLP_CLEAR)) || span_is (tlp, cb_tlp_name (CB_TLP_GREEN));
}

static void put_advisory (struct list *list, struct span a, int64_t least)
{
    static const char *const kept[] = { "cves",     "exploited", "issued", "number",
                                        "severity", "title",     "tlp" };
    struct map map;
    map_begin (&map);
    if (body_int (a, "bodies", -1) >= least) {
        put_raw (&map, "bodies", body_field (a, "bodies"));
        if (body_int (a, "complied", -1) >= least)
            put_raw (&map, "complied", body_field (a, "complied"));
    }
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        put_raw (&map, kept[i], body_field (a, kept[i]));
    map_end (&map, &list->out);
    list->count++;
}

/* Returns how many are not shown. */
static int64_t green_advisories (struct map *map, struct span body, int64_t least)
{
    struct list list = { .count = 0 };
    struct pack_in in;
    int64_t withheld = 0;
    pack_init (&list.out);
    for (size_t left = list_open (body, "advisories", &in); left > 0; left--) {
        struct span advisory = pack_any (&in);
        if (may_be_shown (advisory))
            put_advisory (&list, advisory, least);
        else
            withheld++;
    }
    list_end (&list, map, "advisories");
    return withheld;
}

static void green_next (struct map *map, struct span body)
{
    struct list list = { .count = 0 };
    struct pack_in in;
    pack_init (&list.out);
    for (size_t left = list_open (body, "next", &in); left > 0; left--) {
        struct span item = pack_any (&in);
        if (!span_is (body_text (item, "text"), BULLETIN_NEXT))
            continue;
        list.count++;
        pack_put_raw (&list.out, item);
    }
    list_end (&list, map, "next");
}

/* --- All of it ----------------------------------------------------------------------------- */

static struct span or_other (struct span body, const char *green, const char *other)
{
    struct span text = body_text (body, green);
    return text.size > 0 ? text : body_text (body, other);
}

/* Names what is kept: a field that comes to the Cabinet's edition later is not in this one until
 * somebody has thought about it. In the order of keys. */
void bulletin_green (struct pack_out *out, struct span body, int64_t least)
{
    struct map map;
    char number[BULLETIN_NUMBER + 8];
    bool reworded =
        body_text (body, "green_headline").size > 0 || body_text (body, "green_outlook").size > 0;
    map_begin (&map);
    int64_t withheld = green_advisories (&map, body, least);
    green_table (&map, body, "by_class", least);
    green_table (&map, body, "by_province", least);
    green_table (&map, body, "by_sector", least);
    green_table (&map, body, "by_severity", least);
    put_text (&map, "edition", span_of ("community"));
    put_text (&map, "headline", or_other (body, "green_headline", "headline"));
    if (!reworded)
        put_text (&map, "headline_ur", body_text (body, "headline_ur"));
    put_text (&map, "issuer", body_text (body, "issuer"));
    green_next (&map, body);
    snprintf (number, sizeof number, SPAN_FMT "-GREEN", SPAN_ARG (body_text (body, "number")));
    put_text (&map, "number", span_of (number));
    put_text (&map, "outlook", or_other (body, "green_outlook", "outlook"));
    if (!reworded)
        put_text (&map, "outlook_ur", body_text (body, "outlook_ur"));
    put_raw (&map, "period", body_field (body, "period"));
    put_text (&map, "status", body_text (body, "status"));
    put_raw (&map, "threat_level", body_field (body, "threat_level"));
    green_totals (&map, body, least);
    green_trend (&map, body, least);
    if (withheld > 0)
        put_int (&map, "withheld", withheld);
    map_end (&map, out);
}

/* --- Names --------------------------------------------------------------------------------- */

static uint8_t lower (uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t) (c - 'A' + 'a') : c;
}

/* Of a word, at a place that may be before or behind the text. */
static bool is_word (struct span text, size_t at)
{
    uint8_t c = at < text.size ? lower (text.data[at]) : ' ';
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
}

/* Whether a text has these words, in any case of letters. */
static bool says (struct span text, struct span words)
{
    for (size_t at = 0; words.size > 0 && at + words.size <= text.size; at++) {
        size_t i = 0;
        while (i < words.size && lower (text.data[at + i]) == lower (words.data[i]))
            i++;
        if (i == words.size && !is_word (text, at - 1) && !is_word (text, at + i))
            return true;
    }
    return false;
}

static struct span last_label (struct span party)
{
    for (size_t i = party.size; i > 0; i--)
        if (party.data[i - 1] == '.')
            return span_bytes (party.data + i, party.size - i);
    return party;
}

static bool says_one (struct span text, struct span row, struct span *name)
{
    struct span party = body_text (row, "party"), label = last_label (party);
    struct span names[] = { party, body_text (row, "title"), label };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *name = names[i];
        if ((i < 2 || label.size >= LABEL_LEAST) && says (text, names[i]))
            return true;
    }
    return false;
}

struct span bulletin_named (struct span body, struct span text)
{
    static const char *const lists[] = { "open", "overdue", "breaches", "silent" };
    struct span name;
    struct pack_in in;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (size_t left = list_open (body, lists[i], &in); left > 0; left--)
            if (says_one (text, pack_any (&in), &name))
                return name;
    return span_bytes (NULL, 0);
}
