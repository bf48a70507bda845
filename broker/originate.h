/* SPDX-License-Identifier: Apache-2.0 */
/*
 * originate.h - drafts become messages: judged, numbered, signed in batches, stored
 *
 * All drafts of one turn of the loop share one signature.
 */
#ifndef CERTBUS_ORIGINATE_H
#define CERTBUS_ORIGINATE_H

#include "broker/station.h"
#include "broker/take.h"
#include "bus/core/number.h"

/* What is told to who asked, after the commit or on refusal. */
struct originated {
    enum cb_reason reason; /* OK: it is on disk */
    const char *detail;
    struct msg_id id; /* borrowed */
    struct hash leaf;
    int64_t position;
};

/* Who asked: a local question (its socket, route and tag), or nobody. */
struct asker {
    bool waiting;
    zsock_t *sock;
    struct wire_route route;
    uint64_t tag;
    const char *op;              /* what was asked, for the log; static */
    uint32_t uid;                /* by whom */
    size_t *open, weight;        /* what is asked and not answered yet; this one's part of it */
    struct pack_out *answer;     /* a map to answer with after the commit; owned; NULL: the usual */
    char number[NUMBER_MAX + 1]; /* that its message was given; "": the answer has none */
    /* Instead of an answer, for what the broker itself asked; NULL: none. */
    void (*told) (struct station *station, void *arg, const struct originated *what);
    void *told_arg;
};

struct origin *origin_new (void);
void origin_free (struct origin **self);

/* Judges a draft as every broker will. Fills origin, credential, id, issued, salt and
 * the schema's version. `settles` may be NULL; copied. On refusal nothing is kept. */
enum cb_reason originate (struct station *station, struct draft *draft, const struct asker *asker,
                          const struct key *settles, char detail[SCHEMA_WHERE]);
/* The same judgement, nothing kept. */
enum cb_reason originate_check (struct station *station, struct draft *draft,
                                char detail[SCHEMA_WHERE]);
/* At the end of a turn: signs and submits what was drafted. */
void originate_flush (struct station *station);

/* Receipts and rejections that are owed: at start, and for each item that was stored. */
void debts_resume (struct station *station);
void debts_pay (struct station *station, const struct item *item);

#endif
