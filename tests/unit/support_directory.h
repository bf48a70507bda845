/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_directory.h - a directory with three parties, for the tests of it
 */
#ifndef CERTBUS_SUPPORT_DIRECTORY_H
#define CERTBUS_SUPPORT_DIRECTORY_H

#include "tests/unit/support_trust.h"

/* pk, pk.sindh and pk.sindh.kpt; a root of three keys, two of which are needed. */
struct fixture {
    struct world *w;
    struct actor *pk, *sindh, *kpt;
    struct directory *d;
};

int fixture_set_up (void **state);
int fixture_tear_down (void **state);
/* Adds a credential with these signatures. */
enum cb_reason fixture_add (struct fixture *f, const struct credential *c,
                            const struct world_sign *signs, size_t count);
/* A child of sindh that is not in the directory. */
struct credential fixture_stranger (struct fixture *f, const char *name);
struct revocation fixture_revocation (const struct actor *actor);
enum cb_reason fixture_revoke (struct fixture *f, const struct revocation *r, const char *by);

#endif
