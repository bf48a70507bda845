/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rootdir.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/edge/log.h"

static const struct option_row options[] = {
    { "top", 0, false, "NAME", "the party at the top of the tree (default: pk)" },
    { "keys", 0, false, "N", "how many root keys there are (default: 1)" },
    { "threshold", 0, false, "M", "how many of them must sign (default: 1)" },
    { NULL, 0, false, NULL, NULL },
};

/* In the order of bytes, as a root file lists them: key-1 is any of them. */
static void sort_keys (struct root_spec *spec)
{
    for (size_t i = 1; i < spec->count; i++)
        for (size_t at = i; at && memcmp (spec->keys[at - 1], spec->keys[at], KEY_SIZE) > 0; at--) {
            uint8_t key[KEY_SIZE];
            memcpy (key, spec->keys[at], KEY_SIZE);
            memcpy (spec->keys[at], spec->keys[at - 1], KEY_SIZE);
            memcpy (spec->keys[at - 1], key, KEY_SIZE);
        }
}

static int make_keys (struct root_dir *dir, struct root_spec *spec)
{
    char why[WHY_MAX], name[32], about[128];
    for (size_t i = 0; i < spec->count; i++) {
        keypair_make (&dir->keys[i]);
        dir->count++;
        memcpy (spec->keys[i], dir->keys[i].public, KEY_SIZE);
        snprintf (name, sizeof name, "key-%zu", i + 1);
        snprintf (about, sizeof about, "root key %zu of %zu; %zu must sign", i + 1, spec->count,
                  spec->threshold);
        if (keypair_save (&dir->keys[i], root_path (dir->path, name).text, about, why,
                          sizeof why) != 0)
            return refused ("%s", why);
    }
    return EXIT_DONE;
}

static int create (struct root_dir *dir, struct root_spec *spec, struct pack_out *out)
{
    char why[WHY_MAX];
    struct pack_out body;
    struct root_file root;
    int code = make_keys (dir, spec);
    if (code != EXIT_DONE)
        return code;
    sort_keys (spec);
    pack_init (&body);
    root_pack (&body, spec);
    dir->root.threshold = spec->threshold;
    root_sign (dir, CB_PURPOSE_ROOT, pack_result (&body), out);
    pack_free (&body);
    if (root_parse (&root, pack_result (out)) != CB_OK)
        return refused ("the root file that was made is not good");
    if (file_write (root_path (dir->path, "root").text, pack_result (out), false, false, why,
                    sizeof why) != 0)
        return refused ("%s", why);
    return EXIT_DONE;
}

static void print (const struct call *call, const struct root_dir *dir,
                   const struct root_spec *spec, struct span made)
{
    struct root_file root;
    char code[CODE_TEXT];
    root_parse (&root, made);
    hash_code (&root.st.hash, code);
    if (call->json) {
        say_json (json_pack ("{s:s, s:s, s:s%, s:I, s:I}", "file",
                             root_path (dir->path, "root").text, "code", code, "top",
                             (const char *) spec->top.data, spec->top.size, "keys",
                             (json_int_t) spec->count, "threshold", (json_int_t) spec->threshold),
                  true);
        return;
    }
    say ("%s  code %s\n%zu of %zu keys sign for " SPAN_FMT ".\n",
         root_path (dir->path, "root").text, code, spec->threshold, spec->count,
         SPAN_ARG (spec->top));
    say ("Keep each key-N with another person and offline. Everybody who joins compares the "
         "code.\n");
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct stat st;
    int64_t keys = 1, threshold = 1;
    const char *top = args_text (&call->args, "top");
    struct root_dir dir = { .path = call->args.operands[0] };
    struct root_spec spec = { .version = 1,
                              .issued = clock_utc (),
                              .top = span_of (top ? top : "pk") };
    if (!args_number (&call->args, "keys", 1, ROOT_KEYS_MAX, &keys, why, sizeof why) ||
        !args_number (&call->args, "threshold", 1, keys, &threshold, why, sizeof why))
        return usage (call, "%s", why);
    if (!label_valid (spec.top))
        return usage (call, "--top: '%s' is no name for the top: 1 to 32 of a-z, 0-9 and -", top);
    spec.count = (size_t) keys;
    spec.threshold = (size_t) threshold;
    if (mkdir (dir.path, 0700) != 0 && errno != EEXIST)
        return refused ("%s: %s", dir.path, strerror (errno));
    if (stat (root_path (dir.path, "root").text, &st) == 0)
        return refused ("%s: there is a root already", dir.path);

    struct pack_out out;
    pack_init (&out);
    int code = create (&dir, &spec, &out);
    if (code == EXIT_DONE)
        print (call, &dir, &spec, pack_result (&out));
    pack_free (&out);
    root_close (&dir);
    return code;
}

const struct command command_root_create = {
    .name = "root create",
    .group = GROUP_SETUP,
    .operands = "DIR",
    .least = 1,
    .most = 1,
    .summary = "make the root of a new hierarchy (offline)",
    .about =
        "Writes DIR/root, which is public, and DIR/key-1 ... DIR/key-N, which are secret. The\n"
        "root keys sign the credential of the top party, the policy, and nothing else. No\n"
        "broker needs them. The code of the root is what `certbus join --root` compares.",
    .options = options,
    .run = run,
};
