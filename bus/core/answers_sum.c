/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/answers_own.h"

#include "bus/core/fields.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C (86400000)
/* Left for the signature and what stands around the answers; what names of silent parties may
 * take of the rest. */
#define REPLY_FRAME  ((size_t) 1024)
#define SILENT_BYTES ((size_t) 16 * 1024)

/* Between how many and how many it is. */
struct range {
    uint64_t low, high;
    bool least; /* or more than that */
};

/* What two sources say of the same constituents, which nobody can match: the larger counts. What is
 * below the threshold is between 1 and that, also where it is known better here. */
static struct range range_of (const struct seen_place *place, uint64_t threshold)
{
    const struct seen *own = &place->own, *told = &place->told;
    struct range out = { .least = own->least || told->least };
    out.low = out.high = told->count > own->count ? told->count : own->count;
    if (place->single) {
        out.low = out.high = own->count + told->count + told->fewer > 0;
        out.least = false;
    } else if (told->fewer > 0 && own->count < told->fewer) {
        out.low = 1;
        out.high = told->fewer - 1;
    } else if (out.low > 0 && out.low < threshold && !out.least) {
        out.low = 1;
        out.high = threshold - 1;
    }
    return out;
}

static void tell_range (struct seen *out, struct range range, uint64_t threshold)
{
    bool few = range.low > 0 && !range.least && range.high < threshold;
    out->fewer = few ? threshold : 0;
    out->count = few ? 0 : range.low < SEEN_MOST ? range.low : SEEN_MOST;
    out->least = !few && (range.least || out->count < range.high);
    if (few)
        out->last -= out->last % DAY_MS;
}

struct seen seen_told (const struct seen_place *place, uint64_t threshold)
{
    struct seen out = place->own;
    struct range range = range_of (place, threshold);
    seen_merge (&out, &place->told);
    if (place->single)
        threshold = 0;
    else if (place->told.fewer > threshold)
        threshold = place->told.fewer; /* that side wants more of them */
    tell_range (&out, range, threshold);
    return out;
}

struct seen seen_total (const struct answers *self, uint64_t threshold)
{
    struct seen out = { .count = 0 };
    struct range sum = { 0 };
    if (self->place_count == 1)
        return seen_told (&self->places[0], threshold);
    for (size_t i = 0; i < self->place_count; i++) {
        const struct seen_place *place = &self->places[i];
        struct range one = range_of (place, threshold);
        sum.low += one.low;
        sum.high += one.high;
        sum.least = sum.least || one.least;
        seen_merge (&out, &place->own);
        seen_merge (&out, &place->told);
    }
    tell_range (&out, sum, threshold);
    return out;
}

static int by_row (const void *a, const void *b)
{
    return strcmp (((const struct presence_row *) a)->name,
                   ((const struct presence_row *) b)->name);
}

void answers_each (struct answers *self, presence_visit visit, void *arg)
{
    if (self->row_count > 0)
        qsort (self->rows, self->row_count, sizeof *self->rows, by_row);
    for (size_t i = 0; i < self->row_count; i++)
        if (!visit (&self->rows[i].p, arg))
            return;
}

struct packing {
    struct pack_out rows, programs;
    struct software_list list;
    size_t count, room;
    bool cut;
};

/* Its number in the list, from 1; 0: none, or one too many. */
static size_t program_of (struct packing *packing, struct span software)
{
    struct software_list *list = &packing->list;
    for (size_t i = 0; i < list->count; i++)
        if (span_equal (list->at[i], software))
            return i + 1;
    if (software.size == 0 || list->count == SOFTWARE_KEPT)
        return 0;
    list->at[list->count++] = software;
    pack_put_str (&packing->programs, software);
    return list->count;
}

static bool pack_row (const struct presence *p, void *arg)
{
    struct packing *packing = arg;
    size_t used = pack_result (&packing->rows).size + pack_result (&packing->programs).size;
    packing->cut = used + PARTY_MAX + SOFTWARE_MAX + 64 > packing->room;
    if (packing->cut)
        return false;
    size_t program = program_of (packing, p->software);
    pack_put_array (&packing->rows, ROW_FIELDS);
    pack_put_str (&packing->rows, p->name);
    pack_put_bool (&packing->rows, p->open);
    pack_put_int (&packing->rows, p->since);
    pack_put_int (&packing->rows, p->heard);
    pack_put_uint (&packing->rows, p->lag);
    pack_put_bool (&packing->rows, p->more);
    pack_put_uint (&packing->rows, program);
    packing->count++;
    return true;
}

static void pack_presence (struct answers *self, size_t room, struct pack_out *out)
{
    struct packing packing = { .room = room };
    pack_init (&packing.rows);
    pack_init (&packing.programs);
    answers_each (self, pack_row, &packing);
    pack_put_map (out, 3);
    pack_put_text (out, "more");
    pack_put_bool (out, self->more || packing.cut);
    pack_put_text (out, "parties");
    pack_put_array (out, packing.count);
    pack_put_raw (out, pack_result (&packing.rows));
    pack_put_text (out, "software");
    pack_put_array (out, packing.list.count);
    pack_put_raw (out, pack_result (&packing.programs));
    pack_free (&packing.rows);
    pack_free (&packing.programs);
}

static void pack_seen (const struct answers *self, uint64_t threshold, struct pack_out *out)
{
    struct seen seen = seen_total (self, threshold);
    pack_put_map (out, 6);
    pack_put_text (out, "count");
    pack_put_uint (out, seen.count);
    pack_put_text (out, "fewer");
    pack_put_uint (out, seen.fewer);
    pack_put_text (out, "last");
    pack_put_int (out, seen.last);
    pack_put_text (out, "least");
    pack_put_bool (out, seen.least);
    pack_put_text (out, "more");
    pack_put_bool (out, self->more);
    pack_put_text (out, "parties");
    pack_put_array (out, seen.name_count);
    for (size_t i = 0; i < seen.name_count; i++)
        pack_put_text (out, seen.names[i]);
}

static void pack_contact (const struct answers *self, struct pack_out *out)
{
    bool fits = pack_result (&self->contact).size <= CONTACT_MAX;
    pack_put_map (out, 3);
    pack_put_text (out, "by");
    pack_put_text (out, fits ? self->contact_by : "");
    pack_put_text (out, "contact");
    pack_put_bin (out, fits ? pack_result (&self->contact) : span_bytes (NULL, 0));
    pack_put_text (out, "more");
    pack_put_bool (out, self->more || !fits);
}

static int by_name (const void *a, const void *b)
{
    return strcmp (a, b);
}

/* Names each silent party once, as many as there is room for; returns what they take. */
static size_t pack_silent (struct answers *self, struct reply *reply)
{
    size_t used = 0;
    reply->silent_count = 0;
    if (self->silent_count > 0)
        qsort (self->silent, self->silent_count, sizeof *self->silent, by_name);
    for (size_t i = 0; i < self->silent_count; i++) {
        struct span name = span_of (self->silent[i]);
        if (i > 0 && span_is (name, self->silent[i - 1]))
            continue;
        if (used + name.size + 3 > SILENT_BYTES) {
            self->more = true;
            break;
        }
        used += name.size + 3;
        reply->silent[reply->silent_count++] = name;
    }
    return used;
}

void answers_pack (struct answers *self, uint64_t threshold, struct reply *reply,
                   struct pack_out *out)
{
    struct pack_out map;
    size_t used = pack_silent (self, reply) + REPLY_FRAME;
    pack_init (&map);
    switch (self->question) {
    case QUESTION_PRESENCE: pack_presence (self, STATEMENT_MAX - used, &map); break;
    case QUESTION_SEEN: pack_seen (self, threshold, &map); break;
    case QUESTION_CONTACT: pack_contact (self, &map); break;
    case QUESTION_END: break;
    }
    reply->answers = pack_result (&map);
    reply_pack (out, reply);
    pack_free (&map);
    reply->answers = span_bytes (NULL, 0);
}
