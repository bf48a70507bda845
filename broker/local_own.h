/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_own.h - what the files of the local edge share
 */
#ifndef CERTBUS_LOCAL_OWN_H
#define CERTBUS_LOCAL_OWN_H

#include "broker/local.h"
#include "broker/refusals.h"
#include "broker/standing.h"
#include "broker/tables.h"

/* A question that was taken apart. `map` borrows from the frame. */
struct question {
    struct station *station;
    struct asker asker;
    bool may_act;
    uint32_t uid, gid, pid;
    struct span map;
};

/* Values of the question's map. */
struct span ask_text (const struct question *q, const char *name);
int64_t ask_int (const struct question *q, const char *name, int64_t otherwise);
bool ask_bool (const struct question *q, const char *name);
struct span ask_bin (const struct question *q, const char *name);
bool ask_ref (const struct question *q, const char *name, struct msg_id *id);
/* An array of texts, sorted; how many, at most `max`; (size_t) -1: malformed. */
size_t ask_texts (const struct question *q, const char *name, struct span *out, size_t max);

/* An answer: one map, whose keys are put in ascending order. */
void answer_send (const struct asker *asker, const struct pack_out *map);
void answer_refuse (const struct asker *asker, const char *reason, const char *detail);
void answer_reason (const struct asker *asker, enum cb_reason reason, const char *detail);

void put_ref (struct pack_out *out, const struct msg_id *id);
void put_text (struct pack_out *out, const char *key, const char *text);
void put_span (struct pack_out *out, const char *key, struct span text);
void put_uint (struct pack_out *out, const char *key, uint64_t value);
void put_int (struct pack_out *out, const char *key, int64_t value);
void put_bool (struct pack_out *out, const char *key, bool value);
/* A record as docs/local.md has it; `extra` may be NULL. */
struct record_extra {
    const struct standing *standing; /* NULL, or position 0: it stands */
    const struct refusal *refused;   /* NULL: by nobody that is known */
    const struct pack_out *waits;    /* texts; NULL: not asked for */
    size_t wait_count;
};
void put_record (struct pack_out *out, const struct record *record, const struct station *station,
                 const struct record_extra *extra);

/* What is said of a party that nobody knows, with the party below `below` that was probably meant:
 * "pk.snidh: WHAT; did you mean pk.sindh?". */
struct local_unknown {
    char detail[2 * PARTY_MAX + 80];
};
void local_unknown (struct local_unknown *out, const struct station *station, struct span below,
                    struct span name, const char *what);
/* Refuses what was asked of it. */
void local_refuse_unknown (const struct question *q, struct span name);

/* Signs, stores and answers after the commit; or says why not. Takes `answer`, which is
 * given instead of the usual one; may be NULL. */
void local_originate (const struct question *q, struct draft *draft, struct pack_out *answer);

/* The operations, one function each. */
void local_status (const struct question *q);
void local_tree (const struct question *q);
void local_read (const struct question *q);
void local_take (const struct question *q);
void local_taken (const struct question *q);
void local_get (const struct question *q);
void local_check (const struct question *q);
void local_chain (const struct question *q);
void local_contact (const struct question *q);
void local_attachments (const struct question *q);
void local_part (const struct question *q);
void local_publish (const struct question *q);
void local_enrol (const struct question *q);
void local_countersign (const struct question *q);
void local_revoke (const struct question *q);
void local_trust (const struct question *q);
void local_freeze (const struct question *q);
void local_quarantine (const struct question *q);
void local_refused (const struct question *q);
void local_ledger (const struct question *q);
void local_release (const struct question *q);
void local_discard (const struct question *q);
void local_config (const struct question *q);
void local_ask (const struct question *q);
void local_missing (const struct question *q);
void local_bulletin (const struct question *q);
void local_escalate (const struct question *q);
void local_case (const struct question *q);
void local_cases (const struct question *q);
void local_exercise (const struct question *q);
void local_clocks (const struct question *q);
void local_breaches (const struct question *q);
void local_confirm (const struct question *q);

/* local_clocks.c, in the journal's thread: `clocks` and its array, for the map of one case. Returns
 * how many it holds. */
size_t local_put_clocks (struct pack_out *out, struct store *store, const struct msg_id *id);

/* local_again.c: a revocation, and with it, in one step, what takes the place of the credential. */
struct withdrawal {
    const struct entry *entry;
    struct span why;
    bool disputed;
    bool name_last;        /* the newest message of it that is held here, as the last that counts */
    struct span successor; /* the credential that follows, which is published, too; empty: none */
    struct span request;   /* with its request */
};
void local_withdraw (const struct question *q, const struct withdrawal *withdrawal);

/* local_read.c: reads that wait. */
struct waiting;
void waiting_wake (struct station *station);
void waiting_tick (struct station *station, int64_t now);
void waiting_free (struct local *local);

struct local {
    zsock_t *read, *act;
    struct waiting *waiting; /* list */
    struct holder *holders;  /* who holds which named reader */
    size_t open;             /* weight of what is asked and not answered; bounded */
    size_t waiting_count;    /* of them, put aside until there is something to read */
    bool paused;
    bool woken;
};

#endif
