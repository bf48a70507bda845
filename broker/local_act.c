/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS       INT64_C (86400000)
#define DAYS_DEFAULT 730
#define REACH_BYTES  ((size_t) 448 * 1024) /* each of the two lists */

/* Signs, stores and answers after the commit; or says why not. */
static void publish (const struct question *q, struct draft *draft, struct pack_out *answer)
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

/* --- publish ------------------------------------------------------------------------------- */

struct reach {
    const struct draft *draft;
    struct pack_out with, without;
    size_t with_count, without_count;
    struct term terms[AUDIENCE_MAX];
};

static bool reach_visit (const struct entry *entry, void *arg)
{
    struct reach *reach = arg;
    const struct credential *c = &entry->credential;
    bool reached = !entry->revoked &&
                   route_here (reach->terms, reach->draft->audience_count, c->name, &c->sectors);
    size_t *count = reached ? &reach->with_count : &reach->without_count;
    struct pack_out *out = reached ? &reach->with : &reach->without;
    if (pack_result (out).size > REACH_BYTES)
        return true;
    ++*count;
    pack_put_map (out, reached ? 2 : 3);
    put_span (out, "party", c->name);
    put_span (out, "title", c->title);
    if (!reached)
        put_text (out, "why", entry->revoked ? "its credential is revoked" : "not in the audience");
    return true;
}

static void answer_reach (const struct question *q, const struct draft *draft)
{
    struct reach reach = { .draft = draft };
    struct pack_out out;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&reach.terms[i], draft->audience[i]);
    pack_init (&reach.with);
    pack_init (&reach.without);
    directory_each (q->station->directory, directory_root_file (q->station->directory)->top,
                    reach_visit, &reach);
    pack_init (&out);
    pack_put_map (&out, 3);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "reach");
    pack_put_array (&out, reach.with_count);
    pack_put_raw (&out, pack_result (&reach.with));
    pack_put_text (&out, "without");
    pack_put_array (&out, reach.without_count);
    pack_put_raw (&out, pack_result (&reach.without));
    answer_send (&q->asker, &out);
    pack_free (&out);
    pack_free (&reach.with);
    pack_free (&reach.without);
}

static bool read_draft (const struct question *q, struct draft *draft)
{
    memset (draft, 0, sizeof *draft);
    draft->kind = ask_text (q, "kind");
    draft->body = body_field (q->map, "body");
    size_t count = ask_texts (q, "audience", draft->audience, AUDIENCE_MAX);
    const struct schema *schema = schemas_find (q->station->schemas, draft->kind);
    int64_t precedence =
        ask_int (q, "precedence", schema != NULL ? schema->precedence : CB_LANE_ROUTINE);
    int64_t tlp = ask_int (q, "tlp", 0), mode = ask_int (q, "mode", CB_MODE_LIVE);
    draft->officer = ask_text (q, "officer");
    draft->climb = ask_text (q, "climb");
    draft->expires = ask_int (q, "expires", 0);
    const char *why = NULL;
    if (schema == NULL)
        why = "kind: no such kind in the schemas here";
    else if (schema->system)
        why = "kind: brokers make messages of this kind, people do not";
    else if (draft->body.size == 0 ||
             (pack_peek (&(struct pack_in){ draft->body.data, draft->body.data + draft->body.size,
                                            false }) != PACK_MAP))
        why = "body: must be a map";
    else if (count == 0 || count == (size_t) -1)
        why = "audience: 1 to 32 terms";
    else if (precedence < 0 || precedence >= CB_PRECEDENCES)
        why = "precedence: flash, routine or bulk";
    else if (tlp < CB_TLP_CLEAR || tlp >= CB_TLP_END)
        why = "tlp: a label is needed: TLP:CLEAR, GREEN, AMBER, AMBER+STRICT or RED";
    else if (mode < 0 || mode >= CB_MODE_END)
        why = "mode: live, exercise or test";
    else if (!ask_ref (q, "thread", &draft->thread) || !ask_ref (q, "replaces", &draft->replaces) ||
             !ask_ref (q, "exercise", &draft->exercise))
        why = "thread, replaces or exercise is no reference";
    else if (draft->officer.size > OFFICER_MAX || draft->expires < 0 || draft->expires > TIME_MAX)
        why = "officer or expires is out of its range";
    else if (draft->climb.size > 0 && !party_valid (draft->climb))
        why = "climb: no party's name";
    for (size_t i = 0; why == NULL && i < count; i++) {
        struct term term;
        if (!term_parse (&term, draft->audience[i]))
            why = "audience: a term is pk.sindh, pk.sindh.** or @energy";
        else if (i > 0 && span_equal (draft->audience[i - 1], draft->audience[i]))
            why = "audience: a term stands twice";
    }
    if (why != NULL) {
        answer_refuse (&q->asker, "usage", why);
        return false;
    }
    draft->audience_count = count;
    draft->precedence = (unsigned) precedence;
    draft->tlp = (unsigned) tlp;
    draft->mode = (unsigned) mode;
    return true;
}

struct nearest {
    struct span to, found;
    size_t distance;
};

static bool nearest_visit (const struct entry *entry, void *arg)
{
    struct nearest *nearest = arg;
    struct span name = entry->credential.name;
    size_t distance = party_distance (name, nearest->to, nearest->distance);
    if (distance < nearest->distance && !entry->revoked) {
        nearest->distance = distance;
        nearest->found = name;
    }
    return true;
}

/* Who writes to a party below that nobody has enrolled wrote its name wrongly: this party
 * hears of each enrolment below it. Of others it does not, and a relay asks nobody. */
static bool check_audience (const struct question *q, const struct draft *draft)
{
    const struct directory *directory = q->station->directory;
    struct span self = station_name (q->station);
    for (size_t i = 0; i < draft->audience_count; i++) {
        struct term term;
        if (!term_parse (&term, draft->audience[i]) || term.type == TERM_SECTOR ||
            !party_above (self, term.name) || directory_by_name (directory, term.name) != NULL)
            continue;
        size_t label = term.name.size - party_parent (term.name).size - 1;
        struct nearest nearest = { .to = term.name, .distance = label < 6 ? 2 + label / 3 : 4 };
        char detail[2 * PARTY_MAX + 80];
        directory_each (directory, self, nearest_visit, &nearest);
        int size =
            snprintf (detail, sizeof detail, SPAN_FMT ": no such party is enrolled below this one",
                      SPAN_ARG (term.name));
        if (nearest.found.size > 0)
            snprintf (detail + size, sizeof detail - (size_t) size, "; did you mean " SPAN_FMT "?",
                      SPAN_ARG (nearest.found));
        answer_reason (&q->asker, CB_AUDIENCE, detail);
        return false;
    }
    return true;
}

void local_publish (const struct question *q)
{
    struct draft draft;
    char detail[SCHEMA_WHERE] = "";
    if (!read_draft (q, &draft) || !check_audience (q, &draft))
        return;
    if (!ask_bool (q, "dry_run")) {
        publish (q, &draft, NULL);
        return;
    }
    enum cb_reason reason = originate_check (q->station, &draft, detail);
    if (reason == CB_OK)
        answer_reach (q, &draft);
    else
        answer_reason (&q->asker, reason, detail);
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
    publish (q, &draft, answer);
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
    publish (q, &draft, NULL);
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
    publish (q, &draft, NULL);
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
