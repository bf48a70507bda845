/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "bus/core/schema.h"
#include "bus/edge/conf.h"
#include "nodes/certbus/command.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "describe", 0, false, NULL, "what settings there are: kind, range, default, meaning" },
    { NULL, 0, false, NULL, NULL },
};

/* --- --describe ---------------------------------------------------------------------------- */

static json_t *describe_json (const struct conf_about *about)
{
    json_t *made = json_pack ("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", about->name, "kind",
                              about->kind, "range", about->range, "default", about->preset, "about",
                              about->about, "takes_effect", about->at_start ? "start" : "reload");
    if (about->number) {
        json_object_set_new (made, "min", json_integer (about->min));
        json_object_set_new (made, "max", json_integer (about->max));
    }
    return made;
}

static int describe (const struct call *call)
{
    json_t *all = json_array ();
    for (enum conf_setting which = 0; which < CONF_COUNT; which++) {
        struct conf_about about = conf_about (which);
        json_array_append_new (all, describe_json (&about));
        if (call->json)
            continue;
        style (STYLE_STRONG);
        say ("%s", about.name);
        style (STYLE_PLAIN);
        say ("  %s%s%s; default %s%s\n    %s\n", about.kind, *about.range ? ", " : "", about.range,
             *about.preset ? about.preset : "none",
             about.at_start ? "; a change counts from the next start" : "", about.about);
    }
    if (call->json)
        say_json (json_incref (all), true);
    json_decref (all);
    return EXIT_DONE;
}

/* --- What is in force ---------------------------------------------------------------------- */

static void print_setting (const char *name, const char *value, const char *from)
{
    bool number = *value && strspn (value, "0123456789") == strlen (value);
    const char *quote = number ? "" : "\"";
    say ("%-20s %s%s%s", name, quote, value, quote);
    say ("%*s# %s\n", (int) (strlen (value) < 24 ? 26 - strlen (value) - 2 * strlen (quote) : 2),
         "", from);
}

static void print_answer (struct span answer)
{
    struct pack_in in;
    struct span problem = body_text (answer, "problem");
    for (size_t left = answer_array (answer, "settings", &in); left; left--) {
        struct span one = pack_any (&in);
        struct line then = line_of (body_text (one, "then"));
        print_setting (line_of (body_text (one, "name")).text,
                       line_of (body_text (one, "value")).text,
                       line_of (body_text (one, "from")).text);
        if (!body_text (one, "then_when").size)
            continue;
        style (STYLE_BAD);
        say ("%-20s not yet in force: %s says \"%s\"; %s\n", "",
             line_of (body_text (one, "then_from")).text, then.text,
             span_is (body_text (one, "then_when"), "start")
                 ? "it counts from the next start of the broker"
                 : "reload: send SIGHUP to certbusd (systemctl reload)");
        style (STYLE_PLAIN);
    }
    if (problem.size)
        complain ("%s; a reload would refuse the file", line_of (problem).text);
}

static json_t *file_json (const struct conf *conf, enum conf_setting which)
{
    char value[CONF_VALUE], from[CONF_FROM];
    conf_value (conf, which, value);
    conf_from (conf, which, from);
    return json_pack ("{s:s, s:o, s:s}", "name", conf_about (which).name, "value",
                      json_stringn (value, strlen (value)), "from", from);
}

/* Without a broker: what a start would use. */
static int from_file (const struct call *call, const char *away)
{
    char why[CONF_WHY], value[CONF_VALUE], from[CONF_FROM];
    struct conf conf;
    struct path path = home_path (call, "certbus.conf");
    if (conf_load (&conf, path.text, why) != 0)
        return refused ("%s", why);
    complain ("%s; these are the settings that a start would use", away);
    json_t *all = json_array ();
    for (enum conf_setting which = 0; which < CONF_COUNT; which++) {
        conf_value (&conf, which, value);
        conf_from (&conf, which, from);
        json_array_append_new (all, file_json (&conf, which));
        if (!call->json)
            print_setting (conf_about (which).name, line_text (value).text, from);
    }
    if (call->json)
        say_json (json_pack ("{s:b, s:O}", "running", 0, "settings", all), true);
    json_decref (all);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct span answer;
    if (args_flag (&call->args, "describe"))
        return describe (call);
    struct ask *question = ask_new ("config");
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why);
    if (code == EXIT_AWAY && client_absent (call->home))
        return from_file (call, why);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        return code;
    }
    if (!call->json) {
        print_answer (answer);
        return EXIT_DONE;
    }
    json_t *made = value_json (answer);
    json_object_set_new (made, "running", json_true ());
    say_json (made, true);
    return EXIT_DONE;
}

const struct command command_config = {
    .name = "config",
    .group = GROUP_CARE,
    .operands = "",
    .summary = "show the settings that are in force, and where each comes from",
    .about =
        "Each setting with its value in the running broker and where that comes from: its "
        "default,\n"
        "a line of certbus.conf, or the environment. What the file says by now but the broker has\n"
        "not taken yet is marked. Without a broker: what a start would use.",
    .options = options,
    .run = run,
};
