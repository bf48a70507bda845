/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"

#include <inttypes.h>

#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "nodes/certbus/body.h"
#include "nodes/certbus/line.h"
#include "nodes/certbus/value.h"

/* Room for most, so that lines that come one by one stand below each other. */
#define ID_COLUMNS   16
#define KIND_COLUMNS 10

#define EXERCISE_MARK "EXERCISE"

struct when when_of (int64_t ms)
{
    struct when when = { "never" };
    if (ms > 0)
        when_text (ms - ms % 1000, when.text);
    return when;
}

void standing_read (struct span map, struct standing *standing)
{
    struct span state = body_text (map, "standing.state");
    *standing = (struct standing){ .state = STANDING_CURRENT };
    if (!state.size)
        return;
    standing->state = span_is (state, "withdrawn") ? STANDING_WITHDRAWN : STANDING_REPLACED;
    span_text (body_text (map, "standing.id"), standing->id, sizeof standing->id);
}

json_t *standing_json (const struct standing *standing)
{
    if (standing->state == STANDING_CURRENT)
        return json_null ();
    return json_pack ("{s:s, s:s}", "state",
                      standing->state == STANDING_WITHDRAWN ? "withdrawn" : "replaced", "id",
                      standing->id);
}

bool record_read (struct span map, struct record *record)
{
    struct pack_in here = pack_open (body_field (map, "here"));
    *record = (struct record){
        .position = body_int (map, "position", 0),
        .lane = body_int (map, "lane", 0),
        .reason = body_int (map, "reason", 0),
        .taken = body_int (map, "taken", 0),
        .from = body_text (map, "from"),
        .envelope = body_bytes (map, "envelope"),
        .leaf = body_bytes (map, "leaf"),
        .waits = body_field (map, "waits"),
        .refused = body_field (map, "refused"),
    };
    standing_read (map, &record->standing);
    record->here = pack_peek (&here) == PACK_BOOL && pack_bool (&here);
    record->whole = record->envelope.size && envelope_parse (&record->e, record->envelope) == CB_OK;
    return record->leaf.size == HASH_SIZE;
}

struct span message_title (const struct envelope *e)
{
    static const char *const fields[] = { "title", "summary", "text", "reason", "why", "party" };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct span text = body_text (e->body, fields[i]);
        if (text.size)
            return text;
    }
    return (struct span){ 0 };
}

static bool message_exercise (const struct envelope *e)
{
    return e->mode == CB_MODE_EXERCISE || span_is (e->kind, "exercise");
}

struct line headline_marked (bool exercise, struct span title)
{
    struct line line = line_of (title), marked;
    if (!exercise)
        return line;
    snprintf (marked.text, sizeof marked.text, EXERCISE_MARK ": %.900s", line.text);
    return marked;
}

struct line message_headline (const struct envelope *e)
{
    struct line title = line_of (message_title (e)), line;
    struct span step = body_text (e->body, "step");
    if (!span_is (e->kind, "exercise")) /* a step of a case without words is its own headline */
        return headline_marked (message_exercise (e), *title.text ? message_title (e) : step);
    snprintf (line.text, sizeof line.text, EXERCISE_MARK " %.16s%s%.900s", line_of (step).text,
              *title.text ? ": " : "", title.text);
    return line;
}

struct span message_severity (const struct envelope *e)
{
    return body_text (e->body, "severity");
}

static json_t *term_json (const struct term *term)
{
    switch (term->type) {
    case TERM_SUBTREE: return json_sprintf (SPAN_FMT ".**", SPAN_ARG (term->name));
    case TERM_SECTOR: return json_sprintf ("@" SPAN_FMT, SPAN_ARG (term->name));
    default: return json_span (term->name);
    }
}

static json_t *audience_json (const struct envelope *e)
{
    json_t *made = json_array ();
    for (size_t i = 0; i < e->audience_count; i++)
        json_array_append_new (made, term_json (&e->audience[i]));
    return made;
}

static const struct schema *schema_of (struct call *call, const struct envelope *e)
{
    const struct schemas *schemas = call_schemas (call);
    return schemas ? schemas_find_version (schemas, e->kind, e->schema) : NULL;
}

json_t *message_json (struct call *call, const struct envelope *e)
{
    char id[ID_TEXT], code[CODE_TEXT];
    json_t *made = json_object ();
    msg_id_text (&e->id, id);
    hash_code (&e->leaf, code);
    json_object_set_new (made, "id", json_string (id));
    json_object_set_new (made, "ref", json_ref (&e->id));
    json_object_set_new (made, "code", json_string (code));
    json_object_set_new (made, "leaf", json_hex (span_bytes (e->leaf.bytes, HASH_SIZE)));
    json_object_set_new (made, "origin", json_span (e->id.origin));
    json_object_set_new (made, "kind", json_span (e->kind));
    json_object_set_new (made, "audience", audience_json (e));
    json_object_set_new (made, "tlp", json_string (cb_tlp_name (e->tlp)));
    json_object_set_new (made, "precedence", json_string (cb_lane_name (e->precedence)));
    json_object_set_new (made, "mode", json_string (cb_mode_name (e->mode)));
    json_object_set_new (made, "exercise", json_ref (&e->exercise));
    json_object_set_new (made, "issued", json_time (e->issued));
    json_object_set_new (made, "expires", json_time (e->expires));
    json_object_set_new (made, "thread", json_ref (&e->thread));
    json_object_set_new (made, "replaces", json_ref (&e->replaces));
    json_object_set_new (made, "may_climb_to", json_span (e->climb));
    json_object_set_new (made, "by", json_span (e->officer));
    json_object_set_new (made, "schema", json_integer (e->schema));
    json_t *body = body_to_json (schema_of (call, e), e->body);
    json_object_set_new (made, "body", body ? body : json_null ());
    return made;
}

json_t *record_json (struct call *call, const struct record *record)
{
    json_t *made = record->whole ? message_json (call, &record->e) : json_object ();
    json_object_set_new (made, "leaf", json_hex (record->leaf));
    json_object_set_new (made, "position", json_integer (record->position));
    json_object_set_new (made, "taken", json_time (record->taken));
    json_object_set_new (made, "from", json_span (record->from));
    json_object_set_new (made, "here", json_boolean (record->here));
    json_object_set_new (made, "standing", standing_json (&record->standing));
    if (record->refused.size)
        json_object_set_new (made, "refused",
                             json_pack ("{s:o, s:o, s:o}", "party",
                                        json_span (body_text (record->refused, "party")), "reason",
                                        json_span (body_text (record->refused, "reason")), "id",
                                        json_span (body_text (record->refused, "id"))));
    if (record->waits.size)
        json_object_set_new (made, "waits", value_of (record->waits));
    json_object_set_new (made, "verdict", json_string (cb_reason_name ((unsigned) record->reason)));
    return made;
}

const char *const quiet_kinds[QUIET_KINDS] = { "checkpoint", "head", "part", "receipt" };

bool record_quiet (const struct record *record)
{
    for (size_t i = 0; record->whole && i < QUIET_KINDS; i++)
        if (span_is (record->e.kind, quiet_kinds[i]))
            return true;
    return false;
}

void record_line (const struct record *record)
{
    struct columns columns = { 0 };
    columns_fit (&columns, record, 1);
    columns.id = columns.width && columns.id < ID_COLUMNS ? ID_COLUMNS : columns.id;
    columns.kind = columns.width && columns.kind < KIND_COLUMNS ? KIND_COLUMNS : columns.kind;
    line_print (&columns, record);
}

static void print_ref (const char *label, const struct msg_id *id)
{
    char text[ID_TEXT];
    if (!id->origin.size)
        return;
    msg_id_text (id, text);
    say ("%-11s %s\n", label, text);
}

static void print_audience (const struct envelope *e)
{
    say ("%-11s", "To");
    for (size_t i = 0; i < e->audience_count; i++) {
        const struct term *term = &e->audience[i];
        say ("%s %s%s%s", i ? "," : "", term->type == TERM_SECTOR ? "@" : "",
             line_of (term->name).text, term->type == TERM_SUBTREE ? ".**" : "");
    }
    say ("\n");
}

void message_print (struct call *call, const struct envelope *e, struct span title)
{
    char id[ID_TEXT], code[CODE_TEXT];
    msg_id_text (&e->id, id);
    hash_code (&e->leaf, code);
    style (STYLE_STRONG);
    if (e->mode == CB_MODE_EXERCISE)
        say (EXERCISE_MARK "  " EXERCISE_MARK "  " EXERCISE_MARK "\n");
    say ("%s %s\n", line_of (e->kind).text, id);
    style (STYLE_PLAIN);
    if (e->mode != CB_MODE_LIVE)
        say ("%-11s %s: this is not the real thing\n", "Mode", cb_mode_name (e->mode));
    say ("%-11s %s%s%s%s\n", "From", line_of (e->id.origin).text, title.size ? " (" : "",
         line_of (title).text, title.size ? ")" : "");
    if (e->officer.size)
        say ("%-11s %s\n", "By", line_of (e->officer).text);
    print_audience (e);
    style (STYLE_STRONG);
    say ("%-11s %s\n", "TLP", cb_tlp_name (e->tlp));
    style (STYLE_PLAIN);
    say ("%-11s %s\n", "Code", code);
    say ("%-11s %s\n", "Precedence", cb_lane_name (e->precedence));
    say ("%-11s %s\n", "Issued", when_of (e->issued).text);
    if (e->expires)
        say ("%-11s %s\n", "Expires", when_of (e->expires).text);
    print_ref ("Thread", &e->thread);
    print_ref ("Replaces", &e->replaces);
    print_ref ("Exercise", &e->exercise);
    if (e->climb.size)
        say ("%-11s %s\n", "May climb", line_of (e->climb).text);
    say ("\n");
    body_print (schema_of (call, e), e->body);
}
