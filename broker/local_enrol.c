/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/enrol.h"

#include "broker/heirs.h"
#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS       INT64_C (86400000)
#define DAYS_DEFAULT 730

/* --- What is asked ------------------------------------------------------------------------- */

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

/* What our contact message says, else where we listen, unless that is every address of the
 * machine. */
size_t enrol_endpoints (const struct station *station, struct span out[ENDPOINTS_MAX])
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

/* --- What is answered ---------------------------------------------------------------------- */

static void put_bundle (struct pack_out *out, struct station *station, const struct entry *entry)
{
    struct pack_out bundle;
    pack_init (&bundle);
    heirs_bundle (&bundle, station, entry);
    pack_put_text (out, "bundle");
    pack_put_bin (out, pack_result (&bundle));
    pack_free (&bundle);
}

/* Codes of the keys, in the order of the request. */
static void put_keys (struct pack_out *out, const struct enrolment *e)
{
    const uint8_t *keys[] = { e->sign_key, e->seal_key, e->link_key };
    char code[CODE_TEXT];
    pack_put_text (out, "keys");
    pack_put_array (out, 3);
    for (size_t i = 0; i < 3; i++) {
        struct hash hash = hash_bytes (span_bytes (keys[i], KEY_SIZE));
        hash_code (&hash, code);
        pack_put_text (out, code);
    }
}

/* Appends the map of the answer. */
static void put_enrolled (struct pack_out *out, struct station *station,
                          const struct enrolled *told)
{
    char code[CODE_TEXT];
    hash_code (&told->e->st.hash, code);
    pack_put_map (out, 6 + (told->authority ? 1u : 0) + (told->entry ? 1u : 0) +
                           (told->proposal.size > 0 ? 1u : 0) + (told->children > 0 ? 1u : 0));
    if (told->authority != NULL)
        put_span (out, "authority", *told->authority);
    if (told->entry != NULL)
        put_bundle (out, station, told->entry);
    if (told->children > 0)
        put_uint (out, "children", told->children);
    put_text (out, "code", code);
    put_uint (out, "generation", told->c->generation);
    put_keys (out, told->e);
    put_int (out, "not_after", told->c->not_after);
    put_bool (out, "ok", true);
    put_span (out, "party", told->e->name);
    if (told->proposal.size > 0) {
        pack_put_text (out, "proposal");
        pack_put_bin (out, told->proposal);
    }
}

void enrol_answer_now (const struct question *q, const struct enrolled *told)
{
    struct pack_out out;
    pack_init (&out);
    put_enrolled (&out, q->station, told);
    answer_send (&q->asker, &out);
    pack_free (&out);
}

struct repeat_job {
    struct job job;
    struct asker asker;
    struct pack_out out;
};

static void repeat_run (struct job *base, struct store *store)
{
    (void) base;
    (void) store;
}

static void repeat_done (struct job *base, struct station *station)
{
    struct repeat_job *job = (struct repeat_job *) base;
    (void) station;
    answer_send (&job->asker, &job->out);
    pack_free (&job->out);
    free (job);
}

void enrol_repeat (const struct question *q, const struct entry *entry, const struct enrolment *e)
{
    struct repeat_job *job = job_new (sizeof *job, repeat_run, repeat_done);
    /* Behind the batch that may still be storing it. */
    job->asker = q->asker;
    pack_init (&job->out);
    put_enrolled (&job->out, q->station,
                  &(struct enrolled){ .e = e, .c = &entry->credential, .entry = entry });
    store_submit (q->station->store, &job->job);
}

/* --- Publishing ---------------------------------------------------------------------------- */

static void fill_answer (struct pack_out *answer, struct station *station,
                         const struct enrolment *e, struct span credential)
{
    struct statement st;
    statement_parse (&st, credential);
    const struct entry *entry = directory_by_hash (station->directory, &st.hash);
    put_enrolled (answer, station,
                  &(struct enrolled){ .e = e, .c = &entry->credential, .entry = entry });
}

void enrol_publish (struct station *station, const struct asker *asker, struct span credential,
                    const struct enrolment *e)
{
    struct draft draft = { .kind = span_of ("enrolment"),
                           .tlp = CB_TLP_GREEN,
                           .precedence = CB_LANE_FLASH };
    struct asker waiting = *asker;
    struct credential c;
    struct pack_out body;
    char below[TERM_MAX + 1], detail[SCHEMA_WHERE] = "";
    for (struct span name = station_name (station); name.size > 0; name = party_parent (name))
        draft.audience[draft.audience_count++] = name;
    pack_init (&body);
    trust_body_statement (&body, "credential", credential);
    draft.body = pack_result (&body);
    if (credential_parse (&c, credential) && c.generation > 1) {
        snprintf (below, sizeof below, SPAN_FMT ".**", SPAN_ARG (c.name));
        draft.audience[draft.audience_count++] = span_of (below);
        /* A policy may let nobody tell them: then they hear of it with the first message. */
        if (originate_check (station, &draft, detail) == CB_NO_GRANT)
            draft.audience_count--;
    }
    waiting.answer = malloc (sizeof *waiting.answer);
    if (waiting.answer == NULL)
        abort ();
    pack_init (waiting.answer);
    enum cb_reason reason = originate (station, &draft, &waiting, NULL, detail);
    if (reason == CB_OK) {
        /* It is sent after the commit; the directory has it already. */
        fill_answer (waiting.answer, station, e, credential);
    } else {
        pack_free (waiting.answer);
        free (waiting.answer);
        answer_reason (asker, reason, detail);
    }
    pack_free (&body);
}

/* --- enrol --------------------------------------------------------------------------------- */

static void sign_and_publish (const struct question *q, const struct enrolment *e,
                              const struct credential *c)
{
    struct station *station = q->station;
    const struct hash *me = &station->me->credential.st.hash;
    struct pack_out body, statement;
    pack_init (&body);
    pack_init (&statement);
    credential_pack (&body, c);
    struct statement_sig sig =
        statement_sign (pack_result (&body), CB_PURPOSE_CREDENTIAL, me, station->keys.sign.secret);
    statement_pack (&statement, pack_result (&body), &sig, 1);
    enrol_publish (station, &q->asker, pack_result (&statement), e);
    pack_free (&statement);
    pack_free (&body);
}

/* The party's keys in force vouch for it: nobody else is needed. */
static void renew (const struct question *q)
{
    struct station *station = q->station;
    struct proposal p;
    struct pack_out statement;
    char detail[ENROL_DETAIL];
    enum cb_reason reason = proposal_parse (&p, ask_bin (q, "request"));
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, "this is no renewal");
        return;
    }
    if (!proposal_signed_for (&p, CB_PURPOSE_SUCCESSION)) {
        answer_refuse (&q->asker, "usage",
                       "this waits for a countersignature; it is given with the request: certbus "
                       "enrol REQUEST --countersigned FILE");
        return;
    }
    const struct entry *made = directory_by_hash (station->directory, &p.c.st.hash);
    if (made != NULL && made == directory_by_name (station->directory, p.e.name)) {
        enrol_repeat (q, made, &p.e);
        return;
    }
    reason = proposal_may_renew (station->directory, station->me, &p, clock_utc (), detail);
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, detail);
        return;
    }
    if (ask_bool (q, "dry_run")) {
        enrol_answer_now (q, &(struct enrolled){ .e = &p.e, .c = &p.c });
        return;
    }
    const struct hash *me = &station->me->credential.st.hash;
    struct statement_sig sig =
        statement_sign (p.c.st.body, CB_PURPOSE_CREDENTIAL, me, station->keys.sign.secret);
    pack_init (&statement);
    if (statement_add (&statement, &p.c.st, &sig))
        enrol_publish (station, &q->asker, pack_result (&statement), &p.e);
    else
        answer_reason (&q->asker, CB_MALFORMED, "it has too many signatures");
    pack_free (&statement);
}

/* What is asked for is what it had, unless it is said. */
static bool fill (const struct question *q, const struct entry *before, int64_t days,
                  struct credential *c)
{
    const struct credential *me = &q->station->me->credential, *old = NULL;
    if (before != NULL && ask_bool (q, "again"))
        old = &before->credential;
    c->title = ask_text (q, "title").size > 0 ? ask_text (q, "title") : c->title;
    c->role = ask_text (q, "role");
    c->generation = before != NULL ? before->credential.generation + 1 : 1;
    c->issued = c->not_before = clock_utc ();
    c->not_after = c->issued + days * DAY_MS;
    if (me->may.depth > 0 && c->not_after > me->may.latest)
        c->not_after = me->may.latest;
    c->issuer = &me->st.hash;
    if (old != NULL && c->role.size == 0) {
        c->role = old->role;
        c->sectors = old->sectors;
        c->may = old->may;
        if (c->may.depth > 0)
            c->may.latest = c->not_after;
    } else if (!read_labels (q, "sectors", &c->sectors) || !read_may (q, &c->may, c->not_after)) {
        return false;
    }
    if (old != NULL)
        c->previous = &old->st.hash;
    return true;
}

static void enrol (const struct question *q, const struct enrolment *e)
{
    struct station *station = q->station;
    struct credential c = { .name = e->name,
                            .title = e->title,
                            .sign_key = e->sign_key,
                            .seal_key = e->seal_x25519,
                            .link_key = e->link_x25519,
                            .previous = e->previous };
    const struct entry *before = directory_by_name (station->directory, e->name);
    bool again = ask_bool (q, "again");
    int64_t days = ask_int (q, "days", DAYS_DEFAULT);
    char detail[ENROL_DETAIL];
    if (days < 1 || days > 36500) {
        answer_refuse (&q->asker, "usage", "days: 1 to 36500");
        return;
    }
    if (again && before == NULL) {
        answer_refuse (&q->asker, "usage", "no party of this name was enrolled: not --again");
        return;
    }
    if (!fill (q, before, days, &c))
        return;
    enum cb_reason reason = directory_may_enrol (station->directory, station->me, &c, detail);
    if (reason != CB_OK)
        answer_reason (&q->asker, reason, detail);
    else if (again)
        enrol_again (q, e, &c);
    else if (ask_bool (q, "dry_run"))
        enrol_answer_now (q, &(struct enrolled){ .e = e, .c = &c });
    else
        sign_and_publish (q, e, &c);
}

void local_enrol (const struct question *q)
{
    struct enrolment e;
    struct span request = ask_bin (q, "request"), endpoints[ENDPOINTS_MAX];
    struct span countersigned = ask_bin (q, "countersigned");
    if (q->station->bound_count > 0 && enrol_endpoints (q->station, endpoints) == 0) {
        answer_refuse (&q->asker, "usage",
                       "this broker listens on every address; say first where children reach it, "
                       "in the endpoints of: certbus contact FILE");
        return;
    }
    if (ask_text (q, "child").size > 0) {
        heirs_child (q, ask_text (q, "child"));
        return;
    }
    if (proposal_is (request)) {
        renew (q);
        return;
    }
    enum cb_reason reason = enrolment_parse (&e, request);
    if (reason != CB_OK)
        answer_reason (&q->asker, reason, "this is no enrolment request");
    else if (countersigned.size > 0)
        enrol_countersigned (q, &e, countersigned);
    else
        enrol (q, &e);
}
