/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/exercise.h"

#include "bus/core/fields.h"

#include <stdlib.h>
#include <string.h>

#define ROW_FIELDS 15

#define EXERCISE_X(NAME, number, text) [number] = (text),
static const char *const what_names[] = { EXERCISE_WHAT (EXERCISE_X) };
static const char *const stands_names[] = { EXERCISE_STANDS (EXERCISE_X) };
#undef EXERCISE_X

enum exercise_what exercise_what (struct span name)
{
    unsigned what = 0;
    while (what < EXERCISE_WHAT_END && !span_is (name, what_names[what]))
        what++;
    return (enum exercise_what) what;
}

const char *exercise_what_name (unsigned what)
{
    return what < EXERCISE_WHAT_END ? what_names[what] : "?";
}

const char *exercise_stands_name (unsigned stands)
{
    return stands < EXERCISE_STANDS_END ? stands_names[stands] : "?";
}

bool exercise_name_valid (struct span name)
{
    return name.size <= EXERCISE_NAME && label_valid (name);
}

static int64_t least (int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- The steps ----------------------------------------------------------------------------- */

static int by_time (const void *a, const void *b)
{
    const struct exercise_step *x = a, *y = b;
    if (x->issued != y->issued)
        return x->issued < y->issued ? -1 : 1;
    return memcmp (x->leaf.bytes, y->leaf.bytes, HASH_SIZE);
}

static struct exercise_pause *open_pause (struct exercise *self)
{
    return &self->pauses[self->pause_count - 1];
}

static void end (struct exercise *self, int64_t at)
{
    at = least (at, self->until);
    if (self->stands == EXERCISE_PAUSED)
        open_pause (self)->to = at;
    self->stands = EXERCISE_ENDED;
    self->ended = at;
}

const char *exercise_refuses (const struct exercise *self, enum exercise_what what, int64_t now)
{
    enum exercise_stands stands = exercise_at (self, now);
    bool open = stands == EXERCISE_RUNNING || stands == EXERCISE_PAUSED;
    if (stands == EXERCISE_UNKNOWN)
        return "its announcement is not here";
    if (what == EXERCISE_SCORE)
        return stands == EXERCISE_ENDED ? NULL : "it has not ended yet";
    /* That it ended with its period is said by a stop, too. */
    if (self->stands == EXERCISE_ENDED || (stands == EXERCISE_ENDED && what != EXERCISE_STOP))
        return "it has ended";
    switch (what) {
    case EXERCISE_START:
        return open               ? "it was started before"
               : now < self->from ? "its period has not begun"
                                  : NULL;
    case EXERCISE_PAUSE:
        return stands == EXERCISE_RUNNING ? NULL : open ? "it is paused" : "it was not started";
    case EXERCISE_RESUME: return stands == EXERCISE_PAUSED ? NULL : "it is not paused";
    case EXERCISE_STOP: return NULL;
    default: return "that is no step of an exercise that was announced";
    }
}

static void apply (struct exercise *self, const struct exercise_step *step)
{
    if (exercise_refuses (self, step->what, step->issued) != NULL)
        return;
    switch (step->what) {
    case EXERCISE_START:
        self->stands = EXERCISE_RUNNING;
        self->started = step->issued;
        self->run = step->id;
        break;
    case EXERCISE_PAUSE:
        if (self->pause_count == EXERCISE_PAUSES) {
            end (self, step->issued);
            break;
        }
        self->stands = EXERCISE_PAUSED;
        self->emergency = step->emergency;
        self->pauses[self->pause_count++] = (struct exercise_pause){ .from = step->issued };
        break;
    case EXERCISE_RESUME:
        self->stands = EXERCISE_RUNNING;
        self->run = step->id;
        self->emergency = false;
        open_pause (self)->to = step->issued;
        break;
    case EXERCISE_STOP: end (self, step->issued); break;
    default: break;
    }
}

void exercise_fold (struct exercise *self, struct exercise_step *steps, size_t count)
{
    self->stands = EXERCISE_ANNOUNCED;
    self->started = self->ended = 0;
    self->pause_count = 0;
    self->run = (struct msg_id){ 0 };
    self->emergency = false;
    qsort (steps, count, sizeof *steps, by_time);
    for (size_t i = 0; i < count; i++)
        apply (self, &steps[i]);
    if (count >= EXERCISE_STEPS && self->stands != EXERCISE_ENDED)
        end (self, steps[count - 1].issued);
}

enum exercise_stands exercise_at (const struct exercise *self, int64_t now)
{
    if (self->stands == EXERCISE_UNKNOWN || self->stands == EXERCISE_ENDED)
        return self->stands;
    return now >= self->until ? EXERCISE_ENDED : self->stands;
}

/* --- Time that counts ---------------------------------------------------------------------- */

int64_t exercise_ran (const struct exercise *self, int64_t time)
{
    int64_t end = self->ended > 0 ? self->ended : self->until;
    time = least (time, end);
    if (self->started == 0 || time <= self->started)
        return 0;
    int64_t ran = time - self->started;
    for (size_t i = 0; i < self->pause_count; i++) {
        int64_t to = self->pauses[i].to > 0 ? least (self->pauses[i].to, time) : time;
        if (to > self->pauses[i].from)
            ran -= to - self->pauses[i].from;
    }
    return ran;
}

int64_t exercise_later (const struct exercise *self, int64_t since, int64_t time)
{
    for (size_t i = 0; i < self->pause_count; i++) {
        const struct exercise_pause *pause = &self->pauses[i];
        int64_t from = pause->from > since ? pause->from : since;
        if (pause->to > from && time > from)
            time += pause->to - from;
    }
    return time;
}

int64_t exercise_due (const struct exercise *self, int64_t offset)
{
    if (self->stands != EXERCISE_RUNNING)
        return 0;
    int64_t since = self->pause_count > 0 ? self->pauses[self->pause_count - 1].to : self->started;
    int64_t at = since + (offset - exercise_ran (self, since));
    return at < self->until ? at : 0;
}

/* --- Who takes part ------------------------------------------------------------------------ */

static bool term_covers (const struct term *outer, const struct term *inner)
{
    switch (outer->type) {
    case TERM_PARTY: return inner->type == TERM_PARTY && span_equal (outer->name, inner->name);
    case TERM_SUBTREE: return inner->type != TERM_SECTOR && party_within (inner->name, outer->name);
    case TERM_SECTOR: return inner->type == TERM_SECTOR && span_equal (outer->name, inner->name);
    }
    return false;
}

/* A party named alone may be in it by its sector, which its own credential says and which is not
 * looked up for others: the announcer is believed, and so is an answer. */
static bool takes_part (const struct exercise *self, const struct exercise_guest *guest,
                        const struct term *term)
{
    bool sectors = false;
    if (term->type == TERM_PARTY &&
        (span_equal (term->name, self->id.origin) || span_equal (term->name, guest->origin)))
        return true;
    for (size_t i = 0; i < self->audience_count; i++) {
        sectors = sectors || self->audience[i].type == TERM_SECTOR;
        if (term_covers (&self->audience[i], term))
            return true;
    }
    return sectors && term->type == TERM_PARTY &&
           (span_equal (guest->origin, self->id.origin) ||
            span_equal (guest->correspondent, term->name));
}

const char *exercise_rejects (const struct exercise *self, const struct exercise_guest *guest)
{
    bool announcer = span_equal (guest->origin, self->id.origin);
    if (self->stands == EXERCISE_UNKNOWN)
        return "its announcement is not here";
    if (!announcer &&
        !route_here (self->audience, self->audience_count, guest->origin, guest->sectors))
        return "it was not announced to its sender";
    for (size_t i = 0; i < guest->audience_count; i++)
        if (!takes_part (self, guest, &guest->audience[i]))
            return "it was not announced to all of its audience";
    if (self->started == 0)
        return "the exercise has not started";
    if (guest->issued < self->started - guest->slack)
        return "it is older than the start of the exercise";
    int64_t end = self->ended > 0 ? self->ended : self->until;
    if (guest->issued >= end && guest->issued - end >= guest->slack)
        return "the exercise has ended";
    return NULL;
}

/* --- The row ------------------------------------------------------------------------------- */

static void pack_terms (struct pack_out *out, const struct exercise *self)
{
    pack_put_array (out, 2 * self->audience_count);
    for (size_t i = 0; i < self->audience_count; i++) {
        pack_put_uint (out, self->audience[i].type);
        pack_put_str (out, self->audience[i].name);
    }
}

static void read_terms (struct pack_in *in, struct exercise *self)
{
    self->audience_count = pack_array (in, 0, 2 * AUDIENCE_MAX) / 2;
    for (size_t i = 0; i < self->audience_count; i++) {
        self->audience[i].type = (enum term_type) pack_uint (in, 0, TERM_SECTOR);
        self->audience[i].name = pack_str (in, 1, PARTY_MAX);
    }
}

void exercise_pack (struct pack_out *out, const struct exercise *self)
{
    pack_put_array (out, ROW_FIELDS);
    msg_id_pack (out, &self->id);
    msg_id_pack (out, &self->plan);
    fields_put_text (out, self->title);
    pack_terms (out, self);
    pack_put_uint (out, self->tlp);
    pack_put_int (out, self->announced);
    pack_put_int (out, self->from);
    pack_put_int (out, self->until);
    pack_put_uint (out, self->stands);
    pack_put_int (out, self->started);
    pack_put_int (out, self->ended);
    msg_id_pack (out, &self->run);
    pack_put_bool (out, self->emergency);
    pack_put_array (out, 2 * self->pause_count);
    for (size_t i = 0; i < self->pause_count; i++) {
        pack_put_int (out, self->pauses[i].from);
        pack_put_int (out, self->pauses[i].to);
    }
    pack_put_uint (out, 1); /* version of the row */
}

bool exercise_read (struct exercise *self, struct span row)
{
    struct pack_in in = pack_open (row);
    *self = (struct exercise){ 0 };
    pack_array (&in, ROW_FIELDS, ROW_FIELDS);
    msg_id_read (&in, &self->id);
    msg_id_read (&in, &self->plan);
    self->title = pack_nil (&in) ? span_bytes (NULL, 0) : pack_str (&in, 1, 300);
    read_terms (&in, self);
    self->tlp = (unsigned) pack_uint (&in, CB_TLP_CLEAR, CB_TLP_END - 1);
    self->announced = fields_time (&in);
    self->from = fields_time (&in);
    self->until = fields_time (&in);
    self->stands = (enum exercise_stands) pack_uint (&in, 0, EXERCISE_STANDS_END - 1);
    self->started = fields_time (&in);
    self->ended = fields_time (&in);
    msg_id_read (&in, &self->run);
    self->emergency = pack_bool (&in);
    self->pause_count = pack_array (&in, 0, 2 * EXERCISE_PAUSES) / 2;
    for (size_t i = 0; i < self->pause_count; i++) {
        self->pauses[i].from = fields_time (&in);
        self->pauses[i].to = fields_time (&in);
    }
    pack_uint (&in, 1, 1);
    return pack_done (&in);
}
