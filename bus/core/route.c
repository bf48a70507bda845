/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/route.h"

static bool touches (const struct term *term, const struct route_child *child)
{
    switch (term->type) {
    case TERM_PARTY: return party_within (term->name, child->name);
    case TERM_SUBTREE:
        return party_within (child->name, term->name) || party_within (term->name, child->name);
    case TERM_SECTOR:
        return (child->sectors && labels_have (child->sectors, term->name)) ||
               (child->may_grant && labels_have (child->may_grant, term->name));
    }
    return false;
}

bool route_down (const struct term *audience, size_t count, struct span origin,
                 const struct route_child *child)
{
    if (party_within (origin, child->name))
        return false;
    for (size_t i = 0; i < count; i++)
        if (touches (&audience[i], child))
            return true;
    return false;
}

bool route_up (const struct term *audience, size_t count, struct span origin, struct span self)
{
    if (!party_within (origin, self))
        return false;
    for (size_t i = 0; i < count; i++)
        /* Who has a sector is known only from the root downwards. */
        if (audience[i].type == TERM_SECTOR || !party_within (audience[i].name, self))
            return true;
    return false;
}

bool route_here (const struct term *audience, size_t count, struct span self,
                 const struct labels *sectors)
{
    for (size_t i = 0; i < count; i++) {
        const struct term *term = &audience[i];
        bool here = false;
        switch (term->type) {
        case TERM_PARTY: here = span_equal (term->name, self); break;
        case TERM_SUBTREE: here = party_within (self, term->name); break;
        case TERM_SECTOR: here = sectors && labels_have (sectors, term->name); break;
        }
        if (here)
            return true;
    }
    return false;
}
