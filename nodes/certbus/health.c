/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/health.h"

#include "nodes/certbus/talk.h"

static enum health health_of (int64_t level)
{
    return level <= 0 ? HEALTH_GOOD : level == 1 ? HEALTH_TO_DO : HEALTH_NOW;
}

static void say_unknown (struct call *call, enum health health, const char *why)
{
    if (call->json)
        say_json (json_pack ("{s:i, s:[{s:i, s:o}]}", "level", (int) health, "advices", "level",
                             (int) health, "text", json_span (span_of (why))),
                  true);
    else
        complain ("%s", why);
}

int health_ask (struct call *call, struct span *answer, bool *answered)
{
    char why[WHY_MAX];
    struct ask *question = ask_new ("status");
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, answer, why, sizeof why);
    *answered = code == EXIT_DONE;
    if (*answered)
        return health_of (body_int (*answer, "level", 0));
    /* A home whose broker does not run is another thing than one that is shut. */
    bool dead = code == EXIT_AWAY && client_absent (call->home);
    say_unknown (call, dead ? HEALTH_NOW : HEALTH_UNKNOWN, why);
    return dead ? HEALTH_NOW : HEALTH_UNKNOWN;
}

static void print_advice (struct span advice)
{
    enum health health = health_of (body_int (advice, "level", 0));
    style (health == HEALTH_NOW ? STYLE_BAD : STYLE_STRONG);
    say ("%s: ", health == HEALTH_NOW ? "ACT NOW" : "To do");
    style (STYLE_PLAIN);
    say ("%s\n", line_of (body_text (advice, "text")).text);
}

size_t health_print (struct span answer, size_t most)
{
    struct pack_in in;
    size_t count = answer_array (answer, "advices", &in), shown = 0;
    if (count == 0) {
        style (STYLE_GOOD);
        say ("%s is healthy\n", line_of (body_text (answer, "party")).text);
        style (STYLE_PLAIN);
        return 1;
    }
    for (; shown < count && (most == 0 || shown < most); shown++)
        print_advice (pack_any (&in));
    if (shown == count)
        return shown;
    say ("... and %zu more: certbus status\n", count - shown);
    return shown + 1;
}
