/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool near (int64_t a, int64_t b)
{
    return llabs (a - b) <= HOLD_JUMP_MS;
}

static enum hold_event doubt (struct hold *self, int64_t jumped, int64_t wall)
{
    self->held = true;
    self->jumped = jumped;
    self->since = wall;
    return HOLD_BEGAN;
}

static void trust (struct hold *self, int64_t offset)
{
    self->known = true;
    self->trusted = offset;
    self->newest = 0;
    self->held = false;
    self->jumped = self->since = 0;
}

enum hold_event hold_tick (struct hold *self, int64_t wall, int64_t steady)
{
    int64_t offset = wall - steady;
    if (!self->held && near (offset, self->trusted)) {
        self->trusted = offset; /* what is slewed is followed */
        return HOLD_NOTHING;
    }
    if (!self->held)
        return doubt (self, offset - self->trusted, wall);
    bool back =
        self->newest > 0 ? wall >= self->newest : self->known && near (offset, self->trusted);
    if (back) {
        trust (self, offset);
        return HOLD_ENDED;
    }
    if (self->newest > 0)
        self->jumped = wall - self->newest;
    else if (self->known)
        self->jumped = offset - self->trusted;
    return HOLD_NOTHING;
}

enum hold_event hold_start (struct hold *self, const char *boot, int64_t wall, int64_t steady,
                            int64_t newest)
{
    bool held = self->held;
    if (self->known && boot[0] != '\0' && strcmp (self->boot, boot) == 0)
        return hold_tick (self, wall, steady);
    snprintf (self->boot, sizeof self->boot, "%s", boot);
    if (held) {
        /* What the offset was in another run of the machine says nothing in this one. */
        self->known = false;
        self->newest = 0;
        return HOLD_NOTHING;
    }
    trust (self, wall - steady);
    if (wall >= newest - HOLD_JUMP_MS)
        return HOLD_NOTHING;
    self->newest = newest;
    return doubt (self, wall - newest, wall);
}

void hold_confirm (struct hold *self, int64_t wall, int64_t steady)
{
    trust (self, wall - steady);
}

void hold_pack (struct pack_out *out, const struct hold *self)
{
    pack_put_array (out, 7);
    pack_put_text (out, self->boot);
    pack_put_bool (out, self->known);
    pack_put_int (out, self->trusted);
    pack_put_int (out, self->newest);
    pack_put_bool (out, self->held);
    pack_put_int (out, self->jumped);
    pack_put_int (out, self->since);
}

bool hold_read (struct hold *out, struct span bytes)
{
    struct pack_in in = pack_open (bytes);
    memset (out, 0, sizeof *out);
    pack_array (&in, 7, 7);
    span_text (pack_str (&in, 0, BOOT_ID - 1), out->boot, sizeof out->boot);
    out->known = pack_bool (&in);
    out->trusted = pack_int (&in, INT64_MIN / 4, INT64_MAX / 4);
    out->newest = pack_int (&in, 0, INT64_MAX / 4);
    out->held = pack_bool (&in);
    out->jumped = pack_int (&in, INT64_MIN / 4, INT64_MAX / 4);
    out->since = pack_int (&in, 0, INT64_MAX / 4);
    if (pack_done (&in))
        return true;
    memset (out, 0, sizeof *out);
    return false;
}
