/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_clocks.h - brokers whose time is made up: what is due is raised, stored and told on
 *
 * pk, pk.sindh, pk.sindh.khi and the organisation pk.sindh.khi.kpt, each with a journal of its
 * own. A message is held by all of them as soon as it is made, unless a test keeps it back. What
 * a broker makes by itself is written down, a line each: "00:15:00 pk.sindh.khi breach
 * acknowledge".
 */
#ifndef CERTBUS_SUPPORT_CLOCKS_H
#define CERTBUS_SUPPORT_CLOCKS_H

#include "broker/casework/clocks.h"
#include "bus/core/when.h"
#include "tests/unit/support_casework.h"
#include "tests/unit/support_trust.h"

#define MINUTE INT64_C (60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

enum desk_of { PK, SINDH, KHI, KPT, DESKS };

struct night {
    struct world *world; /* for the policies */
    struct holder desks[DESKS];
    struct history history;
    int64_t began, now, seqs[DESKS];
    bool restarts; /* each broker ends and starts anew before whatever happens next */
    bool twice;    /* each deed is made twice, as after a restore */
    bool apart;    /* a report gets to its lead alone */
    struct msg_id exercise;
    char told[16384];
    size_t told_size;
};

/* Begins at `began`, RFC 3339; all hold the policy of config/cert-rules-2023.cfg as to clocks. */
void night_open (struct night *self, const char *began);
void night_close (struct night *self);
/* Time goes on, and what is due until then (and then) is raised. */
void night_until (struct night *self, int64_t time);
void night_on (struct night *self, int64_t ms);

/* A message of a party, with a body of texts and times: "step", "acknowledge", NULL. It names all
 * heads that are known. Returns it, until the next one. */
struct said {
    enum desk_of by;
    const char *kind;
    struct msg_id thread; /* empty: it begins one */
    const char *body;     /* "step=acknowledge next_update=@HH:MM:SS"; NULL: none */
    const char *to;       /* NULL: pk.sindh.khi */
    unsigned mode;
    unsigned not_at; /* bits 1 << desk: it does not get there now */
};
const struct message *night_say (struct night *self, const struct said *said);
/* It gets there after all, now. */
void night_bring (struct night *self, size_t message, enum desk_of to);
/* A report by kpt to khi, severity as given; khi has said that it has it, unless `lost`. */
struct msg_id night_report (struct night *self, const char *severity, bool lost);
/* Announces an exercise and starts it. */
void night_exercise (struct night *self);
/* A step, by an officer. */
void night_step (struct night *self, enum desk_of by, struct msg_id id, const char *body);
/* The next version of the policy, in which a clock has this limit for all severities. */
void night_policy (struct night *self, uint32_t version, const char *clock, int64_t limit);

/* What was raised since the last time is this, line by line. */
void night_expect (struct night *self, const char *lines);
/* The clocks of a case at a desk: "acknowledge due 00:15:00 next breach\n...". */
void night_clocks (struct night *self, enum desk_of at, struct msg_id id, const char *lines);
/* The register at a desk, all parties: "pk.sindh.khi acknowledge due 00:15:00 done 00:20:00\n". */
void night_breaches (struct night *self, enum desk_of at, const char *lines);
/* What was rebuilt from the log equals what is there, at every desk. */
void night_rebuilt (struct night *self);

#endif
