/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/command.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/edge/conf.h"
#include "bus/edge/home.h"
#include "bus/edge/keys.h"
#include "bus/edge/log.h"

static const struct option_row options[] = {
    { "title", 't', false, "TITLE",
      "what people call the party (required): \"Karachi Port Trust\"" },
    { "name", 0, false, "TITLE", "the same" },
    { "listen", 'l', false, "ENDPOINT",
      "where children connect: tcp://HOST:PORT (default: no port)" },
    { "out", 'o', false, "FILE", "where the request goes (default: NAME.request)" },
    { NULL, 0, false, NULL, NULL },
};

/* A home is entered by who may read or act, and seen by its owner; the two doors belong to
 * groups that the operator chooses. */
static const struct {
    const char *name;
    bool shared;
} folders[] = { { "", false }, { "run", false }, { "run/read", true }, { "run/act", true } };

static int make_folders (const struct call *call)
{
    char why[WHY_MAX];
    struct stat st;
    if (strcmp (call->home, HOME_SYSTEM) == 0 && stat (HOME_SYSTEM, &st) != 0)
        return refused ("%s: no such folder: certbus is not installed on this machine. Say where "
                        "the home shall be: certbus -C DIR init ...",
                        HOME_SYSTEM);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (home_folder (call->home, folders[i].name, folders[i].shared, why, sizeof why) != 0)
            return refused ("%s", why);
    return EXIT_DONE;
}

/* Children elsewhere can do nothing with a port that is not chosen yet. */
static bool can_be_told (const char *endpoint)
{
    return conf_endpoint (endpoint, false, false) && !strstr (endpoint, "//0.0.0.0:") &&
           !strstr (endpoint, "//*:");
}

/* What was given, else what is typed into `typed`. An exit code. */
static int find_title (const struct call *call, const char *name, char typed[TITLE_MAX + 2],
                       const char **title)
{
    *title = args_text (&call->args, args_flag (&call->args, "title") ? "title" : "name");
    if (!*title && !call->json && isatty (STDIN_FILENO)) {
        say ("Title (e.g. Karachi Port Trust): ");
        fflush (stdout);
        if (fgets (typed, TITLE_MAX + 2, stdin)) {
            typed[strcspn (typed, "\n")] = 0;
            *title = typed;
        }
    }
    if (!*title || !**title)
        return usage (call,
                      "init: what do people call %s? Say it with --title, as in "
                      "--title \"Karachi Port Trust\"",
                      name);
    if (strlen (*title) > TITLE_MAX || !span_utf8 (span_of (*title)))
        return usage (call, "--title: 1 to %d bytes of UTF-8 expected", TITLE_MAX);
    return EXIT_DONE;
}

static int check (const struct call *call, const char *name, const char *listen, const char *out)
{
    char why[WHY_MAX];
    struct stat st;
    if (!party_valid (span_of (name)))
        return usage (call,
                      "init: '%s' is no party's name; expected labels of a-z, 0-9 and -, the top "
                      "first: pk.sindh.kpt",
                      line_text (name).text);
    if (listen && !conf_endpoint (listen, true, false))
        return usage (call, "--listen: '%s' is no endpoint; expected tcp://HOST:PORT",
                      line_text (listen).text);
    if (stat (home_path (call, "keys").text, &st) == 0)
        return refused ("%s: is a home already; its keys stay as they are", call->home);
    if (!home_may_write (call->home, why, sizeof why))
        return refused ("%s", why);
    if (stat (out, &st) == 0)
        return refused ("%s: exists already; move it away, or name another file with --out", out);
    return EXIT_DONE;
}

static int write_request (const struct keys *keys, const char *title, const char *listen,
                          const char *out, char code[CODE_TEXT])
{
    char why[WHY_MAX];
    struct pack_out request;
    struct enrolment e = { .title = span_of (title), .made = clock_utc () };
    if (listen && can_be_told (listen))
        e.endpoints[e.endpoint_count++] = span_of (listen);
    pack_init (&request);
    keys_request (keys, &e, &request);
    int result = file_write (out, pack_result (&request), false, false, why, sizeof why) == 0
                     ? EXIT_DONE
                     : refused ("%s", why);
    if (result == EXIT_DONE && enrolment_parse (&e, pack_result (&request)) == CB_OK)
        hash_code (&e.st.hash, code);
    pack_free (&request);
    return result;
}

/* In a system installation the home has a link to it, and it stays root's. */
static int write_conf (const struct call *call, const char *listen)
{
    char why[CONF_WHY], path[HOME_TEXT];
    struct path link = home_path (call, "certbus.conf");
    if (access (link.text, F_OK) == 0)
        return EXIT_DONE;
    home_conf (call->home, path);
    if (conf_write (path, listen, why) != 0 ||
        home_give (call->home, "certbus.conf", why, sizeof why) != 0)
        return refused ("%s", why);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[CONF_WHY], out_default[PARTY_MAX + 16], code_text[CODE_TEXT] = "";
    const char *name = call->args.operands[0], *listen = args_text (&call->args, "listen");
    const char *title, *out = args_text (&call->args, "out");
    char typed[TITLE_MAX + 2];
    if (args_flag (&call->args, "title") && args_flag (&call->args, "name"))
        return usage (call, "init: --title or --name, not both");
    snprintf (out_default, sizeof out_default, "%s.request", name);
    if (!out)
        out = out_default;
    int code = check (call, name, listen, out);
    if (code == EXIT_DONE)
        code = find_title (call, name, typed, &title);
    if (code == EXIT_DONE)
        code = make_folders (call);
    if (code != EXIT_DONE)
        return code;

    struct keys keys;
    keys_make (&keys, span_of (name));
    /* The keys last: they make it a home, so that what failed before can be tried again. */
    struct path path = home_path (call, "keys");
    code = write_conf (call, listen);
    if (code == EXIT_DONE)
        code = write_request (&keys, title, listen, out, code_text);
    if (code == EXIT_DONE && keys_save (&keys, path.text, why, sizeof why) != 0) {
        code = refused ("%s", why);
        unlink (out);
    }
    if (code == EXIT_DONE && home_give (call->home, "keys", why, sizeof why) != 0)
        code = refused ("%s", why);
    keys_wipe (&keys);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:s, s:s, s:s}", "party", name, "request", out, "code", code_text),
                  true);
    else if (code == EXIT_DONE)
        say ("%s  code %s\nGive the file to the party above, and read out the code to them by "
             "phone.\n",
             out, code_text);
    return code;
}

const struct command command_init = {
    .name = "init",
    .group = GROUP_SETUP,
    .operands = "NAME",
    .least = 1,
    .most = 1,
    .summary = "make a party's home: keys, settings, and a request to be enrolled",
    .about =
        "DIR (of -C) becomes the home of the party NAME: keys, certbus.conf, and the folders of\n"
        "its broker's sockets. NAME.request in the current folder goes to the party above,\n"
        "which enrols it; its code is compared by phone.",
    .options = options,
    .run = run,
};
