/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - whether the wall clock can be believed
 *
 * Escalations go by the wall clock, and one that jumps would send them all at once, or none. It is
 * compared with the clock that counts from boot and never jumps: beyond HOLD_JUMP_MS the time is
 * held in doubt until somebody confirms it, or until it is back where it was. Pure: both clocks are
 * arguments, in ms. docs/casework/clocks.md.
 */
#ifndef CERTBUS_HOLD_H
#define CERTBUS_HOLD_H

#include "bus/core/pack.h"

#define HOLD_JUMP_MS INT64_C (60000)
#define BOOT_ID      40 /* 36 characters and a NUL */

struct hold {
    char boot[BOOT_ID]; /* which run of the machine the offset is of */
    bool known;         /* `trusted` is */
    int64_t trusted;    /* wall clock minus boot clock, while it was right */
    int64_t newest;     /* the wall clock was behind what is stored: right when it is there; or 0 */
    bool held;
    int64_t jumped, since; /* while it is held: how far, and when that was by the wall clock */
};

enum hold_event { HOLD_NOTHING, HOLD_BEGAN, HOLD_ENDED };

/* At start: `self` is what was saved (all zero: nothing), `newest` when the newest record was
 * stored (0: there is none). In the run of the machine that it was saved in this is a tick; in
 * another one a wall clock behind what is stored is doubted, and a doubt of before stays. */
enum hold_event hold_start (struct hold *self, const char *boot, int64_t wall, int64_t steady,
                            int64_t newest);
enum hold_event hold_tick (struct hold *self, int64_t wall, int64_t steady);
/* Somebody says that the time is right. */
void hold_confirm (struct hold *self, int64_t wall, int64_t steady);

/* One value, to be kept over a restart. */
void hold_pack (struct pack_out *out, const struct hold *self);
bool hold_read (struct hold *out, struct span bytes); /* false: all zero */

#endif
