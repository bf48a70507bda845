/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_own.h - what the files of the directory share; nobody else includes it
 */
#ifndef CERTBUS_DIRECTORY_OWN_H
#define CERTBUS_DIRECTORY_OWN_H

#include "bus/core/directory.h"

#include <stdlib.h>

/* Out of memory ends the process: recovery is from the journal. */
#define uthash_fatal(message) abort ()
#include <uthash.h>

/* A credential. `entry.credential` points into `bytes`. */
struct kept {
    struct entry entry;      /* first, so that an entry is a kept one */
    uint8_t *bytes, *former; /* before it was countersigned; NULL: it was not, or always */
    size_t serial;           /* what a credential is proved by has a smaller one */
    struct kept *older;      /* the one of the same party that was taken before it */
    bool marked;
    UT_hash_handle hh; /* by hash */
};

/* A name, and all generations that are known of it. */
struct slot {
    struct kept *newest_taken, *current;
    size_t children; /* names right below it that were ever known */
    size_t below;    /* of a branch: credentials at and below its top */
    bool frozen;
    UT_hash_handle hh; /* by name */
    size_t size;
    uint8_t name[];
};

struct used_key {
    uint8_t key[KEY_SIZE];
    const struct slot *owner;
    UT_hash_handle hh; /* by key */
};

/* The revocation of a credential that is not known here, kept until it comes.
 * By hash and party, so that a wrong party does not stand in a right one's way. */
struct awaited {
    struct epoch last_epoch;
    int64_t last_seq;
    bool disputed;
    bool by_top;
    UT_hash_handle hh;
    size_t size;
    uint8_t key[]; /* hash, party */
};

struct directory {
    uint8_t *root_bytes, *policy_bytes;
    struct root_file *root;
    struct policy *policy;
    struct kept *by_hash;
    struct slot *by_name;
    struct used_key *by_key;
    struct awaited *awaited;
    bool has_head;
    struct head head;
};

#define ENTRIES_MAX 100000
#define AWAITED_MAX 10000
/* What lies below one child of the top party takes no more than its share of both, or one
 * stolen key would leave no room for anybody else. */
#define ENTRIES_BRANCH (ENTRIES_MAX / 4)
#define AWAITED_BRANCH (AWAITED_MAX / 8)

void *directory_alloc (size_t size);         /* zeroed; never NULL */
uint8_t *directory_copy (struct span bytes); /* returns owned */
struct kept *directory_find (const struct directory *self, const struct hash *hash);
struct slot *directory_slot (const struct directory *self, struct span name);
/* The top of the branch that a party lies in: two labels of its name, or the name. */
struct span directory_branch (struct span name);
/* Applies what was said of a credential before it was known. */
void directory_catch_up (struct directory *self, struct kept *kept);

#endif
