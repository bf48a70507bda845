/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootdir.h - the folder of the root keys, which is offline and belongs to no broker
 *
 * DIR/root is the root file, DIR/key-1 ... key-N the keys, of which some may be elsewhere.
 * DIR/policy is the newest policy that was signed here and handed out.
 */
#ifndef CERTBUS_ROOTDIR_H
#define CERTBUS_ROOTDIR_H

#include "bus/edge/keys.h"
#include "nodes/certbus/command.h"

struct root_dir {
    const char *path;
    struct span bytes; /* of the root file; owned */
    struct root_file root;
    size_t count; /* keys that were found */
    struct keypair keys[ROOT_KEYS_MAX];
};

/* DIR/name. */
struct path root_path (const char *dir, const char *name);
/* Reads the root file and the keys that are there, which must reach the threshold. An exit
 * code, after a complaint. */
int root_open (struct root_dir *dir, const char *path);
void root_close (struct root_dir *dir);
/* Appends a statement with the threshold's signatures. */
void root_sign (const struct root_dir *dir, enum cb_purpose purpose, struct span body,
                struct pack_out *out);
/* Signs the policy of a text file. One that is kept with the same version must be the same
 * policy, and is used again. An exit code. */
int root_sign_policy (const struct root_dir *dir, const char *file, struct pack_out *out,
                      uint32_t *version);
/* Keeps it as DIR/policy, before it is handed out. An exit code. */
int root_keep_policy (const struct root_dir *dir, struct span statement);

#endif
