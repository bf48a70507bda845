/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/attach.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static void say_audience (const struct post *post)
{
    for (size_t i = 0; i < post->to_count; i++)
        say ("%s%s", i ? ", " : "", post->to[i]);
    say ("%s", post->to_is_default ? " (by default; --to says otherwise)" : "");
}

static void print_parties (struct span answer, const char *key, const char *heading)
{
    struct pack_in in;
    size_t count = answer_array (answer, key, &in);
    say ("%s: %zu\n", heading, count);
    while (count--) {
        struct span party = pack_any (&in), why = body_text (party, "why");
        say ("  %-28s  %s%s%s\n", line_of (body_text (party, "party")).text,
             line_of (body_text (party, "title")).text, why.size ? ": " : "", line_of (why).text);
    }
}

static void print_json (const struct post *post, struct span answer)
{
    json_t *made = value_json (answer), *to = json_array ();
    for (size_t i = 0; i < post->to_count; i++)
        json_array_append_new (to, json_string (post->to[i]));
    json_object_set_new (made, "audience", to);
    say_json (made, true);
}

void post_show_dry_run (const struct call *call, const struct post *post, const struct ready *ready)
{
    if (call->json) {
        print_json (post, ready->dry_run);
        return;
    }
    struct span number = ready_number (post, ready), same = body_text (ready->dry_run, "same");
    say ("nothing was sent; to ");
    say_audience (post);
    say ("\n");
    if (number.size && ready->wants_number)
        say ("its number would be %s\n", line_of (number).text);
    if (same.size)
        say ("the same was sent before: %s\n", line_of (same).text);
    print_parties (ready->dry_run, "reach", "it would reach");
    print_parties (ready->dry_run, "without", "it would not reach");
}

/* The code exists from here on, and is what a recipient compares by voice. */
static void print_code (struct span answer)
{
    style (STYLE_STRONG);
    say ("\n    Code  %s\n\n", line_of (body_text (answer, "code")).text);
    style (STYLE_PLAIN);
    say ("It is signed and on this broker's disk. Whoever calls to ask whether it is genuine\n"
         "compares this code with you, by voice.\n");
}

/* For nobody but the party that has sent it, as its id says. */
static bool is_own (const struct post *post, const char *id)
{
    size_t size = strcspn (id, "/");
    return post->to_count == 1 && strlen (post->to[0]) == size &&
           strncmp (post->to[0], id, size) == 0;
}

static void print_sent (const struct post *post, const struct ready *ready, struct span answer)
{
    bool person = prompt_possible ();
    struct span number = body_text (answer, "number"), shown = ready_number (post, ready);
    struct line id = line_of (body_text (answer, "id"));
    say ("%s  %s  ", id.text, post->step ? post->step : post->kind);
    if (number.size || shown.size)
        say ("%s  ", line_of (number.size ? number : shown).text);
    say ("code %s\nto ", line_of (body_text (answer, "code")).text);
    say_audience (post);
    bool own = is_own (post, id.text);
    if (own)
        say (", this party alone");
    else if (ready->dry_run.size)
        say (" : %zu %s known here", ready->reached, ready->reached == 1 ? "party" : "parties");
    say ("\n");
    if (shown.size && number.size && !span_equal (shown, number))
        say ("its number is %s, not %s: that one was given meanwhile\n", line_of (number).text,
             line_of (shown).text);
    if (person && !post->step)
        print_code (answer);
    if (ready->dry_run.size && !ready->reached && !own)
        complain ("warning: it reaches nobody known here");
    if (*ready->away)
        say ("the parent %s is away: it waits here\n", ready->away);
    if (person)
        say ("Who has it by now:  certbus show %s\n", id.text);
}

int post_go (struct call *call, const struct post *post, struct ready *ready)
{
    char why[WHY_MAX];
    struct span answer;
    int code = post_ask (call, post, ready, false, &answer, why, sizeof why);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        return code;
    }
    ready->sent = true;
    char id[ID_TEXT];
    span_text (body_text (answer, "id"), id, sizeof id);
    if (call->json)
        print_json (post, answer);
    else
        print_sent (post, ready, answer);
    return post->attached ? attach_send (call, post->attached, id) : EXIT_DONE;
}

/* Without anybody to ask, the same thing is not said twice by mistake. */
static int refuse_again (const struct post *post, const struct ready *ready)
{
    return refused ("%s: the same was sent before, as %s; to send it again: --again; to correct "
                    "it: certbus revise %s",
                    post->name, line_of (body_text (ready->dry_run, "same")).text,
                    line_of (body_text (ready->dry_run, "same")).text);
}

int post_send (struct call *call, struct post *post)
{
    char why[WHY_MAX];
    struct ready ready;
    bool asked = prompt_possible () && !call->json && !args_flag (&call->args, "yes");
    int code = post_ready (call, post, &ready, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    else
        code = attach_may (call, post);
    if (code != EXIT_DONE) {
        /* It was said. */
    } else if (args_flag (&call->args, "dry-run")) {
        post_show_dry_run (call, post, &ready);
    } else if (!asked && !post->replaces && !post->step && body_text (ready.dry_run, "same").size &&
               !args_flag (&call->args, "again")) {
        code = refuse_again (post, &ready);
    } else {
        if (asked)
            confirm_show (post, &ready);
        code = !asked || confirm_ask (&ready, false) == 'y' ? post_go (call, post, &ready)
                                                            : refused ("nothing was sent");
    }
    ready_free (&ready);
    return code;
}
