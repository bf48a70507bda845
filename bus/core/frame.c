/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/link.h"
#include "bus/core/statement.h"

#include <assert.h>
#include <string.h>

#define SOFTWARE_MAX  64
#define DETAIL_MAX    160
#define DATA_FIELDS   9
#define CURSOR_FIELDS 4
#define EPOCH_FIELDS  3
/* Of a DATA frame, the most that is neither a credential nor an envelope. */
#define DATA_OVERHEAD 128

static int64_t read_position (struct pack_in *in)
{
    return pack_int (in, 0, SEQ_MAX);
}

static struct epoch read_epoch (struct pack_in *in, uint32_t least)
{
    struct epoch epoch;
    epoch.counter = (uint32_t) pack_uint (in, least, UINT32_MAX);
    epoch.nonce = pack_uint (in, 0, UINT64_MAX);
    return epoch;
}

static struct epoch read_epoch_pair (struct pack_in *in)
{
    pack_array (in, 2, 2);
    return read_epoch (in, 1);
}

static unsigned read_lane (struct pack_in *in)
{
    return (unsigned) pack_uint (in, 0, CB_LANE_END - 1);
}

static void put_epoch (struct pack_out *out, struct epoch epoch)
{
    pack_put_uint (out, epoch.counter);
    pack_put_uint (out, epoch.nonce);
}

static void put_epoch_pair (struct pack_out *out, struct epoch epoch)
{
    pack_put_array (out, 2);
    put_epoch (out, epoch);
}

/* One that was never read has a single form: no epoch, no position, no chain. */
static struct cursor read_cursor (struct pack_in *in)
{
    static const struct hash none;
    struct cursor cursor = { .position = 0 };
    pack_array (in, CURSOR_FIELDS, CURSOR_FIELDS);
    cursor.epoch = read_epoch (in, 0);
    cursor.position = read_position (in);
    const uint8_t *chain = pack_fixed (in, HASH_SIZE);
    if (chain)
        memcpy (cursor.chain.bytes, chain, HASH_SIZE);
    if (cursor.epoch.counter == 0 &&
        (cursor.epoch.nonce || cursor.position || !hash_equal (&cursor.chain, &none)))
        in->bad = true;
    return cursor;
}

static void put_cursor (struct pack_out *out, const struct cursor *cursor)
{
    pack_put_array (out, CURSOR_FIELDS);
    put_epoch (out, cursor->epoch);
    pack_put_int (out, cursor->position);
    pack_put_bin (out, span_bytes (cursor->chain.bytes, HASH_SIZE));
}

static void read_epochs (struct pack_in *in, struct greeting *g)
{
    g->epoch_count = pack_array (in, 1, LINK_EPOCHS);
    for (size_t i = 0; i < g->epoch_count; i++) {
        pack_array (in, EPOCH_FIELDS, EPOCH_FIELDS);
        g->epochs[i].epoch = read_epoch (in, 1);
        g->epochs[i].end = read_position (in);
    }
}

static void read_held (struct pack_in *in, struct greeting *g)
{
    g->held_epoch = (struct epoch){ .counter = 0 };
    g->held_seq = 0;
    if (pack_nil (in))
        return;
    pack_array (in, EPOCH_FIELDS, EPOCH_FIELDS);
    g->held_epoch = read_epoch (in, 1);
    g->held_seq = pack_int (in, 1, SEQ_MAX);
}

static void read_greeting (struct pack_in *in, struct frame *f)
{
    struct greeting *g = &f->as.greeting;
    g->verb = f->verb;
    g->session = f->session;
    pack_array (in, 2, 2);
    g->version_low = (uint32_t) pack_uint (in, 1, UINT32_MAX);
    g->version_high = (uint32_t) pack_uint (in, g->version_low, UINT32_MAX);
    if (f->verb == CB_VERB_WELCOME && g->version_low != g->version_high)
        in->bad = true;
    g->party = pack_str (in, 1, PARTY_MAX);
    if (!party_valid (g->party))
        in->bad = true;
    read_epochs (in, g);
    pack_array (in, CB_LANE_END, CB_LANE_END);
    for (size_t i = 0; i < CB_LANE_END; i++)
        g->cursors[i] = read_cursor (in);
    read_held (in, g);
    g->policy_version = (uint32_t) pack_uint (in, 0, UINT32_MAX);
    g->time = pack_int (in, 0, TIME_MAX);
    pack_array (in, CB_LANE_END, CB_LANE_END);
    for (size_t i = 0; i < CB_LANE_END; i++)
        g->credit[i] = pack_uint (in, 0, UINT64_MAX);
    g->software = pack_str (in, 0, SOFTWARE_MAX);
}

static void put_greeting (struct pack_out *out, const struct greeting *g)
{
    pack_put_array (out, 2);
    pack_put_uint (out, g->version_low);
    pack_put_uint (out, g->version_high);
    pack_put_str (out, g->party);
    pack_put_array (out, g->epoch_count);
    for (size_t i = 0; i < g->epoch_count; i++) {
        pack_put_array (out, EPOCH_FIELDS);
        put_epoch (out, g->epochs[i].epoch);
        pack_put_int (out, g->epochs[i].end);
    }
    pack_put_array (out, CB_LANE_END);
    for (size_t i = 0; i < CB_LANE_END; i++)
        put_cursor (out, &g->cursors[i]);
    if (g->held_seq) {
        pack_put_array (out, EPOCH_FIELDS);
        put_epoch (out, g->held_epoch);
        pack_put_int (out, g->held_seq);
    } else
        pack_put_nil (out);
    pack_put_uint (out, g->policy_version);
    pack_put_int (out, g->time);
    pack_put_array (out, CB_LANE_END);
    for (size_t i = 0; i < CB_LANE_END; i++)
        pack_put_uint (out, g->credit[i]);
    pack_put_str (out, g->software);
}

static void read_data (struct pack_in *in, struct frame *f)
{
    struct data_frame *d = &f->as.data;
    d->session = f->session;
    d->epoch = read_epoch_pair (in);
    d->lane = read_lane (in);
    d->prev = read_position (in);
    d->last = pack_int (in, d->prev, SEQ_MAX);
    d->chain = (const struct hash *) pack_fixed (in, HASH_SIZE);
    d->credential_count = pack_array (in, 0, LINK_CREDENTIALS);
    for (size_t i = 0; i < d->credential_count; i++)
        d->credentials[i] = pack_bin (in, 1, LINK_FRAME_MAX);
    d->envelope_count = pack_array (in, 0, LINK_RUN);
    for (size_t i = 0; i < d->envelope_count; i++)
        d->envelopes[i] = pack_bin (in, 1, LINK_FRAME_MAX);
}

static void read_ack (struct pack_in *in, struct frame *f)
{
    struct ack_frame *a = &f->as.ack;
    a->session = f->session;
    a->epoch = read_epoch_pair (in);
    a->lane = read_lane (in);
    a->position = read_position (in);
    a->credit = pack_uint (in, 0, UINT64_MAX);
}

static void put_ack (struct pack_out *out, const struct ack_frame *a)
{
    put_epoch_pair (out, a->epoch);
    pack_put_uint (out, a->lane);
    pack_put_int (out, a->position);
    pack_put_uint (out, a->credit);
}

static void read_reject (struct pack_in *in, struct frame *f)
{
    struct reject_frame *r = &f->as.reject;
    r->session = f->session;
    r->reason = (unsigned) pack_uint (in, 0, UINT32_MAX);
    r->detail = pack_str (in, 0, DETAIL_MAX);
    r->leaf = pack_nil (in) ? NULL : (const struct hash *) pack_fixed (in, HASH_SIZE);
}

static void put_reject (struct pack_out *out, const struct reject_frame *r)
{
    pack_put_uint (out, r->reason);
    pack_put_str (out, r->detail);
    if (r->leaf)
        pack_put_bin (out, span_bytes (r->leaf->bytes, HASH_SIZE));
    else
        pack_put_nil (out);
}

/* How many elements a frame has, verb and session included. */
static size_t frame_fields (unsigned verb)
{
    switch (verb) {
    case CB_VERB_HELLO:
    case CB_VERB_WELCOME: return 11;
    case CB_VERB_DATA: return DATA_FIELDS;
    case CB_VERB_ACK: return 6;
    case CB_VERB_REJECT: return 5;
    case CB_VERB_RECOVER:
    case CB_VERB_BUSY:
    case CB_VERB_REQUEST:
    case CB_VERB_REPLY: return 3;
    default: return 2;
    }
}

bool frame_parse (struct frame *f, struct span bytes)
{
    if (bytes.size > LINK_FRAME_MAX)
        return false;
    struct pack_in in = pack_open (bytes);
    size_t fields = pack_array (&in, 2, 11);
    f->verb = (unsigned) pack_uint (&in, 1, CB_VERB_END - 1);
    f->session = pack_fixed (&in, SESSION_SIZE);
    if (in.bad || fields != frame_fields (f->verb))
        return false;
    switch ((enum cb_verb) f->verb) {
    case CB_VERB_HELLO:
    case CB_VERB_WELCOME: read_greeting (&in, f); break;
    case CB_VERB_DATA: read_data (&in, f); break;
    case CB_VERB_ACK: read_ack (&in, f); break;
    case CB_VERB_RECOVER:
        f->as.recover.session = f->session;
        f->as.recover.from = read_cursor (&in);
        break;
    case CB_VERB_REJECT: read_reject (&in, f); break;
    case CB_VERB_BUSY:
        f->as.busy.session = f->session;
        f->as.busy.wait = pack_int (&in, 0, TIME_MAX);
        break;
    case CB_VERB_REQUEST:
    case CB_VERB_REPLY:
        f->as.question.session = f->session;
        f->as.question.statement = pack_bin (&in, 1, STATEMENT_MAX);
        break;
    case CB_VERB_PING:
    case CB_VERB_PONG:
    case CB_VERB_BYE:
    case CB_VERB_END: break;
    }
    return pack_done (&in);
}

void frame_pack (struct pack_out *out, const struct frame *f)
{
    assert (f->verb >= CB_VERB_HELLO && f->verb < CB_VERB_END && f->verb != CB_VERB_DATA);
    pack_put_array (out, frame_fields (f->verb));
    pack_put_uint (out, f->verb);
    pack_put_bin (out, span_bytes (f->session, SESSION_SIZE));
    switch ((enum cb_verb) f->verb) {
    case CB_VERB_HELLO:
    case CB_VERB_WELCOME: put_greeting (out, &f->as.greeting); break;
    case CB_VERB_ACK: put_ack (out, &f->as.ack); break;
    case CB_VERB_RECOVER: put_cursor (out, &f->as.recover.from); break;
    case CB_VERB_REJECT: put_reject (out, &f->as.reject); break;
    case CB_VERB_BUSY: pack_put_int (out, f->as.busy.wait); break;
    case CB_VERB_REQUEST:
    case CB_VERB_REPLY: pack_put_bin (out, f->as.question.statement); break;
    case CB_VERB_DATA:
    case CB_VERB_PING:
    case CB_VERB_PONG:
    case CB_VERB_BYE:
    case CB_VERB_END: break;
    }
}

static void begin (struct pack_out *out)
{
    if (out->pk.callback)
        pack_reset (out);
    else
        pack_init (out);
}

void data_begin (struct data_builder *b)
{
    begin (&b->credentials);
    begin (&b->envelopes);
    b->credential_count = b->envelope_count = 0;
}

void data_free (struct data_builder *b)
{
    pack_free (&b->credentials);
    pack_free (&b->envelopes);
    b->credential_count = b->envelope_count = 0;
}

void data_credential (struct data_builder *b, struct span statement)
{
    assert (b->credential_count < LINK_CREDENTIALS);
    pack_put_bin (&b->credentials, statement);
    b->credential_count++;
}

void data_envelope (struct data_builder *b, struct span envelope)
{
    assert (b->envelope_count < LINK_RUN);
    pack_put_bin (&b->envelopes, envelope);
    b->envelope_count++;
}

size_t data_size (const struct data_builder *b)
{
    return DATA_OVERHEAD + pack_result (&b->credentials).size + pack_result (&b->envelopes).size;
}

void data_finish (struct data_builder *b, struct pack_out *out, const struct data_frame *header)
{
    pack_put_array (out, DATA_FIELDS);
    pack_put_uint (out, CB_VERB_DATA);
    pack_put_bin (out, span_bytes (header->session, SESSION_SIZE));
    put_epoch_pair (out, header->epoch);
    pack_put_uint (out, header->lane);
    pack_put_int (out, header->prev);
    pack_put_int (out, header->last);
    pack_put_bin (out, span_bytes (header->chain->bytes, HASH_SIZE));
    pack_put_array (out, b->credential_count);
    pack_put_raw (out, pack_result (&b->credentials));
    pack_put_array (out, b->envelope_count);
    pack_put_raw (out, pack_result (&b->envelopes));
}
