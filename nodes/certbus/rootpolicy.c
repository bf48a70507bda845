/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rootdir.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/log.h"
#include "bus/edge/policyfile.h"

/* Whether the policy that was signed last says the same, but for when it was signed. */
static bool says_the_same (const struct policy *text, const struct policy *signed_last)
{
    struct pack_out a, b;
    struct policy *same = malloc (sizeof *same);
    if (!same)
        abort ();
    *same = *text;
    same->issued = signed_last->issued;
    pack_init (&a);
    pack_init (&b);
    policy_pack (&a, same);
    policy_pack (&b, signed_last);
    bool equal = span_equal (pack_result (&a), pack_result (&b));
    pack_free (&a);
    pack_free (&b);
    free (same);
    return equal;
}

/* EXIT_DONE with `*again` when the last one can be handed out once more. */
static int compare_with_last (const struct policy *text, const struct policy *last,
                              const char *file, bool *again)
{
    if (text->version > last->version)
        return EXIT_DONE;
    *again = text->version == last->version && says_the_same (text, last);
    if (*again)
        return EXIT_DONE;
    if (text->version == last->version)
        return refused ("%s: version %" PRIu32 " was signed already and says something else; raise "
                        "its version to %" PRIu32,
                        file, text->version, last->version + 1);
    return refused ("%s: version %" PRIu32 " is older than %" PRIu32 ", which was signed last",
                    file, text->version, last->version);
}

static int sign_new (const struct root_dir *dir, const struct policy *policy, const char *file,
                     struct pack_out *out)
{
    struct pack_out body;
    struct policy *check = malloc (sizeof *check);
    if (!check)
        abort ();
    pack_init (&body);
    policy_pack (&body, policy);
    root_sign (dir, CB_PURPOSE_POLICY, pack_result (&body), out);
    pack_free (&body);
    int code = EXIT_DONE;
    struct span made = pack_result (out);
    if (made.size > STATEMENT_MAX)
        code = refused ("%s: %zu bytes when signed; at most %zu", file, made.size, STATEMENT_MAX);
    else if (!policy_parse (check, made))
        code = refused ("%s: no broker would take this policy", file);
    free (check);
    return code;
}

int root_keep_policy (const struct root_dir *dir, struct span statement)
{
    char why[WHY_MAX];
    struct path path = root_path (dir->path, "policy");
    return file_write (path.text, statement, false, true, why, sizeof why) == 0
               ? EXIT_DONE
               : refused ("%s", why);
}

int root_sign_policy (const struct root_dir *dir, const char *file, struct pack_out *out,
                      uint32_t *version)
{
    char why[WHY_MAX];
    struct span bytes = { 0 };
    bool again = false;
    int code = EXIT_DONE;
    struct path path = root_path (dir->path, "policy");
    struct policyfile *text = policyfile_read (file, why, sizeof why);
    struct policy *last = malloc (sizeof *last);
    if (!last)
        abort ();
    if (!text) {
        code = refused ("%s", why);
        goto done;
    }
    struct policy *policy = policyfile_policy (text);
    *version = policy->version;
    if (access (path.text, F_OK) == 0) {
        if (file_read (path.text, STATEMENT_MAX, &bytes, why, sizeof why) != 0)
            code = refused ("%s", why);
        else if (!policy_parse (last, bytes))
            code = refused ("%s: no policy", path.text);
        else
            code = compare_with_last (policy, last, file, &again);
    }
    if (code == EXIT_DONE && again) {
        pack_put_raw (out, bytes);
    } else if (code == EXIT_DONE) {
        policy->issued = clock_utc ();
        code = sign_new (dir, policy, file, out);
    }
done:
    free (last);
    policyfile_free (&text);
    span_free (&bytes);
    return code;
}
