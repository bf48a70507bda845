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
    /* Of the same one, its own party has it from itself. */
    if (e->issued < self->contact_issued ||
        (e->issued == self->contact_issued && !span_equal (by, e->id.origin)))
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
