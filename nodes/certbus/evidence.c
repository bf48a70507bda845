/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/evidence.h"

#include <string.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/record.h"

#define EVIDENCE_VERSION 1

bool evidence_parse (struct evidence *evidence, struct span bytes)
{
    struct pack_in in = pack_open (bytes);
    *evidence = (struct evidence){ 0 };
    pack_array (&in, 5, 5);
    pack_uint (&in, EVIDENCE_VERSION, EVIDENCE_VERSION);
    if (!span_is (pack_str (&in, 1, 16), "evidence"))
        return false;
    evidence->root = pack_bin (&in, 1, STATEMENT_MAX);
    evidence->chain_count = pack_array (&in, 1, BUNDLE_CHAIN);
    for (size_t i = 0; i < evidence->chain_count; i++)
        evidence->chain[i] = pack_bin (&in, 1, STATEMENT_MAX);
    evidence->envelope = pack_bin (&in, 1, ENVELOPE_MAX);
    return pack_done (&in);
}

void evidence_pack (struct pack_out *out, const struct evidence *evidence)
{
    pack_put_array (out, 5);
    pack_put_uint (out, EVIDENCE_VERSION);
    pack_put_text (out, "evidence");
    pack_put_bin (out, evidence->root);
    pack_put_array (out, evidence->chain_count);
    for (size_t i = 0; i < evidence->chain_count; i++)
        pack_put_bin (out, evidence->chain[i]);
    pack_put_bin (out, evidence->envelope);
}

/* Against a root file: the same one, or the one that it was followed by. */
static bool pinned_by_file (const struct root_file *root, const char *path, char *why,
                            size_t why_size)
{
    struct span bytes;
    struct root_file pinned;
    if (file_read (path, STATEMENT_MAX, &bytes, why, why_size) != 0)
        return false;
    bool good = root_parse (&pinned, bytes) == CB_OK;
    if (!good)
        snprintf (why, why_size, "%s: no root file", path);
    else if (!hash_equal (&pinned.st.hash, &root->st.hash) && !root_follows (&pinned, root)) {
        char theirs[CODE_TEXT], ours[CODE_TEXT];
        hash_code (&root->st.hash, theirs);
        hash_code (&pinned.st.hash, ours);
        snprintf (why, why_size, "another root: %s (%s) is pinned, this is under %s (other-root)",
                  ours, path, theirs);
        good = false;
    }
    span_free (&bytes);
    return good;
}

bool root_pinned (struct span statement, const char *pin, char *why, size_t why_size)
{
    struct root_file root;
    char typed[CODE_TEXT], code[CODE_TEXT];
    if (root_parse (&root, statement) != CB_OK) {
        snprintf (why, why_size, "the root file in it is not signed as it must be");
        return false;
    }
    if (access (pin, F_OK) == 0)
        return pinned_by_file (&root, pin, why, why_size);
    if (!code_normalise (pin, typed)) {
        snprintf (why, why_size, "--root: '%s' is no file, and no code of 16 symbols",
                  line_text (pin).text);
        return false;
    }
    hash_code (&root.st.hash, code);
    if (strcmp (typed, code) == 0)
        return true;
    snprintf (why, why_size, "another root: %s is pinned, this is under %s (other-root)", typed,
              code);
    return false;
}

struct directory *chain_open (struct span root, const struct span *chain, size_t count, char *why,
                              size_t why_size)
{
    struct directory *directory = directory_new ();
    enum cb_reason reason = directory_root (directory, root);
    struct credential c;
    if (reason != CB_OK)
        snprintf (why, why_size, "the root file: %s (%s)", cb_reason_text (reason),
                  cb_reason_name (reason));
    for (size_t i = 0; reason == CB_OK && i < count; i++) {
        reason = directory_add (directory, chain[i], NULL);
        if (reason != CB_OK)
            snprintf (why, why_size, "the credential of %s: %s (%s)",
                      credential_parse (&c, chain[i]) ? line_of (c.name).text : "nobody",
                      cb_reason_text (reason), cb_reason_name (reason));
    }
    if (reason != CB_OK)
        directory_free (&directory);
    return directory;
}

enum cb_reason evidence_judge (const struct directory *directory, const struct envelope *e,
                               const struct entry **signer)
{
    struct hash root;
    *signer = directory_by_hash (directory, e->credential);
    if (!*signer)
        return CB_UNKNOWN_CREDENTIAL;
    const struct credential *c = &(*signer)->credential;
    if (!span_equal (c->name, e->id.origin))
        return CB_WRONG_ORIGIN;
    if (!merkle_climb (&e->leaf, e->tree_size, e->tree_index, e->path, e->path_count, &root))
        return CB_BAD_PROOF;
    if (!proof_verify (CB_PURPOSE_MESSAGE, e->credential, e->tree_size, &root, c->sign_key, e->sig))
        return CB_BAD_SIGNATURE;
    for (size_t i = 0; i < e->approval_count; i++) {
        struct hash officer;
        memcpy (officer.bytes, e->approvals[i].key, HASH_SIZE);
        if (!proof_verify (CB_PURPOSE_APPROVAL, &officer, 1, &e->leaf, e->approvals[i].key,
                           e->approvals[i].sig))
            return CB_APPROVAL;
    }
    if (e->issued < c->not_before || e->issued > c->not_after)
        return CB_CREDENTIAL_DATES;
    return (*signer)->revoked ? CB_REVOKED : CB_OK;
}

json_t *signer_json (const struct entry *signer)
{
    json_t *made = json_array ();
    for (; signer; signer = signer->issuer) {
        char code[CODE_TEXT];
        const struct credential *c = &signer->credential;
        json_t *one = json_object ();
        hash_code (&c->st.hash, code);
        json_object_set_new (one, "party", json_span (c->name));
        json_object_set_new (one, "title", json_span (c->title));
        json_object_set_new (one, "role", json_span (c->role));
        json_object_set_new (one, "generation", json_integer (c->generation));
        json_object_set_new (one, "not_before", json_time (c->not_before));
        json_object_set_new (one, "not_after", json_time (c->not_after));
        json_object_set_new (one, "code", json_string (code));
        json_array_append_new (made, one);
    }
    return made;
}

void signer_print (const struct entry *signer)
{
    const char *label = "Signed by";
    for (; signer; signer = signer->issuer) {
        const struct credential *c = &signer->credential;
        say ("%-11s %s (%s), %s, credential until %s\n", label, line_of (c->name).text,
             line_of (c->title).text, line_of (c->role).text, when_of (c->not_after).text);
        label = "enrolled by";
    }
}
