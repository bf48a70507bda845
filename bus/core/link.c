/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/link.h"

#include <assert.h>
#include <string.h>

#define RING (sizeof ((struct lane_out *) 0)->ring / sizeof ((struct lane_out *) 0)->ring[0])

/* Missing entries are zero: LINK_CLOSE, LINK_IDLE. A REJECT or BUSY that finds no
 * session is dropped, or two idle ends would refuse each other's refusals for ever. */
/* clang-format off */
static const struct link_step steps[LINK_STATE_END][LINK_EVENT_END] = {
    [LINK_IDLE] = {
        [LINK_EVENT_START]   = { LINK_SEND_HELLO, LINK_WAITING },
        [CB_VERB_HELLO]      = { LINK_ANSWER,     LINK_OPEN },
        [CB_VERB_REJECT]     = { LINK_FORGET,     LINK_IDLE },
        [CB_VERB_BUSY]       = { LINK_FORGET,     LINK_IDLE },
        [CB_VERB_BYE]        = { LINK_FORGET,     LINK_IDLE },
        [LINK_EVENT_SILENCE] = { LINK_FORGET,     LINK_IDLE },
        [LINK_EVENT_CUT]     = { LINK_FORGET,     LINK_IDLE },
        [LINK_EVENT_STOP]    = { LINK_FORGET,     LINK_IDLE },
    },
    [LINK_WAITING] = {
        [CB_VERB_WELCOME]    = { LINK_BEGIN,      LINK_OPEN },
        [CB_VERB_REJECT]     = { LINK_NOTE,       LINK_IDLE },
        [CB_VERB_BUSY]       = { LINK_NOTE,       LINK_IDLE },
        [CB_VERB_HELLO]      = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_DATA]       = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_ACK]        = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_RECOVER]    = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_REQUEST]    = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_REPLY]      = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_PING]       = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_PONG]       = { LINK_FORGET,     LINK_WAITING },
        [CB_VERB_BYE]        = { LINK_FORGET,     LINK_WAITING },
        [LINK_EVENT_SILENCE] = { LINK_RETRY,      LINK_IDLE },
        [LINK_EVENT_CUT]     = { LINK_RETRY,      LINK_IDLE },
        [LINK_EVENT_STOP]    = { LINK_FORGET,     LINK_IDLE },
    },
    [LINK_OPEN] = {
        [CB_VERB_HELLO]      = { LINK_ANSWER,     LINK_OPEN },
        [CB_VERB_DATA]       = { LINK_TAKE,       LINK_OPEN },
        [CB_VERB_ACK]        = { LINK_CREDIT,     LINK_OPEN },
        [CB_VERB_RECOVER]    = { LINK_REWIND,     LINK_OPEN },
        [CB_VERB_REJECT]     = { LINK_NOTE,       LINK_OPEN },
        [CB_VERB_BUSY]       = { LINK_NOTE,       LINK_OPEN },
        [CB_VERB_REQUEST]    = { LINK_QUESTION,   LINK_OPEN },
        [CB_VERB_REPLY]      = { LINK_QUESTION,   LINK_OPEN },
        [CB_VERB_PING]       = { LINK_PONG_IT,    LINK_OPEN },
        [CB_VERB_PONG]       = { LINK_ALIVE,      LINK_OPEN },
        [CB_VERB_BYE]        = { LINK_FORGET,     LINK_IDLE },
        [LINK_EVENT_START]   = { LINK_SEND_HELLO, LINK_WAITING },
        [LINK_EVENT_SILENCE] = { LINK_RETRY,      LINK_IDLE },
        [LINK_EVENT_CUT]     = { LINK_RETRY,      LINK_IDLE },
        [LINK_EVENT_STOP]    = { LINK_FORGET,     LINK_IDLE },
    },
};
/* clang-format on */

struct link_step link_step (enum link_state state, unsigned event)
{
    if ((unsigned) state >= LINK_STATE_END || event >= LINK_EVENT_END)
        return (struct link_step){ LINK_CLOSE, LINK_IDLE };
    return steps[state][event];
}

const char *link_state_name (enum link_state state)
{
#define X_STATE(NAME) [LINK_##NAME] = #NAME,
    static const char *const names[] = { LINK_STATES (X_STATE) };
#undef X_STATE
    return (unsigned) state < LINK_STATE_END ? names[state] : "?";
}

const char *link_event_name (unsigned event)
{
#define X_EVENT(NAME, text) [LINK_EVENT_##NAME - CB_VERB_END] = #NAME,
    static const char *const names[] = { LINK_EVENTS (X_EVENT) };
#undef X_EVENT
    if (event < CB_VERB_END)
        return cb_verb_name (event);
    return event < LINK_EVENT_END ? names[event - CB_VERB_END] : "?";
}

static const struct epoch_end *find_epoch (const struct epoch_end *epochs, size_t count,
                                           struct epoch epoch)
{
    for (size_t i = count; i > 0; i--)
        if (epoch_equal (epochs[i - 1].epoch, epoch))
            return &epochs[i - 1];
    return NULL;
}

int64_t link_resume (const struct cursor *cursor, const struct epoch_end *epochs, size_t count,
                     const struct hash *chain_here, bool *lost)
{
    *lost = false;
    if (cursor->position == 0)
        return 0;
    if (chain_here && hash_equal (chain_here, &cursor->chain))
        return cursor->position;
    *lost = true;
    const struct epoch_end *known = find_epoch (epochs, count, cursor->epoch);
    bool earlier = known && known != &epochs[count - 1];
    return earlier && cursor->position > known->end ? known->end : 0;
}

bool link_continues (const struct cursor *at, bool first, const struct data_frame *data,
                     const struct epoch_end *epochs, size_t count)
{
    if (!first)
        return epoch_equal (data->epoch, at->epoch) && data->prev == at->position;
    if (count == 0 || !epoch_equal (data->epoch, epochs[count - 1].epoch))
        return false;
    const struct epoch_end *known = find_epoch (epochs, count, at->epoch);
    return data->prev <= at->position && (!known || data->prev <= known->end);
}

void lane_out_reset (struct lane_out *lane, int64_t position, uint64_t credit)
{
    memset (lane, 0, sizeof *lane);
    lane->sent = lane->acked = position;
    lane->credit = credit;
}

/* What may be in flight in all lanes but flash. */
static uint64_t drain_limit (const struct drain *drain)
{
    const double floor = 2.0 * LINK_FRAME, most = (double) (UINT64_C (1) << 40);
    double limit = drain->rate * LINK_DRAIN_MS;
    return (uint64_t) (limit < floor ? floor : limit > most ? most : limit);
}

bool lane_out_may (const struct lane_out lanes[CB_LANE_END], unsigned lane,
                   const struct drain *drain, size_t size)
{
    const struct lane_out *self = &lanes[lane];
    if (self->count == 0)
        return true;
    if (self->count == RING || self->inflight + size > self->credit)
        return false;
    if (lane == CB_LANE_FLASH)
        return true;

    uint64_t limit = drain_limit (drain), inflight = 0;
    for (unsigned i = CB_LANE_ROUTINE; i < CB_LANE_END; i++)
        inflight += lanes[i].inflight;
    if (inflight + size > limit)
        return false;
    bool gives_way = lane != CB_LANE_ROUTINE && lanes[CB_LANE_ROUTINE].count > 0;
    return !gives_way || self->inflight + size <= limit / 2;
}

void lane_out_sent (struct lane_out *lane, int64_t last, size_t size, int64_t now)
{
    assert (lane->count < RING && last >= lane->sent && size <= UINT32_MAX);
    size_t slot = (lane->head + lane->count) % RING;
    lane->ring[slot].last = last;
    lane->ring[slot].size = (uint32_t) size;
    lane->ring[slot].when = now;
    lane->count++;
    lane->inflight += size;
    lane->sent = last;
}

/* `bytes` have drained, the oldest of which were sent at `when`. The time that they
 * took runs from there, or from the last measurement when the pipe was busy since.
 * A slow sample of a pipe that was not `full` tells only that there was little to send. */
static void drain_measure (struct drain *drain, uint64_t bytes, int64_t when, int64_t now,
                           bool full)
{
    int64_t start = drain->since;
    drain->bytes += bytes;
    if (when > drain->since || now < drain->since) {
        start = when;
        drain->bytes = bytes;
    }
    if (now <= start)
        return;
    double sample = (double) drain->bytes / (double) (now - start);
    drain->bytes = 0;
    drain->since = now;
    if (drain->rate <= 0)
        drain->rate = sample;
    else if (full || sample > drain->rate)
        drain->rate += (sample - drain->rate) / 4;
}

bool lane_out_acked (struct lane_out *lane, const struct ack_frame *ack, struct drain *drain,
                     int64_t now)
{
    if (ack->position < lane->acked || ack->position > lane->sent)
        return false;
    uint64_t limit = drain_limit (drain), freed = 0;
    if (limit > lane->credit)
        limit = lane->credit;
    bool full = lane->inflight >= limit / 2 || lane->count >= RING / 2;
    int64_t when = lane->ring[lane->head].when;
    while (lane->count && lane->ring[lane->head].last <= ack->position) {
        freed += lane->ring[lane->head].size;
        lane->head = (lane->head + 1) % RING;
        lane->count--;
    }
    lane->inflight -= freed;
    lane->acked = ack->position;
    lane->credit = ack->credit;
    if (freed)
        drain_measure (drain, freed, when, now, full);
    return true;
}
