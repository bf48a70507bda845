/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/rows.h"

#include <stdlib.h>

#include "nodes/certbus/casework/told.h"

#define PAGE    200
#define SOON_MS INT64_C (3600000)

static json_t *value_of_key (const struct row_key *key, struct span row)
{
    struct msg_id id;
    struct pack_in in = pack_open (body_field (row, key->key));
    if (pack_peek (&in) == PACK_END)
        return json_null ();
    switch (key->type) {
    case ROW_TEXT: return json_span (body_text (row, key->key));
    case ROW_TIME: return json_time (body_int (row, key->key, 0));
    case ROW_REF: return msg_id_read (&in, &id) ? json_ref (&id) : json_null ();
    case ROW_INT: return json_integer (body_int (row, key->key, 0));
    default: return json_boolean (answer_bool (row, key->key));
    }
}

json_t *row_json (const struct row_key *keys, struct span row)
{
    json_t *made = json_object ();
    for (; keys->key; keys++)
        json_object_set_new (made, keys->key, value_of_key (keys, row));
    return made;
}

int rows_each (const struct rows *rows)
{
    struct span after = { NULL, 0 };
    int code = EXIT_DONE;
    bool more = true;
    while (code == EXIT_DONE && more) {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new (rows->op);
        ask_int (question, "limit", PAGE);
        if (after.size)
            ask_bytes (question, "after", after);
        if (rows->ask)
            rows->ask (rows->self, question);
        code = talk (rows->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        span_free (&after);
        if (code != EXIT_DONE)
            break;
        if (rows->answer)
            rows->answer (rows->self, answer);
        more = answer_bool (answer, "more");
        after = span_keep (body_bytes (answer, "next"));
        for (size_t left = answer_array (answer, rows->key, &in); left; left--)
            if (!rows->take (rows->self, pack_any (&in))) {
                more = false;
                break;
            }
    }
    span_free (&after);
    return code;
}

enum style urgency_style (int64_t due, int64_t now)
{
    return due <= 0               ? STYLE_PLAIN
           : due <= now           ? STYLE_BAD
           : due <= now + SOON_MS ? STYLE_WARN
                                  : STYLE_PLAIN;
}

const char *row_mark (struct span row)
{
    return told_mode (row) == CB_MODE_EXERCISE ? "EXERCISE " : "";
}
