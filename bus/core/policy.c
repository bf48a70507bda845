/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/fields.h"
#include "bus/core/policy.h"

#define POLICY_FIELDS 10
#define KINDS_MAX     SECTORS_MAX
#define SEVERITY_MAX  5
#define RELATIONS     ((UINT64_C (1) << CB_REL_END) - 1)

static void read_grants (struct pack_in *in, struct policy *p)
{
    p->grant_count = pack_array (in, 0, GRANTS_MAX);
    for (size_t i = 0; i < p->grant_count && !in->bad; i++) {
        struct policy_grant *grant = &p->grants[i];
        pack_array (in, 3, 3);
        grant->role = fields_role (in);
        fields_labels (in, &grant->kinds, 1, KINDS_MAX, true);
        grant->relations = (unsigned) pack_uint (in, 1, RELATIONS);
    }
}

static void read_sectors (struct pack_in *in, struct policy *p)
{
    p->sector_count = pack_array (in, 0, POLICY_SECTORS);
    for (size_t i = 0; i < p->sector_count && !in->bad; i++) {
        pack_array (in, 2, 2);
        p->sectors[i].sector = fields_label (in);
        p->sectors[i].cert = fields_party_or_nil (in);
        if (i && span_compare (p->sectors[i - 1].sector, p->sectors[i].sector) >= 0)
            in->bad = true;
    }
}

static void read_clocks (struct pack_in *in, struct policy *p)
{
    p->clock_count = pack_array (in, 0, CLOCKS_MAX);
    for (size_t i = 0; i < p->clock_count && !in->bad; i++) {
        struct policy_clock *clock = &p->clocks[i];
        pack_array (in, 4, 4);
        clock->clock = fields_label (in);
        clock->role = fields_role (in);
        clock->severity = (unsigned) pack_uint (in, 0, SEVERITY_MAX);
        clock->limit = pack_int (in, 1, TIME_MAX);
    }
}

static void read_settings (struct pack_in *in, struct policy *p)
{
    p->setting_count = pack_array (in, 0, SETTINGS_MAX);
    for (size_t i = 0; i < p->setting_count && !in->bad; i++) {
        pack_array (in, 2, 2);
        p->settings[i].name = fields_label (in);
        p->settings[i].value = pack_int (in, INT64_MIN, INT64_MAX);
        if (i && span_compare (p->settings[i - 1].name, p->settings[i].name) >= 0)
            in->bad = true;
    }
}

static bool role_known (const struct policy *p, struct span role)
{
    return span_is (role, "*") || labels_have (&p->roles, role);
}

static bool roles_known (const struct policy *p)
{
    for (size_t i = 0; i < p->grant_count; i++)
        if (!role_known (p, p->grants[i].role))
            return false;
    for (size_t i = 0; i < p->clock_count; i++)
        if (!role_known (p, p->clocks[i].role))
            return false;
    return true;
}

bool policy_parse (struct policy *p, struct span bytes)
{
    if (!statement_parse (&p->st, bytes))
        return false;
    struct pack_in in;
    fields_open (&in, p->st.body, POLICY_FIELDS, "policy");
    p->version = (uint32_t) pack_uint (&in, 1, UINT32_MAX);
    p->issued = fields_time (&in);
    p->title = pack_str (&in, 1, TITLE_MAX);
    fields_labels (&in, &p->roles, 1, ROLES_MAX, true);
    read_grants (&in, p);
    read_sectors (&in, p);
    read_clocks (&in, p);
    read_settings (&in, p);
    return pack_done (&in) && roles_known (p);
}

void policy_pack (struct pack_out *out, const struct policy *p)
{
    fields_begin (out, POLICY_FIELDS, "policy");
    pack_put_uint (out, p->version);
    pack_put_int (out, p->issued);
    pack_put_str (out, p->title);
    fields_put_labels (out, &p->roles);
    pack_put_array (out, p->grant_count);
    for (size_t i = 0; i < p->grant_count; i++) {
        pack_put_array (out, 3);
        pack_put_str (out, p->grants[i].role);
        fields_put_labels (out, &p->grants[i].kinds);
        pack_put_uint (out, p->grants[i].relations);
    }
    pack_put_array (out, p->sector_count);
    for (size_t i = 0; i < p->sector_count; i++) {
        pack_put_array (out, 2);
        pack_put_str (out, p->sectors[i].sector);
        fields_put_text (out, p->sectors[i].cert);
    }
    pack_put_array (out, p->clock_count);
    for (size_t i = 0; i < p->clock_count; i++) {
        pack_put_array (out, 4);
        pack_put_str (out, p->clocks[i].clock);
        pack_put_str (out, p->clocks[i].role);
        pack_put_uint (out, p->clocks[i].severity);
        pack_put_int (out, p->clocks[i].limit);
    }
    pack_put_array (out, p->setting_count);
    for (size_t i = 0; i < p->setting_count; i++) {
        pack_put_array (out, 2);
        pack_put_str (out, p->settings[i].name);
        pack_put_int (out, p->settings[i].value);
    }
}

#define SETTING_X(NAME, name, otherwise, ...) [POLICY_##NAME] = { name, otherwise },
static const struct {
    const char *name;
    int64_t otherwise;
} settings[] = { POLICY_SETTINGS (SETTING_X) };
#undef SETTING_X

int64_t policy_setting (const struct policy *p, enum policy_setting which)
{
    for (size_t i = 0; p != NULL && i < p->setting_count; i++)
        if (span_is (p->settings[i].name, settings[which].name))
            return p->settings[i].value;
    return settings[which].otherwise;
}

struct span policy_sector_cert (const struct policy *p, struct span sector)
{
    for (size_t i = 0; i < p->sector_count; i++)
        if (span_equal (p->sectors[i].sector, sector))
            return p->sectors[i].cert;
    return span_bytes (NULL, 0);
}

int64_t policy_clock (const struct policy *p, const char *clock, struct span role,
                      unsigned severity)
{
    int64_t limit = 0;
    int best = -1;
    for (size_t i = 0; i < p->clock_count; i++) {
        const struct policy_clock *row = &p->clocks[i];
        bool own = span_equal (row->role, role);
        if (!span_is (row->clock, clock) || (!own && !span_is (row->role, "*")) ||
            (row->severity != severity && row->severity != 0))
            continue;
        /* The role decides before the severity. */
        int fit = 2 * own + (row->severity == severity);
        if (fit > best) {
            best = fit;
            limit = row->limit;
        }
    }
    return limit;
}

static bool is_sector_cert (const struct policy *p, const struct sender *sender, struct span party)
{
    for (size_t i = 0; i < sender->sectors->count; i++) {
        struct span cert = policy_sector_cert (p, sender->sectors->at[i]);
        if (cert.size && span_equal (cert, party))
            return true;
    }
    return false;
}

/* Who does take part is written in the thread. Its origin is the correspondent. */
static bool may_take_part (struct span party, struct span thread_origin)
{
    return thread_origin.size > 0 && !span_equal (party, thread_origin);
}

/* The relations, as bits, in which a term stands to the sender. */
static unsigned stands (const struct policy *p, const struct sender *sender,
                        const struct term *term, struct span thread_origin)
{
    unsigned is = 1u << CB_REL_EVERYONE;
    struct span name = term->name;
    switch (term->type) {
    case TERM_PARTY:
        is |= (unsigned) span_equal (name, sender->name) << CB_REL_SELF;
        is |= (unsigned) span_equal (name, party_parent (sender->name)) << CB_REL_PARENT;
        is |= (unsigned) party_above (name, sender->name) << CB_REL_ANCESTORS;
        is |= (unsigned) span_equal (party_parent (name), sender->name) << CB_REL_CHILDREN;
        is |= (unsigned) party_above (sender->name, name) << CB_REL_SUBTREE;
        is |= (unsigned) is_sector_cert (p, sender, name) << CB_REL_SECTOR_CERT;
        is |= (unsigned) span_equal (name, thread_origin) << CB_REL_CORRESPONDENT;
        is |= (unsigned) may_take_part (name, thread_origin) << CB_REL_PARTICIPANT;
        break;
    case TERM_SUBTREE: is |= (unsigned) party_within (name, sender->name) << CB_REL_SUBTREE; break;
    case TERM_SECTOR:
        is |= (unsigned) labels_have (sender->sectors, name) << CB_REL_OWN_SECTOR;
        break;
    }
    return is;
}

static unsigned granted (const struct policy *p, struct span role, struct span kind)
{
    unsigned relations = 0;
    for (size_t i = 0; i < p->grant_count; i++) {
        const struct policy_grant *grant = &p->grants[i];
        if ((span_is (grant->role, "*") || span_equal (grant->role, role)) &&
            labels_have (&grant->kinds, kind))
            relations |= grant->relations;
    }
    return relations;
}

struct policy_verdict policy_allows (const struct policy *p, const struct sender *sender,
                                     struct span kind, const struct term *audience, size_t count,
                                     struct span thread_origin)
{
    const unsigned correspondent = 1u << CB_REL_CORRESPONDENT;
    const unsigned participant = 1u << CB_REL_PARTICIPANT;
    unsigned may = granted (p, sender->role, kind);
    struct policy_verdict verdict = { .reason = CB_OK };
    for (size_t i = 0; i < count; i++) {
        unsigned by = may & stands (p, sender, &audience[i], thread_origin);
        if (by == 0)
            return (struct policy_verdict){ .reason = CB_NO_GRANT, .refused = i };
        verdict.by_correspondence |= by == correspondent;
        verdict.participants |= (uint32_t) (by == participant) << i;
    }
    return verdict;
}
