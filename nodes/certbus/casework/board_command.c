/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nodes/certbus/casework/scene.h"
#include "nodes/certbus/health.h"
#include "nodes/certbus/screen.h"

static const struct option_row options[] = {
    { "live", 'l', false, NULL, "stay, and redraw when something changes; q quits" },
    { NULL, 0, false, NULL, NULL },
};

static int no_home (const struct call *call)
{
    if (call->json)
        say_json (json_pack ("{s:s, s:n}", "home", call->home, "status"), true);
    else
        say ("No station here: the home that was looked at is %s (-C DIR names another one).\n\n"
             "First, for a party that has none yet:  certbus -C DIR init NAME --title \"...\"\n"
             "All commands:                          certbus help\n",
             call->home);
    return EXIT_USAGE;
}

/* What may not be looked at is there: the question to the broker says what is wrong. */
static bool is_there (const struct call *call, const char *name)
{
    return access (home_path (call, name).text, F_OK) == 0 || errno != ENOENT;
}

static void print (const struct scene *scene)
{
    struct page page;
    struct winsize size = { 0 };
    int columns = screen_width ();
    bool screen = columns > 0 && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row;
    /* The line below it is the prompt's. */
    size_t rows = screen && size.ws_row > LAYOUT_ROWS ? size.ws_row - 1u : 0;
    page_init (&page, rows, columns);
    scene_draw (scene, &page, columns > 0);
    page_write (&page, stdout, "\n");
    page_free (&page);
}

int board (struct call *call)
{
    char why[WHY_MAX];
    struct span answer;
    struct scene scene;
    bool answered;
    if (!is_there (call, "keys") && !is_there (call, "certbus.conf"))
        return no_home (call);
    int code = scene_ask (call, &scene, why, sizeof why);
    if (code != EXIT_DONE) {
        int health = health_ask (call, &answer, &answered);
        if (!answered)
            code = health;
        else
            complain ("%s", why);
    } else if (call->json)
        say_json (scene_json (&scene), true);
    else
        print (&scene);
    scene_free (&scene);
    return code;
}

static int run (struct call *call)
{
    if (!args_flag (&call->args, "live"))
        return board (call);
    if (call->json)
        return usage (call, "board: --live is for people; --json prints the board once");
    return live_run (call);
}

const struct command command_board = {
    .name = "board",
    .group = GROUP_READ,
    .operands = "",
    .summary = "what waits for a person at this station, most urgent first",
    .about =
        "What `certbus` alone prints: the station's health, open cases by time to breach, alarms,\n"
        "unanswered questions, overdue advisories, silent bodies, what was advised and is due,\n"
        "what waits to leave. It fits the terminal; what has no room is counted, with the command\n"
        "that shows it. Exercises stand apart and are marked.\n"
        "\n"
        "--live takes the whole screen and redraws when a message comes, and as times pass: q or\n"
        "^C quits, r redraws. On a terminal that is dumb it prints once a minute.",
    .options = options,
    .run = run,
};
