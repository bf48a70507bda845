/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/shift.h"

#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#define CLOCKS_MOST    500
#define ALARMS_MOST    100
#define QUESTIONS_MOST 10 /* cases that are asked for their questions */

struct asking {
    struct call *call;
    struct shift *shift;
    char *why;
    size_t why_size;
};

static int ask (struct asking *a, struct ask **question, struct span *answer)
{
    return talk_quietly (a->call, CLIENT_READ, question, ASK_TIMEOUT, answer, a->why, a->why_size);
}

/* An array of an answer goes to `take`, map by map. `*more`: it is not all of them. */
static int each (struct asking *a, struct ask **question, const char *key,
                 void (*take) (struct shift *shift, struct span map), bool *more)
{
    struct span answer;
    struct pack_in in;
    int code = ask (a, question, &answer);
    if (code != EXIT_DONE)
        return code;
    for (size_t left = answer_array (answer, key, &in); left; left--)
        take (a->shift, pack_any (&in));
    *more = answer_bool (answer, "more");
    a->shift->held = a->shift->held || body_field (answer, "hold").size > 0;
    return code;
}

static int ask_clocks (struct asking *a, bool *more)
{
    struct ask *question = ask_new ("clocks");
    ask_int (question, "limit", CLOCKS_MOST);
    return each (a, &question, "clocks", shift_clock, more);
}

static int ask_cases (struct asking *a, bool *more)
{
    struct ask *question = ask_new ("cases");
    ask_int (question, "limit", SHIFT_ROWS);
    return each (a, &question, "cases", shift_case, more);
}

static int ask_alarms (struct asking *a)
{
    const struct span kind = span_of ("alarm");
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("read");
    ask_int (question, "after", 0);
    ask_bool (question, "back", true);
    ask_bool (question, "here", true);
    ask_texts (question, "kinds", &kind, 1);
    ask_int (question, "since", a->shift->now - SHIFT_ALARMS_MS);
    ask_int (question, "limit", ALARMS_MOST);
    int code = ask (a, &question, &answer);
    if (code != EXIT_DONE)
        return code;
    for (size_t left = answer_array (answer, "records", &in); left; left--) {
        struct record record;
        if (record_read (pack_any (&in), &record) && record.whole &&
            span_is (record.e.id.origin, a->shift->self))
            shift_alarm (a->shift, &record.e);
    }
    return code;
}

/* The cases that have any are asked for them, the most urgent first. */
static int ask_questions (struct asking *a)
{
    struct shift_rows *cases = &a->shift->lists[SHIFT_CASES];
    size_t asked = 0;
    for (size_t i = 0; i < cases->count && i < SHIFT_ROWS; i++) {
        struct span answer;
        struct pack_in in;
        if (!cases->at[i].questions)
            continue;
        if (asked++ == QUESTIONS_MOST) {
            a->shift->lists[SHIFT_QUESTIONS].more = true;
            break;
        }
        struct ask *question = ask_new ("case");
        ask_text (question, "id", span_of (cases->at[i].id));
        int code = ask (a, &question, &answer);
        if (code == EXIT_AWAY)
            return code;
        for (size_t left = answer_array (body_field (answer, "case"), "questions", &in); left;
             left--)
            shift_question (a->shift, &cases->at[i], pack_any (&in));
    }
    return EXIT_DONE;
}

int shift_ask (struct call *call, struct shift *shift, char *why, size_t why_size)
{
    struct asking a = { .call = call, .shift = shift, .why = why, .why_size = why_size };
    bool clocks = false, cases = false;
    int code = ask_clocks (&a, &clocks);
    if (code == EXIT_DONE)
        code = ask_cases (&a, &cases);
    if (code == EXIT_DONE)
        code = ask_alarms (&a);
    if (code != EXIT_DONE)
        return code;
    shift_close (shift, !clocks);
    for (size_t i = 0; i < SHIFT_END; i++)
        shift->lists[i].more = clocks && i != SHIFT_ALARMS && i != SHIFT_QUESTIONS;
    shift->lists[SHIFT_CASES].more = shift->lists[SHIFT_DRILL].more = clocks || cases;
    return ask_questions (&a);
}
