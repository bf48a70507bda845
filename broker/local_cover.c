/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_cover.h"

#include "bus/core/directory.h"
#include "bus/core/route.h"

#include <stdio.h>
#include <string.h>

#define NAMED_MAX 3

void cover_look (struct store *store, const struct msg_id *replaces, struct cover *out)
{
    struct record record;
    struct envelope e;
    int64_t position = replaces->origin.size > 0 ? take_find (store->journal, replaces, false) : 0;
    out->count = 0;
    if (position == 0 || !store_ok (store, journal_at (store->journal, position, &record)) ||
        record.envelope.size == 0 || envelope_parse (&e, record.envelope) != CB_OK)
        return;
    for (size_t i = 0; i < e.audience_count; i++) {
        const struct term *term = &e.audience[i];
        snprintf (out->terms[out->count++], sizeof out->terms[0], "%s" SPAN_FMT "%s",
                  term->type == TERM_SECTOR ? "@" : "", SPAN_ARG (term->name),
                  term->type == TERM_SUBTREE ? ".**" : "");
    }
}

struct covering {
    struct span self;
    size_t before_count, now_count;
    struct term before[AUDIENCE_MAX], now[AUDIENCE_MAX];
    size_t left_out;
    char named[NAMED_MAX * (PARTY_MAX + 2)];
};

static bool cover_visit (const struct entry *entry, void *arg)
{
    struct covering *c = arg;
    const struct credential *who = &entry->credential;
    if (entry->revoked || span_equal (who->name, c->self) ||
        !route_here (c->before, c->before_count, who->name, &who->sectors) ||
        route_here (c->now, c->now_count, who->name, &who->sectors))
        return true;
    size_t used = strlen (c->named);
    if (c->left_out++ < NAMED_MAX)
        snprintf (c->named + used, sizeof c->named - used, "%s" SPAN_FMT, used > 0 ? ", " : "",
                  SPAN_ARG (who->name));
    return true;
}

bool cover_fits (const struct question *q, const struct cover *cover, const struct draft *draft)
{
    struct covering c = { .self = station_name (q->station) };
    char detail[sizeof c.named + 200], more[32] = "";
    if (cover->count == 0 || ask_bool (q, "narrow"))
        return true;
    for (size_t i = 0; i < cover->count; i++)
        c.before_count += term_parse (&c.before[c.before_count], span_of (cover->terms[i]));
    for (size_t i = 0; i < draft->audience_count; i++)
        c.now_count += term_parse (&c.now[c.now_count], draft->audience[i]);
    directory_each (q->station->directory, directory_root_file (q->station->directory)->top,
                    cover_visit, &c);
    if (c.left_out == 0)
        return true;
    if (c.left_out > NAMED_MAX)
        snprintf (more, sizeof more, " and %zu more", c.left_out - NAMED_MAX);
    snprintf (detail, sizeof detail,
              "%s%s got what this replaces and would not get this one: address it to them, too "
              "(--to), or say that it is meant so (--narrow)",
              c.named, more);
    answer_refuse (&q->asker, "narrower", detail);
    return false;
}
