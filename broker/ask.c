/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ask.h"

#include "bus/edge/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What found a full pipe is tried again so often, as long as there is time. */
#define AGAIN_MS 50

/* A question that a neighbour brought: told apart from the same one brought again. */
struct asked {
    size_t next;
    struct {
        struct hash hash;
        int64_t until; /* ms UTC: after that its own times refuse it */
    } at[ASKED_KEPT];
};

/* Somebody who is asked. */
struct asking {
    const struct entry *entry; /* stays as long as the directory */
    bool sent;                 /* its pipe had room for the question */
    bool answered;
};

/* A question under way. */
struct ask {
    UT_hash_handle hh; /* by hash */
    struct hash hash;  /* of its statement */
    struct asks *all;
    uint8_t *bytes; /* its statement, owned; `request` borrows from it */
    struct request request;
    struct answers *answers;
    char from[PARTY_MAX + 1]; /* the neighbour that brought it; "": asked here */
    struct asker asker;       /* who asked here */
    bool own;                 /* what is known here is in `answers` */
    size_t count, waiting;    /* who was asked, and has not answered */
    struct asking *asking;
    int64_t begun; /* steady ms */
    int timer;     /* when its time is over */
    int again;     /* tries what found a full pipe; 0: nothing did */
    bool over;     /* the answer is made, and waits for room */
    struct station *station;
};

struct asks {
    struct ask *open;
};

struct asks *asks_new (void)
{
    struct asks *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    return self;
}

static void ask_free (struct ask *ask)
{
    HASH_DEL (ask->all->open, ask);
    answers_free (&ask->answers);
    free (ask->asking);
    free (ask->bytes);
    free (ask);
}

void asks_free (struct asks **self_p)
{
    struct asks *self = *self_p;
    struct ask *ask, *next;
    if (self == NULL)
        return;
    HASH_ITER (hh, self->open, ask, next)
    ask_free (ask);
    free (self);
    *self_p = NULL;
}

static struct ask *find (const struct station *station, const struct hash *hash)
{
    struct ask *ask;
    HASH_FIND (hh, station->asks->open, hash->bytes, HASH_SIZE, ask);
    return ask;
}

uint64_t seen_threshold (const struct station *station)
{
    int64_t value =
        policy_setting (directory_policy_now (station->directory), POLICY_SEEN_THRESHOLD);
    return value < 1 ? 1 : value > UINT32_MAX ? UINT32_MAX : (uint64_t) value;
}

static struct question_check check_of (const struct station *station, const struct peer *peer)
{
    return (struct question_check){
        .directory = station->directory,
        .self = station_name (station),
        .peer = peer != NULL ? span_of (peer->name) : station_name (station),
        .side = peer == NULL ? SIDE_SELF
                : peer->up   ? SIDE_PARENT
                             : SIDE_CHILD,
        .now = clock_utc (),
        /* What was asked before this run may have been answered in the one before. */
        .since = peer != NULL ? station->started : 0,
    };
}

/* --- The answer ---------------------------------------------------------------------------- */

static struct peer *peer_named (const struct station *station, const char *name)
{
    if (station->parent != NULL && strcmp (station->parent->name, name) == 0)
        return station->parent;
    const struct entry *entry = directory_by_name (station->directory, span_of (name));
    return entry != NULL ? peer_of_child (station, &entry->credential) : NULL;
}

/* False: its pipe is full. */
static bool send_reply (struct ask *ask)
{
    static struct reply reply; /* 16 KB, of the one loop */
    struct station *station = ask->station;
    struct peer *peer = peer_named (station, ask->from);
    if (peer == NULL || peer->state != LINK_OPEN)
        return true;
    const struct hash *credential = &station->me->credential.st.hash;
    struct pack_out body, statement;
    reply = (struct reply){ .party = station_name (station),
                            .credential = credential,
                            .request = &ask->hash };
    pack_init (&body);
    pack_init (&statement);
    answers_pack (ask->answers, seen_threshold (station), &reply, &body);
    struct statement_sig sig = statement_sign (pack_result (&body), CB_PURPOSE_REPLY, credential,
                                               station->keys.sign.secret);
    statement_pack (&statement, pack_result (&body), &sig, 1);
    struct frame frame = { .verb = CB_VERB_REPLY, .session = peer->session };
    frame.as.question.session = peer->session;
    frame.as.question.statement = pack_result (&statement);
    bool sent = peer_send (peer, &frame) || peer->state != LINK_OPEN;
    pack_free (&statement);
    pack_free (&body);
    return sent;
}

/* Who may have nobody below it, and this party for itself, is one constituent. */
static void mark_single (struct ask *ask)
{
    const struct station *station = ask->station;
    for (size_t i = 0; i < ask->answers->place_count; i++) {
        struct seen_place *place = &ask->answers->places[i];
        struct span name = span_of (place->name);
        const struct entry *entry = directory_by_name (station->directory, name);
        place->single = span_equal (name, station_name (station)) ||
                        (entry != NULL && entry->credential.may.depth == 0);
    }
}

static int on_again (zloop_t *loop, int timer, void *arg);

static void try_again (struct ask *ask)
{
    if (ask->again == 0)
        ask->again = zloop_timer (ask->station->loop, AGAIN_MS, 0, on_again, ask);
}

static void end (struct ask *ask)
{
    zloop_t *loop = ask->station->loop;
    zloop_timer_end (loop, ask->timer);
    if (ask->again != 0)
        zloop_timer_end (loop, ask->again);
    ask_free (ask);
}

static void finish (struct ask *ask)
{
    struct station *station = ask->station;
    for (size_t i = 0; i < ask->count && !ask->over; i++)
        if (!ask->asking[i].answered)
            answers_silent (ask->answers, ask->asking[i].entry->credential.name);
    if (!ask->over)
        mark_single (ask);
    ask->over = true;
    int64_t took = clock_steady () - ask->begun;
    if (ask->from[0] == '\0')
        local_asked (station, &ask->asker, ask->answers, took);
    else if (!send_reply (ask) && took < ask->request.deadline - ask->request.issued) {
        try_again (ask);
        return;
    }
    end (ask);
}

static void finish_if_all (struct ask *ask)
{
    if (ask->own && ask->waiting == 0 && !ask->over)
        finish (ask);
}

static int on_late (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    struct ask *ask = arg;
    if (!ask->over)
        finish (ask);
    return 0;
}

void ask_known (struct station *station, const struct hash *request, const struct known *known)
{
    struct ask *ask = find (station, request);
    if (ask == NULL || ask->over)
        return; /* the time was over */
    known_add (known, station, ask->answers);
    ask->own = true;
    finish_if_all (ask);
}

/* --- On to others -------------------------------------------------------------------------- */

static bool send_request (struct ask *ask, struct peer *peer)
{
    struct frame frame = { .verb = CB_VERB_REQUEST, .session = peer->session };
    frame.as.question.session = peer->session;
    frame.as.question.statement = ask->request.st.bytes;
    return peer_send (peer, &frame);
}

static void ask_one (struct ask *ask, struct peer *peer)
{
    if (ask->count == ASK_FAN || peer->state != LINK_OPEN) {
        answers_silent (ask->answers, peer->entry->credential.name);
        return;
    }
    struct asking *asking = &ask->asking[ask->count++];
    *asking = (struct asking){ .entry = peer->entry, .sent = send_request (ask, peer) };
    ask->waiting++;
    if (!asking->sent)
        try_again (ask);
}

static int on_again (zloop_t *loop, int timer, void *arg)
{
    struct ask *ask = arg;
    bool full = false;
    if (ask->over) {
        finish (ask);
        return 0;
    }
    for (size_t i = 0; i < ask->count; i++) {
        struct asking *asking = &ask->asking[i];
        char name[PARTY_MAX + 1];
        span_text (asking->entry->credential.name, name, sizeof name);
        struct peer *peer = asking->sent ? NULL : peer_named (ask->station, name);
        if (peer == NULL || peer->state != LINK_OPEN)
            continue;
        asking->sent = send_request (ask, peer);
        full = full || !asking->sent;
    }
    if (!full) {
        zloop_timer_end (loop, timer);
        ask->again = 0;
    }
    return 0;
}

static void ask_on (struct ask *ask)
{
    const struct station *station = ask->station;
    const struct request *r = &ask->request;
    size_t most = HASH_COUNT (station->children) + 1;
    ask->asking = calloc (most < ASK_FAN ? most : ASK_FAN, sizeof *ask->asking);
    if (ask->asking == NULL)
        abort ();
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next) {
        const struct credential *c = &peer->entry->credential;
        struct route_child child = { c->name, &c->sectors, &c->may.sectors };
        if (route_down (r->audience, r->audience_count, r->party, &child))
            ask_one (ask, peer);
    }
    if (station->parent != NULL &&
        route_up (r->audience, r->audience_count, r->party, station_name (station)))
        ask_one (ask, station->parent);
}

/* Takes the bytes of a statement that was parsed and judged. NULL: too many are under way. */
static struct ask *begin (struct station *station, struct span statement, const char *from)
{
    size_t of_it = 0;
    for (struct ask *ask = station->asks->open; ask != NULL; ask = ask->hh.next)
        of_it += strcmp (ask->from, from) == 0;
    if (HASH_COUNT (station->asks->open) >= ASKS_OPEN || of_it >= ASKS_OF_PEER)
        return NULL;
    struct ask *ask = calloc (1, sizeof *ask);
    if (ask == NULL || (ask->bytes = malloc (statement.size)) == NULL)
        abort ();
    memcpy (ask->bytes, statement.data, statement.size);
    if (!request_parse (&ask->request, span_bytes (ask->bytes, statement.size)))
        abort (); /* it was parsed before */
    ask->all = station->asks;
    ask->station = station;
    ask->hash = ask->request.st.hash;
    ask->begun = clock_steady ();
    ask->answers = answers_new (&ask->request, station_name (station));
    snprintf (ask->from, sizeof ask->from, "%s", from);
    HASH_ADD (hh, station->asks->open, hash, HASH_SIZE, ask);
    ask_on (ask);
    ask->timer =
        zloop_timer (station->loop, (size_t) request_time (&ask->request, station_name (station)),
                     1, on_late, ask);
    ask_look (station, &ask->request);
    return ask;
}

/* --- From a neighbour ---------------------------------------------------------------------- */

static void refuse (struct peer *peer, const struct hash *hash, enum cb_reason reason,
                    const char *detail)
{
    struct frame frame = { .verb = CB_VERB_REJECT, .session = peer->session };
    if (cb_reason_ends_session (reason)) {
        peer_end (peer, reason, detail[0] != '\0' ? detail : "a question");
        return;
    }
    if (peer_says (peer))
        log_info ("%s: a question is refused: %s%s%s", peer->name, cb_reason_text (reason),
                  detail[0] != '\0' ? ": " : "", detail);
    frame.as.reject.session = peer->session;
    frame.as.reject.reason = reason;
    frame.as.reject.detail = span_of (detail);
    frame.as.reject.leaf = hash;
    peer_send (peer, &frame);
}

/* Whether it was brought before; if not, it is now. False and `*full`: there is no room. */
static bool came_before (struct peer *peer, const struct request *r, int64_t ahead, bool *full)
{
    int64_t now = clock_utc ();
    if (peer->asked == NULL && (peer->asked = calloc (1, sizeof *peer->asked)) == NULL)
        abort ();
    struct asked *asked = peer->asked;
    for (size_t i = 0; i < ASKED_KEPT; i++)
        if (asked->at[i].until > now && hash_equal (&asked->at[i].hash, &r->st.hash))
            return true;
    *full = asked->at[asked->next].until > now;
    if (*full)
        return false;
    asked->at[asked->next].hash = r->st.hash;
    asked->at[asked->next].until = now + 2 * ahead + QUESTION_MOST;
    asked->next = (asked->next + 1) % ASKED_KEPT;
    return false;
}

static void take_request (struct peer *peer, struct span statement)
{
    struct station *station = peer->station;
    struct request r;
    char detail[SCHEMA_WHERE] = "";
    bool full = false;
    if (!request_parse (&r, statement)) {
        peer_end (peer, CB_MALFORMED, "a question that is none");
        return;
    }
    if (!peer_may_ask (peer)) {
        refuse (peer, &r.st.hash, CB_QUESTIONS, "");
        return;
    }
    struct question_check check = check_of (station, peer);
    station->worked++;
    enum cb_reason reason = request_judge (&check, &r, detail);
    if (reason != CB_OK) {
        refuse (peer, &r.st.hash, reason, detail);
        return;
    }
    const struct policy *policy = directory_policy_now (station->directory);
    if (came_before (peer, &r, policy_setting (policy, POLICY_AHEAD), &full))
        return; /* it was answered, or will be */
    if (full || begin (station, statement, peer->name) == NULL)
        refuse (peer, &r.st.hash, CB_QUESTIONS, "");
}

/* That neighbour, if an answer of it is waited for. */
static struct asking *waits_for (struct ask *ask, const struct peer *peer)
{
    if (ask->over)
        return NULL;
    for (size_t i = 0; i < ask->count; i++)
        if (span_is (ask->asking[i].entry->credential.name, peer->name) && !ask->asking[i].answered)
            return &ask->asking[i];
    return NULL;
}

static void no_answer (struct ask *ask, struct asking *asking)
{
    asking->answered = true;
    ask->waiting--;
    answers_silent (ask->answers, asking->entry->credential.name);
    finish_if_all (ask);
}

static void take_reply (struct peer *peer, struct span statement)
{
    static struct reply reply; /* 16 KB, of the one loop */
    struct station *station = peer->station;
    if (!reply_parse (&reply, statement)) {
        peer_end (peer, CB_MALFORMED, "an answer that is none");
        return;
    }
    struct ask *ask = find (station, reply.request);
    struct asking *asking = ask != NULL ? waits_for (ask, peer) : NULL;
    if (asking == NULL)
        return; /* it came late, or nobody asked: it costs nothing */
    struct question_check check = check_of (station, peer);
    station->worked++;
    enum cb_reason reason = reply_judge (&check, &reply);
    bool good = reason == CB_OK && reply.status == 0 && answers_take (ask->answers, &check, &reply);
    if (!good && peer_says (peer))
        log_warning ("%s: its answer to a question does not count: %s", peer->name,
                     reason != CB_OK     ? cb_reason_text (reason)
                     : reply.status != 0 ? cb_reason_text ((unsigned) reply.status)
                                         : "it speaks for others, or is not what was asked");
    if (good) {
        asking->answered = true;
        ask->waiting--;
        finish_if_all (ask);
    } else
        no_answer (ask, asking);
    if (cb_reason_ends_session (reason))
        peer_end (peer, reason, "an answer");
}

void ask_frame (struct peer *peer, const struct frame *frame)
{
    if (frame->verb == CB_VERB_REQUEST)
        take_request (peer, frame->as.question.statement);
    else
        take_reply (peer, frame->as.question.statement);
}

bool ask_refused (struct peer *peer, const struct reject_frame *reject)
{
    struct ask *ask = find (peer->station, reject->leaf);
    struct asking *asking = ask != NULL ? waits_for (ask, peer) : NULL;
    if (asking == NULL)
        return false;
    if (peer_says (peer))
        log_info ("%s: does not answer a question: %s", peer->name,
                  cb_reason_text (reject->reason));
    no_answer (ask, asking);
    return true;
}

/* --- From here ----------------------------------------------------------------------------- */

enum cb_reason ask_from_here (struct station *station, struct request *request, int64_t lasts,
                              const struct asker *asker, char detail[SCHEMA_WHERE])
{
    uint8_t nonce[NONCE_SIZE];
    const struct hash *credential = &station->me->credential.st.hash;
    struct question_check check = check_of (station, NULL);
    struct pack_out body, statement;
    randombytes_buf (nonce, sizeof nonce);
    request->party = station_name (station);
    request->credential = credential;
    request->nonce = nonce;
    request->issued = check.now;
    request->deadline = check.now + lasts;
    enum cb_reason reason = request_judge (&check, request, detail);
    if (reason != CB_OK)
        return reason;
    pack_init (&body);
    pack_init (&statement);
    request_pack (&body, request);
    struct statement_sig sig = statement_sign (pack_result (&body), CB_PURPOSE_REQUEST, credential,
                                               station->keys.sign.secret);
    statement_pack (&statement, pack_result (&body), &sig, 1);
    struct ask *ask = begin (station, pack_result (&statement), "");
    if (ask != NULL)
        ask->asker = *asker;
    pack_free (&statement);
    pack_free (&body);
    return ask != NULL ? CB_OK : CB_QUESTIONS;
}
