/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/case_own.h"
#include "bus/core/fields.h"

#include <string.h>

/* A row begins with its version and type, as statements do. */
#define STEP_FIELDS     33
#define STATE_FIELDS    41
#define QUESTION_FIELDS 4
#define SEVERITY_MAX    SEVERITY_UNDETERMINED

static struct span read_text (struct pack_in *in, size_t max)
{
    return pack_nil (in) ? span_bytes (NULL, 0) : pack_str (in, 1, max);
}

static unsigned read_number (struct pack_in *in, unsigned end)
{
    return (unsigned) pack_uint (in, 0, end - 1);
}

/* A reference that has to be there. */
static void read_id (struct pack_in *in, struct msg_id *id)
{
    if (!msg_id_read (in, id) || id->origin.size == 0)
        in->bad = true;
}

/* Of hashes in ascending order. */
static size_t read_hashes (struct pack_in *in, const struct hash **hashes)
{
    struct span bytes = pack_bin (in, 0, (size_t) AFTER_MAX * HASH_SIZE);
    size_t count = bytes.size / HASH_SIZE;
    *hashes = (const struct hash *) bytes.data;
    if (bytes.size % HASH_SIZE != 0)
        in->bad = true;
    for (size_t i = 1; i < count && !in->bad; i++)
        if (memcmp (&(*hashes)[i - 1], &(*hashes)[i], HASH_SIZE) >= 0)
            in->bad = true;
    return in->bad ? 0 : count;
}

/* In ascending order. */
static size_t read_parties (struct pack_in *in, struct span *parties, size_t max)
{
    size_t count = pack_array (in, 0, max);
    for (size_t i = 0; i < count && !in->bad; i++) {
        parties[i] = fields_party (in);
        if (i > 0 && span_compare (parties[i - 1], parties[i]) >= 0)
            in->bad = true;
    }
    return in->bad ? 0 : count;
}

/* --- A step -------------------------------------------------------------------------------- */

void step_pack (struct pack_out *out, const struct step *step)
{
    fields_begin (out, STEP_FIELDS, "step");
    fields_put_hash (out, &step->leaf);
    msg_id_pack (out, &step->id);
    msg_id_pack (out, &step->thread);
    pack_put_uint (out, step->what);
    pack_put_int (out, step->issued);
    fields_put_text (out, step->officer);
    pack_put_uint (out, step->mode);
    pack_put_uint (out, step->tlp);
    msg_id_pack (out, &step->exercise);
    pack_put_bin (out, span_bytes (step->after, step->after_count * HASH_SIZE));
    pack_put_bool (out, step->stub);
    pack_put_uint (out, step->severity);
    fields_put_text (out, step->type);
    fields_put_text (out, step->disposition);
    fields_put_text (out, step->title);
    fields_put_text (out, step->climb);
    fields_put_text (out, step->lead);
    fields_put_text (out, step->to);
    fields_put_text (out, step->assignee);
    fields_put_text (out, step->clock);
    pack_put_int (out, step->next_update);
    pack_put_int (out, step->aware);
    pack_put_int (out, step->detect);
    pack_put_int (out, step->contained);
    pack_put_int (out, step->recovered);
    pack_put_int (out, step->reported);
    msg_id_pack (out, &step->duplicate_of);
    msg_id_pack (out, &step->question);
    msg_id_pack (out, &step->accepts);
    fields_put_list (out, step->parties, step->party_count);
    pack_put_int (out, step->due);
}

static void read_step_head (struct pack_in *in, struct step *step)
{
    const struct hash *leaf = fields_hash (in);
    if (leaf != NULL)
        step->leaf = *leaf;
    read_id (in, &step->id);
    read_id (in, &step->thread);
    step->what = (enum case_step) read_number (in, CASE_STEP_END);
    step->issued = fields_time (in);
    step->officer = read_text (in, OFFICER_MAX);
    step->mode = read_number (in, CB_MODE_END);
    step->tlp = read_number (in, CB_TLP_END);
    msg_id_read (in, &step->exercise);
    step->after_count = read_hashes (in, &step->after);
}

static void read_step_body (struct pack_in *in, struct step *step)
{
    step->stub = pack_bool (in);
    step->severity = read_number (in, SEVERITY_MAX + 1);
    step->type = read_text (in, CASE_TEXT);
    step->disposition = read_text (in, CASE_TEXT);
    step->title = read_text (in, CASE_TITLE);
    step->climb = fields_party_or_nil (in);
    step->lead = fields_party_or_nil (in);
    step->to = fields_party_or_nil (in);
    step->assignee = read_text (in, CASE_TEXT);
    step->clock = read_text (in, CASE_TEXT);
    step->next_update = fields_time (in);
    step->aware = fields_time (in);
    step->detect = fields_time (in);
    step->contained = fields_time (in);
    step->recovered = fields_time (in);
    step->reported = fields_time (in);
    msg_id_read (in, &step->duplicate_of);
    msg_id_read (in, &step->question);
    msg_id_read (in, &step->accepts);
    step->party_count = read_parties (in, step->parties, AUDIENCE_MAX);
    step->due = fields_time (in);
}

bool step_read (struct step *out, struct span row)
{
    struct pack_in in;
    memset (out, 0, sizeof *out);
    fields_open (&in, row, STEP_FIELDS, "step");
    read_step_head (&in, out);
    read_step_body (&in, out);
    return pack_done (&in);
}

/* --- A state ------------------------------------------------------------------------------- */

static void put_questions (struct pack_out *out, const struct case_state *state)
{
    pack_put_array (out, state->question_count);
    for (size_t i = 0; i < state->question_count; i++) {
        pack_put_array (out, QUESTION_FIELDS);
        msg_id_pack (out, &state->questions[i].id);
        pack_put_str (out, state->questions[i].by);
        fields_put_text (out, state->questions[i].of);
        pack_put_int (out, state->questions[i].asked);
    }
}

void case_pack (struct pack_out *out, const struct case_state *state)
{
    fields_begin (out, STATE_FIELDS, "case");
    msg_id_pack (out, &state->id);
    pack_put_bool (out, state->known);
    pack_put_bool (out, state->stub);
    fields_put_hash (out, &state->leaf);
    fields_put_text (out, state->title);
    fields_put_text (out, state->type);
    fields_put_text (out, state->disposition);
    fields_put_text (out, state->lead);
    fields_put_text (out, state->assignee);
    fields_put_text (out, state->climb);
    pack_put_uint (out, state->severity);
    pack_put_uint (out, state->tlp);
    pack_put_uint (out, state->mode);
    msg_id_pack (out, &state->exercise);
    msg_id_pack (out, &state->duplicate_of);
    pack_put_uint (out, state->stage);
    pack_put_int (out, state->aware);
    pack_put_int (out, state->detect);
    pack_put_int (out, state->reported);
    pack_put_int (out, state->acknowledged);
    pack_put_int (out, state->contained);
    pack_put_int (out, state->recovered);
    pack_put_int (out, state->closed);
    pack_put_int (out, state->reopened);
    fields_put_text (out, state->acknowledged_by);
    fields_put_text (out, state->acknowledged_at);
    pack_put_int (out, state->next_update);
    pack_put_int (out, state->lead_news);
    pack_put_int (out, state->news);
    pack_put_int (out, state->lead_since);
    msg_id_pack (out, &state->proposed);
    msg_id_pack (out, &state->report);
    fields_put_text (out, state->escalated);
    fields_put_list (out, state->parties, state->party_count);
    put_questions (out, state);
    pack_put_bin (out, span_bytes (state->heads, state->head_count * HASH_SIZE));
    pack_put_uint (out, (state->scattered ? 1U : 0U) | (state->full ? 2U : 0U));
    pack_put_uint (out, state->steps);
    pack_put_uint (out, state->voids);
}

static void read_times (struct pack_in *in, struct case_state *state)
{
    state->aware = fields_time (in);
    state->detect = fields_time (in);
    state->reported = fields_time (in);
    state->acknowledged = fields_time (in);
    state->contained = fields_time (in);
    state->recovered = fields_time (in);
    state->closed = fields_time (in);
    state->reopened = fields_time (in);
    state->acknowledged_by = read_text (in, OFFICER_MAX);
    state->acknowledged_at = fields_party_or_nil (in);
    state->next_update = fields_time (in);
    state->lead_news = fields_time (in);
    state->news = fields_time (in);
    state->lead_since = fields_time (in);
}

static void read_questions (struct pack_in *in, struct case_state *state)
{
    size_t count = pack_array (in, 0, CASE_QUESTIONS);
    for (size_t i = 0; i < count && !in->bad; i++) {
        struct case_question *question = &state->questions[i];
        pack_array (in, QUESTION_FIELDS, QUESTION_FIELDS);
        read_id (in, &question->id);
        question->by = fields_party (in);
        question->of = fields_party_or_nil (in);
        question->asked = fields_time (in);
    }
    state->question_count = in->bad ? 0 : count;
}

static void read_end (struct pack_in *in, struct case_state *state)
{
    const struct hash *heads;
    msg_id_read (in, &state->proposed);
    msg_id_read (in, &state->report);
    state->escalated = fields_party_or_nil (in);
    state->party_count = read_parties (in, state->parties, CASE_PARTIES);
    read_questions (in, state);
    state->head_count = read_hashes (in, &heads);
    if (state->head_count > 0)
        memcpy (state->heads, heads, state->head_count * sizeof state->heads[0]);
    unsigned flags = read_number (in, 4);
    state->scattered = (flags & 1) != 0;
    state->full = (flags & 2) != 0;
    state->steps = (uint32_t) pack_uint (in, 0, UINT32_MAX);
    state->voids = (uint32_t) pack_uint (in, 0, UINT32_MAX);
}

bool case_read (struct case_state *out, struct span row)
{
    struct pack_in in;
    memset (out, 0, sizeof *out);
    fields_open (&in, row, STATE_FIELDS, "case");
    read_id (&in, &out->id);
    out->known = pack_bool (&in);
    out->stub = pack_bool (&in);
    const struct hash *leaf = fields_hash (&in);
    if (leaf != NULL)
        out->leaf = *leaf;
    out->title = read_text (&in, CASE_TITLE);
    out->type = read_text (&in, CASE_TEXT);
    out->disposition = read_text (&in, CASE_TEXT);
    out->lead = fields_party_or_nil (&in);
    out->assignee = read_text (&in, CASE_TEXT);
    out->climb = fields_party_or_nil (&in);
    out->severity = read_number (&in, SEVERITY_MAX + 1);
    out->tlp = read_number (&in, CB_TLP_END);
    out->mode = read_number (&in, CB_MODE_END);
    msg_id_read (&in, &out->exercise);
    msg_id_read (&in, &out->duplicate_of);
    out->stage = (enum case_stage) read_number (&in, CASE_STAGE_END);
    read_times (&in, out);
    read_end (&in, out);
    return pack_done (&in);
}
