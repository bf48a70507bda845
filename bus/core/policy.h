/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - who may send what to whom: signed by the root keys, in numbered versions
 *
 * config/ holds the text; what travels is its canonical form (docs/protocol.md,
 * section 6). A grant says: this role may send these kinds to recipients that
 * stand in one of these relations to it. Authority is position plus role.
 */
#ifndef CERTBUS_POLICY_H
#define CERTBUS_POLICY_H

#include "bus/core/credential.h"

#define GRANTS_MAX     256
#define POLICY_SECTORS 64
#define CLOCKS_MAX     256
#define SETTINGS_MAX   64

/* The settings that this version reads, in the order of bytes. X (NAME, its name, where the policy
 * lacks it, whether it is a time (ms; in the file a text such as "1 h"), least and most in the
 * file). docs/protocol.md, section 6, says what they mean. */
#define POLICY_SETTINGS(X)                                                                         \
    X (AHEAD, "ahead", 600000, true, 0, POLICY_DAY)                                                \
    X (ATTACHMENT_MB, "attachment-mb", 10, false, 0, 1024)                                         \
    X (BULLETIN_DAY, "bulletin-day", 1, false, 1, 7)                                               \
    X (BULLETIN_HOUR, "bulletin-hour", 540, false, 0, 1439)                                        \
    X (CORRELATE_CLASS_COUNT, "correlate-class-count", 5, false, 2, 100000)                        \
    X (CORRELATE_COUNT, "correlate-count", 2, false, 2, 100000)                                    \
    X (CORRELATE_WINDOW, "correlate-window", 7 * POLICY_DAY, true, 3600000, 365 * POLICY_DAY)      \
    X (FLASH_PER_HOUR, "flash-per-hour", 0, false, 1, 256)                                         \
    X (HEAD_EVERY, "head-every", 3600000, true, 60000, 30 * POLICY_DAY)                            \
    X (HEAD_STALE, "head-stale", 0, true, 60000, 365 * POLICY_DAY)                                 \
    X (REMIND_PERCENT, "remind-percent", 50, false, 0, 100)                                        \
    X (SEEN_THRESHOLD, "seen-threshold", 5, false, 1, 100000)
#define POLICY_DAY INT64_C (86400000)

#define SETTING_X(NAME, ...) POLICY_##NAME,
enum policy_setting { POLICY_SETTINGS (SETTING_X) POLICY_SETTING_END };
#undef SETTING_X

struct policy_grant {
    struct span role;    /* a role, or "*" */
    struct labels kinds; /* kinds, or "*" */
    unsigned relations;  /* bit 1 << CB_REL_* */
};

struct policy_clock {
    struct span clock, role; /* name of the clock; role or "*" */
    unsigned severity;       /* 1 to 5; 0: any */
    int64_t limit;           /* ms */
};

struct policy {
    struct statement st;
    uint32_t version;
    int64_t issued;
    struct span title;
    struct labels roles;
    size_t grant_count, sector_count, clock_count, setting_count;
    struct policy_grant grants[GRANTS_MAX];
    struct {
        struct span sector, cert; /* cert empty: none */
    } sectors[POLICY_SECTORS];
    struct policy_clock clocks[CLOCKS_MAX];
    struct {
        struct span name; /* "flash-per-hour", "head-every", ... */
        int64_t value;
    } settings[SETTINGS_MAX];
};

/* Form and meaning: every grant's and clock's role is a role of the policy.
 * Signatures are the directory's business. Borrows from `bytes`. */
bool policy_parse (struct policy *p, struct span bytes);
/* Packs the body from the fields (st is not used). */
void policy_pack (struct pack_out *out, const struct policy *p);
/* A setting's value, or what holds where the policy lacks it. `p` may be NULL: there is none yet. */
int64_t policy_setting (const struct policy *p, enum policy_setting which);
/* The CERT of a sector; empty when the policy names none. */
struct span policy_sector_cert (const struct policy *p, struct span sector);
/* The limit of a clock for a role and severity: exact row first, then "*". 0: none. */
int64_t policy_clock (const struct policy *p, const char *clock, struct span role,
                      unsigned severity);

/* Who asks for leave to send. */
struct sender {
    struct span name, role;
    const struct labels *sectors;
};

struct policy_verdict {
    enum cb_reason reason;  /* OK or NO_GRANT */
    size_t refused;         /* index of the first term that no grant covers */
    bool by_correspondence; /* a term is covered only because `thread` names its party */
    uint32_t participants;  /* bits 1 << index: terms that are covered only if they take part in
                             * that thread, which who holds it has to say */
};

/* Whether every term of the audience is covered by a grant. `thread` is the
 * origin of the message it answers; empty: none. */
struct policy_verdict policy_allows (const struct policy *p, const struct sender *sender,
                                     struct span kind, const struct term *audience, size_t count,
                                     struct span thread_origin);

#endif
