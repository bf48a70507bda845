/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rootdir.h"

#include <string.h>
#include <sys/stat.h>

#define NAME_TEXT 16

struct path root_path (const char *dir, const char *name)
{
    struct path path;
    snprintf (path.text, sizeof path.text, "%s/%s", dir, name);
    return path;
}

static bool is_root_key (const struct root_file *root, const struct keypair *pair)
{
    for (size_t i = 0; i < root->count; i++)
        if (memcmp (root->keys[i], pair->public, KEY_SIZE) == 0)
            return true;
    return false;
}

/* Names of key files are added to `missing` when they are not there. */
static int load_keys (struct root_dir *dir, char *missing, size_t size)
{
    char why[WHY_MAX], name[NAME_TEXT];
    struct stat st;
    for (size_t i = 1; i <= dir->root.count; i++) {
        snprintf (name, sizeof name, "key-%zu", i);
        struct path path = root_path (dir->path, name);
        if (stat (path.text, &st) != 0) {
            size_t used = strlen (missing);
            snprintf (missing + used, size - used, "%s%s", used ? ", " : "", name);
            continue;
        }
        struct keypair *pair = &dir->keys[dir->count];
        if (keypair_load (pair, path.text, why, sizeof why) != 0)
            return refused ("%s", why);
        if (!is_root_key (&dir->root, pair))
            return refused ("%s: not a key of %s/root", path.text, dir->path);
        dir->count++;
    }
    return EXIT_DONE;
}

int root_open (struct root_dir *dir, const char *path)
{
    char why[WHY_MAX], missing[WHY_MAX] = "";
    *dir = (struct root_dir){ .path = path };
    if (file_read (root_path (path, "root").text, STATEMENT_MAX, &dir->bytes, why, sizeof why) != 0)
        return refused ("%s; `certbus root create %s` makes one", why, path);
    int code = root_parse (&dir->root, dir->bytes) == CB_OK
                   ? load_keys (dir, missing, sizeof missing)
                   : refused ("%s/root: no root file", path);
    if (code == EXIT_DONE && dir->count < dir->root.threshold)
        code = refused ("%zu of the root's keys must sign, and %zu %s here; missing in %s: %s",
                        dir->root.threshold, dir->count, dir->count == 1 ? "is" : "are", path,
                        missing);
    if (code != EXIT_DONE)
        root_close (dir);
    return code;
}

void root_close (struct root_dir *dir)
{
    span_free (&dir->bytes);
    explicit_bzero (dir->keys, sizeof dir->keys);
    dir->count = 0;
}

void root_sign (const struct root_dir *dir, enum cb_purpose purpose, struct span body,
                struct pack_out *out)
{
    struct statement_sig sigs[ROOT_KEYS_MAX];
    for (size_t i = 0; i < dir->root.threshold; i++) {
        struct hash signer;
        memcpy (signer.bytes, dir->keys[i].public, HASH_SIZE);
        sigs[i] = statement_sign (body, purpose, &signer, dir->keys[i].secret);
    }
    statement_pack (out, body, sigs, dir->root.threshold);
}
