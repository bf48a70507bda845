/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/carry.h"

#include "broker/originate.h"
#include "bus/core/carried.h"

/* As the schemas have it; a credential with a long list of sectors is nearly 2 KiB. */
#define CREDENTIAL_BYTES 4096

void carry_set (struct draft *draft, struct pack_out *body, const char *name, struct span value)
{
    struct pack_out next;
    pack_init (&next);
    body_with (&next, draft->body, name, value);
    pack_free (body);
    *body = next;
    draft->body = pack_result (body);
}

struct proving {
    struct pack_out list;
    size_t count;
    bool fits;
};

static bool add_credential (const struct entry *entry, void *arg)
{
    struct proving *proving = arg;
    struct span bytes = entry->credential.st.bytes;
    proving->fits = proving->count < CARRIED_CREDENTIALS && bytes.size <= CREDENTIAL_BYTES;
    if (!proving->fits)
        return false;
    pack_put_bin (&proving->list, bytes);
    proving->count++;
    return true;
}

/* The chain of who signed it; false: it is too long for a message. */
static bool prove (struct station *station, struct draft *draft, struct pack_out *body,
                   const struct entry *origin)
{
    struct proving proving = { .fits = true };
    struct pack_out value;
    pack_init (&proving.list);
    pack_init (&value);
    directory_proof (station->directory, origin, add_credential, &proving);
    pack_put_array (&value, proving.count);
    pack_put_raw (&value, pack_result (&proving.list));
    if (proving.fits)
        carry_set (draft, body, "credentials", pack_result (&value));
    pack_free (&proving.list);
    pack_free (&value);
    return proving.fits;
}

enum cb_reason carry_prove (struct station *station, struct draft *draft, struct pack_out *body,
                            char detail[SCHEMA_WHERE])
{
    struct envelope report;
    struct span original = body_bytes (draft->body, "original");
    detail[0] = '\0';
    if (original.size == 0 || envelope_parse (&report, original) != CB_OK)
        return CB_OK;
    const struct entry *origin = directory_by_hash (station->directory, report.credential);
    if (origin != NULL && !prove (station, draft, body, origin)) {
        snprintf (detail, SCHEMA_WHERE, "the chain of credentials of its origin is too long");
        return CB_CARRIED;
    }
    return originate_check (station, draft, detail);
}

/* They are proved by themselves, like those of a DATA frame; what is refused is passed over, and
 * the check of what they would prove says so. */
void carry_learn (struct station *station, const struct envelope *e)
{
    struct span credentials[CARRIED_CREDENTIALS];
    size_t count = carried_credentials (e, credentials);
    for (size_t i = 0; i < count; i++) {
        struct statement st = { .count = 0 };
        if (!statement_parse (&st, credentials[i]) ||
            directory_by_hash (station->directory, &st.hash) != NULL)
            continue;
        station->worked += st.count;
        directory_add (station->directory, credentials[i], NULL);
    }
}
