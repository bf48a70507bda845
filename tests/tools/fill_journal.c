/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill_journal HOME COUNT [open] - stores COUNT messages in the journal of a broker that does not run
 *
 * Each is a whole envelope with its place in a signed batch, taken in by the code that brokers
 * take messages in with; only the judging is left out. They are a second apart and end now. One
 * in sixteen is an advisory of HOME's party; every fiftieth of those replaces the one before it.
 * One in sixteen is an incident. The rest are notes. Incidents and notes are of a hundred
 * parties, whose names alone are real: all is signed with HOME's key, so that the messages of its
 * own party are genuine and the others are there to be found, not to be verified.
 *
 * With "open" all of them are incidents of now, and the clocks of the policy run.
 */
#include "broker/take.h"
#include "bus/core/directory.h"
#include "bus/core/schema.h"
#include "bus/edge/keys.h"
#include "bus/edge/log.h"

#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH      1024
#define PARTIES    100
#define BUNDLE_MAX ((size_t) 1024 * 1024)

struct filler {
    struct keys keys;
    struct directory *directory;
    const struct entry *me;
    struct epoch epoch;
    int64_t seq, first; /* the time of the first one */
    int64_t step;       /* ms from one to the next */
    bool open;          /* incidents alone, with the policy in force */
    struct bundle bundle;
    int64_t advisories;
    struct msg_id last; /* advisory */
};

struct fill_job {
    struct job job;
    int64_t count, taken, step;
    size_t at[BATCH]; /* in `bytes` */
    struct pack_out bytes;
};

static void put_pair (struct pack_out *out, const char *key, const char *value)
{
    pack_put_text (out, key);
    pack_put_text (out, value);
}

static void body_advisory (struct pack_out *out, unsigned run, int64_t number)
{
    static const char *const severities[] = { "S1", "S2", "S3", "S4", "S5" };
    char text[64];
    pack_put_map (out, 4);
    snprintf (text, sizeof text, "FILL-%u-%06" PRId64, run, number);
    put_pair (out, "number", text);
    put_pair (out, "severity", severities[number % 5]);
    put_pair (out, "summary",
              "What a reader in a hurry needs to know, in some eighty bytes of it.");
    snprintf (text, sizeof text, "About what is wrong, number %" PRId64, number);
    put_pair (out, "title", text);
}

static void body_incident (struct pack_out *out, int64_t number, int64_t when)
{
    pack_put_map (out, 4);
    put_pair (out, "description", "Something does not work that did before, and nobody knows why.");
    put_pair (out, "severity", number % 97 == 0 ? "S1" : "undetermined");
    pack_put_text (out, "times");
    pack_put_map (out, 1);
    pack_put_text (out, "aware");
    pack_put_int (out, when);
    put_pair (out, "title", "Something does not work");
}

static void body_note (struct pack_out *out, int64_t number)
{
    char text[160];
    pack_put_map (out, 1);
    snprintf (text, sizeof text,
              "Note %" PRId64 " of many: nothing in it is of interest, but it takes its room in "
              "the journal like any other note that people write.",
              number);
    put_pair (out, "text", text);
}

/* Its signed bytes. */
static void draft_one (struct filler *filler, int64_t when, struct pack_out *out)
{
    struct pack_out body;
    char origin[PARTY_MAX + 32], own[PARTY_MAX + 1], below[TERM_MAX + 1];
    int64_t seq = ++filler->seq;
    bool advisory = !filler->open && seq % 16 == 0, incident = filler->open || seq % 16 == 8;
    span_text (filler->me->credential.name, own, sizeof own);
    snprintf (origin, sizeof origin, advisory ? "%s" : "%s.f%" PRId64, own, seq % PARTIES);
    snprintf (below, sizeof below, "%s.**", own);
    struct draft draft = { .credential = filler->me->credential.st.hash,
                           .id = { span_of (origin), filler->epoch, seq },
                           .audience_count = 1,
                           .precedence = CB_LANE_ROUTINE,
                           .tlp = CB_TLP_GREEN,
                           .issued = when,
                           .schema = 1 };
    pack_init (&body);
    if (advisory)
        body_advisory (&body, filler->epoch.counter, filler->advisories);
    else if (incident)
        body_incident (&body, seq, when);
    else
        body_note (&body, seq);
    draft.kind = span_of (advisory ? "advisory" : incident ? "incident" : "note");
    /* Half of the notes only pass through. */
    draft.audience[0] = span_of (seq % 2 == 0 ? below : origin);
    if (incident)
        draft.audience[0] = filler->me->credential.name;
    if (advisory && filler->advisories++ % 50 == 49)
        draft.replaces = filler->last;
    if (advisory) {
        filler->last = draft.id;
        filler->last.origin = filler->me->credential.name;
    }
    draft.body = pack_result (&body);
    randombytes_buf (draft.salt, sizeof draft.salt);
    draft_pack (&draft, out);
    pack_free (&body);
}

static void fill_run (struct job *base, struct store *store)
{
    struct fill_job *job = (struct fill_job *) base;
    struct span all = pack_result (&job->bytes);
    for (int64_t i = 0; i < job->count; i++) {
        size_t end = i + 1 < job->count ? job->at[i + 1] : all.size;
        struct envelope e;
        struct verdict verdict = { .reason = CB_OK };
        struct item item;
        struct intake_batch batch = { .from = span_of (""), .policy = 1, .now = job->taken };
        if (envelope_parse (&e, span_bytes (all.data + job->at[i], end - job->at[i])) != CB_OK)
            abort ();
        batch.now += i * job->step;
        item_from (&item, &e, &verdict);
        take_item (store, &batch, &item);
        if (item.outcome != TAKEN_STORED)
            abort ();
        item_clear (&item);
    }
    take_flush (store);
}

static void fill_done (struct job *base, struct station *station)
{
    (void) station;
    struct fill_job *job = (struct fill_job *) base;
    if (base->full) {
        fprintf (stderr, "fill_journal: the disk is full\n");
        exit (1);
    }
    pack_free (&job->bytes);
    free (job);
}

static struct fill_job *make_batch (struct filler *filler, int64_t count, int64_t when)
{
    static struct hash leaves[BATCH], paths[BATCH][PROOF_PATH];
    static size_t lengths[BATCH], starts[BATCH + 1];
    struct fill_job *job = job_new (sizeof *job, fill_run, fill_done);
    struct pack_out drafts;
    uint8_t sig[SIG_SIZE];
    pack_init (&drafts);
    pack_init (&job->bytes);
    for (int64_t i = 0; i < count; i++) {
        starts[i] = pack_result (&drafts).size;
        draft_one (filler, when + i * filler->step, &drafts);
    }
    struct span all = pack_result (&drafts);
    starts[count] = all.size;
    for (int64_t i = 0; i < count; i++)
        leaves[i] = hash_leaf (span_bytes (all.data + starts[i], starts[i + 1] - starts[i]));
    struct hash root = merkle_all (leaves, (size_t) count, paths, lengths);
    proof_sign (CB_PURPOSE_MESSAGE, &filler->me->credential.st.hash, (uint32_t) count, &root,
                filler->keys.sign.secret, sig);
    for (int64_t i = 0; i < count; i++) {
        job->at[i] = pack_result (&job->bytes).size;
        envelope_pack (&job->bytes, span_bytes (all.data + starts[i], starts[i + 1] - starts[i]),
                       (uint32_t) count, (uint32_t) i, paths[i], lengths[i], sig);
    }
    job->job.writes = true;
    job->count = count;
    job->step = filler->step;
    job->taken = when;
    pack_free (&drafts);
    return job;
}

static bool load (struct filler *filler, const char *home)
{
    char path[4200], why[512];
    struct span bytes;
    struct bundle *bundle = &filler->bundle;
    snprintf (path, sizeof path, "%s/keys", home);
    if (keys_load (&filler->keys, path, why, sizeof why) != 0)
        return fprintf (stderr, "fill_journal: %s\n", why), false;
    snprintf (path, sizeof path, "%s/bundle", home);
    if (file_read (path, BUNDLE_MAX, &bytes, why, sizeof why) != 0)
        return fprintf (stderr, "fill_journal: %s\n", why), false;
    filler->directory = directory_new ();
    bool good =
        bundle_parse (bundle, bytes) && directory_root (filler->directory, bundle->root) == CB_OK;
    for (size_t i = 0; good && i < bundle->chain_count; i++)
        good = directory_add (filler->directory, bundle->chain[i], &filler->me) == CB_OK;
    return good || (fprintf (stderr, "fill_journal: %s is no bundle\n", path), false);
}

int main (int argc, char **argv)
{
    static struct filler filler;
    char path[4200], why[512];
    int64_t count = argc >= 3 ? strtoll (argv[2], NULL, 10) : 0;
    filler.open = argc == 4 && strcmp (argv[3], "open") == 0;
    filler.step = filler.open ? 0 : 1000;
    if (count <= 0 || (argc == 4 && !filler.open) || argc > 4 || sodium_init () < 0) {
        fprintf (stderr, "usage: fill_journal HOME COUNT [open]\n");
        return 2;
    }
    if (!load (&filler, argv[1]))
        return 1;
    snprintf (path, sizeof path, "%s/journal.db", argv[1]);
    struct journal *journal = journal_open (path, why, sizeof why);
    if (journal == NULL)
        return fprintf (stderr, "fill_journal: %s\n", why), 1;
    filler.epoch = journal_epoch (journal);
    filler.first = clock_utc () - count * filler.step;
    struct store *store = store_start (journal, &filler.me->credential);
    if (store == NULL)
        return fprintf (stderr, "fill_journal: no thread\n"), 1;
    if (filler.open)
        store->first_policy = filler.bundle.policy;
    for (int64_t done = 0; done < count; done += BATCH) {
        int64_t part = count - done < BATCH ? count - done : BATCH;
        store_submit (store, &make_batch (&filler, part, filler.first + done * filler.step)->job);
        struct pollfd ready = { .fd = store_fd (store), .events = POLLIN };
        /* One batch is made while the one before is being stored. */
        if (done > 0 && poll (&ready, 1, -1) == 1)
            store_done (store, NULL);
    }
    store_stop (&store, NULL);
    directory_free (&filler.directory);
    return 0;
}
