/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/exercise/script.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/exercise.h"
#include "bus/edge/cfg.h"
#include "bus/edge/json.h"
#include "bus/edge/policyfile.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/post.h"

#define TEXT_BYTES 16000

/* A file that is read. */
struct reading {
    struct cfg cfg;
    const struct script_ask *ask;
    struct script *script;
    struct exercise exercise; /* as it would run: who takes part */
    json_t *names;            /* of injects, to be referred to; owned */
};

static bool missing (struct reading *r, const config_setting_t *group, const char *name)
{
    return cfg_refuse (&r->cfg, group, "%s is missing", name);
}

static bool need_text (struct reading *r, const config_setting_t *group, const char *name,
                       size_t most, const char **out)
{
    *out = NULL;
    return cfg_text (&r->cfg, group, name, most, out) && (*out != NULL || missing (r, group, name));
}

static bool read_duration (struct reading *r, const config_setting_t *group, const char *name,
                           int64_t least, int64_t *out)
{
    const char *text;
    if (!need_text (r, group, name, 20, &text))
        return false;
    if (duration_parse (text, out) && *out >= least && *out <= EXERCISE_LATEST)
        return true;
    return cfg_refuse (
        &r->cfg, config_setting_get_member (group, name),
        "\"%s\" is no time that an exercise lasts; expected as \"90 s\", \"15 min\", "
        "\"4 h\", at most 31 d",
        text);
}

static bool read_tlp (struct reading *r, const config_setting_t *group, unsigned *tlp)
{
    const char *text = NULL;
    char why[WHY_MAX];
    if (!cfg_text (&r->cfg, group, "tlp", 20, &text))
        return false;
    if (text == NULL)
        return true;
    if (!post_tlp (text, tlp, why, sizeof why) || *tlp > CB_TLP_AMBER)
        return cfg_refuse (&r->cfg, config_setting_get_member (group, "tlp"),
                           "\"%s\"; expected TLP:CLEAR, TLP:GREEN or TLP:AMBER", text);
    return true;
}

/* --- Names and terms ----------------------------------------------------------------------- */

static bool read_name (struct reading *r, const config_setting_t *group, json_t *names,
                       const char **out)
{
    const config_setting_t *setting = config_setting_get_member (group, "id");
    if (!need_text (r, group, "id", EXERCISE_NAME, out))
        return false;
    if (!exercise_name_valid (span_of (*out)))
        return cfg_refuse (&r->cfg, setting, "\"%s\": expected small letters, digits and -", *out);
    if (json_object_get (names, *out) != NULL)
        return cfg_refuse (&r->cfg, setting, "\"%s\" is there twice", *out);
    json_object_set_new (names, *out, json_true ());
    return true;
}

/* Whether a term belongs to those that it is announced to. */
static bool takes_part (const struct reading *r, const struct term *term)
{
    struct exercise_guest guest = { .origin = r->exercise.id.origin,
                                    .audience_count = 1,
                                    .audience = term,
                                    .issued = r->exercise.started };
    return exercise_rejects (&r->exercise, &guest) == NULL;
}

/* One text, or several; each goes to `out`. `parties`: no subtree, no sector. */
static bool read_terms (struct reading *r, const config_setting_t *group, const char *name,
                        bool parties, json_t *out)
{
    const config_setting_t *setting = config_setting_get_member (group, name);
    if (setting == NULL)
        return missing (r, group, name);
    bool one = config_setting_type (setting) == CONFIG_TYPE_STRING;
    int count = one ? 1 : config_setting_length (setting);
    if (count < 1 || count > (parties ? 64 : AUDIENCE_MAX))
        return cfg_refuse (&r->cfg, setting, "expected one name, or several in [ ... ]");
    for (int i = 0; i < count; i++) {
        struct term term;
        const char *text =
            one ? config_setting_get_string (setting) : config_setting_get_string_elem (setting, i);
        if (text == NULL || !term_parse (&term, span_of (text)) ||
            (parties && term.type != TERM_PARTY))
            return cfg_refuse (&r->cfg, setting, "\"%s\" is no %s", text ? text : "?",
                               parties ? "party: expected as pk.sindh.kpt"
                                       : "audience: expected as pk.sindh, pk.sindh.** or @energy");
        if (r->exercise.audience_count > 0 && !takes_part (r, &term))
            return cfg_refuse (&r->cfg, setting, "%s is not among those that this exercise is for",
                               text);
        json_array_append_new (out, json_string (text));
    }
    return true;
}

/* --- Injects ------------------------------------------------------------------------------- */

/* The body that a document beside the script holds. */
static json_t *load_body (struct reading *r, const config_setting_t *setting, const char *name)
{
    char path[PATH_TEXT], why[WHY_MAX];
    const char *slash = strrchr (r->ask->path, '/');
    int folder = slash != NULL && *name != '/' ? (int) (slash - r->ask->path) + 1 : 0;
    snprintf (path, sizeof path, "%.*s%s", folder, r->ask->path, name);
    json_t *document = json_load_document (path, why, sizeof why);
    if (document == NULL) {
        cfg_refuse (&r->cfg, setting, "%s", why);
        return NULL;
    }
    json_t *body = json_object_get (document, "body");
    body = json_incref (body != NULL ? body : document);
    json_decref (document);
    return body;
}

static json_t *inject_body (struct reading *r, const config_setting_t *group, const char *kind)
{
    const config_setting_t *setting = config_setting_get_member (group, "body");
    const char *file = NULL, *title = NULL, *text = NULL;
    if (!cfg_text (&r->cfg, group, "body", 255, &file) ||
        !cfg_text (&r->cfg, group, "title", 300, &title) ||
        !cfg_text (&r->cfg, group, "text", TEXT_BYTES, &text))
        return NULL;
    if (file != NULL && (title != NULL || text != NULL)) {
        cfg_refuse (&r->cfg, setting, "a file of its own, or title and text; not both");
        return NULL;
    }
    if (file != NULL)
        return load_body (r, setting, file);
    if (strcmp (kind, "note") != 0 || text == NULL) {
        cfg_refuse (&r->cfg, group,
                    strcmp (kind, "note") == 0
                        ? "text is missing: what is to be read"
                        : "body is missing: the file of an advisory, as for certbus publish");
        return NULL;
    }
    json_t *body = json_pack ("{s:s}", "text", text);
    if (title != NULL)
        json_object_set_new (body, "title", json_string (title));
    return body;
}

/* The canonical body, as a field of bytes is written. The broker gives it its number. */
static json_t *packed (struct reading *r, const config_setting_t *group, const char *kind,
                       json_t *body)
{
    char why[WHY_MAX];
    struct pack_out out;
    json_t *made = NULL;
    const struct schema *schema = schemas_find (r->ask->schemas, span_of (kind));
    if (schema == NULL) {
        cfg_refuse (&r->cfg, group, "no schema for '%s' here", kind);
        return NULL;
    }
    if (schema_numbered (schema))
        json_object_set_new (body, "number", json_string ("EX"));
    pack_init (&out);
    if (body_from_json (schema, body, &out, why, sizeof why)) {
        struct span bytes = pack_result (&out);
        size_t size = sodium_base64_encoded_len (bytes.size, sodium_base64_VARIANT_ORIGINAL);
        char *text = malloc (size);
        if (text == NULL)
            abort ();
        sodium_bin2base64 (text, size, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
        made = json_string (text);
        free (text);
    } else {
        cfg_refuse (&r->cfg, group, "as %s: %s", kind, why);
    }
    pack_free (&out);
    return made;
}

static bool read_kind (struct reading *r, const config_setting_t *group, const char **kind)
{
    *kind = "note";
    if (!cfg_text (&r->cfg, group, "kind", KIND_MAX, kind))
        return false;
    if (strcmp (*kind, "note") == 0 || strcmp (*kind, "advisory") == 0)
        return true;
    return cfg_refuse (&r->cfg, config_setting_get_member (group, "kind"),
                       "\"%s\" is none that is injected; expected note or advisory", *kind);
}

static bool read_inject (struct reading *r, const config_setting_t *group, json_t *list)
{
    static const char *const known[] = { "id",    "at",   "to",   "kind", "tlp",
                                         "title", "text", "body", NULL };
    const char *name, *kind;
    int64_t at = 0;
    unsigned tlp = r->script->tlp;
    json_t *to = json_array (), *body = NULL, *bytes = NULL;
    bool good = cfg_known (&r->cfg, group, known) && read_name (r, group, r->names, &name) &&
                read_duration (r, group, "at", 0, &at) && read_kind (r, group, &kind) &&
                read_tlp (r, group, &tlp) && read_terms (r, group, "to", false, to);
    if (good && at >= r->script->until - r->script->from)
        good = cfg_refuse (&r->cfg, config_setting_get_member (group, "at"),
                           "after the end of the exercise: it would never be sent");
    if (good)
        body = inject_body (r, group, kind);
    if (body != NULL)
        bytes = packed (r, group, kind, body);
    good = bytes != NULL;
    if (good) {
        json_array_append_new (list, json_pack ("{s:s, s:I, s:O, s:s, s:i, s:O}", "id", name, "at",
                                                (json_int_t) at, "to", to, "kind", kind, "tlp",
                                                (int) tlp, "body", bytes));
        r->script->last = at > r->script->last ? at : r->script->last;
    }
    json_decref (bytes);
    json_decref (body);
    json_decref (to);
    return good;
}

/* --- Expected responses -------------------------------------------------------------------- */

static const struct field *field_of (const struct field *record, const char *name)
{
    for (size_t i = 0; record != NULL && i < record->field_count; i++)
        if (strcmp (record->fields[i].name, name) == 0)
            return &record->fields[i];
    return NULL;
}

static bool read_clock (struct reading *r, const config_setting_t *group, const char **clock)
{
    const struct schema *schema = schemas_find (r->ask->schemas, span_of ("exercise"));
    const struct field *field =
        field_of (field_of (schema ? &schema->body : NULL, "expected"), "clock");
    char list[WHY_MAX / 2] = "";
    if (!need_text (r, group, "clock", 32, clock))
        return false;
    for (size_t i = 0; field != NULL && i < field->choice_count; i++) {
        size_t used = strlen (list);
        if (strcmp (field->choices[i], *clock) == 0)
            return true;
        snprintf (list + used, sizeof list - used, "%s%s", i ? ", " : "", field->choices[i]);
    }
    return cfg_refuse (&r->cfg, config_setting_get_member (group, "clock"),
                       "\"%s\" is nothing that is expected; there is %s", *clock, list);
}

static bool read_expected (struct reading *r, const config_setting_t *group, json_t *list,
                           json_t *names)
{
    static const char *const known[] = { "id", "inject", "who", "clock", "limit", NULL };
    const char *name, *inject = NULL, *clock;
    int64_t limit;
    json_t *who = json_array ();
    bool good = cfg_known (&r->cfg, group, known) && read_name (r, group, names, &name) &&
                cfg_text (&r->cfg, group, "inject", EXERCISE_NAME, &inject) &&
                read_clock (r, group, &clock) && read_duration (r, group, "limit", 1, &limit) &&
                read_terms (r, group, "who", true, who);
    if (good && inject != NULL && json_object_get (r->names, inject) == NULL)
        good = cfg_refuse (&r->cfg, config_setting_get_member (group, "inject"),
                           "\"%s\": there is no such inject", inject);
    if (good) {
        json_t *made = json_pack ("{s:s, s:s, s:I, s:O}", "id", name, "clock", clock, "limit",
                                  (json_int_t) limit, "who", who);
        if (inject != NULL)
            json_object_set_new (made, "inject", json_string (inject));
        json_array_append_new (list, made);
    }
    json_decref (who);
    return good;
}

/* --- The file ------------------------------------------------------------------------------ */

static bool read_lists (struct reading *r, const config_setting_t *root)
{
    const config_setting_t *injects = NULL, *expected = NULL;
    json_t *list = json_array (), *wanted = json_array (), *names = json_object ();
    bool good = cfg_list (&r->cfg, root, "injects", &injects) &&
                cfg_list (&r->cfg, root, "expected", &expected);
    for (int i = 0; good && injects != NULL && i < config_setting_length (injects); i++)
        good = read_inject (r, config_setting_get_elem (injects, (unsigned) i), list);
    for (int i = 0; good && expected != NULL && i < config_setting_length (expected); i++)
        good = read_expected (r, config_setting_get_elem (expected, (unsigned) i), wanted, names);
    r->script->injects = json_array_size (list);
    r->script->expected = json_array_size (wanted);
    r->script->plan = json_pack ("{s:s, s:s, s:o, s:o}", "step", "plan", "title", r->script->title,
                                 "injects", list, "expected", wanted);
    json_decref (names);
    return good;
}

static bool read_period (struct reading *r, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member (root, "from");
    struct day day = day_here ();
    const char *text = NULL;
    char why[WHY_MAX];
    int64_t length;
    if (!cfg_text (&r->cfg, root, "from", 40, &text) ||
        !read_duration (r, root, "length", 1, &length))
        return false;
    r->script->from = r->ask->from > 0 ? r->ask->from : r->ask->now;
    if (r->ask->from == 0 && text != NULL &&
        !day_parse (span_of (text), &day, DAY_END, &r->script->from, why, sizeof why))
        return cfg_refuse (&r->cfg, setting, "%s", why);
    r->script->until = r->script->from + length;
    if (r->script->until <= r->ask->now)
        return cfg_refuse (&r->cfg, setting ? setting : root,
                           "this period is past; say another one with --from");
    return true;
}

static bool read_audience (struct reading *r, const config_setting_t *root)
{
    json_t *to = json_array ();
    bool good = read_terms (r, root, "to", false, to);
    for (size_t i = 0; good && i < json_array_size (to); i++) {
        char *term = r->script->to[r->script->to_count++];
        snprintf (term, TERM_MAX + 1, "%s", json_string_value (json_array_get (to, i)));
        term_parse (&r->exercise.audience[i], span_of (term));
    }
    r->exercise.audience_count = r->script->to_count;
    json_decref (to);
    return good;
}

static bool read_root (struct reading *r, const config_setting_t *root)
{
    static const char *const known[] = { "title",  "text",    "to",       "tlp", "from",
                                         "length", "injects", "expected", NULL };
    const char *title, *text;
    r->script->tlp = CB_TLP_AMBER;
    if (!cfg_known (&r->cfg, root, known) || !need_text (r, root, "title", 300, &title) ||
        !need_text (r, root, "text", TEXT_BYTES, &text) || !read_tlp (r, root, &r->script->tlp) ||
        !read_audience (r, root) || !read_period (r, root))
        return false;
    snprintf (r->script->title, sizeof r->script->title, "%s", title);
    r->script->announce =
        json_pack ("{s:s, s:s, s:s}", "step", "announce", "title", title, "text", text);
    return read_lists (r, root);
}

bool script_read (struct script *script, const struct script_ask *ask, char *why, size_t why_size)
{
    struct reading r = { .ask = ask, .script = script };
    *script = (struct script){ .tlp = 0 };
    r.exercise = (struct exercise){ .id = { .origin = span_of (ask->party) },
                                    .stands = EXERCISE_RUNNING,
                                    .started = 1,
                                    .until = INT64_MAX };
    if (!cfg_open (&r.cfg, ask->path, why, why_size))
        return false;
    r.names = json_object ();
    bool good = read_root (&r, cfg_root (&r.cfg));
    json_decref (r.names);
    cfg_close (&r.cfg);
    return good;
}

void script_free (struct script *script)
{
    json_decref (script->plan);
    json_decref (script->announce);
    script->plan = script->announce = NULL;
}
