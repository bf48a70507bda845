/* SPDX-License-Identifier: Apache-2.0 */
/*
 * station.h - one party's broker: what the loop owns
 *
 * The loop reads sockets, judges, signs and submits; the journal's thread stores
 * (store.h); `done` acknowledges and forwards. Everything here belongs to the loop.
 */
#ifndef CERTBUS_STATION_H
#define CERTBUS_STATION_H

#include <czmq.h>

#include "broker/store.h"
#include "bus/core/hold.h"
#include "bus/core/intake.h"
#include "bus/core/quota.h"
#include "bus/edge/conf.h"
#include "bus/edge/ingress.h"
#include "bus/edge/keys.h"
#include "bus/edge/wire.h"
#include "bus/edge/zap.h"

struct peer;
struct asks;
struct local;
struct origin;
struct numbers;
struct timers;
struct uplink;

/* Endpoints, as a contact message tells them. */
struct announced {
    size_t count;
    char at[ENDPOINTS_MAX][ENDPOINT_MAX + 1];
};

/* What a contact announces, what worked, and what the bundle says. */
#define PARENT_ENDPOINTS (2 * ENDPOINTS_MAX + 1)

struct station {
    char home[4096]; /* as the user named it; the current folder */
    struct conf conf;
    struct keys keys;
    struct schemas *schemas;
    struct directory *directory;
    const struct entry *me;
    struct proof_cache *cache;
    struct quota *quota;
    struct zap *zap;
    struct ingress *ingress;
    struct store *store;

    zloop_t *loop;
    zsock_t *children_sock; /* NULL: no open port */
    size_t bound_count;
    char bound[ENDPOINTS_MAX][ENDPOINT_MAX + 1]; /* as children reach it */
    struct peer *parent;                         /* NULL: the top party */
    struct peer *children;                       /* hash by link key; see peer.h */
    struct local *local;
    struct origin *origin;
    struct numbers *numbers;
    struct timers *timers;
    struct asks *asks;          /* questions under way */
    zsock_t *tap;               /* NULL: none */
    struct hold hold;           /* whether the wall clock can be believed */
    enum hold_event hold_event; /* of the start, not told yet */
    int64_t hold_saved;         /* its offset, as it was saved last; 0: not in this run */
    unsigned tap_tlp;

    struct span bundle;       /* HOME/bundle, owned */
    struct span first_policy; /* the one in it */
    int lock;                 /* on HOME/lock: one broker a home */
    struct announced parent_contact, own_contact;
    size_t endpoint_count; /* of the parent, as bundle, contact or configuration say */
    char endpoints[PARENT_ENDPOINTS][ENDPOINT_MAX + 1];
    size_t endpoint_now;
    char endpoint_good[ENDPOINT_MAX + 1]; /* where the link was open in this run; "": nowhere */
    struct uplink *uplink;                /* NULL: the top party */

    struct epoch epoch;            /* of the journal */
    int64_t seq;                   /* the last sequence that was given out */
    int64_t heads[CB_PRECEDENCES]; /* position of the last committed record of each lane */
    int64_t head;                  /* and of all of them */
    int64_t started;               /* ms UTC */
    int64_t sent_head;             /* steady ms */
    int64_t heard_at;              /* steady ms: when it was last written who is heard */
    bool pump_wanted, admit_wanted;
    size_t reads;                     /* of the pump, under way */
    char pump_next[2 * KEY_SIZE + 1]; /* the child that had to wait for one; "" none */
    uint64_t pending;                 /* bytes of frames on their way to the disk */
    size_t worked;                    /* signatures verified in this turn */
    bool children_paused;             /* until they are fewer */
    bool known_outside;               /* when this run began a neighbour held messages of ours */
    bool met;                         /* a neighbour that knows our journal was heard in this run */
    bool stopping;
};

/* Boot and end. `why` says what failed and what to do. */
struct station *station_open (const char *home, bool check_only, char *why, size_t why_size);
void station_run (struct station *self); /* until a signal */
void station_close (struct station **self);
/* Reads the configuration again: as one step, or not at all. */
void station_reload (struct station *self);

/* Where the parent is: the configuration, else its contact message, else the bundle. */
void station_endpoints (struct station *self);
/* Reads the endpoints of a contact message; false, and nothing changed, when it has
 * none. The link that stands is left alone: they are used when it is made again. */
bool station_contact (struct announced *out, struct span body);

/* Hands the limits of the configuration to the journal's thread. */
void station_limits (struct station *self);
/* After the directory changed: who may connect, who is a neighbour, which key is ours. */
void station_admit (struct station *self);
/* What was committed: moves the heads, wakes links and readers, shows it on the tap. */
struct item;
void station_stored (struct station *self, const struct item *item);
/* What is judged: what a link brought, one's own on its way back, what is in quarantine and
 * only looked at, one's own before it is signed, or the same without consequences. The two
 * without consequences use up no quota. */
enum judging { JUDGE_DATA, JUDGE_RECOVERY, JUDGE_LOOK, JUDGE_DRAFT, JUDGE_REHEARSAL };
void station_judge (struct station *self, const struct envelope *e, enum side side,
                    struct span peer, enum judging what, struct verdict *verdict);
/* What was accepted may change who is who: at once, before it is on disk. Changes the verdict
 * when it does not fit what is known. */
void station_learn (struct station *self, const struct envelope *e, struct verdict *verdict);
struct span station_name (const struct station *self);
/* Wakes the pump at the end of this turn. */
void station_wake (struct station *self);
/* The end of a turn: signs what was drafted, admits who is new, wakes the pump. */
void station_turn (struct station *self);
bool station_trust_stale (const struct station *self);

#endif
