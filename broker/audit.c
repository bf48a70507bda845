/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/audit.h"

#include "bus/core/when.h"
#include "bus/edge/log.h"

#include <stdio.h>
#include <unistd.h>

#define AT_A_TIME 4096 /* records */
#define PATIENCE  2000 /* ms, after which it is said how far it is */

static void say_how_far (int64_t begun, int64_t at, int64_t head)
{
    if (!isatty (STDERR_FILENO) || clock_steady () - begun < PATIENCE)
        return;
    fprintf (stderr, "\r%lld of %lld messages read", (long long) at, (long long) head);
    if (at == head)
        fputc ('\n', stderr);
}

/* When a record was taken, as far as it can still be read; else of the one before. */
static void name_time (struct journal *journal, int64_t position, char *out, size_t size)
{
    static const char *const words[] = { "taken", "after one that was taken" };
    struct record record;
    char when[WHEN_TEXT];
    out[0] = '\0';
    for (size_t i = 0; i < 2 && out[0] == '\0'; i++) {
        if (journal_at (journal, position - (int64_t) i, &record) != JOURNAL_OK)
            continue;
        when_text (record.taken, when);
        snprintf (out, size, ", %s %s", words[i], when);
    }
}

static bool report (struct journal *journal, const char *path, const struct journal_part *part,
                    enum journal_result result, char *why, size_t size)
{
    char time[80];
    if (result == JOURNAL_OK)
        return true;
    name_time (journal, part->bad, time, sizeof time);
    if (result == JOURNAL_END)
        snprintf (
            why, size,
            "%s: position %lld%s: this is not what was stored here: the file was changed from "
            "outside; what is before it fits. Keep it, and compare it with what its "
            "neighbours hold",
            path, (long long) part->bad, time);
    else
        snprintf (why, size, "%s: position %lld%s: %s", path, (long long) part->bad, time,
                  journal_error (journal));
    return false;
}

bool audit (const char *path, struct audit *out, char *why, size_t why_size)
{
    struct journal *journal = journal_open_look (path, why, why_size);
    struct journal_part part = { .after = 0 };
    struct record last;
    enum journal_result result = JOURNAL_OK;
    int64_t begun = clock_steady ();
    if (journal == NULL)
        return false;
    *out = (struct audit){ .count = journal_head (journal), .chain = journal_chain (journal) };
    while (result == JOURNAL_OK && part.after < out->count) {
        part.until = out->count - part.after > AT_A_TIME ? part.after + AT_A_TIME : out->count;
        result = journal_check_part (journal, &part);
        part.after = part.until;
        say_how_far (begun, part.after, out->count);
    }
    out->blank = part.blank;
    if (out->count > 0 && journal_at (journal, out->count, &last) == JOURNAL_OK)
        out->taken = last.taken;
    bool good = report (journal, path, &part, result, why, why_size);
    journal_close (&journal);
    return good;
}
