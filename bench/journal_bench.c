/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_bench [FOLDER [SECONDS]] - what the journal takes and gives, beside the bare disk
 *
 * Records of 512 bytes, fsync at the end of each batch. Figures of two runs are
 * not comparable on a machine that does other things too; those of one run are.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus/edge/journal.h"

#define RECORD    512
#define BATCH_MAX 256

static uint8_t bytes[RECORD * BATCH_MAX];

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void must (int ok, const char *what)
{
    if (ok)
        return;
    fprintf (stderr, "journal_bench: %s failed\n", what);
    exit (1);
}

static double bare (const char *path, size_t batch, double seconds)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must (fd >= 0, "creating a file");
    double start = now (), end = start;
    size_t records = 0;
    for (; end - start < seconds; end = now ()) {
        size_t size = RECORD * batch;
        must (write (fd, bytes, size) == (ssize_t) size, "writing");
        must (fdatasync (fd) == 0, "fdatasync");
        records += batch;
    }
    close (fd);
    unlink (path);
    return (double) records / (end - start);
}

static void append_one (struct journal *journal, size_t i, unsigned lanes)
{
    struct record record = { .lane = (unsigned) (i % lanes),
                             .policy = 1,
                             .taken = INT64_C (1700000000000),
                             .from = span_of ("pk.sindh"),
                             .envelope = span_bytes (bytes, RECORD) };
    memcpy (record.leaf.bytes, &i, sizeof i);
    must (journal_append (journal, &record) == JOURNAL_OK, "appending");
}

static double append (struct journal *journal, size_t batch, double seconds, double *worst)
{
    double start = now (), end = start, last;
    size_t records = 0;
    for (*worst = 0; end - start < seconds;) {
        last = end;
        must (journal_begin (journal) == JOURNAL_OK, "beginning");
        for (size_t i = 0; i < batch; i++)
            append_one (journal, records++, CB_PRECEDENCES);
        must (journal_commit (journal) == JOURNAL_OK, "committing");
        end = now ();
        if (end - last > *worst)
            *worst = end - last;
    }
    return (double) records / (end - start);
}

static void read_all (struct journal *journal, unsigned lane, const char *what)
{
    struct journal_reader *reader = journal_reader_new (journal, lane, 0);
    struct record record;
    size_t records = 0;
    double start = now ();
    while (journal_next (reader, &record) == JOURNAL_OK)
        records++;
    printf ("%-24s %12.0f records/s\n", what, (double) records / (now () - start));
    journal_reader_free (&reader);
}

static void check_all (struct journal *journal)
{
    int64_t bad;
    double start = now ();
    must (journal_check (journal, 0, &bad) == JOURNAL_OK, "checking");
    printf ("%-24s %12.0f records/s\n", "checking the chain",
            (double) journal_head (journal) / (now () - start));
}

static void tables (struct journal *journal)
{
    enum { KEYS = 100000 };
    double start = now ();
    must (journal_begin (journal) == JOURNAL_OK, "beginning");
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t key = i * 2654435761U;
        must (journal_put (journal, span_bytes (&key, sizeof key), span_bytes (bytes, 64)) ==
                  JOURNAL_OK,
              "putting");
    }
    must (journal_commit (journal) == JOURNAL_OK, "committing");
    printf ("%-24s %12.0f keys/s\n", "putting at random", KEYS / (now () - start));

    uint8_t last[8];
    struct span after = { last, 0 }, key, value;
    size_t keys = 0;
    start = now ();
    while (journal_scan (journal, span_of (""), after, &key, &value) == JOURNAL_OK) {
        memcpy (last, key.data, key.size);
        after.size = key.size;
        keys++;
    }
    printf ("%-24s %12.0f keys/s\n", "scanning a table", (double) keys / (now () - start));
}

int main (int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    double seconds = argc > 2 ? atof (argv[2]) : 2;
    char path[4096], why[512], spare[4096 + 8];
    snprintf (path, sizeof path, "%s/journal-bench-%ld.db", folder, (long) getpid ());
    snprintf (spare, sizeof spare, "%s.bare", path);
    must (sodium_init () >= 0, "sodium_init");
    randombytes_buf (bytes, sizeof bytes);

    struct journal *journal = journal_open (path, why, sizeof why);
    if (!journal) {
        fprintf (stderr, "journal_bench: %s\n", why);
        return 1;
    }
    printf ("%-8s %24s %16s %16s\n", "batch", "bare write + fdatasync", "journal", "worst commit");
    static const size_t batches[] = { 1, 32, BATCH_MAX };
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        double worst;
        double disk = bare (spare, batches[i], seconds);
        double rate = append (journal, batches[i], seconds, &worst);
        printf ("%-8zu %22.0f/s %14.0f/s %13.1f ms\n", batches[i], disk, rate, worst * 1e3);
    }
    read_all (journal, CB_LANE_ROUTINE, "reading one lane");
    read_all (journal, CB_LANE_RECOVERY, "reading all lanes");
    check_all (journal);
    tables (journal);
    journal_close (&journal);
    unlink (path);
    return 0;
}
