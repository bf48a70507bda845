/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/fields.h"

#define CREDENTIAL_FIELDS 17
#define GRANT_FIELDS      5

static bool any (const struct labels *list)
{
    return list->count == 1 && span_is (list->at[0], "*");
}

bool labels_have (const struct labels *list, struct span label)
{
    if (any (list))
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (span_equal (list->at[i], label))
            return true;
    return false;
}

bool labels_within (const struct labels *inner, const struct labels *outer)
{
    /* "*" is no label, so only "*" has it. */
    for (size_t i = 0; i < inner->count; i++)
        if (!labels_have (outer, inner->at[i]))
            return false;
    return true;
}

static void read_grants (struct pack_in *in, struct grants *may)
{
    *may = (struct grants){ .depth = 0 };
    if (pack_nil (in))
        return;
    pack_array (in, GRANT_FIELDS, GRANT_FIELDS);
    fields_labels (in, &may->roles, 1, ROLES_MAX, true);
    fields_labels (in, &may->sectors, 0, SECTORS_MAX, true);
    may->children = (uint32_t) pack_uint (in, 0, UINT32_MAX);
    may->depth = (uint32_t) pack_uint (in, 1, PARTY_LABELS);
    may->latest = fields_time (in);
}

bool credential_parse (struct credential *c, struct span bytes)
{
    if (!statement_parse (&c->st, bytes))
        return false;
    struct pack_in in;
    fields_open (&in, c->st.body, CREDENTIAL_FIELDS, "credential");
    c->name = fields_party (&in);
    c->title = pack_str (&in, 1, TITLE_MAX);
    c->role = fields_label (&in);
    fields_labels (&in, &c->sectors, 0, SECTORS_MAX, false);
    c->sign_key = pack_fixed (&in, KEY_SIZE);
    c->seal_key = pack_fixed (&in, KEY_SIZE);
    c->link_key = pack_fixed (&in, KEY_SIZE);
    c->generation = (uint32_t) pack_uint (&in, 1, GENERATION_MAX);
    c->previous = fields_hash_or_nil (&in);
    c->issued = fields_time (&in);
    c->not_before = fields_time (&in);
    c->not_after = fields_time (&in);
    read_grants (&in, &c->may);
    c->issuer = fields_hash_or_nil (&in);
    c->formerly = fields_party_or_nil (&in);
    return pack_done (&in) && (c->generation > 1) == (c->previous != NULL) &&
           c->not_before <= c->not_after;
}

static void put_grants (struct pack_out *out, const struct grants *may)
{
    if (may->depth == 0) {
        pack_put_nil (out);
        return;
    }
    pack_put_array (out, GRANT_FIELDS);
    fields_put_labels (out, &may->roles);
    fields_put_labels (out, &may->sectors);
    pack_put_uint (out, may->children);
    pack_put_uint (out, may->depth);
    pack_put_int (out, may->latest);
}

void credential_pack (struct pack_out *out, const struct credential *c)
{
    fields_begin (out, CREDENTIAL_FIELDS, "credential");
    pack_put_str (out, c->name);
    pack_put_str (out, c->title);
    pack_put_str (out, c->role);
    fields_put_labels (out, &c->sectors);
    fields_put_key (out, c->sign_key);
    fields_put_key (out, c->seal_key);
    fields_put_key (out, c->link_key);
    pack_put_uint (out, c->generation);
    fields_put_hash (out, c->previous);
    pack_put_int (out, c->issued);
    pack_put_int (out, c->not_before);
    pack_put_int (out, c->not_after);
    put_grants (out, &c->may);
    fields_put_hash (out, c->issuer);
    fields_put_text (out, c->formerly);
}

static bool grants_narrow (const struct grants *inner, const struct grants *outer)
{
    return inner->depth == 0 || (labels_within (&inner->roles, &outer->roles) &&
                                 labels_within (&inner->sectors, &outer->sectors) &&
                                 inner->children <= outer->children &&
                                 inner->depth < outer->depth && inner->latest <= outer->latest);
}

bool credential_narrows (const struct credential *c, const struct credential *issuer)
{
    const struct grants *may = &issuer->may;
    return span_equal (party_parent (c->name), issuer->name) && may->depth > 0 &&
           labels_have (&may->roles, c->role) && labels_within (&c->sectors, &may->sectors) &&
           c->not_before >= issuer->not_before && c->not_after <= may->latest &&
           c->issued >= issuer->not_before && c->issued <= issuer->not_after &&
           grants_narrow (&c->may, may);
}

bool credential_again (const struct credential *c)
{
    for (size_t i = 0; i < c->st.count; i++)
        if (c->st.sigs[i].purpose == CB_PURPOSE_COUNTERSIGN)
            return c->generation > 1;
    return false;
}
