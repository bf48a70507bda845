/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h - the link protocol: frames, states, cursors and credit, without a socket
 *
 * docs/protocol.md section 9 is the specification and tests/model/link.pml the
 * model; both use the names of the states and events here. One table serves
 * both ends: the child's end begins with START, the parent's with HELLO.
 */
#ifndef CERTBUS_LINK_H
#define CERTBUS_LINK_H

#include "bus/core/catalog.h"
#include "bus/core/envelope.h"

#define LINK_VERSION     1
#define SESSION_SIZE     16
#define LINK_FRAME       ((size_t) 64 * 1024) /* a DATA frame aims at this */
#define LINK_FRAME_MAX   ((size_t) 384 * 1024)
#define LINK_EPOCHS      64   /* at most so many are listed; the latest ones */
#define LINK_RUN         1024 /* envelopes in a DATA frame at most */
#define LINK_CREDENTIALS 64

/* The states. IDLE: no session. WAITING: HELLO sent, no WELCOME yet (a child's
 * end only). OPEN: a session is agreed. */
#define LINK_STATES(X) X (IDLE) X (WAITING) X (OPEN)

/* What happens to a link, besides the verbs. */
#define LINK_EVENTS(X)                                                                             \
    X (START, "the child's end is told to connect")                                                \
    X (SILENCE, "nothing was heard for longer than allowed")                                       \
    X (CUT, "the transport says that the peer is gone")                                            \
    X (STOP, "this broker leaves")

#define X_STATE(NAME) LINK_##NAME,
enum link_state { LINK_STATES (X_STATE) LINK_STATE_END };
#undef X_STATE
#define X_EVENT(NAME, text) LINK_EVENT_##NAME,
enum link_event { LINK_EVENT_BASE = CB_VERB_END - 1, LINK_EVENTS (X_EVENT) LINK_EVENT_END };
#undef X_EVENT

/* What the table says to do. */
enum link_action {
    LINK_CLOSE,      /* the entry is missing: refuse, say why, end the session */
    LINK_SEND_HELLO, /* a fresh session */
    LINK_ANSWER,     /* check the HELLO; WELCOME, or REJECT and stay */
    LINK_BEGIN,      /* check the WELCOME and begin */
    LINK_TAKE,       /* DATA */
    LINK_CREDIT,     /* ACK */
    LINK_REWIND,     /* RECOVER */
    LINK_NOTE,       /* REJECT, BUSY: act on it */
    LINK_QUESTION,   /* REQUEST, REPLY */
    LINK_PONG_IT,    /* PING */
    LINK_ALIVE,      /* PONG: nothing but a sign of life */
    LINK_RETRY,      /* back off, then START */
    LINK_FORGET      /* drop quietly: the frame in WAITING, else the session */
};

struct link_step {
    enum link_action action;
    enum link_state next;
};

/* Pure: what a state does on a verb (enum cb_verb) or an event. */
struct link_step link_step (enum link_state state, unsigned event);
const char *link_state_name (enum link_state state);
const char *link_event_name (unsigned event);

/* A position in somebody's journal, as the one who reads it remembers it. */
struct cursor {
    struct epoch epoch;
    int64_t position;  /* 0: the beginning */
    struct hash chain; /* chain hash of the record there; zero at 0 */
};

/* An epoch of a journal, and up to where its records are common history. */
struct epoch_end {
    struct epoch epoch;
    int64_t end; /* of the current one: the head */
};

/* HELLO and WELCOME have the same fields. */
struct greeting {
    unsigned verb;
    uint32_t version_low, version_high; /* WELCOME: both the agreed one */
    struct span party;
    const uint8_t *session;
    size_t
        epoch_count; /* of the sender's journal: one a run of its broker; the last is this run's */
    struct epoch_end epochs[LINK_EPOCHS];
    struct cursor cursors[CB_LANE_END]; /* into the receiver's journal */
    struct epoch held_epoch;            /* highest id held of the receiver's own messages */
    int64_t held_seq;                   /* 0: none */
    uint32_t policy_version;
    int64_t time;
    uint64_t credit[CB_LANE_END]; /* bytes of DATA that may be unacknowledged */
    struct span software;
};

struct data_frame {
    const uint8_t *session;
    struct epoch epoch;
    unsigned lane;
    int64_t prev, last;
    const struct hash *chain; /* at last */
    size_t credential_count, envelope_count;
    struct span credentials[LINK_CREDENTIALS];
    struct span envelopes[LINK_RUN];
};

struct ack_frame {
    const uint8_t *session;
    struct epoch epoch;
    unsigned lane;
    int64_t position;
    uint64_t credit;
};

struct recover_frame {
    const uint8_t *session;
    struct cursor from;
};

struct reject_frame {
    const uint8_t *session;
    unsigned reason;
    struct span detail;
    const struct hash *leaf; /* of the message that was refused; NULL: the session */
};

struct busy_frame {
    const uint8_t *session;
    int64_t wait; /* ms */
};

/* REQUEST and REPLY carry a statement. */
struct question_frame {
    const uint8_t *session;
    struct span statement;
};

struct frame {
    unsigned verb;
    const uint8_t *session; /* of whatever verb */
    union {
        struct greeting greeting;
        struct data_frame data;
        struct ack_frame ack;
        struct recover_frame recover;
        struct reject_frame reject;
        struct busy_frame busy;
        struct question_frame question;
    } as;
};

/* Form only. False for anything not canonical, not exact, or over a limit. Borrows. */
bool frame_parse (struct frame *f, struct span bytes);
/* Packs any frame but DATA into an empty buffer, by f->verb and f->session. */
void frame_pack (struct pack_out *out, const struct frame *f);

/* DATA is built while the journal is read: begin, add, finish. */
struct data_builder {
    struct pack_out credentials, envelopes;
    size_t credential_count, envelope_count;
};
void data_begin (struct data_builder *b); /* also clears; zeroed before the first time */
void data_free (struct data_builder *b);
void data_credential (struct data_builder *b, struct span statement);
void data_envelope (struct data_builder *b, struct span envelope);
size_t data_size (const struct data_builder *b);
void data_finish (struct data_builder *b, struct pack_out *out, const struct data_frame *header);

/* Where a sender resumes for a reader with this cursor. `chain_here` is the chain
 * hash of the own record at cursor->position, NULL if there is none. The chain
 * decides: the same hash means the same history up to there, so resume there. A
 * cursor beyond the end of an earlier epoch resumes at that end; anything else at
 * 0, and repeats are recognised by their ids. `*lost` is set when the reader has
 * seen a history that is not here: this journal was restored from an older copy. */
int64_t link_resume (const struct cursor *cursor, const struct epoch_end *epochs, size_t count,
                     const struct hash *chain_here, bool *lost);

/* Whether a DATA frame may be taken: it continues `at` exactly, or, as the first
 * of its lane in this session, starts at or before it. */
bool link_continues (const struct cursor *at, bool first, const struct data_frame *data,
                     const struct epoch_end *epochs, size_t count);

/* What one end knows of one lane that it sends. */
struct lane_out {
    int64_t sent, acked; /* positions in the own journal */
    uint64_t credit;     /* bytes that may be in flight, said by the receiver */
    uint64_t inflight;   /* bytes sent and not acknowledged */
    size_t head, count;  /* ring of the frames in flight */
    struct {
        int64_t last;
        uint32_t size;
        int64_t when;
    } ring[64];
};

/* The drain rate of a link, over all lanes, and what may be in flight by it. */
struct drain {
    double rate; /* bytes per ms, smoothed; 0: not known yet */
    int64_t since;
    uint64_t bytes;
};

#define LINK_DRAIN_MS 250

void lane_out_reset (struct lane_out *lane, int64_t position, uint64_t credit);
/* Whether a frame of `size` bytes may go now. An empty lane may always send one. */
bool lane_out_may (const struct lane_out lanes[CB_LANE_END], unsigned lane,
                   const struct drain *drain, size_t size);
void lane_out_sent (struct lane_out *lane, int64_t last, size_t size, int64_t now);
/* Takes an ACK; false when it acknowledges what was never sent. */
bool lane_out_acked (struct lane_out *lane, const struct ack_frame *ack, struct drain *drain,
                     int64_t now);

#endif
