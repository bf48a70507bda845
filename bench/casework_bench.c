/* SPDX-License-Identifier: Apache-2.0 */
/* What casework adds to storing a message: cases of several shapes beside messages that are in
 * none. FOLDER; COUNT messages each; BATCH of them a transaction. Signatures are not checked. */
#include "broker/take.h"
#include "bus/core/credential.h"
#include "bus/edge/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum shape { ALONE, INCIDENTS, ONE_CASE, ONE_CASE_BLIND, SHAPES };
static const char *const names[] = { "notes, in no thread", "incidents, a case each",
                                     "updates of one case", "updates that name nothing" };

struct run {
    struct job job;
    struct pack_out *messages;
    size_t count;
    bool done;
};

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void put_body (struct pack_out *out, enum shape shape)
{
    pack_put_map (out, 2);
    pack_put_text (out, shape == INCIDENTS ? "description" : "step");
    pack_put_text (out, shape == INCIDENTS ? "what happened" : "update");
    pack_put_text (out, shape == INCIDENTS ? "title" : "text");
    pack_put_text (out, "what is new since an hour ago, in a line or two of words");
}

/* Each update names the one before it, unless it is blind. */
static struct hash make (struct pack_out *out, enum shape shape, size_t number,
                         const struct hash *before)
{
    static const uint8_t sig[SIG_SIZE];
    struct draft draft = {
        .kind = span_of (shape == INCIDENTS || number == 0 ? "incident"
                         : shape == ALONE                  ? "note"
                                                           : "update"),
        .id = { span_of ("pk.sindh.kpt"), { 1, 7 + shape }, (int64_t) number + 1 },
        .audience_count = 1,
        .audience = { span_of ("pk.sindh") },
        .precedence = CB_LANE_ROUTINE,
        .tlp = CB_TLP_AMBER,
        .issued = INT64_C (1700000000000) + (int64_t) number,
        .schema = 2
    };
    struct pack_out body, bytes;
    struct envelope e;
    pack_init (&body);
    pack_init (&bytes);
    pack_init (out);
    put_body (&body, number == 0 ? INCIDENTS : shape);
    draft.body = pack_result (&body);
    if (number > 0 && shape >= ONE_CASE)
        draft.thread = (struct msg_id){ draft.id.origin, draft.id.epoch, 1 };
    if (number > 0 && shape == ONE_CASE) {
        draft.after_count = 1;
        draft.after[0] = *before;
    }
    draft_pack (&draft, &bytes);
    envelope_pack (out, pack_result (&bytes), 1, 0, NULL, 0, sig);
    pack_free (&body);
    pack_free (&bytes);
    if (envelope_parse (&e, pack_result (out)) != CB_OK)
        abort ();
    return e.leaf;
}

static void take (struct job *base, struct store *store)
{
    struct run *run = (struct run *) base;
    struct verdict verdict = { .reason = CB_OK };
    struct intake_batch batch = { .from = span_of ("pk.sindh.kpt"), .now = clock_utc () };
    for (size_t i = 0; i < run->count; i++) {
        struct envelope e;
        struct item item;
        envelope_parse (&e, pack_result (&run->messages[i]));
        item_from (&item, &e, &verdict);
        take_item (store, &batch, &item);
        if (item.outcome != TAKEN_STORED)
            abort ();
        item_clear (&item);
    }
    take_flush (store);
}

static void taken (struct job *job, struct station *station)
{
    (void) station;
    ((struct run *) job)->done = true;
}

static void wait_for (struct store *store, struct run *run)
{
    struct pollfd done = { .fd = store_fd (store), .events = POLLIN };
    while (!run->done) {
        poll (&done, 1, -1);
        store_done (store, NULL);
    }
}

static double measure (const char *folder, enum shape shape, size_t count, size_t batch)
{
    char path[4096], why[512];
    struct credential me = { .name = span_of ("pk.sindh") };
    struct pack_out *messages = calloc (count, sizeof *messages);
    struct hash before = { { 0 } };
    for (size_t i = 0; i < count; i++)
        before = make (&messages[i], shape, i, &before);
    snprintf (path, sizeof path, "%s/casework-%d.db", folder, shape);
    unlink (path);
    struct journal *journal = journal_open (path, why, sizeof why);
    struct store *store = journal != NULL ? store_start (journal, &me) : NULL;
    if (store == NULL) {
        fprintf (stderr, "%s\n", why);
        exit (EXIT_FAILURE);
    }
    double begun = now ();
    for (size_t at = 0; at < count; at += batch) {
        struct run run = { .messages = messages + at,
                           .count = count - at < batch ? count - at : batch };
        run.job = (struct job){ .writes = true, .run = take, .done = taken };
        store_submit (store, &run.job);
        wait_for (store, &run);
    }
    double took = now () - begun;
    store_stop (&store, NULL);
    for (size_t i = 0; i < count; i++)
        pack_free (&messages[i]);
    free (messages);
    unlink (path);
    return (double) count / took;
}

int main (int argc, char **argv)
{
    size_t count = argc > 2 ? strtoul (argv[2], NULL, 10) : 10000;
    size_t batch = argc > 3 ? strtoul (argv[3], NULL, 10) : 100;
    double plain = 0;
    if (argc < 2 || count == 0 || batch == 0) {
        fprintf (stderr, "casework_bench FOLDER [COUNT [BATCH]]\n");
        return 2;
    }
    for (int shape = 0; shape < SHAPES; shape++) {
        double rate = measure (argv[1], (enum shape) shape, count, batch);
        plain = shape == ALONE ? rate : plain;
        printf ("%-26s %8.0f messages/s  %5.2f of the first\n", names[shape], rate, rate / plain);
    }
    return 0;
}
