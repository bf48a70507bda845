/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/answers_own.h"

#include "bus/core/fields.h"

#include <stdlib.h>
#include <string.h>

static void *grown (void *memory, size_t size)
{
    memory = realloc (memory, size);
    if (memory == NULL)
        abort ();
    return memory;
}

struct answers *answers_new (const struct request *request, struct span self)
{
    struct answers *answers = calloc (1, sizeof *answers);
    if (answers == NULL)
        abort ();
    answers->question = question_number (request->question);
    answers->request = request;
    span_text (self, answers->self, sizeof answers->self);
    pack_init (&answers->contact);
    return answers;
}

void answers_free (struct answers **self_p)
{
    struct answers *self = *self_p;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->row_count; i++) {
        free (self->rows[i].name);
        free (self->rows[i].software);
    }
    free (self->rows);
    free (self->places);
    free (self->silent);
    pack_free (&self->contact);
    free (self);
    *self_p = NULL;
}

/* --- What is known here -------------------------------------------------------------------- */

static char *text_of (struct span text)
{
    char *copy = strndup ((const char *) text.data, text.size);
    if (copy == NULL)
        abort ();
    return copy;
}

static void add_row (struct answers *self, const struct presence *presence)
{
    if (self->row_count == PRESENCE_MAX) {
        self->more = true;
        return;
    }
    if (self->row_count == self->row_room) {
        self->row_room = self->row_room ? 2 * self->row_room : 64;
        self->rows = grown (self->rows, self->row_room * sizeof *self->rows);
    }
    struct presence_row *row = &self->rows[self->row_count++];
    row->p = *presence;
    row->name = text_of (presence->name);
    row->software = presence->software.size > 0 ? text_of (presence->software) : NULL;
    row->p.name = span_of (row->name);
    row->p.software = span_of (row->software != NULL ? row->software : "");
}

void answers_presence (struct answers *self, const struct presence *presence)
{
    if (request_meets (self->request, presence->name, NULL))
        add_row (self, presence);
}

static struct seen_place *place_of (struct answers *self, struct span name)
{
    for (size_t i = 0; i < self->place_count; i++)
        if (span_is (name, self->places[i].name))
            return &self->places[i];
    self->places = grown (self->places, (self->place_count + 1) * sizeof *self->places);
    struct seen_place *place = &self->places[self->place_count++];
    memset (place, 0, sizeof *place);
    span_text (name, place->name, sizeof place->name);
    return place;
}

void seen_name (struct seen *seen, struct span name)
{
    size_t at = 0;
    while (at < seen->name_count && span_compare (span_of (seen->names[at]), name) < 0)
        at++;
    if (seen->name_count == SEEN_NAMES ||
        (at < seen->name_count && span_is (name, seen->names[at])))
        return;
    memmove (seen->names[at + 1], seen->names[at], (seen->name_count - at) * sizeof seen->names[0]);
    span_text (name, seen->names[at], sizeof seen->names[0]);
    seen->name_count++;
}

void seen_merge (struct seen *out, const struct seen *in)
{
    if (in->last > out->last)
        out->last = in->last;
    for (size_t i = 0; i < in->name_count; i++)
        seen_name (out, span_of (in->names[i]));
}

void answers_seen (struct answers *self, struct span place, const struct seen *seen)
{
    struct seen *own = &place_of (self, place)->own;
    own->count += seen->count;
    own->least = own->least || seen->least;
    seen_merge (own, seen);
}

void answers_contact (struct answers *self, const struct envelope *e, struct span by)
{
    if (e->issued < self->contact_issued)
        return;
    pack_reset (&self->contact);
    pack_put_raw (&self->contact, e->bytes);
    self->contact_issued = e->issued;
    span_text (by, self->contact_by, sizeof self->contact_by);
}

void answers_silent (struct answers *self, struct span party)
{
    if (self->silent_count == SILENT_MAX) {
        self->more = true;
        return;
    }
    if (self->silent == NULL)
        self->silent = grown (NULL, SILENT_MAX * sizeof *self->silent);
    span_text (party, self->silent[self->silent_count++], sizeof *self->silent);
}

/* --- What a neighbour says ----------------------------------------------------------------- */

/* Whether a neighbour may speak of this party. */
static bool its_side (const struct question_check *check, struct span name)
{
    return check->side == SIDE_CHILD ? party_within (name, check->peer)
                                     : !party_within (name, check->self);
}

static void read_row (struct pack_in *in, const struct software_list *programs,
                      struct presence *out)
{
    pack_array (in, ROW_FIELDS, ROW_FIELDS);
    out->name = fields_party (in);
    out->open = pack_bool (in);
    out->since = fields_time (in);
    out->heard = fields_time (in);
    out->lag = pack_uint (in, 0, UINT64_MAX);
    out->more = pack_bool (in);
    uint64_t program = pack_uint (in, 0, SOFTWARE_KEPT);
    if (program > programs->count)
        in->bad = true;
    out->software = program == 0 || in->bad ? span_of ("") : programs->at[program - 1];
}

/* In two passes: nothing of an answer counts when something in it is wrong. */
static bool rows_of (struct answers *self, const struct question_check *check,
                     const struct reply *reply, bool add)
{
    struct software_list programs;
    struct pack_in in = pack_open (body_field (reply->answers, "software"));
    programs.count = pack_array (&in, 0, SOFTWARE_KEPT);
    for (size_t i = 0; i < programs.count; i++)
        programs.at[i] = pack_str (&in, 1, SOFTWARE_MAX);
    if (!pack_done (&in))
        return false;
    in = pack_open (body_field (reply->answers, "parties"));
    struct span last = { NULL, 0 };
    for (size_t left = pack_array (&in, 0, PRESENCE_MAX); left && !in.bad; left--) {
        struct presence row;
        read_row (&in, &programs, &row);
        if (in.bad || !its_side (check, row.name) || span_equal (row.name, check->peer) ||
            (last.size > 0 && span_compare (last, row.name) >= 0))
            return false;
        last = row.name;
        if (add)
            answers_presence (self, &row);
    }
    return pack_done (&in);
}

static bool take_presence (struct answers *self, const struct question_check *check,
                           const struct reply *reply)
{
    return rows_of (self, check, reply, false) && rows_of (self, check, reply, true);
}

static bool take_seen (struct answers *self, const struct question_check *check,
                       const struct reply *reply)
{
    struct seen seen = { .count = 0 };
    struct pack_in in = pack_open (body_field (reply->answers, "count"));
    struct span last = { NULL, 0 };
    seen.count = pack_uint (&in, 0, SEEN_MOST);
    bool good = pack_done (&in);
    in = pack_open (body_field (reply->answers, "fewer"));
    seen.fewer = pack_uint (&in, 0, UINT32_MAX);
    good = good && pack_done (&in);
    in = pack_open (body_field (reply->answers, "last"));
    seen.last = fields_time (&in);
    good = good && pack_done (&in);
    in = pack_open (body_field (reply->answers, "least"));
    seen.least = pack_bool (&in);
    good = good && pack_done (&in);
    in = pack_open (body_field (reply->answers, "parties"));
    for (size_t left = pack_array (&in, 0, SEEN_NAMES); left && !in.bad; left--) {
        struct span name = fields_party (&in);
        if (in.bad || !its_side (check, name) || (last.size > 0 && span_compare (last, name) >= 0))
            return false;
        last = name;
        seen_name (&seen, name);
    }
    if (!good || !pack_done (&in) || (seen.fewer > 0 && seen.count > 0))
        return false;
    place_of (self, check->peer)->told = seen;
    return true;
}

bool contact_good (const struct directory *directory, struct span bytes, struct span party,
                   struct envelope *e)
{
    struct hash root;
    if (envelope_parse (e, bytes) != CB_OK || !span_is (e->kind, "contact") ||
        e->mode != CB_MODE_LIVE || !span_equal (e->id.origin, party))
        return false;
    const struct entry *entry = directory_by_hash (directory, e->credential);
    return entry != NULL && span_equal (entry->credential.name, party) &&
           merkle_climb (&e->leaf, e->tree_size, e->tree_index, e->path, e->path_count, &root) &&
           proof_verify (CB_PURPOSE_MESSAGE, e->credential, e->tree_size, &root,
                         entry->credential.sign_key, e->sig);
}

static bool take_contact (struct answers *self, const struct question_check *check,
                          const struct reply *reply)
{
    struct envelope e;
    struct pack_in in = pack_open (body_field (reply->answers, "by"));
    struct span by = pack_str (&in, 0, PARTY_MAX);
    bool good = pack_done (&in);
    in = pack_open (body_field (reply->answers, "contact"));
    struct span bytes = pack_bin (&in, 0, CONTACT_MAX);
    if (!good || !pack_done (&in) || (bytes.size == 0) != (by.size == 0))
        return false;
    if (bytes.size == 0)
        return true;
    if (!party_valid (by) || !its_side (check, by) ||
        !contact_good (check->directory, bytes, self->request->audience[0].name, &e))
        return false;
    answers_contact (self, &e, by);
    return true;
}

bool answers_take (struct answers *self, const struct question_check *check,
                   const struct reply *reply)
{
    static bool (*const take[QUESTION_END]) (struct answers *, const struct question_check *,
                                             const struct reply *) = {
        [QUESTION_PRESENCE] = take_presence,
        [QUESTION_SEEN] = take_seen,
        [QUESTION_CONTACT] = take_contact,
    };
    struct pack_in in = pack_open (body_field (reply->answers, "more"));
    bool more = pack_bool (&in);
    if (!pack_done (&in))
        return false;
    for (size_t i = 0; i < reply->silent_count; i++)
        if (!its_side (check, reply->silent[i]))
            return false;
    if (!take[self->question](self, check, reply))
        return false;
    for (size_t i = 0; i < reply->silent_count; i++)
        answers_silent (self, reply->silent[i]);
    self->more = self->more || more;
    return true;
}

/* --- The sum ------------------------------------------------------------------------------- */

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
    out.last = later (out.last, place->told.last);
    merge_names (&out, &place->told);
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
        out.last = later (out.last, later (place->own.last, place->told.last));
        merge_names (&out, &place->own);
        merge_names (&out, &place->told);
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
