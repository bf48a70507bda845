/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/question.h"

#include "bus/core/fields.h"

#include <stdio.h>
#include <string.h>

#define REQUEST_FIELDS 10
#define REPLY_FIELDS   8

static const struct {
    const char *name, *grant;
} questions[] = {
#define QUESTION_X(NAME, name, grant, ...) { name, grant },
    QUESTIONS (QUESTION_X)
#undef QUESTION_X
};

const char *question_name (unsigned question)
{
    return question < QUESTION_END ? questions[question].name : "?";
}

static const char *question_grant (unsigned question)
{
    return question < QUESTION_END ? questions[question].grant : "?";
}

enum question_kind question_number (struct span name)
{
    unsigned i = 0;
    while (i < QUESTION_END && !span_is (name, questions[i].name))
        i++;
    return (enum question_kind) i;
}

/* --- Form ---------------------------------------------------------------------------------- */

static struct span read_map (struct pack_in *in, size_t max)
{
    bool map = pack_peek (in) == PACK_MAP;
    struct span value = pack_nested (in, 1);
    if (!map || value.size > max)
        in->bad = true;
    return value;
}

static void read_audience (struct pack_in *in, struct request *out)
{
    out->audience_count = pack_array (in, 1, AUDIENCE_MAX);
    for (size_t i = 0; i < out->audience_count && !in->bad; i++) {
        out->texts[i] = pack_str (in, 1, TERM_MAX);
        if (!term_parse (&out->audience[i], out->texts[i]) ||
            (i && span_compare (out->texts[i - 1], out->texts[i]) >= 0))
            in->bad = true;
    }
}

bool request_parse (struct request *out, struct span bytes)
{
    struct pack_in in;
    if (!statement_parse (&out->st, bytes))
        return false;
    fields_open (&in, out->st.body, REQUEST_FIELDS, "request");
    out->party = fields_party (&in);
    out->credential = fields_hash (&in);
    out->nonce = pack_fixed (&in, NONCE_SIZE);
    out->question = fields_label (&in);
    read_audience (&in, out);
    out->issued = fields_time (&in);
    out->deadline = fields_time (&in);
    out->arguments = read_map (&in, ARGUMENTS_MAX);
    int64_t lasts = out->deadline - out->issued;
    return pack_done (&in) && lasts >= QUESTION_LEAST && lasts <= QUESTION_MOST;
}

void request_pack (struct pack_out *out, const struct request *request)
{
    fields_begin (out, REQUEST_FIELDS, "request");
    pack_put_str (out, request->party);
    fields_put_hash (out, request->credential);
    pack_put_bin (out, span_bytes (request->nonce, NONCE_SIZE));
    pack_put_str (out, request->question);
    fields_put_list (out, request->texts, request->audience_count);
    pack_put_int (out, request->issued);
    pack_put_int (out, request->deadline);
    pack_put_raw (out, request->arguments);
}

bool reply_parse (struct reply *out, struct span bytes)
{
    struct pack_in in;
    if (!statement_parse (&out->st, bytes))
        return false;
    fields_open (&in, out->st.body, REPLY_FIELDS, "reply");
    out->party = fields_party (&in);
    out->credential = fields_hash (&in);
    out->request = fields_hash (&in);
    out->status = pack_uint (&in, 0, UINT32_MAX);
    out->answers = read_map (&in, STATEMENT_MAX);
    out->silent_count = pack_array (&in, 0, SILENT_MAX);
    for (size_t i = 0; i < out->silent_count && !in.bad; i++) {
        out->silent[i] = fields_party (&in);
        if (i && span_compare (out->silent[i - 1], out->silent[i]) >= 0)
            in.bad = true;
    }
    return pack_done (&in);
}

void reply_pack (struct pack_out *out, const struct reply *reply)
{
    fields_begin (out, REPLY_FIELDS, "reply");
    pack_put_str (out, reply->party);
    fields_put_hash (out, reply->credential);
    fields_put_hash (out, reply->request);
    pack_put_uint (out, reply->status);
    pack_put_raw (out, reply->answers);
    fields_put_list (out, reply->silent, reply->silent_count);
}

/* --- Who may ask --------------------------------------------------------------------------- */

/* Whether `party` signed with a credential that is its own and counts. */
static enum cb_reason check_signer (const struct question_check *check, const struct statement *st,
                                    enum cb_purpose purpose, struct span party,
                                    const struct hash *credential, const struct entry **out)
{
    const struct entry *entry = directory_by_hash (check->directory, credential);
    *out = entry;
    if (entry == NULL)
        return CB_UNKNOWN_CREDENTIAL;
    if (!span_equal (entry->credential.name, party))
        return CB_WRONG_ORIGIN;
    if (check->side != SIDE_SELF &&
        !statement_signed (st, purpose, credential, entry->credential.sign_key))
        return CB_BAD_SIGNATURE;
    return CB_OK;
}

static enum cb_reason check_standing (const struct question_check *check, const struct entry *entry)
{
    if (directory_frozen (check->directory, entry->credential.name))
        return CB_FROZEN;
    if (entry->revoked)
        return entry->successor != NULL && !entry->disputed ? CB_SUPERSEDED : CB_REVOKED;
    return CB_OK;
}

static bool came_the_right_way (const struct question_check *check, struct span party)
{
    switch (check->side) {
    case SIDE_SELF: return span_equal (party, check->self);
    case SIDE_PARENT: return !party_within (party, check->self);
    case SIDE_CHILD: return party_within (party, check->peer);
    }
    return false;
}

static enum cb_reason check_times (const struct question_check *check,
                                   const struct request *request, const struct entry *entry,
                                   const struct policy *policy)
{
    const struct credential *c = &entry->credential;
    int64_t ahead = policy_setting (policy, POLICY_AHEAD);
    if (request->issued < c->not_before || request->issued > c->not_after)
        return CB_CREDENTIAL_DATES;
    if (request->issued - check->now > ahead)
        return CB_CLOCK_AHEAD;
    return check->now - request->deadline > ahead || request->issued < check->since ? CB_EXPIRED
                                                                                    : CB_OK;
}

static enum cb_reason check_grant (const struct question_check *check,
                                   const struct request *request, const struct entry *entry,
                                   char detail[SCHEMA_WHERE])
{
    const struct policy *policy = directory_policy_now (check->directory);
    enum question_kind question = question_number (request->question);
    struct sender sender = { .name = request->party,
                             .role = entry->credential.role,
                             .sectors = &entry->credential.sectors };
    for (size_t i = 0; i < request->audience_count; i++)
        if (!directory_term (check->directory, &request->audience[i])) {
            snprintf (detail, SCHEMA_WHERE, SPAN_FMT, SPAN_ARG (request->texts[i]));
            return CB_AUDIENCE;
        }
    struct span kind = span_of (question_grant (question));
    struct policy_verdict verdict = policy_allows (policy, &sender, kind, request->audience,
                                                   request->audience_count, span_bytes (NULL, 0));
    if (verdict.reason != CB_OK)
        snprintf (detail, SCHEMA_WHERE, "role " SPAN_FMT ", kind " SPAN_FMT ", to " SPAN_FMT,
                  SPAN_ARG (sender.role), SPAN_ARG (kind),
                  SPAN_ARG (request->texts[verdict.refused]));
    return verdict.reason;
}

/* What the question needs to be one. */
static enum cb_reason check_arguments (const struct request *request, char detail[SCHEMA_WHERE])
{
    bool good = true;
    switch (question_number (request->question)) {
    case QUESTION_SEEN:
        good = body_bytes (request->arguments, "hash").size == HASH_SIZE;
        snprintf (detail, SCHEMA_WHERE, "seen: hash: 32 bytes");
        break;
    case QUESTION_CONTACT:
        good = request->audience_count == 1 && request->audience[0].type == TERM_PARTY;
        snprintf (detail, SCHEMA_WHERE, "contact: of one party");
        break;
    case QUESTION_PRESENCE:
    case QUESTION_END: break;
    }
    if (good)
        detail[0] = '\0';
    return good ? CB_OK : CB_SCHEMA;
}

enum cb_reason request_judge (const struct question_check *check, const struct request *request,
                              char detail[SCHEMA_WHERE])
{
    const struct entry *entry;
    detail[0] = '\0';
    enum cb_reason reason = check_signer (check, &request->st, CB_PURPOSE_REQUEST, request->party,
                                          request->credential, &entry);
    if (reason != CB_OK)
        return reason;
    if (!came_the_right_way (check, request->party))
        return CB_NOT_YOURS_TO_SEND;
    reason = check_standing (check, entry);
    const struct policy *policy = directory_policy_now (check->directory);
    if (reason == CB_OK && policy == NULL)
        reason = CB_NO_POLICY;
    if (reason == CB_OK)
        reason = check_times (check, request, entry, policy);
    if (reason == CB_OK && question_number (request->question) == QUESTION_END)
        reason = CB_NO_SUCH_QUESTION;
    if (reason == CB_OK)
        reason = check_arguments (request, detail);
    return reason == CB_OK ? check_grant (check, request, entry, detail) : reason;
}

enum cb_reason reply_judge (const struct question_check *check, const struct reply *reply)
{
    const struct entry *entry;
    if (!span_equal (reply->party, check->peer))
        return CB_WRONG_ORIGIN;
    enum cb_reason reason =
        check_signer (check, &reply->st, CB_PURPOSE_REPLY, reply->party, reply->credential, &entry);
    return reason == CB_OK ? check_standing (check, entry) : reason;
}

int64_t request_time (const struct request *request, struct span self)
{
    int64_t all = request->deadline - request->issued;
    size_t steps = 0;
    for (struct span at = request->party; at.size > 0 && !party_within (self, at);
         at = party_parent (at))
        steps++;
    for (struct span at = self; at.size > 0 && !party_within (request->party, at);
         at = party_parent (at))
        steps++;
    return all - all / QUESTION_PARTS * (int64_t) steps;
}

bool request_meets (const struct request *request, struct span party, const struct labels *sectors)
{
    return route_here (request->audience, request->audience_count, party, sectors);
}
