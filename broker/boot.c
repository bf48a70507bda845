/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/station.h"

#include "broker/ask.h"
#include "broker/casework/adopt.h"
#include "broker/casework/casework.h"
#include "broker/casework/timers.h"
#include "broker/fold.h"
#include "broker/heirs.h"
#include "broker/index.h"
#include "broker/local.h"
#include "broker/numbers.h"
#include "broker/officers.h"
#include "broker/originate.h"
#include "broker/peer.h"
#include "broker/tables.h"
#include "broker/tap.h"
#include "broker/upgrade.h"
#include "broker/uplink.h"
#include "bus/core/trust.h"
#include "bus/edge/home.h"
#include "bus/edge/log.h"
#include "bus/edge/schemafile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define BUNDLE_MAX   ((size_t) 1024 * 1024)
#define ZAP_PROOF_MS 5000
#define HOME_FILE    (sizeof ((struct station *) 0)->home + 16)

static bool fail (char *why, size_t size, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static bool fail (char *why, size_t size, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, size, format, args);
    va_end (args);
    return false;
}

static const char *home_file (const struct station *self, const char *name, char path[HOME_FILE])
{
    snprintf (path, HOME_FILE, "%s/%s", self->home, name);
    return path;
}

/* Who holds the lock, as it has written there; 0: it has not said yet. */
static long lock_holder (int lock)
{
    char text[24] = "";
    ssize_t size = pread (lock, text, sizeof text - 1, 0);
    return size > 0 ? strtol (text, NULL, 10) : 0;
}

/* Only a check needs no lock: a configuration is checked before a running broker reads it. */
static bool enter_home (struct station *self, const char *home, bool check_only, char *why,
                        size_t size)
{
    char path[HOME_FILE];
    snprintf (self->home, sizeof self->home, "%s", home);
    if (access (home, X_OK) != 0)
        return fail (why, size, "%s: %s; make it with: certbus -C %s init NAME", home,
                     strerror (errno), home);
    if (check_only)
        return true;
    if (!home_may_serve (home, why, size))
        return false;
    self->lock = open (home_file (self, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (self->lock < 0)
        return fail (why, size, "%s: %s", path, strerror (errno));
    if (flock (self->lock, LOCK_EX | LOCK_NB) != 0) {
        long pid = lock_holder (self->lock);
        if (pid > 0)
            return fail (why, size, "another certbusd runs on %s (pid %ld)", home, pid);
        return fail (why, size, "another certbusd runs on %s", home);
    }
    /* For people: the lock counts without it, as on a full disk. */
    if (ftruncate (self->lock, 0) == 0)
        dprintf (self->lock, "%ld\n", (long) getpid ());
    return true;
}

/* Files are named as from where the program was started, as long as it is there. */
static bool load_files (struct station *self, char *why, size_t size)
{
    char text[CONF_WHY], path[HOME_FILE];
    if (conf_load (&self->conf, home_file (self, "certbus.conf", path), text) != 0)
        return fail (why, size, "%s", text);
    log_set_level ((enum log_level) log_level_number (self->conf.log_level));
    if (access (home_file (self, "keys", path), F_OK) != 0)
        return fail (why, size, "%s has no keys; make them with: certbus -C %s init NAME",
                     self->home, self->home);
    if (keys_load (&self->keys, path, text, sizeof text) != 0)
        return fail (why, size, "%s", text);
    if (access (home_file (self, "bundle", path), F_OK) != 0)
        return fail (why, size,
                     "%s has not joined yet: have its request enrolled, then "
                     "certbus -C %s join NAME.credential --root CODE",
                     self->home, self->home);
    if (file_read (path, BUNDLE_MAX, &self->bundle, text, sizeof text) != 0)
        return fail (why, size, "%s", text);
    if (chdir (self->home) != 0)
        return fail (why, size, "%s: %s", self->home, strerror (errno));
    self->schemas = schemas_open (self->conf.schemas, why, size);
    if (self->schemas != NULL)
        officers_warn (&self->conf.officers, self->schemas);
    return self->schemas != NULL;
}

/* The bundle is in force, and its keys wait still: `join` was cut short. */
static bool finish_join (struct station *self, char *why, size_t size)
{
    char text[CONF_WHY];
    if (keys_load_for (&self->keys, ".", &self->me->credential, text, sizeof text) != 1)
        return fail (why, size, "%s: the credential in bundle is not for the keys in keys",
                     self->home);
    if (self->lock >= 0 && keys_promote (".", text, sizeof text) != 0)
        return fail (why, size, "%s/%s", self->home, text);
    return true;
}

/* The bundle is where trust starts; the journal adds to it. */
static bool load_bundle (struct station *self, char *why, size_t size)
{
    static struct bundle bundle; /* 32 KB */
    const struct entry *last = NULL;
    struct span stranger;
    if (!bundle_parse (&bundle, self->bundle))
        return fail (why, size, "%s/bundle is damaged; join again", self->home);
    enum cb_reason reason = directory_root (self->directory, bundle.root);
    for (size_t i = 0; i < bundle.chain_count && reason == CB_OK; i++)
        reason = directory_add (self->directory, bundle.chain[i], &last);
    if (reason == CB_OK)
        reason = directory_policy (self->directory, bundle.policy);
    self->first_policy = bundle.policy;
    if (reason != CB_OK || last == NULL)
        return fail (why, size, "%s/bundle: %s; join again", self->home, cb_reason_text (reason));
    self->me = last;
    if (!heirs_good (self, &bundle, &stranger))
        return fail (why, size,
                     "%s/bundle: " SPAN_FMT " was not countersigned by the party above; join again",
                     self->home, SPAN_ARG (stranger));
    heirs_end_lost (self);
    return keys_are_for (&self->keys, &last->credential) || finish_join (self, why, size);
}

static void add_endpoint (struct station *self, struct span endpoint)
{
    char *text = self->endpoints[self->endpoint_count];
    for (size_t i = 0; i < self->endpoint_count; i++)
        if (span_is (endpoint, self->endpoints[i]))
            return;
    if (self->endpoint_count == PARENT_ENDPOINTS)
        return;
    span_text (endpoint, text, sizeof self->endpoints[0]);
    /* A slip of the parent's pen takes nobody off the bus. */
    self->endpoint_count += conf_endpoint (text, false, false);
}

void station_endpoints (struct station *self)
{
    static struct bundle bundle; /* 32 KB, of the one loop */
    self->endpoint_now = 0;
    self->endpoint_count = 0;
    for (size_t i = 0; i < self->conf.parent_count; i++)
        add_endpoint (self, span_of (self->conf.parent[i]));
    if (self->conf.parent_count > 0)
        return;
    for (size_t i = 0; i < self->parent_contact.count; i++)
        add_endpoint (self, span_of (self->parent_contact.at[i]));
    /* The parent's last word may be from before it lost its keys and moved. */
    bool parsed = bundle_parse (&bundle, self->bundle);
    for (size_t i = 0; parsed && i < bundle.endpoint_count; i++)
        add_endpoint (self, bundle.endpoints[i]);
    add_endpoint (self, span_of (self->endpoint_good));
}

/* --- What the journal knows ---------------------------------------------------------------- */

static void replay_message (struct station *self, struct journal *journal, int64_t position)
{
    struct record record;
    struct envelope e;
    if (position > 0 && journal_at (journal, position, &record) == JOURNAL_OK &&
        envelope_parse (&e, record.envelope) == CB_OK &&
        directory_apply (self->directory, &e) != CB_OK)
        log_warning ("the trust message at position %lld could not be applied",
                     (long long) position);
}

static void replay_trust (struct station *self, struct journal *journal)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    enum cb_reason reason;
    key_begin (&prefix, TABLE_TRUST);
    while (table_next (journal, &prefix, &after, &key, &value)) {
        if (value.size == 8) /* no credential is as short */
            replay_message (self, journal, (int64_t) read_u64 (value.data));
        else if ((reason = directory_add (self->directory, value, NULL)) != CB_OK)
            log_warning ("a stored credential does not count any more: %s",
                         cb_reason_text (reason));
    }
    key_station (&prefix, "head");
    replay_message (self, journal, (int64_t) table_get_u64 (journal, &prefix, 0));
    key_begin (&prefix, TABLE_FROZEN);
    after.size = 0;
    while (table_next (journal, &prefix, &after, &key, &value)) {
        directory_freeze (self->directory, span_bytes (key.data + 1, key.size - 2), true);
    }
}

/* A party's own word on where it is. */
static void replay_contact (struct journal *journal, struct span party, struct announced *out)
{
    struct key key;
    struct record record;
    struct envelope e;
    key_begin (&key, TABLE_CONTACTS);
    key_text (&key, party);
    int64_t position = (int64_t) table_get_u64 (journal, &key, 0);
    if (position > 0 && journal_at (journal, position, &record) == JOURNAL_OK &&
        envelope_parse (&e, record.envelope) == CB_OK)
        station_contact (out, e.body);
}

bool station_contact (struct announced *out, struct span body)
{
    struct pack_in in = pack_open (body_field (body, "endpoints"));
    size_t count = pack_array (&in, 0, ENDPOINTS_MAX);
    if (in.bad || count == 0)
        return false;
    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct span endpoint = pack_str (&in, 1, ENDPOINT_MAX);
        if (!in.bad)
            span_text (endpoint, out->at[out->count++], sizeof out->at[0]);
    }
    return out->count > 0;
}

/* What a start would say to it; the broker may be running on it. */
static bool check_journal (const struct station *self, char *why, size_t size)
{
    char text[512];
    int64_t format;
    if (!journal_peek ("journal.db", &format, text, sizeof text))
        return fail (why, size, "%s/%s", self->home, text);
    if (format > 0 && format < JOURNAL_FORMAT)
        log_notice ("%s/journal.db has format %lld: the next start will copy it to "
                    "journal.db.format-%lld and migrate it to format %d",
                    self->home, (long long) format, (long long) format, JOURNAL_FORMAT);
    return true;
}

/* Before a supervisor loses its patience. */
static void tell (const char *text)
{
    char state[640];
    snprintf (state, sizeof state, "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=%s", text);
    notify_send (state);
    log_notice ("%s", text);
}

static void tell_indexed (int64_t at, int64_t head)
{
    char text[96];
    snprintf (text, sizeof text, "indexing the journal: %lld of %lld", (long long) at,
              (long long) head);
    tell (text);
}

/* Who asks shall not have to wait for what was stored before. Without space for it the log is
 * read instead, which is slower. */
static bool index_journal (struct station *self, struct journal *journal, char *why, size_t size)
{
    int64_t begun = clock_steady (), from = index_cursor (journal);
    enum journal_result result = index_catch_up (journal, &self->me->credential, tell_indexed);
    if (result == JOURNAL_BROKEN)
        return fail (why, size, "%s/journal.db: indexing it: %s", self->home,
                     journal_error (journal));
    if (result == JOURNAL_FULL)
        log_warning ("the disk is full: listings and codes are searched for in the whole journal");
    int64_t took = clock_steady () - begun;
    if (took >= 2000)
        log_notice ("indexed %lld messages in %lld s", (long long) (index_cursor (journal) - from),
                    (long long) (took / 1000));
    return true;
}

static bool open_journal (struct station *self, char *why, size_t size)
{
    char text[512];
    static const struct journal_upgrade upgrade = { { { upgrade_from_1 }, { upgrade_from_2 } },
                                                    tell };
    struct journal *journal = journal_open_upgrade ("journal.db", &upgrade, text, sizeof text);
    if (journal == NULL)
        return fail (why, size, "%s/%s", self->home, text);
    int64_t bad;
    if (journal_check (journal, 1000, &bad) != JOURNAL_OK) {
        journal_close (&journal);
        return fail (why, size,
                     "%s/journal.db: the chain is broken at position %lld: the file was changed "
                     "from outside; restore it from a copy",
                     self->home, (long long) bad);
    }
    if (!index_journal (self, journal, why, size)) {
        journal_close (&journal);
        return false;
    }
    replay_trust (self, journal);
    self->known_outside = numbers_known_outside (journal);
    self->epoch = journal_epoch (journal);
    self->seq = take_highest (journal, station_name (self), self->epoch);
    self->head = journal_head (journal);
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++)
        self->heads[lane] = self->head; /* at most; the first reading tells */
    struct span parent = party_parent (station_name (self));
    replay_contact (journal, station_name (self), &self->own_contact);
    if (parent.size > 0)
        replay_contact (journal, parent, &self->parent_contact);
    bool adopt = !casework_current (journal);
    hold_open (self, journal);
    self->store = store_start (journal, &self->me->credential);
    if (self->store != NULL)
        self->store->first_policy = self->first_policy;
    if (self->store == NULL) {
        journal_close (&journal);
        return fail (why, size, "the journal's thread cannot be started: %s", strerror (errno));
    }
    self->store->enrolled = directory_enrolled (self->directory, station_name (self));
    station_limits (self);
    if (adopt)
        casework_adopt (self, tell);
    heirs_keep (self);
    return true;
}

/* --- Sockets ------------------------------------------------------------------------------- */

static bool serve_children (struct station *self, char *why, size_t size)
{
    char text[256];
    if (self->conf.listen_count == 0)
        return true;
    self->children_sock = wire_server (self->keys.link_secret, self->keys.link_public);
    if (self->children_sock == NULL)
        return fail (why, size, "no socket for children: %s", strerror (errno));
    for (size_t i = 0; i < self->conf.listen_count; i++) {
        if (wire_bind (self->children_sock, self->conf.listen[i], self->bound[i],
                       sizeof self->bound[i], text, sizeof text) != 0)
            return fail (why, size, "%s: %s (listen in certbus.conf)", self->conf.listen[i], text);
        self->bound_count++;
        log_notice ("listening on %s", self->bound[i]);
    }
    for (size_t i = 0; i < self->bound_count; i++)
        if (!zap_proves_closed (self->bound[i], self->keys.link_public, ZAP_PROOF_MS))
            return fail (why, size, "listen: %s did not refuse a stranger's key; not serving",
                         self->bound[i]);
    return true;
}

static bool open_parent (struct station *self)
{
    const struct entry *issuer = self->me->issuer;
    if (issuer == NULL)
        return true;
    const struct entry *parent = directory_by_name (self->directory, issuer->credential.name);
    self->parent = peer_new (self, true, parent != NULL ? parent : issuer);
    station_endpoints (self);
    self->uplink = uplink_open (self);
    return true;
}

struct station *station_open (const char *home, bool check_only, char *why, size_t why_size)
{
    struct station *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    self->lock = -1;
    self->started = clock_utc ();
    self->directory = directory_new ();
    self->cache = proof_cache_new ();
    self->quota = quota_new ();
    self->ingress = ingress_new ();
    self->origin = origin_new ();
    self->timers = timers_new ();
    if (!enter_home (self, home, check_only, why, why_size) || !load_files (self, why, why_size) ||
        !load_bundle (self, why, why_size))
        goto failed;
    if (check_only && !check_journal (self, why, why_size))
        goto failed;
    if (check_only)
        return self;
    if (!open_journal (self, why, why_size))
        goto failed;
    self->numbers = numbers_new ();
    self->asks = asks_new ();
    numbers_recount (self, 0);
    self->loop = zloop_new ();
    zloop_set_nonstop (self->loop, true);
    self->zap = zap_start ();
    if (self->zap == NULL) {
        fail (why, why_size, "the ZAP handler cannot be started");
        goto failed;
    }
    if (!serve_children (self, why, why_size) || !open_parent (self) ||
        tap_open (self, why, why_size) != 0)
        goto failed;
    self->local = local_open (self, why, why_size);
    if (self->local == NULL)
        goto failed;
    self->admit_wanted = true;
    return self;

failed:
    station_close (&self);
    return NULL;
}

void station_close (struct station **self_p)
{
    struct station *self = *self_p;
    if (self == NULL)
        return;
    self->stopping = true;
    store_stop (&self->store, self);
    if (self->local != NULL)
        local_close (&self->local, self);
    uplink_close (&self->uplink);
    peer_free (&self->parent);
    struct peer *peer, *next;
    HASH_ITER (hh, self->children, peer, next)
    {
        HASH_DEL (self->children, peer);
        peer_free (&peer);
    }
    zsock_destroy (&self->children_sock);
    zsock_destroy (&self->tap);
    zap_stop (&self->zap);
    zloop_destroy (&self->loop);
    origin_free (&self->origin);
    timers_free (&self->timers);
    asks_free (&self->asks);
    numbers_free (&self->numbers);
    quota_free (&self->quota);
    ingress_free (&self->ingress);
    proof_cache_free (&self->cache);
    directory_free (&self->directory);
    schemas_free (&self->schemas);
    union {
        const uint8_t *read;
        void *owned;
    } bundle = { .read = self->bundle.data };
    free (bundle.owned);
    keys_wipe (&self->keys);
    if (self->lock >= 0)
        close (self->lock);
    free (self);
    *self_p = NULL;
}
