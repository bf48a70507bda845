/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/previous.h"

#include <stdlib.h>
#include <string.h>

#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"

#define HOPS 1000 /* of "replaced by" that are followed, should the broker not name the newest */

json_t *previous_document (struct call *call, const struct envelope *e)
{
    static const char *const kept[] = {
        "kind", "tlp", "mode", "exercise", "thread", "by", "expires"
    };
    json_t *message = message_json (call, e), *made = json_object ();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        json_t *value = json_object_get (message, kept[i]);
        bool usual = strcmp (kept[i], "mode") == 0 && e->mode == CB_MODE_LIVE;
        if (value && !json_is_null (value) && !usual)
            json_object_set (made, kept[i], value);
    }
    json_object_set (made, "to", json_object_get (message, "audience"));
    if (e->climb.size)
        json_object_set (made, "may_climb_to", json_object_get (message, "may_climb_to"));
    json_object_set (made, "body", json_object_get (message, "body"));
    json_decref (message);
    return made;
}

const struct field *previous_field (const struct schema *schema, const char *name,
                                    enum field_type type)
{
    for (size_t i = 0; i < schema->body.field_count; i++)
        if (strcmp (schema->body.fields[i].name, name) == 0 && schema->body.fields[i].type == type)
            return &schema->body.fields[i];
    return NULL;
}

static bool is_past (const json_t *value, int64_t now)
{
    int64_t ms;
    return json_is_string (value) && when_parse (span_of (json_string_value (value)), &ms) &&
           ms < now;
}

static void forget_past (const struct field *record, json_t *object, int64_t now)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        json_t *value = json_object_get (object, field->name);
        if (field->type == FIELD_TIME && is_past (value, now))
            json_object_del (object, field->name);
        else if (field->type == FIELD_RECORD && !field->list && value)
            forget_past (field, value, now);
        for (size_t k = 0; field->type == FIELD_RECORD && k < json_array_size (value); k++)
            forget_past (field, json_array_get (value, k), now);
    }
}

void previous_forget (const struct schema *schema, json_t *document, int64_t now)
{
    json_t *body = json_object_get (document, "body");
    const char *status = json_string_value (json_object_get (body, "status"));
    json_object_del (body, "number");
    json_object_del (body, "revision");
    json_object_del (body, "attachments"); /* their pieces are of the message before */
    json_object_del (document, "mode");
    json_object_del (document, "exercise");
    json_object_del (document, "thread");
    if (status && strcmp (status, "withdrawn") == 0)
        json_object_del (body, "status");
    if (is_past (json_object_get (document, "expires"), now))
        json_object_del (document, "expires");
    forget_past (&schema->body, body, now);
}

void previous_revise (const struct schema *schema, const struct envelope *e, json_t *document)
{
    json_t *body = json_object_get (document, "body");
    const char *before = json_string_value (json_object_get (body, "revision"));
    char next[24];
    char *end = NULL;
    unsigned long count = before ? strtoul (before, &end, 10) : 1;
    bool counted = !before || (*before >= '0' && *before <= '9' && !*end && count < 100000);
    if (previous_field (schema, "revision", FIELD_TEXT) && counted) {
        snprintf (next, sizeof next, "%lu", count + 1);
        json_object_set_new (body, "revision", json_string (next));
    }
    json_object_set_new (document, "replaces", json_ref (&e->id));
    json_object_set_new (document, "precedence", json_string ("flash"));
}

/* The id of what took its place, as text; false: nothing did. `*withdrawn`: it withdraws it. */
static bool superseded (struct span answer, char id[ID_TEXT], bool *withdrawn)
{
    struct msg_id ref;
    struct span standing = body_field (answer, "standing");
    struct pack_in in = pack_open (body_field (answer, "replaced"));
    *withdrawn = span_is (body_text (standing, "state"), "withdrawn");
    if (body_text (standing, "id").size) {
        span_text (body_text (standing, "id"), id, ID_TEXT);
        return true;
    }
    if (!msg_id_read (&in, &ref) || !ref.origin.size)
        return false;
    msg_id_text (&ref, id);
    return true;
}

/* Whether to go on with the one that took its place. */
static int go_on (const char *id, const char *verb, const char *newest)
{
    char question[ID_TEXT + 80];
    if (!prompt_possible ())
        return refused ("%s was replaced by %s: that one can be %s", line_text (id).text, newest,
                        verb);
    say ("%s was replaced by %s.\n", line_text (id).text, newest);
    snprintf (question, sizeof question, "Shall %s be %s instead? [yes/NO]", newest, verb);
    char *answer = prompt_line (question);
    bool yes = answer && prompt_is_yes (answer);
    free (answer);
    return yes ? EXIT_DONE : refused ("nothing was sent");
}

/* The newest of those that took each other's place. */
static int fetch_newest (struct call *call, const char *id, char newest[ID_TEXT],
                         struct fetched *fetched)
{
    bool withdrawn = false;
    int code = fetch (call, id, fetched);
    *newest = 0;
    for (size_t hop = 0; code == EXIT_DONE && superseded (fetched->answer, newest, &withdrawn);
         hop++) {
        if (withdrawn || hop == HOPS)
            return refused ("%s was %s by %s", line_text (id).text,
                            withdrawn ? "withdrawn" : "replaced again and again, last", newest);
        fetch_free (fetched);
        code = fetch (call, newest, fetched);
    }
    return code;
}

int previous_own (struct call *call, const char *id, const char *verb, struct fetched *fetched)
{
    struct party_name party;
    char newest[ID_TEXT];
    *fetched = (struct fetched){ 0 };
    int code = post_party (call, &party);
    if (code == EXIT_DONE)
        code = fetch_newest (call, id, newest, fetched);
    if (code != EXIT_DONE)
        return code;
    const struct record *record = &fetched->record;
    if (!record->whole || record->reason != CB_OK)
        return refused ("%s: its text is not kept here, or it was refused", line_text (id).text);
    if (!span_is (record->e.id.origin, party.text))
        return refused ("%s is %s's; only its issuer can do that. Yours begin with %s/",
                        line_text (id).text, line_of (record->e.id.origin).text, party.text);
    if (span_is (body_text (record->e.body, "status"), "withdrawn"))
        return refused ("%s was withdrawn already%s%s", line_text (id).text, *newest ? ", by " : "",
                        newest);
    return *newest ? go_on (id, verb, newest) : EXIT_DONE;
}
