/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h - what the answers of one broker and of its neighbours amount to
 *
 * A broker that was asked (question.h) adds what it knows itself to what its neighbours signed,
 * and signs the sum. A neighbour speaks for its own side of the link alone: a child for what is
 * at or below it, the parent for what is outside of one's own subtree. docs/casework/questions.md
 * has the maps.
 */
#ifndef CERTBUS_ANSWERS_H
#define CERTBUS_ANSWERS_H

#include "bus/core/question.h"

#define SOFTWARE_MAX  64
#define PRESENCE_MAX  8192       /* parties in one answer; beyond it says that it is cut */
#define SEEN_NAMES    32         /* parties named in one answer */
#define SEEN_MOST     UINT32_MAX /* constituents counted in one answer; beyond it says at least */
#define SOFTWARE_KEPT 64         /* different programs in one answer */

/* A party as the one above it sees the link between them. Texts are copied. */
struct presence {
    struct span name;
    bool open;            /* the link is open */
    int64_t since, heard; /* ms UTC: so since then; the last frame of it, 0: none */
    uint64_t lag;         /* messages that wait for it */
    bool more;            /* at least so many */
    struct span software; /* "" unknown */
};

/* How many constituents have seen something. */
struct seen {
    uint64_t count; /* of constituents */
    uint64_t fewer; /* not 0: the count is not told, it is at least 1 and below this */
    bool least;     /* it is at least so many */
    int64_t last;   /* ms UTC, of the newest sighting; 0: none, or not told */
    size_t name_count;
    char names[SEEN_NAMES][PARTY_MAX + 1]; /* of those who may be named, ascending */
};

/* One side of the tree as the one who asks sees it: itself, a child's subtree, or the parent's. */
struct seen_place {
    char name[PARTY_MAX + 1];
    struct seen own, told; /* known here; signed by that neighbour */
    bool single;           /* nobody is below it: it is one constituent at most */
};

struct presence_row;

struct answers {
    enum question_kind question;
    const struct request *request; /* borrowed */
    char self[PARTY_MAX + 1];
    bool more; /* something was left out for lack of room */
    size_t silent_count;
    char (*silent)[PARTY_MAX + 1];
    size_t row_count, row_room, place_count;
    struct presence_row *rows;
    struct seen_place *places;
    struct pack_out contact; /* the newest contact message; empty: none */
    int64_t contact_issued;
    char contact_by[PARTY_MAX + 1]; /* who had it */
};

/* Copies `self`; the request has to stay. Returns owned. */
struct answers *answers_new (const struct request *request, struct span self);
void answers_free (struct answers **self);

/* What is known here. One that is not in the audience is passed over. */
void answers_presence (struct answers *self, const struct presence *presence);
/* Adds to what is known of a place: this party, or a neighbour's side. */
void answers_seen (struct answers *self, struct span place, const struct seen *seen);
/* A name for `seen`, unless it has it or has too many. */
void seen_name (struct seen *seen, struct span name);
/* Of several the newest counts. It has to have been verified. */
void answers_contact (struct answers *self, const struct envelope *e, struct span by);

/* What a neighbour signed. False: it is not what such an answer is, or it speaks for others than
 * its own side; then nothing of it counts. */
bool answers_take (struct answers *self, const struct question_check *check,
                   const struct reply *reply);
void answers_silent (struct answers *self, struct span party);

/* What is told of a place: both sources in one, and below `threshold` no count. */
struct seen seen_told (const struct seen_place *place, uint64_t threshold);
/* The same of all places together. */
struct seen seen_total (const struct answers *self, uint64_t threshold);
/* Visits the presence of each party in the order of names. */
typedef bool (*presence_visit) (const struct presence *presence, void *arg);
void answers_each (struct answers *self, presence_visit visit, void *arg);

/* The body of the signed answer, which fits a statement. `reply` has party, credential and
 * request. */
void answers_pack (struct answers *self, uint64_t threshold, struct reply *reply,
                   struct pack_out *out);

/* Whether `bytes` is a contact message that `party` signed with a credential known here. */
bool contact_good (const struct directory *directory, struct span bytes, struct span party,
                   struct envelope *e);

#endif
