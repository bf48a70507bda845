/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

int fixture_set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    f->w = world_new (2, 3);
    f->pk = world_party (f->w, "pk", "national", NULL);
    f->sindh = world_party (f->w, "pk.sindh", "provincial", "energy");
    f->kpt = world_party (f->w, "pk.sindh.kpt", "organisation", "energy");
    f->d = world_directory (f->w);
    *state = f;
    return 0;
}

int fixture_tear_down (void **state)
{
    struct fixture *f = *state;
    directory_free (&f->d);
    assert_null (f->d);
    world_free (&f->w);
    free (f);
    return 0;
}

enum cb_reason fixture_add (struct fixture *f, const struct credential *c,
                            const struct world_sign *signs, size_t count)
{
    return directory_add (f->d, world_sign_credential (f->w, c, signs, count), NULL);
}

struct credential fixture_stranger (struct fixture *f, const char *name)
{
    return world_credential (world_actor (f->w, name), "organisation", NULL);
}

struct revocation fixture_revocation (const struct actor *actor)
{
    return (struct revocation){ .party = span_of (actor->name),
                                .credential = &actor->credential.st.hash,
                                .why = span_of ("stolen") };
}

enum cb_reason fixture_revoke (struct fixture *f, const struct revocation *r, const char *by)
{
    return directory_revoke (f->d, r, span_of (by), span_bytes (NULL, 0));
}
