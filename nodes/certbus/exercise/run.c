/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/exercise/exercise.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/talk.h"

#define RUN_OPTIONS                                                                                \
    { "by", 0, false, "OFFICER", "who answers for it" },                                           \
        { "yes", 'y', false, NULL, "send it without asking, for scripts" },                        \
        { "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing" }, \
    {                                                                                              \
        "again", 0, false, NULL, "send it although the same was sent before"                       \
    }

static const struct option_row options[] = { RUN_OPTIONS, { NULL, 0, false, NULL, NULL } };
static const struct option_row why_options[] = { { "why", 0, false, "TEXT", "why, for all" },
                                                 RUN_OPTIONS,
                                                 { NULL, 0, false, NULL, NULL } };

/* To all that it was announced to, as strictly as that. Owned by `kept`. */
static int address (struct call *call, const char *id, struct post *post, struct span *kept,
                    char terms[AUDIENCE_MAX][TERM_MAX + 1])
{
    struct span answer;
    struct pack_in in;
    int code = exercise_ask (call, id, &answer);
    if (code != EXIT_DONE)
        return code;
    *kept = span_keep (answer);
    struct span exercise = body_field (*kept, "exercise");
    size_t count = answer_array (exercise, "audience", &in);
    for (size_t i = 0; i < count && i < AUDIENCE_MAX; i++) {
        span_text (pack_str (&in, 1, TERM_MAX), terms[i], TERM_MAX + 1);
        post->to[post->to_count++] = terms[i];
    }
    post->tlp = (unsigned) body_int (exercise, "tlp", CB_TLP_AMBER);
    return EXIT_DONE;
}

/* What they have in common: the second word of the command is the step. */
static int run (struct call *call)
{
    const char *step = strchr (call->command->name, ' ') + 1, *id = call->args.operands[0];
    bool says_why = call->command->options == why_options;
    const char *why = says_why ? args_text (&call->args, "why") : NULL;
    char terms[AUDIENCE_MAX][TERM_MAX + 1], refused_why[WHY_MAX];
    struct span kept = { 0 };
    struct post post;
    struct ready ready;
    json_t *body = json_pack ("{s:s}", "step", step);
    if (why)
        json_object_set_new (body, "text", json_string (why));
    post_start (&post, id, body);
    post.kind = "exercise";
    post.step = step;
    post.thread = id;
    post.by = args_text (&call->args, "by");
    int code = address (call, id, &post, &kept, terms);
    if (code == EXIT_DONE && !args_flag (&call->args, "dry-run") &&
        (call->json || args_flag (&call->args, "yes"))) {
        /* A second pause is no slip of the pen. */
        code = post_ready (call, &post, &ready, refused_why, sizeof refused_why);
        if (code == EXIT_DONE)
            code = post_go (call, &post, &ready);
        else
            complain ("%s", refused_why);
        ready_free (&ready);
    } else if (code == EXIT_DONE) {
        code = post_send (call, &post);
    }
    post_free (&post);
    span_free (&kept);
    return code;
}

#define RUNS(X)                                                                                    \
    X (start, options, "start an exercise: its injects are sent at their times",                   \
       "The times of injects and limits count from now. Only within the period that was\n"         \
       "announced, and once.")                                                                     \
    X (pause, why_options, "pause an exercise: no inject is sent until it is resumed",             \
       "Pauses count for no limit. The broker of who announced it does so by itself when a live\n" \
       "emergency (S1, S2 or undetermined) is stored there.")                                      \
    X (resume, why_options, "go on with an exercise that was paused",                              \
       "What was still to come is sent later by as long as the pause was.")                        \
    X (stop, why_options, "end an exercise; the score follows",                                    \
       "Nothing can be played in it any more. The score goes to the CERTs right above those of\n"  \
       "whom something was expected, each with its own rows: certbus exercise score ID.")

#define RUN_X(step, OPTIONS, SUMMARY, ABOUT)                                                       \
    const struct command command_exercise_##step = { .name = "exercise " #step,                    \
                                                     .group = GROUP_SEND,                          \
                                                     .operands = "EXERCISE",                       \
                                                     .least = 1,                                   \
                                                     .most = 1,                                    \
                                                     .summary = SUMMARY,                           \
                                                     .about = ABOUT,                               \
                                                     .options = OPTIONS,                           \
                                                     .run = run };
RUNS (RUN_X)
