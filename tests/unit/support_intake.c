/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_intake.h"

#include "bus/core/trust.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

int station_set_up (void **state)
{
    struct station *f = calloc (1, sizeof *f);
    f->w = world_new (1, 1);
    f->pk = world_party (f->w, "pk", "national", NULL);
    f->sindh = world_party (f->w, "pk.sindh", "provincial", "energy");
    f->kpt = world_party (f->w, "pk.sindh.kpt", "organisation", "energy");
    f->punjab = world_party (f->w, "pk.punjab", "provincial", NULL);
    f->d = world_directory (f->w);
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 1)), CB_OK);
    f->schemas = schemas_ours ();
    f->cache = proof_cache_new ();
    f->at_sindh = (struct intake){ .directory = f->d,
                                   .schemas = f->schemas,
                                   .cache = f->cache,
                                   .self = span_of ("pk.sindh"),
                                   .side = SIDE_CHILD,
                                   .peer = span_of ("pk.sindh.kpt"),
                                   .now = WORLD_NOW };
    *state = f;
    return 0;
}

int station_tear_down (void **state)
{
    struct station *f = *state;
    directory_free (&f->d);
    schemas_free (&f->schemas);
    proof_cache_free (&f->cache);
    world_free (&f->w);
    free (f);
    return 0;
}

enum cb_reason station_judge (struct station *f, struct span bytes)
{
    assert_int_equal (envelope_parse (&f->e, bytes), CB_OK);
    memset (&f->v, 0xff, sizeof f->v);
    intake_check (&f->at_sindh, &f->e, &f->v);
    return f->v.reason;
}

enum cb_reason station_verdict (struct station *f, struct actor *actor, struct draft *draft)
{
    return station_judge (f, world_send (actor, draft));
}

enum cb_reason station_send_to (struct station *f, struct actor *actor, const char *to)
{
    struct draft draft = world_draft (actor, "note", to);
    return station_verdict (f, actor, &draft);
}

void station_from_parent (struct station *f)
{
    f->at_sindh.side = SIDE_PARENT;
    f->at_sindh.peer = span_of ("pk");
}

void station_from_self (struct station *f)
{
    f->at_sindh.side = SIDE_SELF;
    f->at_sindh.peer = f->at_sindh.self;
}

struct span station_body (struct station *f, struct pack_out *out)
{
    struct span body = world_keep (f->w, pack_result (out));
    pack_free (out);
    return body;
}

struct draft station_carrying (struct station *f, struct actor *actor, const char *kind,
                               const char *field, struct span statement)
{
    struct pack_out out;
    struct draft draft = world_draft (actor, kind, "pk.**");
    pack_init (&out);
    trust_body_statement (&out, field, statement);
    draft.body = station_body (f, &out);
    return draft;
}

struct draft station_revoking (struct station *f, struct actor *by, const struct actor *whose,
                               int64_t last, bool disputed)
{
    struct revocation r = { .party = span_of (whose->name),
                            .credential = &whose->credential.st.hash,
                            .why = span_of ("stolen"),
                            .last_epoch = whose->epoch,
                            .last_seq = last,
                            .disputed = disputed };
    struct pack_out out;
    struct draft draft = world_draft (by, "revocation", "pk.**");
    pack_init (&out);
    trust_body_revocation (&out, &r, span_bytes (NULL, 0));
    draft.body = station_body (f, &out);
    return draft;
}

enum cb_reason station_apply (struct station *f, struct actor *actor, struct draft *draft)
{
    assert_int_equal (envelope_parse (&f->e, world_send (actor, draft)), CB_OK);
    return directory_apply (f->d, &f->e);
}
