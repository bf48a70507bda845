/* SPDX-License-Identifier: Apache-2.0 */
/*
 * told.h - a case, as the broker tells it (op `case` of docs/local.md)
 */
#ifndef CERTBUS_TOLD_H
#define CERTBUS_TOLD_H

#include "bus/core/case.h"
#include "bus/edge/json.h"
#include "nodes/certbus/post.h"

struct told {
    struct span answer; /* owned copy */
    struct span map;    /* `case` in it */
    struct msg_id id;   /* of the report; borrows */
    char text[ID_TEXT], thread[ID_JSON], exercise[ID_JSON];
    char self[PARTY_MAX + 1];
    unsigned tlp;
    int mode;
    size_t party_count; /* participants but this party: the lead and the reporter first */
    char parties[CASE_PARTIES][PARTY_MAX + 1];
};

/* Asks for it by what people type: an id, a code ... An exit code, after a complaint. told_free
 * in any case. */
int told_ask (struct call *call, const char *id, struct told *told);
/* The same without a complaint; false: there is none. */
bool told_quietly (struct call *call, const char *id, struct told *told);
void told_free (struct told *told);

/* The number of a name in an answer; a TLP may stand there as a number, too. */
unsigned told_tlp (struct span map);
int told_mode (struct span map);

/* Makes a post a message in this case: its thread, its TLP and mode, what was seen of it, and its
 * participants as the audience unless there is one. Borrows from `told`. */
void told_address (const struct told *told, struct post *post);
/* Takes out of a default audience whom the policy does not let this party write to, but not
 * `needed` (NULL: nobody), and says so in one line. An exit code, after a complaint. */
int told_reach (struct call *call, struct post *post, const char *needed);

#endif
