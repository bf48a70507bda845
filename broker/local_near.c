/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

struct nearest {
    struct span to, found;
    size_t distance;
};

static bool visit (const struct entry *entry, void *arg)
{
    struct nearest *nearest = arg;
    struct span name = entry->credential.name;
    size_t distance = party_distance (name, nearest->to, nearest->distance);
    if (distance < nearest->distance && !entry->revoked) {
        nearest->distance = distance;
        nearest->found = name;
    }
    return true;
}

void local_unknown (struct local_unknown *out, const struct station *station, struct span below,
                    struct span name, const char *what)
{
    size_t label = name.size - party_parent (name).size - 1;
    struct nearest nearest = { .to = name, .distance = label < 6 ? 2 + label / 3 : 4 };
    directory_each (station->directory, below, visit, &nearest);
    int size = snprintf (out->detail, sizeof out->detail, SPAN_FMT ": %s", SPAN_ARG (name), what);
    if (nearest.found.size > 0)
        snprintf (out->detail + size, sizeof out->detail - (size_t) size,
                  "; did you mean " SPAN_FMT "?", SPAN_ARG (nearest.found));
}

void local_refuse_unknown (const struct question *q, struct span name)
{
    struct local_unknown unknown;
    struct span top = directory_root_file (q->station->directory)->top;
    local_unknown (&unknown, q->station, top, name, "no such party is known here");
    answer_refuse (&q->asker, "not-found", unknown.detail);
}
