/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS       INT64_C (86400000)
#define DAYS_DEFAULT 730

void local_originate (const struct question *q, struct draft *draft, struct pack_out *answer)
{
    char detail[SCHEMA_WHERE] = "";
    struct asker asker = q->asker;
    asker.answer = answer;
    enum cb_reason reason = originate (q->station, draft, &asker, NULL, detail);
    if (reason == CB_OK)
        return;
    answer_reason (&q->asker, reason, detail);
    if (answer != NULL) {
        pack_free (answer);
        free (answer);
    }
}

/* --- enrol --------------------------------------------------------------------------------- */

static bool read_labels (const struct question *q, const char *name, struct labels *out)
{
    out->count = ask_texts (q, name, out->at, SECTORS_MAX);
    bool any = out->count == 1 && span_is (out->at[0], "*");
    bool good = out->count != (size_t) -1;
    for (size_t i = 0; good && !any && i < out->count; i++)
        good = label_valid (out->at[i]) && (i == 0 || !span_equal (out->at[i - 1], out->at[i]));
    if (!good)
        answer_refuse (&q->asker, "usage", "roles and sectors are lists of labels, no two equal");
    return good;
}

static bool read_may (const struct question *q, struct grants *may, int64_t not_after)
{
    struct question inner = *q;
    inner.map = body_field (q->map, "may");
    if (inner.map.size == 0)
        return true;
    if (!read_labels (&inner, "roles", &may->roles) ||
        !read_labels (&inner, "sectors", &may->sectors))
        return false;
    int64_t children = ask_int (&inner, "children", 100), depth = ask_int (&inner, "depth", 1);
    if (children < 1 || children > UINT32_MAX || depth < 1 || depth > PARTY_LABELS) {
        answer_refuse (&q->asker, "usage", "may: children from 1, depth from 1 to 8");
        return false;
    }
    may->children = (uint32_t) children;
    may->depth = (uint32_t) depth;
    may->latest = not_after;
    return true;
}

static bool into_bundle (const struct entry *entry, void *arg)
{
    struct bundle *bundle = arg;
    bundle->chain[bundle->chain_count++] = entry->credential.st.bytes;
    return bundle->chain_count < BUNDLE_CHAIN - 1;
}

/* Where children reach this broker: what its contact message says, else where it listens,
 * unless that is every address of the machine, which is none that a child can use. */
static size_t own_endpoints (const struct station *station, struct span out[ENDPOINTS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < station->own_contact.count; i++)
        out[count++] = span_of (station->own_contact.at[i]);
    for (size_t i = 0; count == 0 && i < station->bound_count; i++)
        if (strstr (station->bound[i], "//0.0.0.0:") == NULL &&
            strstr (station->bound[i], "//[::]:") == NULL)
            out[count++] = span_of (station->bound[i]);
    return count;
}

/* With what proves the later generations of the chain, or the joiner could not check it. */
static void pack_bundle (struct pack_out *out, const struct station *station,
                         struct span credential)
{
    struct bundle bundle = { .root = directory_root_file (station->directory)->st.bytes,
                             .policy = directory_policy_now (station->directory)->st.bytes };
    directory_proof (station->directory, station->me, into_bundle, &bundle);
    bundle.chain[bundle.chain_count++] = credential;
    bundle.endpoint_count = own_endpoints (station, bundle.endpoints);
    bundle_pack (out, &bundle);
}

/* Own copies of what the answer says, in the order of the keys. */
static struct pack_out *enrol_answer (const struct station *station, const struct enrolment *e,
                                      const struct credential *c, struct span credential)
{
    const uint8_t *keys[] = { e->sign_key, e->seal_key, e->link_key };
    struct pack_out *out = malloc (sizeof *out), bundle;
    char code[CODE_TEXT];
    if (out == NULL)
        abort ();
    pack_init (out);
    pack_put_map (out, credential.size > 0 ? 6 : 5);
    if (credential.size > 0) {
        pack_init (&bundle);
        pack_bundle (&bundle, station, credential);
        pack_put_text (out, "bundle");
        pack_put_bin (out, pack_result (&bundle));
        pack_free (&bundle);
    }
    hash_code (&e->st.hash, code);
    put_text (out, "code", code);
    pack_put_text (out, "keys");
    pack_put_array (out, 3);
    for (size_t i = 0; i < 3; i++) {
        struct hash hash = hash_bytes (span_bytes (keys[i], KEY_SIZE));
        hash_code (&hash, code);
        pack_put_text (out, code);
    }
    put_int (out, "not_after", c->not_after);
    put_bool (out, "ok", true);
    put_span (out, "party", e->name);
    return out;
}

/* The enrolment is a message to oneself and those above: they know their hierarchy. */
static void publish_enrolment (const struct question *q, struct span credential,
                               struct pack_out *answer)
{
    struct draft draft = { .tlp = CB_TLP_GREEN, .precedence = CB_LANE_FLASH };
    struct span name = station_name (q->station);
    struct pack_out body;
    draft.kind = span_of ("enrolment");
    for (; name.size > 0; name = party_parent (name))
        draft.audience[draft.audience_count++] = name;
    pack_init (&body);
    trust_body_statement (&body, "credential", credential);
    draft.body = pack_result (&body);
    local_originate (q, &draft, answer);
    pack_free (&body);
}

void local_enrol (const struct question *q)
{
    struct station *station = q->station;
    const struct credential *me = &station->me->credential;
    struct enrolment e;
    struct credential c = { 0 };
    int64_t now = clock_utc (), days = ask_int (q, "days", DAYS_DEFAULT);
    enum cb_reason reason = enrolment_parse (&e, ask_bin (q, "request"));
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, "this is no enrolment request");
        return;
    }
    if (days < 1 || days > 36500) {
        answer_refuse (&q->asker, "usage", "days: 1 to 36500");
        return;
    }
    c.name = e.name;
    c.title = ask_text (q, "title").size > 0 ? ask_text (q, "title") : e.title;
    c.role = ask_text (q, "role");
    c.sign_key = e.sign_key;
    c.seal_key = e.seal_x25519;
    c.link_key = e.link_x25519;
    const struct entry *before = directory_by_name (station->directory, e.name);
    c.generation = before != NULL ? before->credential.generation + 1 : 1;
    c.previous = e.previous;
    c.issued = c.not_before = now;
    c.not_after = now + days * DAY_MS;
    if (me->may.depth > 0 && c.not_after > me->may.latest)
        c.not_after = me->may.latest;
    c.issuer = &me->st.hash;
    if (!read_labels (q, "sectors", &c.sectors) || !read_may (q, &c.may, c.not_after))
        return;
    struct span endpoints[ENDPOINTS_MAX];
    if (station->bound_count > 0 && own_endpoints (station, endpoints) == 0) {
        answer_refuse (&q->asker, "usage",
                       "this broker listens on every address; say first where children reach it, "
                       "in the endpoints of: certbus contact FILE");
        return;
    }
    char detail[ENROL_DETAIL];
    reason = directory_may_enrol (station->directory, station->me, &c, detail);
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, detail);
        return;
    }
    if (ask_bool (q, "dry_run")) {
        struct pack_out *answer = enrol_answer (station, &e, &c, (struct span){ NULL, 0 });
        answer_send (&q->asker, answer);
        pack_free (answer);
        free (answer);
        return;
    }
    struct pack_out body, statement;
    pack_init (&body);
    pack_init (&statement);
    credential_pack (&body, &c);
    struct statement_sig sig = statement_sign (pack_result (&body), CB_PURPOSE_CREDENTIAL,
                                               &me->st.hash, station->keys.sign.secret);
    statement_pack (&statement, pack_result (&body), &sig, 1);
    publish_enrolment (q, pack_result (&statement),
                       enrol_answer (station, &e, &c, pack_result (&statement)));
    pack_free (&statement);
    pack_free (&body);
}

/* --- revoke, trust, freeze ----------------------------------------------------------------- */

void local_revoke (const struct question *q)
{
    struct station *station = q->station;
    struct span party = ask_text (q, "party"), why = ask_text (q, "why");
    const struct entry *entry = directory_by_name (station->directory, party);
    if (entry == NULL || !party_above (station_name (station), party)) {
        answer_refuse (&q->asker, "not-found", "no party of that name below this one");
        return;
    }
    if (why.size == 0 || why.size > REVOCATION_WHY_MAX) {
        answer_refuse (&q->asker, "usage", "why: 1 to 256 bytes");
        return;
    }
    struct revocation revocation = { .party = party,
                                     .credential = &entry->credential.st.hash,
                                     .why = why,
                                     .disputed = ask_bool (q, "disputed") };
    struct draft draft = { .tlp = CB_TLP_GREEN, .precedence = CB_LANE_FLASH, .audience_count = 1 };
    struct pack_out body;
    char audience[TERM_MAX + 1];
    /* Whoever may hold a chain through it has to hear of it. */
    snprintf (audience, sizeof audience, "%.*s.**",
              SPAN_ARG (directory_root_file (station->directory)->top));
    draft.kind = span_of ("revocation");
    draft.audience[0] = span_of (audience);
    pack_init (&body);
    trust_body_revocation (&body, &revocation, (struct span){ NULL, 0 });
    draft.body = pack_result (&body);
    local_originate (q, &draft, NULL);
    pack_free (&body);
}

void local_trust (const struct question *q)
{
    struct station *station = q->station;
    struct span statement = ask_bin (q, "statement");
    struct root_file root;
    struct draft draft = { .tlp = CB_TLP_CLEAR, .precedence = CB_LANE_FLASH, .audience_count = 1 };
    struct pack_out body;
    char audience[TERM_MAX + 1];
    snprintf (audience, sizeof audience, "%.*s.**",
              SPAN_ARG (directory_root_file (station->directory)->top));
    draft.kind = span_of (root_parse (&root, statement) == CB_OK ? "root" : "policy");
    draft.audience[0] = span_of (audience);
    pack_init (&body);
    trust_body_statement (&body, "statement", statement);
    draft.body = pack_result (&body);
    local_originate (q, &draft, NULL);
    pack_free (&body);
}

struct freeze_job {
    struct job job;
    struct asker asker;
    char party[PARTY_MAX + 1];
    bool frozen;
};

static void freeze_run (struct job *base, struct store *store)
{
    struct freeze_job *job = (struct freeze_job *) base;
    struct key key;
    key_begin (&key, TABLE_FROZEN);
    key_text (&key, span_of (job->party));
    if (job->frozen)
        store_ok (store, table_put_u64 (store->journal, &key, 0));
    else
        store_ok (store, journal_del (store->journal, key_span (&key)));
}

static void freeze_done (struct job *base, struct station *station)
{
    struct freeze_job *job = (struct freeze_job *) base;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    put_bool (&out, "ok", true);
    if (job->job.full) {
        answer_reason (&job->asker, CB_DISK_FULL, "");
    } else {
        directory_freeze (station->directory, span_of (job->party), job->frozen);
        answer_send (&job->asker, &out);
    }
    pack_free (&out);
    free (job);
}

void local_freeze (const struct question *q)
{
    struct span party = ask_text (q, "party");
    bool own = span_equal (party, station_name (q->station));
    if (!party_valid (party) || (own && ask_bool (q, "frozen"))) {
        answer_refuse (&q->asker, "usage", "party: the name of another party");
        return;
    }
    struct freeze_job *job = calloc (1, sizeof *job);
    if (job == NULL)
        abort ();
    job->job.writes = true;
    job->job.run = freeze_run;
    job->job.done = freeze_done;
    job->asker = q->asker;
    job->frozen = ask_bool (q, "frozen");
    span_text (party, job->party, sizeof job->party);
    store_submit (q->station->store, &job->job);
}
