/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.h - a signed question to the tree, and a signed answer: form, and who may ask
 *
 * docs/protocol.md, section 5.7. Nothing of it is stored: it is about now. What several
 * answers amount to is in answers.h.
 */
#ifndef CERTBUS_QUESTION_H
#define CERTBUS_QUESTION_H

#include "bus/core/intake.h"

/* What can be asked. X (NAME, name on the wire, kind that the policy grants, what it asks). */
#define QUESTIONS(X)                                                                               \
    X (PRESENCE, "presence", "ask-presence", "who is connected below, and since when")             \
    X (SEEN, "seen", "ask-seen", "how many have seen an indicator")                                \
    X (CONTACT, "contact", "ask-contact", "the duty contact of a party, now")

#define QUESTION_X(NAME, ...) QUESTION_##NAME,
enum question_kind { QUESTIONS (QUESTION_X) QUESTION_END };
#undef QUESTION_X

const char *question_name (unsigned question); /* "?" for none */
/* QUESTION_END: it is not known here. */
enum question_kind question_number (struct span name);

#define NONCE_SIZE 16
/* ms that a question may take, and after which one is too old to be answered. */
#define QUESTION_LEAST INT64_C (100)
#define QUESTION_MOST  INT64_C (60000)
/* A broker on the way leaves so much of the whole to each one nearer to who asks. */
#define QUESTION_PARTS 16
#define ARGUMENTS_MAX  1024
/* Parties that one answer names as silent. */
#define SILENT_MAX 1024

/* Decoded structures borrow from the bytes. */
struct request {
    struct statement st; /* st.hash is what answers refer to */
    struct span party;   /* who asks */
    const struct hash *credential;
    const uint8_t *nonce;
    struct span question;
    size_t audience_count;
    struct span texts[AUDIENCE_MAX]; /* of the audience, ascending */
    struct term audience[AUDIENCE_MAX];
    int64_t issued, deadline; /* ms UTC, by the clock of who asks */
    struct span arguments;    /* a canonical map */
};

/* Form only; the audience is sorted, and the deadline within the limits above. */
bool request_parse (struct request *out, struct span bytes);
/* Packs the body; `texts`, not `audience`, is looked at. */
void request_pack (struct pack_out *out, const struct request *request);

struct reply {
    struct statement st;
    struct span party; /* who answers */
    const struct hash *credential;
    const struct hash *request; /* hash of the question's statement */
    uint64_t status;            /* 0: answered */
    struct span answers;        /* a canonical map; answers.h knows it */
    size_t silent_count;
    struct span silent[SILENT_MAX]; /* who did not answer in time, ascending */
};

bool reply_parse (struct reply *out, struct span bytes);
void reply_pack (struct pack_out *out, const struct reply *reply);

/* What is known where a question is judged. */
struct question_check {
    const struct directory *directory;
    struct span self, peer; /* this party, and the neighbour that brought it */
    enum side side;         /* SIDE_SELF: asked here, and not signed yet */
    int64_t now;            /* ms UTC */
    int64_t since;          /* ms UTC: older ones may have been answered before; 0: none */
};

/* OK, or why it is not answered; those that end a session by the catalogue do so. A question that
 * is not known here is NO_SUCH_QUESTION. */
enum cb_reason request_judge (const struct question_check *check, const struct request *request,
                              char detail[SCHEMA_WHERE]);
/* Whether `reply` is by `peer`, signed with a credential that counts. */
enum cb_reason reply_judge (const struct question_check *check, const struct reply *reply);

/* How many ms after it came to `self` its answer has to leave. */
int64_t request_time (const struct request *request, struct span self);
/* Whether a party is meant by the audience. */
bool request_meets (const struct request *request, struct span party, const struct labels *sectors);

#endif
