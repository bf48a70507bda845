/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.h - an advisory that asks this party, and what it has said so far
 */
#ifndef CERTBUS_ASKED_H
#define CERTBUS_ASKED_H

#include "bus/edge/json.h"
#include "nodes/certbus/fetch.h"
#include "nodes/certbus/post.h"

/* What `ack ADVISORY` takes besides --by. */
#define ACK_ADVISORY_OPTIONS                                                                       \
    { "applicable", 0, false, NULL, "of an advisory: it concerns this party" },                    \
        { "not-applicable", 0, false, NULL, "it does not, for the reason that --why says" },       \
    {                                                                                              \
        "why", 0, false, "TEXT", "in words, such as why it does not apply"                         \
    }

struct asked {
    struct fetched fetched; /* the advisory */
    struct span ledger;     /* owned: the answer of the op `ledger` */
    struct span row;        /* this party's in it */
    char self[PARTY_MAX + 1];
    char id[ID_TEXT];
};

/* By what people type. Refuses what is no advisory, an own one, one that was replaced, and one
 * that does not ask this party. An exit code, after a complaint. asked_free in any case. */
int asked_open (struct call *call, const char *id, struct asked *asked);
void asked_free (struct asked *asked);

/* Sends an answer to the issuer and to the CERTs between. Takes the body. `step` stands for it
 * in what people read. An exit code. */
int asked_answer (struct call *call, const struct asked *asked, json_t *body, const char *step);

/* On a terminal: tells the issuer, once, that a person has opened it, unless the setting
 * read_receipts says no or the caller may not act. One line says so. */
void asked_opened (struct call *call, const struct record *record);

/* Of an advisory that asks this party: what it has not said yet, and what to type. Of another:
 * who has answered. */
void asked_print_next (struct call *call, const struct record *record);

/* `certbus ack` of an advisory. An exit code. */
int ack_advisory (struct call *call, const char *id);

#endif
