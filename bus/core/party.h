/* SPDX-License-Identifier: Apache-2.0 */
/*
 * party.h - names that are places in the hierarchy, and audience terms
 *
 * `pk`, `pk.sindh`, `pk.sindh.kpt`: root first, labels of [a-z0-9-]{1,32}, at
 * most 8. Parent, ancestor and subtree are questions about the name alone.
 */
#ifndef CERTBUS_PARTY_H
#define CERTBUS_PARTY_H

#include "bus/core/pack.h"

#define PARTY_LABELS 8
#define PARTY_MAX    (PARTY_LABELS * 33 - 1) /* bytes, without a NUL */
#define SECTOR_MAX   32
#define TERM_MAX     (PARTY_MAX + 3)
#define AUDIENCE_MAX 32

bool party_valid (struct span name);
/* One label: a sector, a role, a kind, an officer's short name. */
bool label_valid (struct span label);
size_t party_depth (struct span name); /* number of labels */
/* The name without its last label; empty for a root. Borrows from `name`. */
struct span party_parent (struct span name);
/* Whether `name` is `top` or lies below it. */
bool party_within (struct span name, struct span top);
/* Whether `a` is a proper ancestor of `b`. */
bool party_above (struct span a, struct span b);
/* How many letters to insert, drop or change make one name of the other; `limit` when
 * they are that many or more. */
size_t party_distance (struct span a, struct span b, size_t limit);

enum term_type { TERM_PARTY, TERM_SUBTREE, TERM_SECTOR };

/* One term of an audience: `pk.sindh`, `pk.sindh.**`, `@energy`. */
struct term {
    enum term_type type;
    struct span name; /* the party, the top of the subtree, or the sector */
};

/* False when `text` is no term. Borrows from it. */
bool term_parse (struct term *term, struct span text);

#endif
