/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bus/edge/json.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/attach.h"
#include "nodes/certbus/talk.h"

bool post_tlp (const char *text, unsigned *tlp, char *why, size_t why_size)
{
    int number = cb_tlp_number (text);
    if (number > 0)
        *tlp = (unsigned) number;
    else if (strcasecmp (text, "WHITE") == 0 || strcasecmp (text, "TLP:WHITE") == 0)
        snprintf (why, why_size, "tlp: TLP:WHITE is CLEAR in TLP 2.0");
    else
        snprintf (
            why, why_size,
            "tlp: '%s' is no TLP 2.0 label; expected CLEAR, GREEN, AMBER, AMBER+STRICT or RED",
            line_text (text).text);
    return number > 0;
}

static bool set_tlp (struct post *post, const char *text, char *why, size_t why_size)
{
    return post_tlp (text, &post->tlp, why, why_size);
}

static bool set_precedence (struct post *post, const char *text, char *why, size_t why_size)
{
    post->precedence = cb_lane_number (text);
    bool good = post->precedence >= 0 && post->precedence < CB_PRECEDENCES;
    if (!good)
        snprintf (why, why_size, "precedence: '%s' is none; expected flash, routine or bulk",
                  line_text (text).text);
    return good;
}

static bool set_mode (struct post *post, const char *text, char *why, size_t why_size)
{
    post->mode = cb_mode_number (text);
    if (post->mode < 0)
        snprintf (why, why_size, "mode: '%s' is none; expected live, exercise or test",
                  line_text (text).text);
    return post->mode >= 0;
}

static bool set_expires (struct post *post, const char *text, char *why, size_t why_size)
{
    struct day day = day_here ();
    char reason[WHY_MAX];
    bool good = day_parse (span_of (text), &day, DAY_END, &post->expires, reason, sizeof reason);
    if (!good)
        snprintf (why, why_size, "expires: %.500s", line_text (reason).text);
    return good;
}

static bool set_to (struct post *post, const char *text, char *why, size_t why_size)
{
    struct term term;
    if (!term_parse (&term, span_of (text))) {
        snprintf (why, why_size,
                  "to: '%s' is no audience; expected a party (pk.sindh), a subtree ('pk.sindh.**') "
                  "or a sector (@energy)",
                  line_text (text).text);
        return false;
    }
    if (post->to_count == AUDIENCE_MAX) {
        snprintf (why, why_size, "to: more than %d terms", AUDIENCE_MAX);
        return false;
    }
    post->to[post->to_count++] = text;
    return true;
}

static bool set_exercise (struct post *post, const char *text, char *why, size_t why_size)
{
    (void) why, (void) why_size;
    post->exercise = text;
    if (post->mode == CB_MODE_LIVE)
        post->mode = CB_MODE_EXERCISE;
    return true;
}

static bool set_thread (struct post *post, const char *text, char *why, size_t why_size)
{
    (void) why, (void) why_size;
    post->thread = text;
    return true;
}

static bool set_replaces (struct post *post, const char *text, char *why, size_t why_size)
{
    (void) why, (void) why_size;
    post->replaces = text;
    return true;
}

static bool set_by (struct post *post, const char *text, char *why, size_t why_size)
{
    size_t size = strlen (text);
    bool good = size >= 1 && size <= OFFICER_MAX;
    if (!good)
        snprintf (why, why_size, "by: %zu bytes; 1 to %d expected", size, OFFICER_MAX);
    post->by = text;
    return good;
}

static bool set_climb (struct post *post, const char *text, char *why, size_t why_size)
{
    bool good = party_valid (span_of (text));
    if (!good)
        snprintf (why, why_size, "may_climb_to: '%s' is no party", line_text (text).text);
    post->climb = text;
    return good;
}

static bool set_kind (struct post *post, const char *text, char *why, size_t why_size)
{
    bool good = label_valid (span_of (text));
    if (!good)
        snprintf (why, why_size, "kind: '%s' is none", line_text (text).text);
    post->kind = text;
    return good;
}

/* What may stand in a document beside "body", and which of it is an option too. */
static const struct {
    const char *name;
    bool option;
    bool (*set) (struct post *post, const char *text, char *why, size_t why_size);
} headers[] = {
    { "kind", false, set_kind },
    { "tlp", true, set_tlp },
    { "precedence", true, set_precedence },
    { "mode", true, set_mode },
    { "exercise", true, set_exercise },
    { "thread", true, set_thread },
    { "replaces", true, set_replaces },
    { "by", true, set_by },
    { "expires", true, set_expires },
    { "may_climb_to", false, set_climb },
    { "to", false, set_to },
};

#define HEADERS (sizeof headers / sizeof headers[0])

static bool unknown_header (const char *key, char *why, size_t why_size)
{
    const char *names[HEADERS + 2];
    for (size_t i = 0; i < HEADERS; i++)
        names[i] = headers[i].name;
    names[HEADERS] = "body";
    names[HEADERS + 1] = NULL;
    const char *meant = args_meant (key, names);
    if (meant)
        snprintf (why, why_size, "%s: no such setting beside \"body\"; did you mean \"%s\"?",
                  line_text (key).text, meant);
    else
        snprintf (why, why_size, "%s: no such setting beside \"body\"", line_text (key).text);
    return false;
}

static bool take_header (struct post *post, const char *key, const json_t *value, char *why,
                         size_t why_size)
{
    for (size_t i = 0; i < HEADERS; i++) {
        if (strcmp (key, headers[i].name) != 0)
            continue;
        if (json_is_string (value))
            return headers[i].set (post, json_string_value (value), why, why_size);
        size_t count = strcmp (key, "to") == 0 ? json_array_size (value) : 0;
        for (size_t at = 0; at < count; at++) {
            const json_t *term = json_array_get (value, at);
            if (!json_is_string (term)) {
                snprintf (why, why_size, "to[%zu]: a text expected", at);
                return false;
            }
            if (!headers[i].set (post, json_string_value (term), why, why_size))
                return false;
        }
        if (!count)
            snprintf (why, why_size, "%s: a text expected", key);
        return count > 0;
    }
    return unknown_header (key, why, why_size);
}

void post_start (struct post *post, const char *name, json_t *body)
{
    *post = (struct post){ .name = name, .document = body, .body = body, .precedence = -1 };
}

bool post_take (struct post *post, const char *name, json_t *document, char *why, size_t why_size)
{
    const char *key;
    json_t *value;
    post_start (post, name, document);
    json_t *body = json_object_get (document, "body");
    if (!json_is_object (body))
        return true;
    post->body = body;
    json_object_foreach (document, key, value)
    {
        if (value != body && !take_header (post, key, value, why, why_size))
            return false;
    }
    return true;
}

int post_split (struct post *post, const char *name, json_t *document)
{
    char why[WHY_MAX];
    return post_take (post, name, document, why, sizeof why) ? EXIT_DONE
                                                             : refused ("%s: %s", name, why);
}

int post_load (struct post *post, const char *path)
{
    char why[WHY_MAX];
    *post = (struct post){ .precedence = -1 };
    json_t *document = json_load_document (path, why, sizeof why);
    if (!document)
        return refused ("%s", why);
    return post_split (post, strcmp (path, "-") == 0 ? "standard input" : path, document);
}

int post_options (struct post *post, const struct call *call)
{
    char why[WHY_MAX];
    for (size_t i = 0; i < HEADERS; i++) {
        const char *text = headers[i].option ? args_text (&call->args, headers[i].name) : NULL;
        if (text && !headers[i].set (post, text, why, sizeof why))
            return usage (call, "--%s", why);
    }
    const char *mode = args_text (&call->args, "mode");
    if (mode && strcmp (mode, "live") == 0 && args_flag (&call->args, "exercise"))
        return usage (call, "--exercise ID is not --mode live");
    post->narrow = args_flag (&call->args, "narrow");
    size_t count = args_count (&call->args, "to");
    if (count)
        post->to_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!set_to (post, args_nth (&call->args, "to", i), why, sizeof why))
            return usage (call, "--%s", why);
    return EXIT_DONE;
}

void post_default_to (struct post *post, const char *term)
{
    if (post->to_count < AUDIENCE_MAX)
        post->to[post->to_count++] = term;
    post->to_is_default = true;
}

void post_free (struct post *post)
{
    json_decref (post->document);
    post->document = NULL;
    attach_free (&post->attached);
}

int post_party (struct call *call, struct party_name *name)
{
    struct ask *question = ask_new ("status");
    struct span answer;
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE)
        span_text (body_text (answer, "party"), name->text, sizeof name->text);
    return code;
}
