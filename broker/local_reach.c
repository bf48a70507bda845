/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_draft.h"

#include <string.h>

#define REACH_BYTES ((size_t) 448 * 1024) /* each of the two lists */

struct reach {
    const struct draft *draft;
    struct span self; /* is not told that it does not get what it sends */
    struct pack_out with, without;
    size_t with_count, without_count; /* in the lists */
    size_t with_all, without_all;
    struct term terms[AUDIENCE_MAX];
};

static bool reach_visit (const struct entry *entry, void *arg)
{
    struct reach *reach = arg;
    const struct credential *c = &entry->credential;
    bool reached = !entry->revoked &&
                   route_here (reach->terms, reach->draft->audience_count, c->name, &c->sectors);
    if (!reached && span_equal (c->name, reach->self))
        return true;
    size_t *count = reached ? &reach->with_count : &reach->without_count;
    struct pack_out *out = reached ? &reach->with : &reach->without;
    ++*(reached ? &reach->with_all : &reach->without_all);
    if (pack_result (out).size > REACH_BYTES)
        return true;
    ++*count;
    pack_put_map (out, reached ? 2 : 3);
    put_span (out, "party", c->name);
    put_span (out, "title", c->title);
    if (!reached)
        put_text (out, "why", entry->revoked ? "its credential is revoked" : "not in the audience");
    return true;
}

void local_reach (const struct question *q, const struct draft *draft, const char *number,
                  const char *same)
{
    struct reach reach = { .draft = draft, .self = station_name (q->station) };
    struct pack_out out;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&reach.terms[i], draft->audience[i]);
    pack_init (&reach.with);
    pack_init (&reach.without);
    directory_each (q->station->directory, directory_root_file (q->station->directory)->top,
                    reach_visit, &reach);
    pack_init (&out);
    bool with_more = reach.with_all > reach.with_count;
    bool without_more = reach.without_all > reach.without_count;
    pack_put_map (&out, 3 + (number[0] != '\0') + with_more + (same[0] != '\0') + without_more);
    if (number[0] != '\0')
        put_text (&out, "number", number);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "reach");
    pack_put_array (&out, reach.with_count);
    pack_put_raw (&out, pack_result (&reach.with));
    if (with_more)
        put_uint (&out, "reach_count", reach.with_all);
    if (same[0] != '\0')
        put_text (&out, "same", same);
    pack_put_text (&out, "without");
    pack_put_array (&out, reach.without_count);
    pack_put_raw (&out, pack_result (&reach.without));
    if (without_more)
        put_uint (&out, "without_count", reach.without_all);
    answer_send (&q->asker, &out);
    pack_free (&out);
    pack_free (&reach.with);
    pack_free (&reach.without);
}
