/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <stdlib.h>
#include <string.h>

/* A child of which `has` are the sectors and `may` those that it may grant, and a party at the
 * other end of the question; lists are separated by blanks. */
static const struct {
    const char *audience, *origin, *child, *has, *may;
    bool down;
} downs[] = {
    { "pk.sindh", "pk", "pk.sindh", "", "", true },
    { "pk.sindh.kpt", "pk", "pk.sindh", "", "", true },
    { "pk.sindh.a.b.c.d.e.f", "pk", "pk.sindh", "", "", true },
    { "pk.punjab", "pk", "pk.sindh", "", "", false },
    { "pk", "pk.punjab", "pk.sindh", "", "", false },
    { "pk.sindhi", "pk", "pk.sindh", "", "", false },
    { "pk.sind", "pk", "pk.sindh", "", "", false },
    { "pk.**", "pk", "pk.sindh", "", "", true },
    { "pk.sindh.**", "pk", "pk.sindh", "", "", true },
    { "pk.sindh.kpt.**", "pk", "pk.sindh", "", "", true },
    { "pk.punjab.**", "pk", "pk.sindh", "", "", false },
    { "pk.sindhi.**", "pk", "pk.sindh", "", "", false },
    { "pk.**", "pk.sindh", "pk.sindh", "", "", false },
    { "pk.**", "pk.sindh.kpt", "pk.sindh", "", "", false },
    { "pk.sindh.kpt", "pk.sindh.a", "pk.sindh", "", "", false },
    { "pk.sindh", "pk.sindhi", "pk.sindh", "", "", true },
    { "@energy", "pk", "pk.sindh", "", "", false },
    { "@energy", "pk", "pk.sindh", "energy", "", true },
    { "@energy", "pk", "pk.sindh", "", "energy", true },
    { "@energy", "pk", "pk.sindh", "health", "water", false },
    { "@energy", "pk", "pk.sindh", "", "*", true },
    { "@energy", "pk.sindh.kpt", "pk.sindh", "energy", "*", false },
    { "@health pk.punjab", "pk", "pk.sindh", "energy", "", false },
    { "@health pk.punjab pk.sindh.kpt", "pk", "pk.sindh", "energy", "", true },
    { "pk.sindh.kpt", "pk", "pk.sindh.kpt", "", "", true },
    { "pk.sindh", "pk", "pk.sindh.kpt", "", "", false },
    { "a.b.c.d.e.f.g.h", "a", "a.b.c.d.e.f.g", "", "", true },
    { "a.b.c.d.**", "a", "a.b.c.d.e.f.g", "", "", true },
    { "a.b.c.x.**", "a", "a.b.c.d.e.f.g", "", "", false },
};

static const struct {
    const char *audience, *origin, *self, *has;
    bool up, here;
} ups[] = {
    { "pk", "pk.sindh.kpt", "pk.sindh", "", true, false },
    { "pk", "pk.punjab", "pk.sindh", "", false, false },
    { "pk.sindh", "pk.sindh.kpt", "pk.sindh", "", false, true },
    { "pk.sindh", "pk.sindh", "pk.sindh", "", false, true },
    { "pk.sindh.kpt", "pk.sindh.a", "pk.sindh", "", false, false },
    { "pk.punjab", "pk.sindh.kpt", "pk.sindh", "", true, false },
    { "pk.sindhi", "pk.sindh.kpt", "pk.sindh", "", true, false },
    { "pk.sindh.**", "pk.sindh.kpt", "pk.sindh", "", false, true },
    { "pk.sindh.kpt.**", "pk.sindh.a", "pk.sindh", "", false, false },
    { "pk.**", "pk.sindh.kpt", "pk.sindh", "", true, true },
    { "pk.**", "pk.punjab", "pk.sindh", "", false, true },
    { "pk.punjab.**", "pk.sindh", "pk.sindh", "", true, false },
    { "@energy", "pk.sindh.kpt", "pk.sindh", "energy", true, true },
    { "@energy", "pk.sindh.kpt", "pk.sindh", "health", true, false },
    { "@energy", "pk", "pk.sindh", "energy", false, true },
    { "pk.sindh pk.sindh.kpt", "pk.sindh.a", "pk.sindh", "", false, true },
    { "pk.sindh uk", "pk.sindh.a", "pk.sindh", "", true, true },
    { "a.b.c", "a.b.c.d.e.f.g.h", "a.b.c.d", "", true, false },
    { "a.b.c.d.**", "a.b.c.d.e.f.g.h", "a.b.c.d.e.f", "", true, true },
    { "a.b.c.d.e.f.g.**", "a.b.c.d.e.f.x", "a.b.c.d.e.f", "", false, false },
};

static json_t *list_of (const char *given)
{
    json_t *list = json_array ();
    char *copy = strdup (given), *rest = copy, *word;
    while ((word = strtok_r (rest, " ", &rest)) != NULL)
        json_array_append_new (list, json_string (word));
    free (copy);
    return list;
}

void make_route (void)
{
    for (size_t i = 0; i < sizeof downs / sizeof downs[0]; i++) {
        bool sectors = downs[i].has[0] != 0 || downs[i].may[0] != 0;
        const char *with =
            sectors ? text (" with %s and %s", downs[i].has[0] ? downs[i].has : "no sector",
                            downs[i].may[0] ? downs[i].may : "none to grant")
                    : "";
        vector_with ("route",
                     text ("%s from %s %s down to %s%s", downs[i].audience, downs[i].origin,
                           downs[i].down ? "goes" : "does not go", downs[i].child, with),
                     json_pack ("{s:o, s:s, s:{s:s, s:o, s:o}}", "audience",
                                list_of (downs[i].audience), "origin", downs[i].origin, "child",
                                "name", downs[i].child, "sectors", list_of (downs[i].has),
                                "may_grant", list_of (downs[i].may)),
                     "ok", json_pack ("{s:b}", "down", downs[i].down));
    }
    for (size_t i = 0; i < sizeof ups / sizeof ups[0]; i++)
        vector_with (
            "route",
            text ("%s from %s %s from %s%s%s, and is %s it", ups[i].audience, ups[i].origin,
                  ups[i].up ? "goes up" : "does not go up", ups[i].self,
                  ups[i].has[0] ? " with " : "", ups[i].has, ups[i].here ? "for" : "not for"),
            json_pack ("{s:o, s:s, s:{s:s, s:o}}", "audience", list_of (ups[i].audience), "origin",
                       ups[i].origin, "self", "name", ups[i].self, "sectors", list_of (ups[i].has)),
            "ok", json_pack ("{s:b, s:b}", "up", ups[i].up, "here", ups[i].here));
}
