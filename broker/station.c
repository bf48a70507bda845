/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/station.h"

#include "broker/casework/carry.h"
#include "broker/casework/timers.h"
#include "broker/casework/bulletins.h"
#include "broker/fault.h"
#include "broker/heads.h"
#include "broker/heard.h"
#include "broker/local.h"
#include "broker/officers.h"
#include "broker/originate.h"
#include "broker/peer.h"
#include "broker/pump.h"
#include "broker/tap.h"
#include "broker/uplink.h"
#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"
#include "bus/edge/schemafile.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define FRAMES_A_TURN 256
/* Some 50 ms: then disk, clock and parent have their turn. What is left waits in the pipes,
 * out of which ROUTER takes from each neighbour alike. */
#define VERIFIED_A_TURN 1024
#define INGRESS_MS      100
#define DAY_MS          INT64_C (86400000)
/* Bytes of frames that wait for the disk before the children have to. */
#define PENDING_MAX ((uint64_t) 64 * 1024 * 1024)

struct span station_name (const struct station *self)
{
    return self->me->credential.name;
}

void station_wake (struct station *self)
{
    self->pump_wanted = true;
}

/* The parent says where it is: its children follow. What this party says of itself is
 * what it hands to those that it enrols. */
static void adopt_contact (struct station *self, const struct item *item)
{
    struct envelope e;
    bool own = span_equal (item->id.origin, station_name (self));
    bool parents = self->parent != NULL && span_is (item->id.origin, self->parent->name);
    if ((!own && !parents) || !span_is (item->kind, "contact") || item->mode != CB_MODE_LIVE ||
        envelope_parse (&e, item->envelope) != CB_OK ||
        !station_contact (own ? &self->own_contact : &self->parent_contact, e.body) || own)
        return;
    station_endpoints (self);
    log_notice ("%s: now at %s", self->parent->name, uplink_endpoint (self));
}

/* A party came back without its keys: two parties vouch for it, and those above judge whether
 * they should have. */
static void alarm_again (const struct item *item)
{
    struct envelope e;
    struct credential c;
    if (!span_is (item->kind, "enrolment") || item->mode != CB_MODE_LIVE ||
        envelope_parse (&e, item->envelope) != CB_OK ||
        !credential_parse (&c, body_bytes (e.body, "credential")) || !credential_again (&c))
        return;
    log_warning (SPAN_FMT " has lost its keys and was enrolled again as generation %u by " SPAN_FMT
                          "; if you do not know of it, call them",
                 SPAN_ARG (c.name), (unsigned) c.generation, SPAN_ARG (item->id.origin));
}

void station_stored (struct station *self, const struct item *item)
{
    if (item->lane < CB_PRECEDENCES && item->position > self->heads[item->lane])
        self->heads[item->lane] = item->position;
    if (item->position > self->head)
        self->head = item->position;
    self->pump_wanted = true;
    adopt_contact (self, item);
    alarm_again (item);
    tap_show (self, item);
    local_wake (self);
}

void station_judge (struct station *self, const struct envelope *e, enum side side,
                    struct span peer, enum judging what, struct verdict *verdict)
{
    struct intake intake = { .directory = self->directory,
                             .schemas = self->schemas,
                             .cache = self->cache,
                             .quota = what == JUDGE_REHEARSAL ? NULL : self->quota,
                             .look = what == JUDGE_LOOK,
                             .self = station_name (self),
                             .side = side,
                             .peer = peer,
                             .recovery = what == JUDGE_RECOVERY,
                             .draft = what >= JUDGE_DRAFT,
                             .now = clock_utc () };
    if (side != SIDE_SELF)
        carry_learn (self, e);
    intake_check (&intake, e, verdict);
    self->worked += verdict->worked;
}

void station_learn (struct station *self, const struct envelope *e, struct verdict *verdict)
{
    if (verdict->reason != CB_OK || !trust_kind (e->kind))
        return;
    verdict->reason = directory_apply (self->directory, e);
    if (verdict->reason == CB_OK)
        station_admit (self);
}

bool station_trust_stale (const struct station *self)
{
    const struct head *head = directory_head_now (self->directory);
    const struct policy *policy = directory_policy_now (self->directory);
    int64_t limit = policy_setting (policy, POLICY_HEAD_STALE);
    return limit > 0 && (head == NULL || clock_utc () - head->time > limit);
}

/* --- Who is a neighbour -------------------------------------------------------------------- */

struct admission {
    struct station *station;
    size_t count;
    struct hash keys[];
};

/* The link key of the generation before, which a child may still use: it has not joined with its
 * new credential yet. NULL: it is the same, or does not count any more. */
static const uint8_t *former_key (const struct station *self, const struct entry *entry)
{
    const struct hash *previous = entry->credential.previous;
    const struct entry *before = previous ? directory_by_hash (self->directory, previous) : NULL;
    if (before == NULL || before->revoked ||
        memcmp (before->credential.link_key, entry->credential.link_key, KEY_SIZE) == 0)
        return NULL;
    return before->credential.link_key;
}

static void key_text_of (const uint8_t *key, char text[2 * KEY_SIZE + 1])
{
    text[0] = '\0';
    if (key != NULL)
        sodium_bin2hex (text, 2 * KEY_SIZE + 1, key, KEY_SIZE);
}

static bool admit_child (const struct entry *entry, void *arg)
{
    struct admission *admission = arg;
    struct station *self = admission->station;
    const struct credential *c = &entry->credential;
    if (!span_equal (party_parent (c->name), station_name (self)) || entry->revoked)
        return true;
    const uint8_t *former = former_key (self, entry);
    char user[2 * KEY_SIZE + 1], before[2 * KEY_SIZE + 1];
    key_text_of (c->link_key, user);
    key_text_of (former, before);
    struct peer *peer = peer_by_user (self, user);
    if (peer == NULL)
        peer = peer_by_user (self, before);
    if (peer == NULL) {
        peer = peer_new (self, false, entry);
        peer->sock = self->children_sock;
        HASH_ADD_STR (self->children, user, peer);
    }
    peer->entry = entry;
    bool newest = strcmp (peer->user, user) == 0;
    bool both = former != NULL && (!newest || peer->heard_utc == 0);
    snprintf (peer->other, sizeof peer->other, "%s", both ? (newest ? before : user) : "");
    memcpy (admission->keys[admission->count++].bytes, c->link_key, KEY_SIZE);
    if (both)
        memcpy (admission->keys[admission->count++].bytes, former, KEY_SIZE);
    return true;
}

static bool may_stay (const struct station *self, const struct peer *peer)
{
    const struct entry *entry = directory_by_name (self->directory, span_of (peer->name));
    char user[2 * KEY_SIZE + 1], before[2 * KEY_SIZE + 1];
    if (entry == NULL || entry->revoked)
        return false;
    key_text_of (entry->credential.link_key, user);
    key_text_of (former_key (self, entry), before);
    return strcmp (peer->user, user) == 0 || strcmp (peer->user, before) == 0;
}

static void drop_strangers (struct station *self)
{
    struct peer *peer, *next;
    HASH_ITER (hh, self->children, peer, next)
    {
        if (may_stay (self, peer))
            continue;
        if (peer->state != LINK_IDLE)
            peer_end (peer, CB_REVOKED, "");
        HASH_DEL (self->children, peer);
        heard_gone (self, peer->name);
        peer_free (&peer);
    }
}

static void admit_now (struct station *self)
{
    size_t most = directory_children (self->directory, station_name (self));
    struct admission *admission = calloc (1, sizeof *admission + 2 * most * sizeof (struct hash));
    if (admission == NULL)
        abort ();
    admission->station = self;
    drop_strangers (self);
    directory_each (self->directory, station_name (self), admit_child, admission);
    zap_admit (self->zap, admission->keys, admission->count);
    free (admission);
    if (self->parent != NULL) {
        const struct entry *entry =
            directory_by_name (self->directory, span_of (self->parent->name));
        self->parent->entry = entry != NULL ? entry : self->parent->entry;
    }
}

void station_admit (struct station *self)
{
    /* Not now: who is being judged may be among those that are dropped. */
    self->admit_wanted = true;
    proof_cache_clear (self->cache);
}

/* --- The loop ------------------------------------------------------------------------------ */

static int on_children (zloop_t *loop, zsock_t *sock, void *arg);

void station_turn (struct station *self)
{
    self->worked = 0;
    originate_flush (self);
    if (self->admit_wanted) {
        self->admit_wanted = false;
        admit_now (self);
    }
    if (self->children_paused && self->pending < PENDING_MAX / 2) {
        self->children_paused = false;
        zloop_reader (self->loop, self->children_sock, on_children, self);
    }
    if (self->pump_wanted) {
        self->pump_wanted = false;
        pump_run (self);
    }
    local_serve (self);
}

static int on_children (zloop_t *loop, zsock_t *sock, void *arg)
{
    struct station *self = arg;
    for (int i = 0; i < FRAMES_A_TURN && self->worked < VERIFIED_A_TURN; i++) {
        struct wire_frame frame;
        if (self->pending > PENDING_MAX) {
            /* Unread frames wait in the kernel, and their senders with them. */
            self->children_paused = true;
            zloop_reader_end (loop, sock);
            break;
        }
        enum wire_result result = wire_recv_router (sock, &frame);
        if (result != WIRE_OK && result != WIRE_HOSTILE)
            break;
        struct peer *peer = peer_by_user (self, frame.user);
        if (result == WIRE_OK)
            ingress_took (self->ingress, frame.fd, frame.bytes.size);
        if (result == WIRE_HOSTILE && peer != NULL)
            peer_malformed (peer, "a message of several parts");
        else if (result == WIRE_OK && peer != NULL)
            peer_frame (peer, &frame);
        else if (result == WIRE_OK)
            wire_free (&frame); /* revoked a moment ago */
    }
    station_turn (self);
    return 0;
}

static int on_store (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    (void) item;
    struct station *self = arg;
    store_done (self->store, self);
    station_turn (self);
    return 0;
}

static int on_tick (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    struct station *self = arg;
    int64_t now = clock_steady ();
    if (self->parent != NULL)
        peer_tick (self->parent, now);
    for (struct peer *peer = self->children; peer != NULL; peer = peer->hh.next)
        peer_tick (peer, now);
    local_tick (self, now);
    heads_tick (self, now);
    hold_look (self);
    timers_tick (self, clock_utc () + FAULT_AHEAD ());
    acked_save (self);
    heard_tick (self);
    station_wake (self);
    station_turn (self);
    return 0;
}

static int on_ingress (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    struct station *self = arg;
    ingress_check (self->ingress);
    return 0;
}

static int on_watchdog (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    (void) arg;
    notify_send ("WATCHDOG=1");
    return 0;
}

static int on_signal (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    struct station *self = arg;
    struct signalfd_siginfo info;
    if (read (item->fd, &info, sizeof info) != sizeof info)
        return 0;
    if (info.ssi_signo == SIGHUP) {
        station_reload (self);
        return 0;
    }
    log_notice ("%s: leaving", strsignal ((int) info.ssi_signo));
    return -1;
}

struct limits_job {
    struct job job;
    struct conf conf;
};

static void limits_run (struct job *base, struct store *store)
{
    const struct conf *conf = &((struct limits_job *) base)->conf;
    store->quarantine_messages = conf->quarantine_messages;
    store->quarantine_bytes = conf->quarantine_mb * 1024 * 1024;
    store->quarantine_age = conf->quarantine_days * DAY_MS;
    store->reserve = (uint64_t) conf->reserve_mb * 1024 * 1024;
    char why[ZONE_WHY];
    if (store->zone != NULL)
        return;
    store->zone = zone_open (conf->time_zone, why);
    if (store->zone == NULL)
        log_error ("time_zone: %s; no schedule is kept", why);
    bulletins_touch (store);
    casework_settle (store);
}

static void limits_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

void station_limits (struct station *self)
{
    struct limits_job *job = job_new (sizeof *job, limits_run, limits_done);
    job->conf = self->conf;
    job->job.writes = true;
    store_submit (self->store, &job->job);
}

void station_reload (struct station *self)
{
    char why[CONF_WHY];
    struct conf conf;
    if (conf_load (&conf, "certbus.conf", why) != 0) {
        log_error ("%s/%s; the configuration in force stays", self->home, why);
        return;
    }
    struct schemas *schemas = schemas_open (conf.schemas, why, sizeof why);
    if (schemas == NULL) {
        log_error ("%s; the configuration in force stays", why);
        return;
    }
    schemas_free (&self->schemas);
    self->schemas = schemas;
    officers_warn (&conf.officers, schemas);
    bool moved = memcmp (conf.parent, self->conf.parent, sizeof conf.parent) != 0;
    for (enum conf_setting which = 0; which < CONF_COUNT; which++) {
        if (!conf_about (which).at_start)
            continue;
        if (!conf_same (&conf, &self->conf, which))
            log_warning ("%s changes at the next start", conf_about (which).name);
        conf_copy (&conf, &self->conf, which); /* what is in force stays so */
    }
    self->conf = conf;
    self->tap_tlp = (unsigned) cb_tlp_number (conf.tap_tlp);
    station_limits (self);
    log_set_level ((enum log_level) log_level_number (conf.log_level));
    if (moved && self->parent != NULL) {
        station_endpoints (self);
        uplink_reset (self);
    }
    log_notice ("configuration reloaded");
}

void station_run (struct station *self)
{
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGHUP);
    int fd = signalfd (-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    zmq_pollitem_t signal_item = { .fd = fd, .events = ZMQ_POLLIN };
    zmq_pollitem_t store_item = { .fd = store_fd (self->store), .events = ZMQ_POLLIN };
    zloop_poller (self->loop, &signal_item, on_signal, self);
    zloop_poller (self->loop, &store_item, on_store, self);
    zloop_timer (self->loop, 1000, 0, on_tick, self);
    zloop_timer (self->loop, INGRESS_MS, 0, on_ingress, self);
    if (notify_watchdog () > 0)
        zloop_timer (self->loop, (size_t) notify_watchdog (), 0, on_watchdog, self);
    if (self->children_sock != NULL)
        zloop_reader (self->loop, self->children_sock, on_children, self);
    debts_resume (self);
    on_tick (self->loop, 0, self);
    log_notice ("%.*s is up: epoch %u, %lld messages stored", SPAN_ARG (station_name (self)),
                self->epoch.counter, (long long) self->head);
    notify_send ("READY=1");
    zloop_start (self->loop);

    notify_send ("STOPPING=1");
    self->stopping = true;
    originate_flush (self);
    store_stop (&self->store, self); /* the batch is finished, and its ACKs are sent */
    if (self->parent != NULL)
        peer_bye (self->parent);
    for (struct peer *peer = self->children; peer != NULL; peer = peer->hh.next)
        peer_bye (peer);
    close (fd);
}
