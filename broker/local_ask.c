/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/ask.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <stdlib.h>

#define ASK_LASTS INT64_C (5000)

/* --- The answer ---------------------------------------------------------------------------- */

struct parties {
    struct pack_out out;
    size_t count;
};

static bool put_presence (const struct presence *p, void *arg)
{
    struct parties *parties = arg;
    pack_put_map (&parties->out, 7);
    put_int (&parties->out, "heard", p->heard);
    put_uint (&parties->out, "lag", p->lag);
    put_bool (&parties->out, "more", p->more);
    put_span (&parties->out, "name", p->name);
    put_bool (&parties->out, "open", p->open);
    put_int (&parties->out, "since", p->since);
    put_span (&parties->out, "software", p->software);
    parties->count++;
    return true;
}

static void put_parties (struct pack_out *out, struct answers *answers)
{
    struct parties parties = { .count = 0 };
    pack_init (&parties.out);
    answers_each (answers, put_presence, &parties);
    pack_put_text (out, "parties");
    pack_put_array (out, parties.count);
    pack_put_raw (out, pack_result (&parties.out));
    pack_free (&parties.out);
}

static void put_seen (struct pack_out *out, const char *name, const struct seen *seen)
{
    pack_put_map (out, 5 + (name != NULL));
    put_uint (out, "count", seen->count);
    put_uint (out, "fewer", seen->fewer);
    put_int (out, "last", seen->last);
    put_bool (out, "least", seen->least);
    if (name != NULL)
        put_text (out, "name", name);
    pack_put_text (out, "parties");
    pack_put_array (out, seen->name_count);
    for (size_t i = 0; i < seen->name_count; i++)
        pack_put_text (out, seen->names[i]);
}

static int by_place (const void *a, const void *b)
{
    return span_compare (span_of (((const struct seen_place *) a)->name),
                         span_of (((const struct seen_place *) b)->name));
}

static void put_places (struct pack_out *out, struct answers *answers, uint64_t threshold)
{
    if (answers->place_count > 0)
        qsort (answers->places, answers->place_count, sizeof *answers->places, by_place);
    pack_put_text (out, "places");
    pack_put_array (out, answers->place_count);
    for (size_t i = 0; i < answers->place_count; i++) {
        const struct seen_place *place = &answers->places[i];
        struct seen seen = seen_told (place, threshold);
        put_seen (out, place->name, &seen);
    }
}

static void put_contact (struct pack_out *out, const struct answers *answers)
{
    struct envelope e;
    char id[ID_TEXT];
    struct span bytes = pack_result (&answers->contact);
    put_text (out, "by", answers->contact_by);
    if (bytes.size == 0 || envelope_parse (&e, bytes) != CB_OK)
        return;
    pack_put_text (out, "contact");
    pack_put_raw (out, e.body);
    msg_id_text (&e.id, id);
    put_text (out, "id", id);
    put_int (out, "issued", e.issued);
}

static int by_name (const void *a, const void *b)
{
    return span_compare (span_of (a), span_of (b));
}

static void put_silent (struct pack_out *out, struct answers *answers)
{
    if (answers->silent_count > 0)
        qsort (answers->silent, answers->silent_count, sizeof *answers->silent, by_name);
    pack_put_text (out, "silent");
    pack_put_array (out, answers->silent_count);
    for (size_t i = 0; i < answers->silent_count; i++)
        pack_put_text (out, answers->silent[i]);
}

void local_asked (struct station *station, const struct asker *asker, struct answers *answers,
                  int64_t took)
{
    struct pack_out out;
    uint64_t threshold = seen_threshold (station);
    struct seen total = seen_total (answers, threshold);
    bool contact = answers->question == QUESTION_CONTACT;
    bool found = contact && pack_result (&answers->contact).size > 0;
    bool seen = answers->question == QUESTION_SEEN;
    pack_init (&out);
    pack_put_map (&out, contact ? (found ? 10 : 7) : seen ? 8 : 7);
    if (contact)
        put_contact (&out, answers);
    put_bool (&out, "more", answers->more);
    put_int (&out, "now", clock_utc ());
    put_bool (&out, "ok", true);
    if (answers->question == QUESTION_PRESENCE)
        put_parties (&out, answers);
    if (seen)
        put_places (&out, answers, threshold);
    put_text (&out, "question", question_name (answers->question));
    put_silent (&out, answers);
    put_int (&out, "took", took);
    if (seen) {
        pack_put_text (&out, "total");
        put_seen (&out, NULL, &total);
    }
    answer_send (asker, &out);
    pack_free (&out);
}

/* --- The question -------------------------------------------------------------------------- */

void local_ask (const struct question *q)
{
    static const uint8_t no_arguments[] = { 0x80 };
    struct request request = { .question = ask_text (q, "question") };
    char detail[SCHEMA_WHERE] = "";
    size_t count = ask_texts (q, "audience", request.texts, AUDIENCE_MAX);
    int64_t lasts = ask_int (q, "deadline", ASK_LASTS);
    request.arguments = body_field (q->map, "arguments");
    if (request.arguments.size == 0)
        request.arguments = span_bytes (no_arguments, sizeof no_arguments);
    bool good = count >= 1 && count <= AUDIENCE_MAX && (request.arguments.data[0] & 0xf0) == 0x80 &&
                request.arguments.size <= ARGUMENTS_MAX && label_valid (request.question);
    for (size_t i = 0; i < count && good; i++)
        good = term_parse (&request.audience[i], request.texts[i]) &&
               (i == 0 || span_compare (request.texts[i - 1], request.texts[i]) < 0);
    request.audience_count = count;
    if (!good || lasts < QUESTION_LEAST || lasts > QUESTION_MOST) {
        answer_refuse (&q->asker, "usage",
                       "question, audience: 1 to 32 terms, deadline: 100 to 60000 ms, arguments: a "
                       "small map");
        return;
    }
    const struct term *first = &request.audience[0];
    if (first->type != TERM_SECTOR &&
        directory_by_name (q->station->directory, first->name) == NULL) {
        local_refuse_unknown (q, first->name);
        return;
    }
    enum cb_reason reason = ask_from_here (q->station, &request, lasts, &q->asker, detail);
    if (reason != CB_OK)
        answer_reason (&q->asker, reason, detail);
}
