/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin.h"

#include <stdlib.h>
#include <string.h>

#include "bus/core/bulletin.h"
#include "bus/core/policy.h"
#include "bus/edge/json.h"
#include "nodes/certbus/draft.h"
#include "nodes/certbus/editor.h"
#include "nodes/certbus/previous.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/template.h"

#define DRAFT_KIND "bulletin"

static const struct {
    const char *field, *option;
} words[] = {
#define BULLETIN_X(field, option, value, about) { field, option },
    BULLETIN_WORDS (BULLETIN_X)
#undef BULLETIN_X
};
#define WORDS (sizeof words / sizeof words[0])

/* --- Editing ------------------------------------------------------------------------------- */

static bool is_word (const char *field)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp (words[i].field, field) == 0)
            return true;
    return false;
}

/* The schema with nothing in it but what an officer writes: for the form of the editor. The
 * fields are copied, and what they point to is borrowed. Free its body.fields. */
static struct schema schema_of_words (const struct schema *schema)
{
    struct schema made = *schema;
    made.body.fields = calloc (WORDS, sizeof made.body.fields[0]);
    made.body.field_count = 0;
    if (!made.body.fields)
        abort ();
    for (size_t i = 0; i < schema->body.field_count; i++)
        if (is_word (schema->body.fields[i].name) && made.body.field_count < WORDS)
            made.body.fields[made.body.field_count++] = schema->body.fields[i];
    return made;
}

/* What an officer wrote takes the place of what was there; what was taken out is gone. */
static void take_words (json_t *body, const json_t *written)
{
    for (size_t i = 0; i < WORDS; i++) {
        json_t *value = json_object_get (written, words[i].field);
        if (value)
            json_object_set (body, words[i].field, value);
        else
            json_object_del (body, words[i].field);
    }
}

static bool take_options (struct call *call, json_t *body)
{
    bool any = false;
    for (size_t i = 0; i < WORDS; i++) {
        const char *text = args_text (&call->args, words[i].option);
        if (text && *text)
            json_object_set_new (body, words[i].field, json_string (text));
        else if (text)
            json_object_del (body, words[i].field);
        any = any || text;
    }
    return any;
}

static int parse_words (const struct schema *form, struct span text, const struct draft_file *file,
                        json_t *body)
{
    struct template_error error;
    struct day day = day_here ();
    json_t *written = template_parse (form, text, &day, &error);
    if (!written)
        return refused ("%s:%u: %s; mend it with certbus bulletin --edit, which goes on with it",
                        file->path, error.line, error.why);
    take_words (body, json_object_get (written, "body"));
    json_decref (written);
    return EXIT_DONE;
}

/* Opens the words in the editor; what was left there before is gone on with. */
static int edit_words (const struct schema *form, const struct draft_file *file, json_t *body)
{
    char why[WHY_MAX];
    struct day day = day_here ();
    struct span text = { 0 };
    json_t *start = json_pack ("{s:O}", "body", body);
    char *fresh = template_print (form, start, &day);
    json_decref (start);
    int code = draft_time (file) ? EXIT_DONE : draft_write (file, fresh);
    free (fresh);
    if (code == EXIT_DONE && !editor_run (file->path, 0, why, sizeof why))
        code = refused ("%s; nothing was changed", why);
    if (code == EXIT_DONE)
        code = draft_read (file, &text);
    if (code == EXIT_DONE && !template_says (text)) {
        draft_remove (file);
        code = refused ("nothing was changed");
    }
    if (code == EXIT_DONE)
        code = parse_words (form, text, file, body);
    span_free (&text);
    return code;
}

/* Sends the body in the place of an earlier message. */
static int send_in_place (struct call *call, const struct envelope *before, json_t *body,
                          const struct post *like, json_t *into)
{
    char replaces[ID_JSON];
    struct post post;
    post_start (&post, "the bulletin", json_incref (body));
    json_id_text (&before->id, replaces);
    post.kind = "bulletin";
    post.tlp = like->tlp;
    post.replaces = replaces;
    post.by = args_text (&call->args, "by");
    post.to_count = like->to_count;
    memcpy (post.to, like->to, sizeof post.to);
    int code = bulletins_send (call, &post, into);
    post_free (&post);
    return code;
}

/* The draft that waits. An exit code, after a complaint. */
static int waiting_draft (struct call *call, struct bulletins *bulletins)
{
    struct bulletins_wanted wanted = { .edition = "cabinet" };
    int code = bulletins_ask (call, &wanted, bulletins);
    if (code != EXIT_DONE)
        return code;
    char id[ID_TEXT] = "";
    if (bulletins->has_final)
        msg_id_text (&bulletins->final.e.id, id);
    if (bulletins->own && bulletins->has_final)
        return refused ("the newest bulletin was approved: %s; there is no draft", id);
    if (!bulletins->own || !bulletins->has_draft)
        return refused ("no draft waits here; certbus bulletin --preview shows what it would be");
    return EXIT_DONE;
}

static int find_schema (struct call *call, const struct schema **schema)
{
    char why[WHY_MAX];
    int code = post_schema (call, "bulletin", schema, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    return code;
}

static int edit_body (struct call *call, const struct schema *schema, struct draft_file *file,
                      json_t *body)
{
    struct party_name party;
    if (take_options (call, body))
        return EXIT_DONE;
    if (!prompt_possible ())
        return usage (call, "--edit: without a terminal for your editor, say it by --headline, "
                            "--threat-level, --outlook");
    int code = post_party (call, &party);
    struct schema form = schema_of_words (schema);
    if (code == EXIT_DONE)
        code = draft_open (file, party.text, DRAFT_KIND, NULL);
    if (code == EXIT_DONE)
        code = edit_words (&form, file, body);
    free (form.body.fields);
    return code;
}

int bulletin_edit (struct call *call)
{
    struct bulletins bulletins = { .has_draft = false };
    struct draft_file file = { .lock = -1 };
    const struct schema *schema;
    json_t *body = NULL;
    struct party_name self;
    int code = waiting_draft (call, &bulletins);
    if (code == EXIT_DONE)
        code = find_schema (call, &schema);
    if (code == EXIT_DONE)
        code = post_party (call, &self);
    if (code == EXIT_DONE) {
        body = body_to_json (schema, bulletins.draft.e.body);
        code = edit_body (call, schema, &file, body);
    }
    struct post like = { .tlp = CB_TLP_AMBER, .to_count = 1, .to = { self.text } };
    if (code == EXIT_DONE)
        code = send_in_place (call, &bulletins.draft.e, body, &like, NULL);
    if (code == EXIT_DONE && *file.path && !args_flag (&call->args, "dry-run"))
        draft_remove (&file);
    draft_close (&file);
    json_decref (body);
    bulletins_free (&bulletins);
    return code;
}

/* --- Approving ----------------------------------------------------------------------------- */

/* A text for everybody names nobody whom the Cabinet's edition names. */
static bool names_nobody (struct span body, const char *field)
{
    struct span text = body_text (body, field), name = bulletin_named (body, text);
    if (!name.size)
        return true;
    refused ("%s names %s, and the community edition goes to everybody; reword it, or say "
             "another one for that edition: certbus bulletin --edit --green-%s TEXT",
             field, line_of (name).text, strstr (field, "outlook") ? "outlook" : "headline");
    return false;
}

static bool may_be_published (struct span body)
{
    bool headline = body_text (body, "green_headline").size > 0;
    bool outlook = body_text (body, "green_outlook").size > 0;
    if (!body_text (body, "headline").size || !body_text (body, "threat_level").size) {
        refused ("it has no %s yet: certbus bulletin --edit",
                 body_text (body, "headline").size ? "threat level" : "headline");
        return false;
    }
    return names_nobody (body, headline ? "green_headline" : "headline") &&
           names_nobody (body, outlook ? "green_outlook" : "outlook") &&
           (headline || outlook ||
            (names_nobody (body, "headline_ur") && names_nobody (body, "outlook_ur")));
}

/* Whom an edition goes to. Texts borrow from the answer. */
struct audience {
    struct post like;
    char names[AUDIENCE_MAX][TERM_MAX + 1];
};

static bool add_to (struct audience *audience, const char *term)
{
    size_t count = audience->like.to_count;
    if (count == AUDIENCE_MAX)
        return false;
    snprintf (audience->names[count], sizeof audience->names[0], "%s", term);
    audience->like.to[count] = audience->names[count];
    audience->like.to_count++;
    return true;
}

/* The party's own subtree has the community edition anyway. */
static bool add_subscribers (struct audience *audience, struct span answer, const char *edition)
{
    struct pack_in in;
    struct span self = body_text (answer, "self");
    bool green = strcmp (edition, "community") == 0, fits = true;
    for (size_t left = answer_array (answer, "subscribers", &in); left; left--) {
        char party[TERM_MAX + 1];
        struct span row = pack_any (&in);
        span_text (body_text (row, "party"), party, sizeof party);
        if (answer_bool (row, "entitled") && span_is (body_text (row, "edition"), edition) &&
            !(green && party_within (span_of (party), self)))
            fits = add_to (audience, party) && fits;
    }
    if (!fits)
        refused ("more than %d subscribe to the %s edition: that is more than one message can be "
                 "for",
                 AUDIENCE_MAX, edition);
    return fits;
}

static bool cabinet_audience (struct audience *audience, struct span answer)
{
    char self[TERM_MAX + 1];
    *audience = (struct audience){ .like = { .tlp = CB_TLP_AMBER } };
    span_text (body_text (answer, "self"), self, sizeof self);
    return add_subscribers (audience, answer, "cabinet") &&
           (audience->like.to_count > 0 || add_to (audience, self));
}

static bool community_audience (struct audience *audience, struct span answer)
{
    char below[TERM_MAX + 1];
    struct span self = body_text (answer, "self");
    *audience = (struct audience){ .like = { .tlp = CB_TLP_GREEN } };
    snprintf (below, sizeof below, SPAN_FMT ".**", SPAN_ARG (self));
    return add_to (audience, below) && add_subscribers (audience, answer, "community");
}

/* The community edition is made of the Cabinet's, as it is published. */
static int publish_community (struct call *call, const struct schema *schema,
                              const struct bulletins *bulletins, json_t *into)
{
    struct span cabinet = bulletins->draft.e.body;
    struct audience audience;
    struct pack_out green;
    struct post post;
    if (!community_audience (&audience, bulletins->answer))
        return EXIT_REFUSED;
    pack_init (&green);
    bulletin_green (
        &green, cabinet,
        body_int (bulletins->answer, "least", policy_setting (NULL, POLICY_SEEN_THRESHOLD)));
    json_t *body = body_to_json (schema, pack_result (&green));
    json_object_set_new (body, "status", json_string ("final"));
    post_start (&post, "the community edition", body);
    post.kind = "bulletin";
    post.tlp = audience.like.tlp;
    post.by = args_text (&call->args, "by");
    post.to_count = audience.like.to_count;
    memcpy (post.to, audience.like.to, sizeof post.to);
    int code = bulletins_send (call, &post, into);
    post_free (&post);
    pack_free (&green);
    return code;
}

static int publish_cabinet (struct call *call, const struct schema *schema,
                            const struct bulletins *bulletins, json_t *into)
{
    struct audience audience;
    if (!cabinet_audience (&audience, bulletins->answer))
        return EXIT_REFUSED;
    json_t *body = body_to_json (schema, bulletins->draft.e.body);
    json_object_set_new (body, "status", json_string ("final"));
    json_object_del (body, "green_headline");
    json_object_del (body, "green_outlook");
    int code = send_in_place (call, &bulletins->draft.e, body, &audience.like, into);
    json_decref (body);
    return code;
}

/* Of the period of the draft there is a community edition already. */
static int community_is_out (struct call *call, int64_t until, bool *out)
{
    struct bulletins community = { .has_draft = false };
    struct bulletins_wanted wanted = { .edition = "community", .period = until };
    int code = bulletins_ask (call, &wanted, &community);
    *out = code == EXIT_DONE && community.own && community.has_final &&
           body_int (community.final.e.body, "period.until", 0) == until;
    bulletins_free (&community);
    return code;
}

int bulletin_approve (struct call *call)
{
    struct bulletins bulletins = { .has_draft = false };
    const struct schema *schema;
    bool community = false;
    if (!args_text (&call->args, "by") || !*args_text (&call->args, "by"))
        return usage (call, "--approve: --by OFFICER says who answers for it");
    struct bulletins_wanted wanted = { .edition = "cabinet" };
    int code = bulletins_ask (call, &wanted, &bulletins);
    /* Whoever was interrupted between the two goes on with the second. */
    bool resumed = code == EXIT_DONE && bulletins.own && bulletins.has_final && bulletins.has_draft;
    if (resumed)
        code = community_is_out (call, body_int (bulletins.final.e.body, "period.until", 0),
                                 &community);
    if (code == EXIT_DONE && (!resumed || community)) {
        bulletins_free (&bulletins);
        code = waiting_draft (call, &bulletins);
    }
    if (code == EXIT_DONE)
        code = find_schema (call, &schema);
    if (code == EXIT_DONE && !may_be_published (bulletins.draft.e.body))
        code = EXIT_REFUSED;
    json_t *cabinet = json_object (), *green = json_object ();
    if (code == EXIT_DONE && !resumed)
        code = publish_cabinet (call, schema, &bulletins, cabinet);
    if (code == EXIT_DONE)
        code = publish_community (call, schema, &bulletins, green);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:O,s:O}", "cabinet", resumed ? json_null () : cabinet, "community",
                             green),
                  true);
    json_decref (cabinet);
    json_decref (green);
    bulletins_free (&bulletins);
    return code;
}
