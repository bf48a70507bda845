/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are canonical, and a case is the same in whatever order its steps are given. The first byte
 * says what the others are: 's' the row of a step, 'c' of a case, 'e' an envelope, and anything
 * else a thread, 5 bytes a step. */
#include "bus/core/case.h"

#include "tests/fuzz/support.h"

#include <string.h>

#define STEPS_MOST 24

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void same_state (const struct case_state *a, const struct case_state *b)
{
    struct pack_out one, two;
    pack_init (&one);
    pack_init (&two);
    case_pack (&one, a);
    case_pack (&two, b);
    must (span_equal (pack_result (&one), pack_result (&two)), "another state");
    struct case_state again;
    must (!a->known || case_read (&again, pack_result (&one)), "a state that cannot be read");
    pack_free (&one);
    pack_free (&two);
}

static void fold_alone (const struct step *step)
{
    struct case_entry entry = { .step = *step };
    struct case_state state;
    case_fold (&state, &entry, 1);
    same_state (&state, &state);
}

static void check_step (const struct step *step, struct span row)
{
    struct pack_out out;
    struct step again;
    pack_init (&out);
    step_pack (&out, step);
    must (row.size == 0 || span_equal (pack_result (&out), row), "another row of a step");
    must (step_read (&again, pack_result (&out)), "a step that cannot be read");
    fold_alone (&again);
    pack_free (&out);
}

static void check_case (struct span row)
{
    struct case_state state;
    struct pack_out out;
    if (!case_read (&state, row))
        return;
    pack_init (&out);
    case_pack (&out, &state);
    must (span_equal (pack_result (&out), row), "another row of a case");
    pack_free (&out);
    for (unsigned step = 0; step < CASE_STEP_END; step++) {
        struct step next = { .what = (enum case_step) step, .id = state.id, .thread = state.id };
        case_judge (&state, &next);
    }
}

/* --- Threads ------------------------------------------------------------------------------- */

struct thread {
    size_t count;
    struct case_entry entries[STEPS_MOST];
    struct hash leaves[STEPS_MOST], after[STEPS_MOST][AFTER_MAX];
};

static const char *const parties[] = { "pk", "pk.sindh", "pk.sindh.kpt", "pk.telecom" };

/* What, who and to whom; hash; then which others it names, also later ones. */
static void read_step (struct thread *self, const uint8_t *at)
{
    size_t i = self->count++;
    struct step *step = &self->entries[i].step;
    uint32_t names = (uint32_t) at[2] << 16 | (uint32_t) at[3] << 8 | at[4];
    step->what = (enum case_step) (at[0] % CASE_STEP_END);
    step->leaf = self->leaves[i];
    step->id = (struct msg_id){ span_of (parties[at[0] / 16 % 4]), { 1, 7 }, at[1] % 16 + 1 };
    step->thread = (struct msg_id){ span_of ("pk.sindh.kpt"), { 1, 7 }, 1 };
    step->issued = at[1];
    step->officer = span_of (at[1] % 2 ? "ayesha" : "");
    step->mode = CB_MODE_LIVE;
    step->tlp = CB_TLP_AMBER;
    step->lead = step->to = span_of (parties[at[0] / 64]);
    step->question = step->accepts =
        (struct msg_id){ span_of (parties[at[1] / 64]), { 1, 7 }, at[1] / 4 % 16 + 1 };
    step->after = self->after[i];
    for (size_t j = 0; j < STEPS_MOST && step->after_count < AFTER_MAX; j++)
        if ((names >> j & 1) != 0)
            self->after[i][step->after_count++] = self->leaves[j];
}

static void check_thread (const uint8_t *data, size_t size)
{
    static struct thread thread;
    struct case_entry entries[STEPS_MOST];
    struct case_state state, other;
    memset (&thread, 0, sizeof thread);
    for (size_t i = 0; i < STEPS_MOST; i++)
        thread.leaves[i].bytes[0] = (uint8_t) (i * 7 % STEPS_MOST);
    for (; size >= 5 && thread.count < STEPS_MOST; data += 5, size -= 5)
        read_step (&thread, data);
    memcpy (entries, thread.entries, sizeof entries);
    case_fold (&state, entries, thread.count);
    must (state.steps == thread.count, "steps were lost");
    memcpy (entries, thread.entries, sizeof entries);
    for (size_t i = 0; i < thread.count; i++)
        entries[i] = thread.entries[thread.count - 1 - i];
    case_fold (&other, entries, thread.count);
    same_state (&state, &other);
    if (thread.count == 0)
        return;
    const struct step *last = &thread.entries[thread.count - 1].step;
    memcpy (entries, thread.entries, sizeof entries);
    case_fold (&other, entries, thread.count - 1);
    for (size_t i = 0; i + 1 < thread.count; i++)
        for (size_t j = 0; j < entries[i].step.after_count; j++)
            if (hash_equal (&entries[i].step.after[j], &last->leaf))
                return; /* no hash can be named before there is one */
    if (!case_follows (&other, last))
        return;
    case_apply (&other, last);
    same_state (&state, &other);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static struct envelope e;
    struct step step;
    if (size == 0)
        return 0;
    struct span rest = span_bytes (data + 1, size - 1);
    if (data[0] == 's' && step_read (&step, rest))
        check_step (&step, rest);
    else if (data[0] == 'c')
        check_case (rest);
    else if (data[0] == 'e' && envelope_parse (&e, rest) == CB_OK && step_of (&step, &e))
        check_step (&step, span_bytes (NULL, 0));
    else
        check_thread (data, size);
    return 0;
}
