/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/compose.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/attach.h"
#include "nodes/certbus/draft.h"
#include "nodes/certbus/editor.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/template.h"

#define NAME "the draft" /* what complaints are about */

struct composing {
    struct call *call;
    const struct compose *compose;
    struct day day;
    struct draft_file draft;
    char *fresh;      /* what nobody has written in; owned */
    struct span text; /* of the draft; owned */
    bool resumed;     /* it was there before */
    unsigned line;    /* where the cursor goes */
    char *refusal;    /* why it was opened again; owned; NULL: it was not */
};

enum next { NEXT_EDIT, NEXT_LEFT, NEXT_SENT };

/* What is kept, and how to go on with it. EXIT_REFUSED, or the code of what went wrong. */
static int left_be (const struct composing *c, const char *because, int code)
{
    const char *option = c->compose->draft ? " --draft FILE" : "";
    complain ("%s%snothing was published; the draft is kept: %s (certbus %s%s goes on with it)",
              because, *because ? "; " : "", c->draft.path,
              c->compose->again ? c->compose->again : c->call->command->name, option);
    return code;
}

static bool is_fresh (const struct composing *c)
{
    return template_same (c->text, span_of (c->fresh));
}

/* Nothing was written, so nothing is kept but what was there before. */
static int unchanged (const struct composing *c)
{
    complain ("nothing was published; the draft was not changed");
    if (is_fresh (c) || !template_says (c->text))
        draft_remove (&c->draft);
    return EXIT_REFUSED;
}

/* --- What was written -------------------------------------------------------------------- */

/* Whether what has to stay as it was did so. */
static bool stays (struct composing *c, const struct schema *schema, const json_t *document,
                   char *why, size_t why_size)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) (uintptr_t) c->compose->fixed, key, value)
    {
        bool inside = strcmp (key, "number") == 0;
        const json_t *now =
            json_object_get (inside ? json_object_get (document, "body") : document, key);
        if (json_equal (now, value))
            continue;
        char *was = json_print (value, false);
        c->line = template_line (schema, c->text, &c->day, key);
        snprintf (why, why_size, "%s: %s stays as it was: %s", key, key, was);
        free (was);
        return false;
    }
    return true;
}

static int parse (struct composing *c, struct post *post, char *why, size_t why_size)
{
    struct template_error error;
    char kind[KIND_MAX + 1];
    const struct schema *schema;
    snprintf (kind, sizeof kind, "%s", c->compose->kind);
    template_kind (c->text, kind);
    int code = post_schema (c->call, kind, &schema, why, why_size);
    if (code != EXIT_DONE)
        return code;
    json_t *document = template_parse (schema, c->text, &c->day, &error);
    if (!document) {
        c->line = error.line;
        snprintf (why, why_size, "line %u: %s", error.line, error.why);
        return EXIT_REFUSED;
    }
    if (!stays (c, schema, document, why, why_size)) {
        json_decref (document);
        return EXIT_REFUSED;
    }
    if (!post_take (post, NAME, document, why, why_size)) {
        c->line = template_line (schema, c->text, &c->day, why);
        return EXIT_REFUSED;
    }
    if (!post->kind)
        post->kind = schema->kind;
    post->step = c->compose->step;
    post->after = c->compose->after;
    return EXIT_DONE;
}

/* The field that a complaint is about stands first in it, behind the name of the document. */
static void find_line (struct composing *c, const char *kind, const char *why)
{
    const struct schema *schema;
    char ignored[WHY_MAX];
    const char *field = strncmp (why, NAME ": ", strlen (NAME ": ")) == 0 ? why + strlen (NAME ": ")
                        : strstr (why, ": ")                              ? strstr (why, ": ") + 2
                                                                          : why;
    if (post_schema (c->call, kind, &schema, ignored, sizeof ignored) == EXIT_DONE)
        c->line = template_line (schema, c->text, &c->day, field);
}

/* The editor opens again, with the reason on top. */
static int edit_again (struct composing *c, const char *why)
{
    unsigned lines, ignored;
    free (c->refusal);
    c->refusal = strdup (why);
    char *bare = template_complain (c->text, NULL, &ignored), *reason = NULL;
    if (asprintf (&reason,
                  "NOT PUBLISHED: %s\nMend it below, save and leave the editor; to give "
                  "up, leave it unchanged.",
                  why) < 0)
        abort ();
    for (char *at = reason; *at; at++)
        if ((unsigned char) *at < 0x20 && *at != '\n')
            *at = '?';
    char *text = template_complain (span_of (bare), reason, &lines);
    c->line = c->line ? c->line + lines : 0;
    int code = draft_write (&c->draft, text);
    free (bare);
    free (reason);
    free (text);
    return code;
}

/* One that is in order: shown, asked about, sent. */
static enum next offer (struct composing *c, struct post *post, struct ready *ready, int *code)
{
    struct call *call = c->call;
    if (args_flag (&call->args, "dry-run")) {
        post_show_dry_run (call, post, ready);
        *code = left_be (c, "", EXIT_DONE);
        return NEXT_LEFT;
    }
    confirm_show (post, ready);
    int answer = args_flag (&call->args, "yes") ? 'y' : confirm_ask (ready, true);
    if (answer == 'e')
        return NEXT_EDIT;
    if (answer != 'y') {
        *code = left_be (c, "", EXIT_REFUSED);
        return NEXT_LEFT;
    }
    *code = post_go (call, post, ready);
    if (ready->sent)
        return NEXT_SENT;
    *code = left_be (c, "", *code);
    return NEXT_LEFT;
}

static enum next try (struct composing *c, int *code)
{
    char why[WHY_MAX] = "";
    struct post post = { .document = NULL };
    struct ready ready;
    enum next next = NEXT_EDIT;
    pack_init (&ready.body);
    ready.dry_run = (struct span){ 0 };
    c->line = 0;
    *code = parse (c, &post, why, sizeof why);
    if (*code == EXIT_DONE && c->compose->attach &&
        (*code = attach_add_to_body (c->call, &post)) != EXIT_DONE) {
        *code = left_be (c, "", *code);
        next = NEXT_LEFT;
    } else if (*code == EXIT_DONE) {
        pack_free (&ready.body);
        *code = post_ready (c->call, &post, &ready, why, sizeof why);
        if (*code == EXIT_REFUSED)
            find_line (c, post.kind, why);
    }
    if (*code == EXIT_DONE && (*code = attach_may (c->call, &post)) != EXIT_DONE)
        next = NEXT_LEFT;
    if (next == NEXT_LEFT) {
        /* It was said. */
    } else if (*code == EXIT_AWAY) {
        *code = left_be (c, why, EXIT_AWAY);
        next = NEXT_LEFT;
    } else if (*code != EXIT_DONE) {
        *code = edit_again (c, why);
        next = *code == EXIT_DONE ? NEXT_EDIT : NEXT_LEFT;
    } else {
        next = offer (c, &post, &ready, code);
    }
    ready_free (&ready);
    post_free (&post);
    return next;
}

/* --- The editor -------------------------------------------------------------------------- */

/* Opens it. NEXT_EDIT: something was written. */
static enum next edit (struct composing *c, bool first, int *code)
{
    char why[WHY_MAX];
    struct span before = { 0 }, after = { 0 };
    *code = draft_read (&c->draft, &before);
    if (*code != EXIT_DONE)
        return NEXT_LEFT;
    bool edited = editor_run (c->draft.path, c->line, why, sizeof why);
    if (draft_time (&c->draft) && (*code = draft_read (&c->draft, &after)) != EXIT_DONE) {
        span_free (&before);
        return NEXT_LEFT;
    }
    bool same = span_equal (before, after);
    span_free (&before);
    span_free (&c->text);
    c->text = after;
    if (!edited) {
        *code = left_be (c, why, EXIT_REFUSED);
        return NEXT_LEFT;
    }
    if (same && c->refusal && template_says (after)) {
        *code = left_be (c, c->refusal, EXIT_REFUSED);
        return NEXT_LEFT;
    }
    /* Who goes on with a draft that is complete has nothing to change. */
    if (!template_says (after) || (same && !(first && c->resumed))) {
        *code = unchanged (c);
        return NEXT_LEFT;
    }
    return NEXT_EDIT;
}

/* Begins anew, or goes on with what is there. */
static int begin (struct composing *c)
{
    int choice = 'd';
    if (draft_time (&c->draft)) {
        int code = draft_read (&c->draft, &c->text);
        if (code != EXIT_DONE)
            return code;
        bool written = !is_fresh (c) && template_says (c->text);
        if (c->compose->draft)
            choice = 'y';
        else if (written)
            choice = draft_offer (&c->draft, c->day.now);
        if (!choice)
            return left_be (c, "", EXIT_REFUSED);
    }
    c->resumed = choice == 'y';
    return c->resumed ? EXIT_DONE : draft_write (&c->draft, c->fresh);
}

static bool wanted (const char *const *fields, const char *name)
{
    for (; *fields; fields++)
        if (strcmp (*fields, name) == 0)
            return true;
    return false;
}

/* The form with some of the fields alone. Returns owned. */
static char *print_some (const struct schema *schema, const struct compose *compose,
                         const struct day *day)
{
    struct schema some = *schema;
    some.body.field_count = 0;
    some.body.fields = calloc (schema->body.field_count + 1, sizeof some.body.fields[0]);
    if (!some.body.fields)
        abort ();
    for (unsigned order = 0; order < schema->body.field_count; order++) {
        for (size_t i = 0; i < schema->body.field_count; i++) {
            const struct field *field = &schema->body.fields[i];
            if (field->order != order || !wanted (compose->fields, field->name))
                continue;
            unsigned place = (unsigned) some.body.field_count++;
            some.body.fields[place] = *field;
            some.body.fields[place].order = place;
        }
    }
    char *text = template_print (&some, compose->start, day);
    free (some.body.fields);
    return text;
}

int compose (struct call *call, const struct compose *compose)
{
    char why[WHY_MAX];
    struct party_name party;
    const struct schema *schema;
    struct composing c = { .call = call, .compose = compose, .day = day_here () };
    enum next next = NEXT_EDIT;
    int code = post_schema (call, compose->kind, &schema, why, sizeof why);
    if (code != EXIT_DONE)
        return refused ("%s", why);
    code = post_party (call, &party);
    if (code != EXIT_DONE)
        return code;
    c.fresh = compose->fields ? print_some (schema, compose, &c.day)
                              : template_print (schema, compose->start, &c.day);
    code = draft_open (&c.draft, party.text, compose->place ? compose->place : compose->kind,
                       compose->draft);
    if (code == EXIT_DONE)
        code = begin (&c);
    if (code != EXIT_DONE)
        next = NEXT_LEFT;
    for (bool first = true; next == NEXT_EDIT; first = false) {
        next = edit (&c, first, &code);
        if (next == NEXT_EDIT)
            next = try (&c, &code);
    }
    if (next == NEXT_SENT)
        draft_remove (&c.draft);
    draft_close (&c.draft);
    span_free (&c.text);
    free (c.fresh);
    free (c.refusal);
    return code;
}

/* Whether a file is a template: what JSON begins with is none. */
static bool is_template (const char *path, struct span *text)
{
    char why[WHY_MAX], kind[KIND_MAX + 1];
    if (strcmp (path, "-") == 0 || file_read (path, DRAFT_MAX, text, why, sizeof why) != 0)
        return false;
    size_t at = 0;
    while (at < text->size && (isspace (text->data[at]) || text->data[at] >= 0x80))
        at++;
    return at < text->size && text->data[at] != '{' && span_utf8 (*text) &&
           template_kind (*text, kind);
}

static int load_template (struct call *call, const char *path, struct span text, struct post *post)
{
    char kind[KIND_MAX + 1], why[WHY_MAX];
    const struct schema *schema;
    struct template_error error;
    struct day day = day_here ();
    template_kind (text, kind);
    int code = post_schema (call, kind, &schema, why, sizeof why);
    if (code != EXIT_DONE)
        return refused ("%s: %s", path, why);
    json_t *document = template_parse (schema, text, &day, &error);
    if (!document)
        return refused ("%s:%u: %s", path, error.line, error.why);
    return post_split (post, path, document);
}

int compose_load (struct call *call, const char *path, struct post *post)
{
    struct span text = { 0 };
    *post = (struct post){ .document = NULL };
    int code =
        is_template (path, &text) ? load_template (call, path, text, post) : post_load (post, path);
    span_free (&text);
    return code;
}
