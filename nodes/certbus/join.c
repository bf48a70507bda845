/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/evidence.h"

#include <string.h>
#include <unistd.h>

#include "bus/core/trust.h"
#include "bus/edge/home.h"
#include "bus/edge/keys.h"
#include "bus/edge/log.h"
#include "nodes/certbus/record.h"

static const struct option_row options[] = {
    { "root", 'r', false, "FILE|CODE", "the root file, or its code as it was told by phone" },
    { NULL, 0, false, NULL, NULL },
};

/* Whether the credential in the bundle is for keys of this home, those in force or those that
 * wait; sets `*own`. */
static int check_own (const struct call *call, const struct directory *directory,
                      const struct keys *keys, const struct bundle *bundle,
                      const struct entry **own)
{
    char why[WHY_MAX];
    struct credential last;
    struct keys found;
    const char *file = call->args.operands[0];
    *own = directory_by_name (directory, span_of (keys->party));
    if (!*own) {
        bool named = credential_parse (&last, bundle->chain[bundle->chain_count - 1]);
        return refused ("%s: is for %s, and this is the home of %s", file,
                        named ? line_of (last.name).text : "another party", keys->party);
    }
    const struct credential *c = &(*own)->credential;
    bool fits = keys_load_for (&found, call->home, c, why, sizeof why) >= 0;
    keys_wipe (&found);
    if (!fits)
        return refused ("%s: the credential of %s is for other keys than those in this home; it "
                        "belongs to another request",
                        file, keys->party);
    if (c->not_after < clock_utc ())
        return refused ("%s: the credential was valid until %s; ask for a new one "
                        "(credential-dates)",
                        file, when_of (c->not_after).text);
    return EXIT_DONE;
}

/* The generation of the last in a bundle; 0: it is none. */
static uint32_t generation_of (const struct bundle *bundle)
{
    struct credential last;
    bool good =
        bundle->chain_count && credential_parse (&last, bundle->chain[bundle->chain_count - 1]);
    return good ? last.generation : 0;
}

/* The newest generation in it of the party above. */
static uint32_t generation_above (const struct bundle *bundle, struct span party)
{
    struct credential c;
    uint32_t newest = 0;
    for (size_t i = 0; i < bundle->chain_count; i++)
        if (credential_parse (&c, bundle->chain[i]) && span_equal (c.name, party_parent (party)) &&
            c.generation > newest)
            newest = c.generation;
    return newest;
}

/* A home that has joined before stays under its root. */
static int check_before (const struct call *call, const struct bundle *bundle, struct span party)
{
    char why[WHY_MAX];
    struct span bytes;
    struct bundle before;
    struct root_file old, new;
    struct path path = home_path (call, "bundle");
    if (access (path.text, F_OK) != 0)
        return EXIT_DONE;
    if (file_read (path.text, EVIDENCE_MAX, &bytes, why, sizeof why) != 0)
        return refused ("%s", why);
    int code = EXIT_DONE;
    if (!bundle_parse (&before, bytes) || root_parse (&old, before.root) != CB_OK)
        code = refused ("%s: cannot be read; move it away to join anew", path.text);
    else if (root_parse (&new, bundle->root) != CB_OK ||
             (!hash_equal (&old.st.hash, &new.st.hash) && !root_follows (&old, &new)))
        code = refused ("%s has joined under another root (other-root); a party has one root",
                        call->home);
    else if (generation_of (bundle) < generation_of (&before))
        code = refused ("%s: is of generation %u, and generation %u is in force here",
                        call->args.operands[0], (unsigned) generation_of (bundle),
                        (unsigned) generation_of (&before));
    else if (generation_above (bundle, party) < generation_above (&before, party))
        code = refused ("%s: is older than what this home joined with: the party above has other "
                        "keys since",
                        call->args.operands[0]);
    span_free (&bytes);
    return code;
}

static int check_root (const struct call *call, const struct keys *keys,
                       const struct bundle *bundle, const char *file)
{
    char why[WHY_MAX];
    const char *pin = args_text (&call->args, "root");
    if (!pin && access (home_path (call, "bundle").text, F_OK) != 0)
        return usage (call, "join: which root? Compare its code with the top party by phone, and "
                            "give it with --root CODE, or its file");
    if (pin && !root_pinned (bundle->root, pin, why, sizeof why))
        return refused ("%s: %s", file, why);
    return check_before (call, bundle, span_of (keys->party));
}

/* Old keys of this party may be in wrong hands: a child has to have the word of the party above. */
static int check_children (const struct directory *directory, const struct keys *keys,
                           const struct bundle *bundle, const char *file)
{
    for (size_t i = 0; i < bundle->chain_count; i++) {
        struct credential c;
        if (credential_parse (&c, bundle->chain[i]) &&
            trust_heir (directory, span_of (keys->party), &c) != CB_OK)
            return refused ("%s: %s was not countersigned by the party above (trust); have the "
                            "file made again, and call them",
                            file, line_of (c.name).text);
    }
    return EXIT_DONE;
}

/* Everything that can be checked offline. */
static int check (const struct call *call, const struct keys *keys, const struct bundle *bundle,
                  const char *file)
{
    char why[WHY_MAX];
    const struct entry *own = NULL;
    int code = check_root (call, keys, bundle, file);
    if (code != EXIT_DONE)
        return code;
    struct directory *directory =
        chain_open (bundle->root, bundle->chain, bundle->chain_count, why, sizeof why);
    if (!directory)
        return refused ("%s: %s", file, why);
    code = check_own (call, directory, keys, bundle, &own);
    if (code == EXIT_DONE)
        code = check_children (directory, keys, bundle, file);
    enum cb_reason reason = directory_policy (directory, bundle->policy);
    if (code == EXIT_DONE && reason != CB_OK)
        code = refused ("%s: the policy: %s (%s)", file, cb_reason_text (reason),
                        cb_reason_name (reason));
    if (code == EXIT_DONE && own->issuer && !bundle->endpoint_count)
        complain ("%s: says no endpoint of the party above; set `parent` in certbus.conf", file);
    directory_free (&directory);
    return code;
}

static int store (const struct call *call, const struct keys *keys, const struct bundle *bundle,
                  struct span bytes)
{
    char why[WHY_MAX], code[CODE_TEXT];
    struct root_file root;
    struct credential last;
    struct keys found;
    /* The bundle decides which keys are in force. When the next step is not reached, the broker
     * takes it at its start. */
    if (file_write (home_path (call, "bundle").text, bytes, false, true, why, sizeof why) != 0)
        return refused ("%s", why);
    if (home_give (call->home, "bundle", why, sizeof why) != 0)
        return refused ("%s", why);
    credential_parse (&last, bundle->chain[bundle->chain_count - 1]);
    bool next = keys_load_for (&found, call->home, &last, why, sizeof why) == 1;
    keys_wipe (&found);
    if (next && keys_promote (call->home, why, sizeof why) != 0)
        return refused ("%s; join again", why);
    if (next && home_give (call->home, "keys", why, sizeof why) != 0)
        return refused ("%s", why);
    root_parse (&root, bundle->root);
    hash_code (&root.st.hash, code);
    if (call->json)
        say_json (json_pack ("{s:s, s:s, s:i}", "party", keys->party, "root", code, "generation",
                             (int) last.generation),
                  true);
    else if (last.generation > 1)
        say ("%s has joined under the root %s, generation %u%s, until %s.\nStart its broker, or "
             "start it anew if it runs: %s\n",
             keys->party, code, (unsigned) last.generation, next ? " with its new keys" : "",
             when_of (last.not_after).text, home_start (call->home).text);
    else
        say ("%s has joined under the root %s.\nStart its broker with: %s\n", keys->party, code,
             home_start (call->home).text);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    const char *file = call->args.operands[0];
    struct keys keys;
    struct span bytes;
    struct bundle bundle;
    if (!home_may_write (call->home, why, sizeof why))
        return refused ("%s", why);
    if (keys_load (&keys, home_path (call, "keys").text, why, sizeof why) != 0)
        return refused ("%s; `certbus -C %s init NAME` makes a home", why, call->home);
    if (file_read (file, EVIDENCE_MAX, &bytes, why, sizeof why) != 0) {
        keys_wipe (&keys);
        return refused ("%s", why);
    }
    int code =
        bundle_parse (&bundle, bytes) && bundle.chain_count
            ? check (call, &keys, &bundle, file)
            : refused ("%s: no credential; the party above makes one with `certbus enrol`", file);
    if (code == EXIT_DONE)
        code = store (call, &keys, &bundle, bytes);
    keys_wipe (&keys);
    span_free (&bytes);
    return code;
}

const struct command command_join = {
    .name = "join",
    .group = GROUP_SETUP,
    .operands = "FILE.credential",
    .least = 1,
    .most = 1,
    .summary = "take the credential that the party above has made",
    .about =
        "Checks, without any network, that the root is the one that is named with --root, that\n"
        "every credential from the root down to this party's is signed and grants no more\n"
        "than the one above it, and that the last is for the keys of this home. New keys, of\n"
        "`certbus renew --new-keys`, take the place of the old ones in the same step. A broker\n"
        "that runs takes a renewal in when it is started anew.",
    .options = options,
    .run = run,
};
