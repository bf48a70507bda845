/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/exercise/exercise.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define TITLE_LEAST 12
#define LINE_USED   48 /* columns before the title */

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

int exercise_ask (struct call *call, const char *id, struct span *answer)
{
    char why[WHY_MAX];
    struct msg_id ref;
    int code = talk_ref (call, id, &ref, why, sizeof why);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        return code;
    }
    struct ask *question = ask_new ("exercise");
    ask_ref (question, "id", &ref);
    return talk_about (call, id, &question, answer);
}

/* The map of one, for programs. Returns owned. */
static json_t *exercise_json (struct span exercise)
{
    json_t *made = value_of (exercise);
    const char *label = cb_tlp_name ((unsigned) body_int (exercise, "tlp", 0));
    json_object_set_new (made, "tlp", json_string (label));
    json_object_set_new (made, "mode", json_string (cb_mode_name (CB_MODE_EXERCISE)));
    return made;
}

json_t *exercise_answer_json (struct span answer)
{
    json_t *made = value_json (answer);
    json_object_set_new (made, "exercise", exercise_json (body_field (answer, "exercise")));
    return made;
}

/* What it is called: its id and how it stands, on one line. */
static void exercise_line (struct span exercise)
{
    struct span stands = body_text (exercise, "stands");
    bool runs = span_is (stands, "running"), paused = span_is (stands, "paused");
    int width = screen_width ();
    say ("%-16s  ", line_of (body_text (exercise, "id")).text);
    style (runs ? STYLE_GOOD : paused ? STYLE_WARN : STYLE_PLAIN);
    say ("%-9s", line_of (stands).text);
    style (STYLE_PLAIN);
    say ("  %-20s  ", when_of (body_int (exercise, "from", 0)).text);
    say_cells (span_of (headline_marked (true, body_text (exercise, "title")).text),
               width ? (width > LINE_USED + TITLE_LEAST ? width - LINE_USED : TITLE_LEAST) : 0,
               false);
    say ("\n");
}

/* --- One ----------------------------------------------------------------------------------- */

static void print_terms (struct span map, const char *key)
{
    struct pack_in in;
    size_t count = answer_array (map, key, &in);
    for (size_t i = 0; i < count; i++)
        say ("%s%s", i ? ", " : "", line_of (pack_str (&in, 0, SIZE_MAX)).text);
}

static void print_time (const char *label, int64_t ms)
{
    if (ms > 0)
        say ("%-10s %s\n", label, when_of (ms).text);
}

static void print_inject (struct span inject, int64_t now)
{
    int64_t sent = body_int (inject, "sent", 0), due = body_int (inject, "due", 0);
    say ("  %-10s  %-16s  ", lasting_of (body_int (inject, "at", 0)).text,
         line_of (body_text (inject, "id")).text);
    if (sent > 0)
        say ("sent %s as %s", when_of (sent).text, line_of (body_text (inject, "message")).text);
    else
        say ("%s", due > 0 ? moment_of (due, now).text : "not sent");
    say ("  to ");
    print_terms (inject, "to");
    say ("  %s\n", line_of (body_text (inject, "title")).text);
}

static void print_one (struct span answer)
{
    struct span exercise = body_field (answer, "exercise");
    struct pack_in in;
    int64_t now = clock_utc ();
    style (STYLE_STRONG);
    say ("%s\n", headline_marked (true, body_text (exercise, "title")).text);
    style (STYLE_PLAIN);
    say ("%-10s %s\n%-10s %s%s\n%-10s ", "Id", line_of (body_text (exercise, "id")).text, "Stands",
         line_of (body_text (exercise, "stands")).text,
         answer_bool (exercise, "emergency") ? ": something live comes first" : "", "For");
    print_terms (exercise, "audience");
    say ("\n");
    print_time ("From", body_int (exercise, "from", 0));
    print_time ("Until", body_int (exercise, "until", 0));
    print_time ("Started", body_int (exercise, "started", 0));
    print_time ("Ended", body_int (exercise, "ended", 0));
    if (body_int (exercise, "ran", 0) > 0)
        say ("%-10s %s, pauses not counted\n", "Ran",
             lasting_of (body_int (exercise, "ran", 0)).text);
    if (answer_array (exercise, "may", &in) > 0) {
        say ("%-10s certbus exercise ", "Possible");
        print_terms (exercise, "may");
        say ("\n");
    }
    size_t count = answer_array (answer, "injects", &in);
    if (count > 0)
        say ("\nInjects, by the time after the start\n");
    while (count--)
        print_inject (pack_any (&in), now);
}

static int show_one (struct call *call, const char *id)
{
    struct span answer;
    int code = exercise_ask (call, id, &answer);
    if (code != EXIT_DONE)
        return code;
    if (call->json)
        say_json (exercise_answer_json (answer), true);
    else
        print_one (answer);
    return EXIT_DONE;
}

/* --- All ----------------------------------------------------------------------------------- */

static int page (struct call *call, struct span *next, struct span *answer)
{
    struct ask *question = ask_new ("exercise");
    if (next->size > 0)
        ask_bytes (question, "after", *next);
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, answer);
    span_free (next);
    if (code == EXIT_DONE && answer_bool (*answer, "more"))
        *next = span_keep (body_bytes (*answer, "next"));
    return code;
}

static int list (struct call *call)
{
    struct span next = { 0 }, answer;
    json_t *all = json_array ();
    size_t shown = 0;
    int code;
    do {
        struct pack_in in;
        code = page (call, &next, &answer);
        if (code != EXIT_DONE)
            break;
        for (size_t left = answer_array (answer, "exercises", &in); left; left--, shown++) {
            struct span exercise = pack_any (&in);
            if (call->json)
                json_array_append_new (all, exercise_json (exercise));
            else
                exercise_line (exercise);
        }
    } while (answer_bool (answer, "more"));
    span_free (&next);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:O}", "exercises", all), true);
    else if (code == EXIT_DONE && shown == 0)
        say ("no exercise was announced to this party, or by it\n");
    json_decref (all);
    return code;
}

static int run (struct call *call)
{
    return call->args.operand_count ? show_one (call, call->args.operands[0]) : list (call);
}

const struct command command_exercise_list = {
    .name = "exercise list",
    .group = GROUP_READ,
    .stands_alone = true,
    .operands = "[EXERCISE]",
    .least = 0,
    .most = 1,
    .summary = "exercises that were announced, and how they stand",
    .about =
        "Without its id: all that were announced to this party or by it. With the id of one: its\n"
        "period, and at who announced it its injects: sent, or when.",
    .options = options,
    .paged = true,
    .run = run,
};
