/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.h - one end of one link: the table of link.h with a socket and a journal
 *
 * The same code serves the link up and the links down; `up` says which.
 */
#ifndef CERTBUS_PEER_H
#define CERTBUS_PEER_H

#include <uthash.h>

#include "broker/station.h"
#include "bus/core/link.h"

#define PEER_PING_MS    5000
#define PEER_SILENCE_MS 20000
#define PEER_HELLO_MS   5000
/* What is in flight and unacknowledged for so long, with nothing acknowledged
 * meanwhile, was lost with a connection. */
#define PEER_ACK_MS      60000
#define PEER_BACKOFF_MIN 1000
#define PEER_BACKOFF_MAX 60000
/* Whoever refused a session so lately does so still: it was not asked again yet, or just now. */
#define PEER_REFUSING_MS (2 * (PEER_BACKOFF_MAX + PEER_HELLO_MS))
/* So many greetings and lines of the log a neighbour may cause in a window of ms. */
#define PEER_WINDOW_MS 5000
#define PEER_GREETINGS 20
#define PEER_LINES     20
#define PEER_QUESTIONS 50
/* What a neighbour may have in flight a lane. */
#define PEER_CREDIT_FLASH ((uint64_t) 256 * 1024)
#define PEER_CREDIT       ((uint64_t) 1024 * 1024)

/* A lane that comes in. */
struct lane_in {
    struct cursor at;     /* accepted: handed to the journal's thread, maybe not yet on disk */
    bool begun;           /* a frame of it was taken in this session */
    uint64_t pending;     /* bytes accepted and not yet acknowledged */
    struct cursor stored; /* the newest that is on disk */
    bool ack_owed;        /* the pipe was full when it should have been told */
};

struct sent_credential;

struct peer {
    UT_hash_handle hh; /* children, by user */
    struct station *station;
    bool up;
    char user[2 * KEY_SIZE + 1];
    char other[2 * KEY_SIZE + 1]; /* a child's second key that may greet, while it renews; "" */
    char name[PARTY_MAX + 1];
    const struct entry *entry; /* its current credential */
    zsock_t *sock;             /* up: its own DEALER; down: the station's ROUTER */
    struct wire_route route;

    enum link_state state;
    uint8_t session[SESSION_SIZE];
    bool greeting;       /* a greeting is being prepared from the journal */
    bool sending;        /* we know where to resume */
    int64_t since;       /* ms UTC: open, or not open, since then */
    int64_t heard, said; /* steady ms */
    int64_t heard_utc;
    int64_t heard_before; /* ms UTC, as HEARD has it (heard.h); 0: not read yet */
    int64_t heard_saved;  /* ms UTC: what was written of heard_utc; 1: that it was not heard yet */
    int64_t retry_at, backoff; /* steady ms */
    int64_t banned_until;      /* steady ms: it misbehaved */
    bool said_away;            /* that it has not answered yet in this run */
    int64_t skew;
    char software[65];
    char refused[SCHEMA_WHERE + 80]; /* the last REJECT or BUSY, either way */
    int64_t refused_at;              /* steady ms, when that ended a session; 0: it did not */
    int64_t window;                  /* steady ms, when it began */
    unsigned greetings, lines, questions;
    struct asked *asked; /* questions that it brought lately (ask.c), owned; NULL: none */

    size_t epoch_count; /* of its journal */
    struct epoch_end epochs[LINK_EPOCHS];
    struct lane_in in[CB_LANE_END];
    struct cursor resume_from[CB_LANE_END]; /* its cursors into ours, as it said */
    struct lane_out out[CB_LANE_END];
    int64_t scanned[CB_LANE_END]; /* looked at up to here; told it up to out[].sent */
    struct hash scanned_chain[CB_LANE_END];
    bool reading[CB_LANE_END];
    bool astray[CB_LANE_END]; /* its cursor is to be moved, even if nothing is for it */
    /* The lane stands before this one, which is to come after what overtakes it; 0 */
    int64_t waits_at[CB_PRECEDENCES];
    bool stalled[CB_LANE_END]; /* it took no frame: until an ACK or the next tick */
    int64_t recover_until;     /* lane RECOVERY: send up to here; 0: not asked */
    bool recovery_owed;        /* we want our own messages back from it */
    int64_t recovering;        /* steady ms: when that was said, or last went on */
    struct drain drain;
    struct sent_credential *credentials;    /* that this session carried */
    struct hash gathered[LINK_CREDENTIALS]; /* of them those in the frame being made */
    size_t gathered_count;
    struct hash proved; /* the origin's credential of the last message sent */
    bool acked_dirty;
    unsigned put_off; /* how often in this run */
};

struct peer *peer_new (struct station *station, bool up, const struct entry *entry);
void peer_free (struct peer **self);
/* The child that holds this link key, in use or yet to come; NULL: none. */
struct peer *peer_by_user (const struct station *station, const char *user);
struct peer *peer_of_child (const struct station *station, const struct credential *c);

/* Takes a frame from the socket; owns it. */
void peer_frame (struct peer *self, struct wire_frame *frame);
/* Once a second. */
void peer_tick (struct peer *self, int64_t now);
/* Sends one frame that is not DATA. */
bool peer_send (struct peer *self, const struct frame *frame);
enum wire_result peer_send_bytes (struct peer *self, struct span bytes);
/* The journal was just restored, and what the peer's messages answer may be on its
 * way back: it comes again in a moment. Bounded, so that nobody stands still for it. */
#define PEER_PUT_OFFS   60
#define PEER_PUT_OFF_MS 1000
void peer_put_off (struct peer *self);
/* Ends the session: quietly (BYE), or with a REJECT that says why; then backs off. */
void peer_end (struct peer *self, enum cb_reason reason, const char *detail);
/* A child's end begins again; a parent's end asks its child to. */
void peer_begin_again (struct peer *self, const char *why);
void peer_bye (struct peer *self);
/* Ends the session for what is no frame; quietly if it was ended for such a thing already. */
void peer_malformed (struct peer *self, const char *detail);
/* Whether it may bring another question now. */
bool peer_may_ask (struct peer *self);
/* Whether a line about it may be logged now: nobody fills the disk of a neighbour. */
bool peer_says (struct peer *self);
/* The credentials that this session carried. */
bool peer_sent_credential (const struct peer *self, const struct hash *credential);
void peer_mark_credential (struct peer *self, const struct hash *credential);
/* What was marked since the last frame was in one that went, or did not. */
void peer_credentials_went (struct peer *self, bool went);
void peer_forget_credentials (struct peer *self);
void peer_enter (struct peer *self, enum link_state state);

/* greet.c: what the journal knows is put into a greeting. */
void greet_hello (struct peer *self); /* child: HELLO */
void greet_answer (struct peer *self, struct wire_frame *frame, const struct greeting *theirs);
void greet_resume (struct peer *self, const struct greeting *theirs); /* child: after WELCOME */

/* data.c: tells again how far lanes are on disk, if it could not be told at once. */
void data_acknowledge_owed (struct peer *self);
/* DATA in. Owns the frame. */
void data_take (struct peer *self, struct wire_frame *frame, const struct data_frame *data);

#endif
