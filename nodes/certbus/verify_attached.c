/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define PIECE ((size_t) 64 * 1024)

static bool hash_of_file (const char *path, struct hash *hash, int64_t *size)
{
    uint8_t piece[PIECE];
    struct progress progress;
    crypto_generichash_state state;
    FILE *file = fopen (path, "rbe");
    if (!file)
        return false;
    *size = 0;
    crypto_generichash_init (&state, NULL, 0, HASH_SIZE);
    progress_begin (&progress, "bytes read", 0);
    for (size_t got; (got = fread (piece, 1, sizeof piece, file)) > 0;) {
        crypto_generichash_update (&state, piece, got);
        *size += (int64_t) got;
        progress_step (&progress, *size);
    }
    progress_end (&progress);
    crypto_generichash_final (&state, hash->bytes, HASH_SIZE);
    bool good = !ferror (file);
    fclose (file);
    return good;
}

/* The attachment with this hash; empty: none. */
static struct span attachment_of (const struct envelope *e, const struct hash *hash)
{
    struct pack_in in;
    size_t count = answer_array (e->body, "attachments", &in);
    while (count--) {
        struct span one = pack_any (&in);
        if (span_equal (body_bytes (one, "hash"), span_bytes (hash->bytes, HASH_SIZE)))
            return one;
    }
    return (struct span){ 0 };
}

static void print_others (const struct envelope *e)
{
    struct pack_in in;
    size_t count = answer_array (e->body, "attachments", &in);
    say ("%s\n", count ? "Its attachments are:" : "It has no attachments.");
    while (count--) {
        struct span one = pack_any (&in);
        say ("  %s, %" PRId64 " bytes\n", line_of (body_text (one, "name")).text,
             body_int (one, "size", 0));
    }
}

static void print_json (struct call *call, const struct finding *self, struct span found)
{
    json_t *made = json_object ();
    json_object_set_new (made, "genuine", json_boolean (found.size > 0));
    json_object_set_new (made, "detail",
                         found.size ? json_null ()
                                    : json_string ("no attachment of the message has this hash"));
    json_object_set_new (made, "attachment", json_span (body_text (found, "name")));
    json_object_set_new (made, "current", json_boolean (self->standing.state == STANDING_CURRENT));
    json_object_set_new (made, "standing", standing_json (&self->standing));
    json_object_set_new (made, "signed_by", signer_json (self->signer));
    json_object_set_new (made, "message", message_json (call, &self->e));
    say_json (made, true);
}

static void print_text (const struct finding *self, const char *path, struct span found)
{
    char id[ID_TEXT];
    struct line name = line_of (body_text (found, "name"));
    msg_id_text (&self->e.id, id);
    style (found.size ? STYLE_GOOD : STYLE_BAD);
    if (found.size)
        say ("GENUINE: %s is the attachment \"%s\" of %s\n", line_text (path).text, name.text, id);
    else
        say ("NOT GENUINE: %s is no attachment of %s\n", line_text (path).text, id);
    style (STYLE_PLAIN);
    if (*self->standing.id)
        say ("%-11s %s took the place of that message: read that one instead\n",
             self->standing.state == STANDING_WITHDRAWN ? "Withdrawn" : "Replaced",
             self->standing.id);
    if (self->signer)
        signer_print (self->signer);
    if (!found.size)
        print_others (&self->e);
}

int verify_attached (struct call *call, const struct finding *self, const char *path)
{
    struct hash hash;
    int64_t size;
    if (!finding_genuine (self))
        return verify_conclude (call, self);
    if (!hash_of_file (path, &hash, &size))
        return refused ("%s: %s", line_text (path).text, strerror (errno));
    struct span found = attachment_of (&self->e, &hash);
    if (call->json)
        print_json (call, self, found);
    else
        print_text (self, path, found);
    return found.size ? EXIT_DONE : EXIT_NOT_GENUINE;
}
