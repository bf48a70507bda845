/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/out.h"

/* Where times stand in docs/local.md, by their key; `head` is one only inside `trust`. */
static bool is_time (const char *parent, struct span key)
{
    static const char *const names[] = {
        "taken", "started",   "now",  "not_after", "since", "heard", "oldest", "time", "silent",
        "last",  "announced", "from", "until",     "ended", "due",   "done",   "sent",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_is (key, names[i]))
            return true;
    return strcmp (parent, "trust") == 0 && span_is (key, "head");
}

static json_t *convert (struct span value, const char *parent, struct span key);

static json_t *convert_map (struct span value, const char *name)
{
    struct pack_in in = pack_open (value);
    struct span last = { 0 };
    json_t *made = json_object ();
    for (size_t left = pack_map (&in, SIZE_MAX); left; left--) {
        struct span key = pack_key (&in, &last), element = pack_any (&in);
        json_object_setn_new (made, (const char *) key.data, key.size,
                              convert (element, name, key));
    }
    return made;
}

/* [party, counter, nonce, sequence] */
static bool as_ref (struct span value, struct msg_id *id)
{
    struct pack_in in = pack_open (value);
    return pack_peek (&in) == PACK_ARRAY && msg_id_read (&in, id) && id->origin.size;
}

static json_t *convert_array (struct span value, const char *name)
{
    struct msg_id id;
    struct pack_in in = pack_open (value);
    if (as_ref (value, &id))
        return json_ref (&id);
    size_t count = pack_array (&in, 0, SIZE_MAX);
    if (strcmp (name, "epoch") == 0 && count == 2) {
        uint64_t counter = pack_uint (&in, 0, UINT32_MAX), nonce = pack_uint (&in, 0, UINT64_MAX);
        return json_sprintf ("%" PRIu64 ".%016" PRIx64, counter, nonce);
    }
    json_t *made = json_array ();
    while (count--)
        json_array_append_new (made, convert (pack_any (&in), name, (struct span){ 0 }));
    return made;
}

static json_t *convert_int (struct pack_in *in, bool time)
{
    struct pack_in copy = *in;
    int64_t value = pack_int (in, INT64_MIN, INT64_MAX);
    if (!in->bad)
        return time ? json_time (value) : json_integer (value);
    return json_sprintf ("%" PRIu64, pack_uint (&copy, 0, UINT64_MAX));
}

static json_t *convert (struct span value, const char *parent, struct span key)
{
    struct pack_in in = pack_open (value);
    char name[72];
    span_text (key, name, sizeof name);
    switch (pack_peek (&in)) {
    case PACK_MAP: return convert_map (value, name);
    case PACK_ARRAY: return convert_array (value, name);
    case PACK_INT: return convert_int (&in, is_time (parent, key));
    case PACK_BOOL: return json_boolean (pack_bool (&in));
    case PACK_BIN: return json_hex (pack_bin (&in, 0, SIZE_MAX));
    case PACK_STR: {
        struct span text = pack_str (&in, 0, SIZE_MAX);
        return json_stringn ((const char *) text.data, text.size);
    }
    default: return json_null ();
    }
}

json_t *value_of (struct span value)
{
    return convert (value, "", (struct span){ 0 });
}

json_t *value_json (struct span answer)
{
    json_t *made = convert_map (answer, "");
    json_object_del (made, "ok");
    return made;
}
