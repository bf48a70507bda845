/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/index.h"
#include "broker/numbers.h"
#include "bus/core/schema.h"
#include "bus/edge/home.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUESTIONS_A_TURN 256
/* Under way at a time: so many that act, each with a message in memory, or a few that read,
 * each with an answer of up to LOCAL_FRAME_MAX. */
#define QUESTIONS_OPEN 1024
#define WEIGHT_ACT     1
#define WEIGHT_READ    32

/* clang-format off */
static const struct {
    const char *op;
    bool acts;
    void (*answer) (const struct question *q);
} operations[] = {
    { "status", false, local_status },
    { "tree", false, local_tree },
    { "read", false, local_read },
    { "take", false, local_take },
    { "taken", false, local_taken },
    { "get", false, local_get },
    { "check", false, local_check },
    { "chain", false, local_chain },
    { "contact", false, local_contact },
    { "attachments", false, local_attachments },
    { "part", false, local_part },
    { "publish", true, local_publish },
    { "enrol", true, local_enrol },
    { "revoke", true, local_revoke },
    { "trust", true, local_trust },
    { "freeze", true, local_freeze },
    { "config", false, local_config },
    { "quarantine", false, local_quarantine },
    { "refused", false, local_refused },
    { "release", true, local_release },
    { "discard", true, local_discard },
    { "countersign", true, local_countersign },
    { "ask", true, local_ask },
    { "missing", false, local_missing },
    { "bulletin", false, local_bulletin },
    { "escalate", true, local_escalate },
    { "case", false, local_case },
    { "cases", false, local_cases },
    { "ledger", false, local_ledger },
    { "exercise", false, local_exercise },
    { "clocks", false, local_clocks },
    { "breaches", false, local_breaches },
    { "confirm", true, local_confirm },
};
/* clang-format on */

/* --- Questions ----------------------------------------------------------------------------- */

static struct pack_in field (const struct question *q, const char *name)
{
    return pack_open (body_field (q->map, name));
}

struct span ask_text (const struct question *q, const char *name)
{
    return body_text (q->map, name);
}

int64_t ask_int (const struct question *q, const char *name, int64_t otherwise)
{
    return body_int (q->map, name, otherwise);
}

bool ask_bool (const struct question *q, const char *name)
{
    struct pack_in in = field (q, name);
    return pack_peek (&in) == PACK_BOOL && pack_bool (&in);
}

struct span ask_bin (const struct question *q, const char *name)
{
    struct pack_in in = field (q, name);
    struct span bytes = pack_bin (&in, 0, LOCAL_FRAME_MAX);
    return in.bad ? (struct span){ NULL, 0 } : bytes;
}

bool ask_ref (const struct question *q, const char *name, struct msg_id *id)
{
    struct pack_in in = field (q, name);
    memset (id, 0, sizeof *id);
    if (pack_peek (&in) == PACK_END)
        return true; /* not given */
    return msg_id_read (&in, id) && pack_done (&in);
}

static int span_order (const void *a, const void *b)
{
    return span_compare (*(const struct span *) a, *(const struct span *) b);
}

size_t ask_texts (const struct question *q, const char *name, struct span *out, size_t max)
{
    struct pack_in in = field (q, name);
    if (pack_peek (&in) == PACK_END)
        return 0;
    size_t count = pack_array (&in, 0, max);
    for (size_t i = 0; i < count; i++)
        out[i] = pack_str (&in, 1, TERM_MAX);
    if (!pack_done (&in))
        return (size_t) -1;
    qsort (out, count, sizeof *out, span_order);
    return count;
}

/* --- Answers ------------------------------------------------------------------------------- */

void answer_send (const struct asker *asker, const struct pack_out *map)
{
    struct pack_out out;
    if (!asker->waiting)
        return;
    if (asker->open != NULL)
        *asker->open -= asker->weight < *asker->open ? asker->weight : *asker->open;
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_uint (&out, asker->tag);
    pack_put_raw (&out, pack_result (map));
    wire_send_router (asker->sock, &asker->route, pack_result (&out));
    pack_free (&out);
}

void answer_refuse (const struct asker *asker, const char *reason, const char *detail)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 3);
    put_text (&out, "detail", detail);
    put_bool (&out, "ok", false);
    put_text (&out, "reason", reason);
    answer_send (asker, &out);
    pack_free (&out);
}

void answer_reason (const struct asker *asker, enum cb_reason reason, const char *detail)
{
    char text[SCHEMA_WHERE + 160];
    snprintf (text, sizeof text, "%s%s%s", cb_reason_text (reason), detail[0] ? ": " : "", detail);
    answer_refuse (asker, cb_reason_name (reason), text);
}

void put_text (struct pack_out *out, const char *key, const char *text)
{
    pack_put_text (out, key);
    pack_put_text (out, text);
}

void put_span (struct pack_out *out, const char *key, struct span text)
{
    pack_put_text (out, key);
    pack_put_str (out, text);
}

void put_uint (struct pack_out *out, const char *key, uint64_t value)
{
    pack_put_text (out, key);
    pack_put_uint (out, value);
}

void put_int (struct pack_out *out, const char *key, int64_t value)
{
    pack_put_text (out, key);
    pack_put_int (out, value);
}

void put_bool (struct pack_out *out, const char *key, bool value)
{
    pack_put_text (out, key);
    pack_put_bool (out, value);
}

void put_ref (struct pack_out *out, const struct msg_id *id)
{
    msg_id_pack (out, id);
}

void put_record (struct pack_out *out, const struct record *record, const struct station *station,
                 const struct record_extra *extra)
{
    struct envelope e;
    bool here = record->envelope.size > 0 && envelope_parse (&e, record->envelope) == CB_OK &&
                index_here (&e, &station->me->credential);
    const struct standing *standing = extra != NULL ? extra->standing : NULL;
    bool stands = standing == NULL || standing->position == 0;
    bool waits = extra != NULL && extra->waits != NULL;
    bool refused = extra != NULL && extra->refused != NULL;
    pack_put_map (out, 9 + refused + !stands + waits);
    pack_put_text (out, "envelope");
    pack_put_bin (out, record->envelope);
    put_span (out, "from", record->from);
    put_bool (out, "here", here);
    put_uint (out, "lane", record->lane);
    pack_put_text (out, "leaf");
    pack_put_bin (out, span_bytes (record->leaf.bytes, HASH_SIZE));
    put_uint (out, "policy", record->policy);
    put_uint (out, "position", (uint64_t) record->position);
    put_uint (out, "reason", record->reason);
    if (refused) {
        pack_put_text (out, "refused");
        refusals_pack (out, extra->refused);
    }
    if (!stands) {
        pack_put_text (out, "standing");
        standing_pack (out, standing);
    }
    put_int (out, "taken", record->taken);
    if (waits) {
        pack_put_text (out, "waits");
        pack_put_array (out, extra->wait_count);
        pack_put_raw (out, pack_result (extra->waits));
    }
}

void local_originated (struct station *station, const struct asker *asker,
                       const struct originated *told)
{
    struct pack_out out;
    char text[ID_TEXT], code[CODE_TEXT];
    if (numbers_settled (station, asker, told))
        return;
    bool numbered = asker->number[0] != '\0';
    if (asker->waiting && told->reason != CB_OK) {
        answer_reason (asker, told->reason, told->detail != NULL ? told->detail : "");
    } else if (asker->waiting && asker->answer != NULL) {
        answer_send (asker, asker->answer);
    } else if (asker->waiting) {
        msg_id_text (&told->id, text);
        hash_code (&told->leaf, code);
        pack_init (&out);
        pack_put_map (&out, 6 + numbered);
        put_text (&out, "code", code);
        put_text (&out, "id", text);
        pack_put_text (&out, "leaf");
        pack_put_bin (&out, span_bytes (told->leaf.bytes, HASH_SIZE));
        if (numbered)
            put_text (&out, "number", asker->number);
        put_bool (&out, "ok", true);
        put_uint (&out, "position", (uint64_t) told->position);
        pack_put_text (&out, "ref");
        put_ref (&out, &told->id);
        answer_send (asker, &out);
        pack_free (&out);
    }
    if (asker->answer != NULL) {
        pack_free (asker->answer);
        free (asker->answer);
    }
}

/* --- The sockets --------------------------------------------------------------------------- */

/* What an act is about: a party, a kind, a message, whoever asks to be enrolled. */
static struct span object_of (const struct question *q)
{
    static const char *const keys[] = { "party", "kind", "id" };
    struct enrolment e;
    struct span request = ask_bin (q, "request"), object = { NULL, 0 };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && object.size == 0; i++)
        object = ask_text (q, keys[i]);
    if (object.size == 0 && request.size > 0 && enrolment_parse (&e, request) == CB_OK)
        object = e.name;
    return object.size > PARTY_MAX ? span_bytes (object.data, PARTY_MAX) : object;
}

/* The uid, not its name: to look names up may take as long as a server somewhere takes. */
static void log_act (const struct question *q)
{
    struct span object = object_of (q);
    int64_t position = ask_int (q, "position", 0);
    char at[32] = "";
    if (object.size == 0 && position > 0)
        snprintf (at, sizeof at, ": %lld", (long long) position);
    log_notice ("%s by uid %u (pid %u)%s%.*s%s%s", q->asker.op, q->uid, q->pid,
                object.size > 0 ? ": " : "", SPAN_ARG (object), at,
                ask_bool (q, "dry_run") ? ", a rehearsal" : "");
}

static void answer (struct question *q)
{
    struct span op = ask_text (q, "op");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (!span_is (op, operations[i].op))
            continue;
        if (operations[i].acts && !q->may_act) {
            answer_refuse (&q->asker, "not-allowed", "this is the socket for reading");
            return;
        }
        q->asker.weight = operations[i].acts ? WEIGHT_ACT : WEIGHT_READ;
        *q->asker.open += q->asker.weight;
        q->asker.op = operations[i].op;
        q->asker.uid = q->uid;
        if (operations[i].acts)
            log_act (q);
        operations[i].answer (q);
        return;
    }
    answer_refuse (&q->asker, "no-such-operation",
                   "this broker, certbus " CERTBUS_VERSION ", knows no such operation");
}

static void ask (struct station *station, zsock_t *sock, const struct wire_frame *frame)
{
    struct question q = { .station = station, .may_act = sock == station->local->act };
    struct pack_in in = pack_open (frame->bytes);
    if (!wire_peer_uid (frame->address, &q.uid, &q.gid, &q.pid))
        return; /* the kernel did not say who this is */
    pack_array (&in, 2, 2);
    q.asker.tag = pack_uint (&in, 0, UINT64_MAX);
    q.map = pack_any (&in);
    q.asker.waiting = true;
    q.asker.sock = sock;
    q.asker.route = frame->route;
    q.asker.open = &station->local->open;
    if (!pack_done (&in)) {
        answer_refuse (&q.asker, "usage", "a question that is none");
        return;
    }
    answer (&q);
}

static int on_question (zloop_t *loop, zsock_t *sock, void *arg)
{
    (void) loop;
    struct station *station = arg;
    struct local *self = station->local;
    if (self->open >= QUESTIONS_OPEN) {
        /* They wait in the kernel, with whoever asks so much. */
        self->paused = true;
        zloop_reader_end (station->loop, self->read);
        zloop_reader_end (station->loop, self->act);
    }
    for (int i = 0; i < QUESTIONS_A_TURN && self->open < QUESTIONS_OPEN; i++) {
        struct wire_frame frame;
        enum wire_result result = wire_recv_router (sock, &frame);
        if (result == WIRE_HOSTILE)
            continue;
        if (result != WIRE_OK)
            break;
        ask (station, sock, &frame);
        wire_free (&frame);
    }
    station_turn (station);
    return 0;
}

struct local *local_open (struct station *station, char *why, size_t why_size)
{
    struct local *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    if (home_folder (".", "run", false, why, why_size) != 0 ||
        home_folder (".", "run/read", true, why, why_size) != 0 ||
        home_folder (".", "run/act", true, why, why_size) != 0)
        goto failed;
    self->read = wire_local_reader ("run/read/bus", why, why_size);
    if (self->read == NULL)
        goto failed;
    self->act = wire_local_server ("run/act/bus", why, why_size);
    if (self->act == NULL)
        goto failed;
    zloop_reader (station->loop, self->read, on_question, station);
    zloop_reader (station->loop, self->act, on_question, station);
    return self;

failed:
    local_close (&self, station);
    return NULL;
}

void local_close (struct local **self_p, struct station *station)
{
    struct local *self = *self_p;
    if (self == NULL)
        return;
    if (station->loop != NULL && self->read != NULL)
        zloop_reader_end (station->loop, self->read);
    if (station->loop != NULL && self->act != NULL)
        zloop_reader_end (station->loop, self->act);
    waiting_free (self);
    zsock_destroy (&self->read);
    zsock_destroy (&self->act);
    free (self);
    *self_p = NULL;
}

void local_wake (struct station *station)
{
    if (station->local != NULL)
        station->local->woken = true;
}

void local_serve (struct station *station)
{
    struct local *self = station->local;
    if (self == NULL)
        return;
    if (self->paused && self->open < QUESTIONS_OPEN / 2) {
        self->paused = false;
        zloop_reader (station->loop, self->read, on_question, station);
        zloop_reader (station->loop, self->act, on_question, station);
    }
    if (!self->woken)
        return;
    self->woken = false;
    waiting_wake (station);
}

void local_tick (struct station *station, int64_t now)
{
    if (station->local != NULL)
        waiting_tick (station, now);
}
