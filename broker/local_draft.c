/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_draft.h"

#include "broker/officers.h"
#include "bus/core/schema.h"

#include <string.h>

/* The heads of a thread that whoever wrote it has seen. */
static bool ask_after (const struct question *q, struct draft *draft)
{
    struct pack_in in = pack_open (body_field (q->map, "after"));
    if (pack_peek (&in) == PACK_END)
        return true; /* not given */
    size_t count = pack_array (&in, 0, AFTER_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *hash = pack_fixed (&in, HASH_SIZE);
        for (size_t j = 0; j < i && hash != NULL; j++)
            in.bad |= memcmp (draft->after[j].bytes, hash, HASH_SIZE) == 0;
        if (hash != NULL)
            memcpy (draft->after[i].bytes, hash, HASH_SIZE);
    }
    draft->after_count = count;
    return pack_done (&in) && (count == 0 || draft->thread.origin.size > 0);
}

/* Who announced an exercise sees what is played in it, where the policy lets it be sent there:
 * that is what the score is made of. */
static void also_to_announcer (const struct question *q, struct draft *draft)
{
    const struct station *station = q->station;
    const struct policy *policy = directory_policy_now (station->directory);
    struct term terms[AUDIENCE_MAX], announcer = { TERM_PARTY, draft->exercise.origin };
    struct sender sender = { .name = station_name (station),
                             .role = station->me->credential.role,
                             .sectors = &station->me->credential.sectors };
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&terms[i], draft->audience[i]);
    if (draft->mode != CB_MODE_EXERCISE || announcer.name.size == 0 ||
        draft->audience_count == AUDIENCE_MAX || policy == NULL ||
        span_equal (announcer.name, sender.name) ||
        route_here (terms, draft->audience_count, announcer.name, NULL) ||
        policy_allows (policy, &sender, draft->kind, &announcer, 1, draft->thread.origin).reason !=
            CB_OK)
        return;
    draft->audience[draft->audience_count++] = announcer.name;
}

/* What the question says of how it is to be sent; NULL, or what is wrong with it. */
static const char *read_manner (const struct question *q, const struct schema *schema,
                                struct draft *draft)
{
    int64_t precedence = ask_int (q, "precedence", schema->precedence);
    int64_t tlp = ask_int (q, "tlp", 0), mode = ask_int (q, "mode", CB_MODE_LIVE);
    if (precedence < 0 || precedence >= CB_PRECEDENCES)
        return "precedence: flash, routine or bulk";
    if (tlp < CB_TLP_CLEAR || tlp >= CB_TLP_END)
        return "tlp: a label is needed: TLP:CLEAR, GREEN, AMBER, AMBER+STRICT or RED";
    if (mode < 0 || mode >= CB_MODE_END)
        return "mode: live, exercise or test";
    draft->precedence = (unsigned) precedence;
    draft->tlp = (unsigned) tlp;
    draft->mode = (unsigned) mode;
    return NULL;
}

/* What it says of other messages and of people. */
static const char *read_relations (const struct question *q, struct draft *draft)
{
    draft->officer = ask_text (q, "officer");
    draft->climb = ask_text (q, "climb");
    draft->expires = ask_int (q, "expires", 0);
    if (!ask_ref (q, "thread", &draft->thread) || !ask_ref (q, "replaces", &draft->replaces) ||
        !ask_ref (q, "exercise", &draft->exercise))
        return "thread, replaces or exercise is no reference";
    if (!ask_after (q, draft))
        return "after: at most 8 different hashes of messages of a thread";
    if (draft->officer.size > OFFICER_MAX || draft->expires < 0 || draft->expires > TIME_MAX)
        return "officer or expires is out of its range";
    if (draft->climb.size > 0 && !party_valid (draft->climb))
        return "climb: no party's name";
    return NULL;
}

static const char *wrong_term (const struct draft *draft)
{
    for (size_t i = 0; i < draft->audience_count; i++) {
        struct term term;
        if (!term_parse (&term, draft->audience[i]))
            return "audience: a term is pk.sindh, pk.sindh.** or @energy";
        if (i > 0 && span_equal (draft->audience[i - 1], draft->audience[i]))
            return "audience: a term stands twice";
    }
    return NULL;
}

static const char *read_all (const struct question *q, struct draft *draft)
{
    const struct schema *schema = schemas_find (q->station->schemas, draft->kind);
    size_t count = ask_texts (q, "audience", draft->audience, AUDIENCE_MAX);
    if (schema == NULL)
        return "kind: no such kind in the schemas here";
    if (schema->system)
        return "kind: brokers make messages of this kind, people do not";
    struct pack_in body = pack_open (draft->body);
    if (draft->body.size == 0 || pack_peek (&body) != PACK_MAP)
        return "body: must be a map";
    if (count == 0 || count == (size_t) -1)
        return "audience: 1 to 32 terms";
    draft->audience_count = count;
    const char *why = read_manner (q, schema, draft);
    if (why == NULL)
        why = read_relations (q, draft);
    return why != NULL ? why : wrong_term (draft);
}

bool local_draft (const struct question *q, struct draft *draft)
{
    memset (draft, 0, sizeof *draft);
    draft->kind = ask_text (q, "kind");
    draft->body = body_field (q->map, "body");
    const char *why = read_all (q, draft);
    if (why != NULL) {
        answer_refuse (&q->asker, "usage", why);
        return false;
    }
    also_to_announcer (q, draft);
    return officers_draft (q, draft);
}
