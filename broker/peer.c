/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/peer.h"

#include "broker/ask.h"
#include "broker/pump.h"
#include "broker/uplink.h"
#include "bus/edge/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Credentials that one session carried; emptied with it. */
struct sent_credential {
    UT_hash_handle hh;
    struct hash hash;
};

#define SENT_CREDENTIALS_MAX 65536

struct peer *peer_new (struct station *station, bool up, const struct entry *entry)
{
    struct peer *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    self->station = station;
    self->up = up;
    self->entry = entry;
    span_text (entry->credential.name, self->name, sizeof self->name);
    sodium_bin2hex (self->user, sizeof self->user, entry->credential.link_key, KEY_SIZE);
    self->backoff = PEER_BACKOFF_MIN;
    self->since = clock_utc ();
    return self;
}

void peer_forget_credentials (struct peer *self)
{
    struct sent_credential *sent, *next;
    HASH_ITER (hh, self->credentials, sent, next)
    {
        HASH_DEL (self->credentials, sent);
        free (sent);
    }
    memset (&self->proved, 0, sizeof self->proved);
    self->gathered_count = 0;
}

void peer_free (struct peer **self_p)
{
    struct peer *self = *self_p;
    if (self == NULL)
        return;
    peer_forget_credentials (self);
    if (self->up)
        zsock_destroy (&self->sock);
    free (self->asked);
    free (self);
    *self_p = NULL;
}

struct peer *peer_by_user (const struct station *station, const char *user)
{
    struct peer *peer = NULL;
    HASH_FIND_STR (station->children, user, peer);
    if (peer != NULL || user[0] == '\0')
        return peer;
    peer = station->children;
    while (peer != NULL && strcmp (peer->other, user) != 0)
        peer = peer->hh.next;
    return peer;
}

struct peer *peer_of_child (const struct station *station, const struct credential *c)
{
    char user[2 * KEY_SIZE + 1];
    sodium_bin2hex (user, sizeof user, c->link_key, KEY_SIZE);
    return peer_by_user (station, user);
}

/* It comes with its other key: the one before is a way in no longer once the newest was used. */
static void change_key (struct peer *self, const char *user)
{
    struct station *station = self->station;
    HASH_DEL (station->children, self);
    memcpy (self->other, self->user, sizeof self->other);
    snprintf (self->user, sizeof self->user, "%s", user);
    HASH_ADD_STR (station->children, user, self);
    station->admit_wanted = true;
}

bool peer_sent_credential (const struct peer *self, const struct hash *credential)
{
    struct sent_credential *sent;
    HASH_FIND (hh, self->credentials, credential->bytes, HASH_SIZE, sent);
    return sent != NULL;
}

void peer_mark_credential (struct peer *self, const struct hash *credential)
{
    struct sent_credential *sent;
    if (HASH_COUNT (self->credentials) >= SENT_CREDENTIALS_MAX)
        peer_forget_credentials (self); /* sending one twice does no harm */
    sent = calloc (1, sizeof *sent);
    if (sent == NULL)
        abort ();
    sent->hash = *credential;
    HASH_ADD (hh, self->credentials, hash, HASH_SIZE, sent);
    self->gathered[self->gathered_count++] = *credential;
}

void peer_credentials_went (struct peer *self, bool went)
{
    for (size_t i = 0; i < self->gathered_count && !went; i++) {
        struct sent_credential *sent;
        HASH_FIND (hh, self->credentials, self->gathered[i].bytes, HASH_SIZE, sent);
        if (sent != NULL) {
            HASH_DEL (self->credentials, sent);
            free (sent);
        }
    }
    self->gathered_count = 0;
    if (!went)
        memset (&self->proved, 0, sizeof self->proved);
}

void peer_enter (struct peer *self, enum link_state state)
{
    if (state == self->state)
        return;
    log_debug ("%s: %s -> %s", self->name, link_state_name (self->state), link_state_name (state));
    if (state == LINK_OPEN && self->up)
        snprintf (self->station->endpoint_good, sizeof self->station->endpoint_good, "%s",
                  uplink_endpoint (self->station));
    if (state == LINK_OPEN && peer_says (self))
        log_notice ("%s: link open (%s)", self->name, self->software);
    else if (self->state == LINK_OPEN && peer_says (self))
        log_notice ("%s: link closed", self->name);
    /* Each new attempt is no new beginning of being away. */
    if ((state == LINK_OPEN) != (self->state == LINK_OPEN))
        self->since = clock_utc ();
    self->state = state;
    if (state != LINK_OPEN) {
        self->sending = false;
        peer_forget_credentials (self);
        self->recover_until = 0;
        memset (self->reading, 0, sizeof self->reading);
    }
}

enum wire_result peer_send_bytes (struct peer *self, struct span bytes)
{
    if (self->sock == NULL)
        return WIRE_GONE;
    enum wire_result result = self->up ? wire_send_dealer (self->sock, bytes)
                                       : wire_send_router (self->sock, &self->route, bytes);
    if (result == WIRE_OK)
        self->said = clock_steady ();
    else if (result == WIRE_GONE && !self->up && self->state != LINK_IDLE)
        peer_enter (self, link_step (self->state, LINK_EVENT_CUT).next);
    return result;
}

bool peer_send (struct peer *self, const struct frame *frame)
{
    struct pack_out out;
    pack_init (&out);
    frame_pack (&out, frame);
    enum wire_result result = peer_send_bytes (self, pack_result (&out));
    pack_free (&out);
    return result == WIRE_OK;
}

static void send_plain (struct peer *self, unsigned verb)
{
    struct frame frame = { .verb = verb, .session = self->session };
    peer_send (self, &frame);
}

static void send_reject (struct peer *self, enum cb_reason reason, const char *detail)
{
    struct frame frame = { .verb = CB_VERB_REJECT, .session = self->session };
    frame.as.reject.session = self->session;
    frame.as.reject.reason = reason;
    frame.as.reject.detail = span_of (detail);
    peer_send (self, &frame);
}

static void back_off (struct peer *self)
{
    /* Half of it is chance, so that a restarted parent is not stormed. */
    self->retry_at = clock_steady () + self->backoff / 2 +
                     (int64_t) randombytes_uniform ((uint32_t) self->backoff / 2 + 1);
    self->backoff *= 2;
    if (self->backoff > PEER_BACKOFF_MAX)
        self->backoff = PEER_BACKOFF_MAX;
}

void peer_end (struct peer *self, enum cb_reason reason, const char *detail)
{
    snprintf (self->refused, sizeof self->refused, "we refused: %s%s%s", cb_reason_text (reason),
              detail[0] ? ": " : "", detail);
    self->refused_at = clock_steady ();
    if (peer_says (self))
        log_warning ("%s: session ended: %s%s%s", self->name, cb_reason_text (reason),
                     detail[0] ? ": " : "", detail);
    send_reject (self, reason, detail);
    if (cb_reason_ends_session (reason)) {
        self->banned_until = clock_steady () + self->backoff;
    }
    back_off (self);
    if (self->retry_at < self->banned_until)
        self->retry_at = self->banned_until; /* until then its WELCOME would not be heard */
    self->greeting = false;
    peer_enter (self, LINK_IDLE);
}

void peer_put_off (struct peer *self)
{
    struct frame busy = { .verb = CB_VERB_BUSY, .session = self->session };
    busy.as.busy.session = self->session;
    busy.as.busy.wait = PEER_PUT_OFF_MS;
    self->put_off++;
    log_info ("%s: put off: what it answers may be on its way back", self->name);
    if (self->up)
        back_off (self);
    else
        peer_send (self, &busy);
    peer_enter (self, LINK_IDLE);
}

void peer_begin_again (struct peer *self, const char *why)
{
    if (peer_says (self))
        log_info ("%s: begins again: %s", self->name, why);
    if (self->up) {
        struct link_step step = link_step (self->state, LINK_EVENT_START);
        if (step.action == LINK_SEND_HELLO)
            greet_hello (self);
        peer_enter (self, step.next);
        return;
    }
    if (self->state != LINK_IDLE || self->greeting)
        send_reject (self, CB_OUT_OF_STEP, why);
    self->greeting = false;
    peer_enter (self, LINK_IDLE);
}

void peer_bye (struct peer *self)
{
    if (self->state == LINK_OPEN)
        send_plain (self, CB_VERB_BYE);
    self->greeting = false;
    peer_enter (self, link_step (self->state, LINK_EVENT_STOP).next);
}

static void note_reject (struct peer *self, const struct reject_frame *reject)
{
    char detail[SCHEMA_WHERE];
    if (reject->leaf != NULL && ask_refused (self, reject))
        return;
    span_text (reject->detail, detail, sizeof detail);
    snprintf (self->refused, sizeof self->refused, "it refused: %s%s%s",
              cb_reason_text (reject->reason), detail[0] ? ": " : "", detail);
    self->refused_at = 0;
    if (reject->leaf != NULL) {
        char code[CODE_TEXT];
        hash_code (reject->leaf, code);
        if (peer_says (self))
            log_warning ("%s: message %s was refused there: %s%s%s", self->name, code,
                         cb_reason_text (reject->reason), detail[0] ? ": " : "", detail);
        return;
    }
    if (peer_says (self))
        log_warning ("%s: it refused this session: %s%s%s", self->name,
                     cb_reason_text (reject->reason), detail[0] ? ": " : "", detail);
    if (self->up && reject->reason == CB_OUT_OF_STEP && self->state == LINK_OPEN) {
        peer_begin_again (self, "the parent asked for it");
        return;
    }
    if (reject->reason != CB_OUT_OF_STEP) /* which is how a session begins again */
        self->refused_at = clock_steady ();
    back_off (self);
    peer_enter (self, LINK_IDLE);
}

static void note_busy (struct peer *self, const struct busy_frame *busy)
{
    int64_t wait = busy->wait > PEER_BACKOFF_MAX ? PEER_BACKOFF_MAX : busy->wait;
    if (peer_says (self))
        log_info ("%s: asks to come back in %lld ms", self->name, (long long) wait);
    self->retry_at = clock_steady () + wait;
    snprintf (self->refused, sizeof self->refused,
              "it is busy, and asked to come back in %lld seconds",
              (long long) (wait + 999) / 1000);
    self->refused_at = clock_steady ();
    if (self->up)
        peer_enter (self, LINK_IDLE);
}

static void take_credit (struct peer *self, const struct ack_frame *ack)
{
    if (!epoch_equal (ack->epoch, self->station->epoch))
        return; /* of the epoch before: the new session starts elsewhere */
    struct lane_out *lane = &self->out[ack->lane];
    if (!lane_out_acked (lane, ack, &self->drain, clock_steady ())) {
        peer_end (self, CB_OVERRUN, "it acknowledged what was never sent");
        return;
    }
    self->acked_dirty = true;
    memset (self->stalled, 0, sizeof self->stalled);
    data_acknowledge_owed (self);
    station_wake (self->station);
}

static void rewind_recovery (struct peer *self, const struct recover_frame *recover)
{
    const struct cursor *known = &self->resume_from[CB_LANE_RECOVERY];
    if (recover->from.position != known->position ||
        !epoch_equal (recover->from.epoch, known->epoch)) {
        peer_begin_again (self, "it asked to recover from another place than it greeted with");
        return;
    }
    self->recover_until = self->station->head;
    if (peer_says (self))
        log_notice ("%s: gets its own messages back", self->name);
    station_wake (self->station);
}

static void begin (struct peer *self, const struct greeting *theirs)
{
    if (theirs->version_low != LINK_VERSION || theirs->version_high != LINK_VERSION) {
        peer_end (self, CB_VERSION, "this side speaks version 1");
        return;
    }
    if (!span_is (theirs->party, self->name)) {
        peer_end (self, CB_WRONG_ORIGIN, "the greeting names another party");
        return;
    }
    self->backoff = PEER_BACKOFF_MIN;
    greet_resume (self, theirs);
}

static bool of_this_session (const struct peer *self, const struct frame *frame)
{
    return frame->session != NULL && memcmp (frame->session, self->session, SESSION_SIZE) == 0;
}

static void open_window (struct peer *self)
{
    int64_t now = clock_steady ();
    if (now - self->window < PEER_WINDOW_MS)
        return;
    if (self->lines > PEER_LINES)
        log_warning ("%s: %u more lines about it were not written", self->name,
                     self->lines - PEER_LINES);
    self->window = now;
    self->greetings = self->lines = self->questions = 0;
}

bool peer_says (struct peer *self)
{
    open_window (self);
    return self->lines++ < PEER_LINES;
}

bool peer_may_ask (struct peer *self)
{
    open_window (self);
    return self->questions++ < PEER_QUESTIONS;
}

void peer_malformed (struct peer *self, const char *detail)
{
    if (self->banned_until <= clock_steady ())
        peer_end (self, CB_MALFORMED, detail);
}

/* For how long a greeting is put off: each costs readings of the journal. */
static int64_t hasty (struct peer *self)
{
    open_window (self);
    return self->greetings++ < PEER_GREETINGS ? 0 : self->window + PEER_WINDOW_MS - clock_steady ();
}

/* Who misbehaved or begins too often is told when to come back, and costs nothing until then. */
static bool put_off (struct peer *self, const struct frame *frame)
{
    bool greeting = frame->verb == CB_VERB_HELLO && !self->up;
    int64_t left = self->banned_until - clock_steady ();
    if (left <= 0 && greeting)
        left = hasty (self);
    if (left <= 0)
        return false;
    if (greeting) {
        struct frame busy = { .verb = CB_VERB_BUSY, .session = frame->session };
        busy.as.busy.session = frame->session;
        busy.as.busy.wait = left;
        peer_send (self, &busy);
    }
    return true;
}

static void act (struct peer *self, struct wire_frame *wire, const struct frame *frame,
                 struct link_step step)
{
    switch (step.action) {
    case LINK_ANSWER: greet_answer (self, wire, &frame->as.greeting); return;
    case LINK_BEGIN:
        /* The line that says that the link is open names it. */
        span_text (frame->as.greeting.software, self->software, sizeof self->software);
        peer_enter (self, step.next);
        begin (self, &frame->as.greeting);
        break;
    case LINK_TAKE: data_take (self, wire, &frame->as.data); return;
    case LINK_CREDIT: take_credit (self, &frame->as.ack); break;
    case LINK_REWIND: rewind_recovery (self, &frame->as.recover); break;
    case LINK_NOTE:
        if (frame->verb == CB_VERB_REJECT)
            note_reject (self, &frame->as.reject);
        else
            note_busy (self, &frame->as.busy);
        break;
    case LINK_QUESTION: ask_frame (self, frame); break;
    case LINK_PONG_IT: send_plain (self, CB_VERB_PONG); break;
    case LINK_ALIVE: break;
    case LINK_FORGET: peer_enter (self, step.next); break;
    case LINK_CLOSE:
        snprintf (self->refused, sizeof self->refused, "%s in state %s", cb_verb_name (frame->verb),
                  link_state_name (self->state));
        send_reject (self, CB_OUT_OF_STEP, self->refused);
        peer_enter (self, step.next);
        break;
    default: break;
    }
    wire_free (wire);
}

void peer_frame (struct peer *self, struct wire_frame *wire)
{
    static struct frame frame; /* 20 KB, of the one loop */
    if (!frame_parse (&frame, wire->bytes)) {
        peer_malformed (self, "a frame that is none");
        wire_free (wire);
        return;
    }
    bool greeting = frame.verb == CB_VERB_HELLO;
    if (!self->up && strcmp (wire->user, self->user) != 0) {
        if (!greeting) {
            wire_free (wire);
            return;
        }
        change_key (self, wire->user);
    }
    /* A late frame of an old connection does not take the answers there. */
    if (!self->up && (greeting || of_this_session (self, &frame) ||
                      (self->state == LINK_IDLE && !self->greeting)))
        self->route = wire->route;
    if (put_off (self, &frame)) {
        wire_free (wire);
        return;
    }
    /* A parent never says HELLO and a child never says WELCOME. */
    if ((greeting && self->up) || (frame.verb == CB_VERB_WELCOME && !self->up)) {
        peer_end (self, CB_MALFORMED, "a greeting from the wrong side");
        wire_free (wire);
        return;
    }
    if (!greeting && !of_this_session (self, &frame)) {
        /* Under way when the session began; but one who still believes in a
         * session that we forgot must hear of it. */
        if (self->state == LINK_IDLE && !self->greeting && !self->up && frame.verb != CB_VERB_BYE &&
            frame.verb != CB_VERB_REJECT) {
            memcpy (self->session, frame.session, SESSION_SIZE);
            send_reject (self, CB_OUT_OF_STEP, "no such session here");
        }
        wire_free (wire);
        return;
    }
    /* Only the current session's frames are a sign of its life. */
    self->heard = clock_steady ();
    self->heard_utc = clock_utc ();
    act (self, wire, &frame, link_step (self->state, frame.verb));
}

static bool stuck (const struct peer *self, int64_t now)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        const struct lane_out *out = &self->out[lane];
        if (out->count > 0 && now - out->ring[out->head].when > PEER_ACK_MS &&
            now - self->drain.since > PEER_ACK_MS)
            return true;
    }
    return self->recovery_owed && now - self->recovering > PEER_ACK_MS;
}

/* Once: after that the state of the link says it. */
static void say_away (struct peer *self)
{
    const char *endpoint = uplink_endpoint (self->station);
    if (self->heard_utc != 0 || self->said_away || endpoint[0] == '\0')
        return;
    self->said_away = true;
    log_notice ("%s: no answer at %s; trying again, messages wait here", self->name, endpoint);
}

void peer_tick (struct peer *self, int64_t now)
{
    int64_t silent = now - self->heard;
    memset (self->stalled, 0, sizeof self->stalled);
    data_acknowledge_owed (self);
    if (self->state == LINK_OPEN && self->sending && stuck (self, now)) {
        peer_begin_again (self, "what was sent is not acknowledged");
        return;
    }
    if (self->state == LINK_OPEN && silent > PEER_SILENCE_MS) {
        log_warning ("%s: nothing heard for %lld s", self->name, (long long) silent / 1000);
        back_off (self);
        peer_enter (self, link_step (self->state, LINK_EVENT_SILENCE).next);
    } else if (self->state == LINK_OPEN && now - self->said >= PEER_PING_MS) {
        if (!pump_move_cursor (self))
            send_plain (self, CB_VERB_PING);
    } else if (self->state == LINK_WAITING && !self->greeting &&
               (now - self->said > PEER_HELLO_MS || uplink_refused (self->station))) {
        back_off (self);
        peer_enter (self, link_step (self->state, LINK_EVENT_SILENCE).next);
        say_away (self);
        uplink_next (self->station);
    } else if (self->up && self->state == LINK_IDLE && !self->greeting && now >= self->retry_at) {
        struct link_step step = link_step (self->state, LINK_EVENT_START);
        uplink_refresh (self->station);
        greet_hello (self);
        peer_enter (self, step.next);
    }
}
