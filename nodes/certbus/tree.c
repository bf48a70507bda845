/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/live.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "live", 'l', false, NULL, "ask each party below, now" },
    WITHIN_OPTION,
    { NULL, 0, false, NULL, NULL },
};

/* One party. Texts are owned: an answer lives until the next question. */
struct node {
    char name[PARTY_MAX + 1], role[64], link[8];
    char *title, *sectors;
    char software[65];
    int64_t since, silent, not_after, generation;
    int64_t heard, lag; /* --live: its last frame, what waits for it */
    bool live;          /* --live: the party above it has told of it */
    bool revoked;
    bool last; /* of its parent's children */
};

struct tree {
    size_t count, room;
    struct node *nodes;
    struct span below; /* only this party and those below it; empty: all */
    bool live;
    int64_t now;
    bool strangers; /* somebody's presence is not known here */
};

static char *sectors_of (struct span party)
{
    struct pack_in in;
    char text[LINE_MAX_BYTES] = "";
    for (size_t left = answer_array (party, "sectors", &in); left; left--) {
        size_t used = strlen (text);
        snprintf (text + used, sizeof text - used, " @%.64s",
                  line_of (pack_str (&in, 0, SIZE_MAX)).text);
    }
    return strdup (text);
}

static void add (struct tree *tree, struct span party)
{
    if (tree->below.size > 0 && !party_within (body_text (party, "name"), tree->below))
        return;
    if (tree->count == tree->room) {
        tree->room = tree->room ? 2 * tree->room : 256;
        tree->nodes = realloc (tree->nodes, tree->room * sizeof tree->nodes[0]);
        if (!tree->nodes)
            abort ();
    }
    struct node *node = &tree->nodes[tree->count++];
    *node = (struct node){ .title = strdup (line_of (body_text (party, "title")).text),
                           .sectors = sectors_of (party),
                           .since = body_int (party, "since", 0),
                           .silent = body_int (party, "silent", 0),
                           .not_after = body_int (party, "not_after", 0),
                           .generation = body_int (party, "generation", 0),
                           .revoked = answer_bool (party, "revoked") };
    if (!node->title || !node->sectors)
        abort ();
    snprintf (node->name, sizeof node->name, "%.*s", SPAN_ARG (body_text (party, "name")));
    span_text (body_text (party, "role"), node->role, sizeof node->role);
    span_text (body_text (party, "link"), node->link, sizeof node->link);
    tree->strangers = tree->strangers || !node->link[0];
}

static void tree_free (struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free (tree->nodes[i].title);
        free (tree->nodes[i].sectors);
    }
    free (tree->nodes);
}

/* Label by label, so that what is below a party stands right after it: `-` sorts before `.`. */
static int by_label (const void *a, const void *b)
{
    const char *x = ((const struct node *) a)->name, *y = ((const struct node *) b)->name;
    for (; *x && *x == *y; x++, y++)
        ;
    unsigned p = *x == '.' ? 1 : (unsigned char) *x, q = *y == '.' ? 1 : (unsigned char) *y;
    return p < q ? -1 : p > q;
}

static size_t depth (const char *name)
{
    size_t labels = party_depth (span_of (name));
    return labels < PARTY_LABELS ? labels : PARTY_LABELS;
}

static void find_last (struct tree *tree)
{
    bool later[PARTY_LABELS + 2] = { false };
    for (size_t i = tree->count; i-- > 0;) {
        size_t at = depth (tree->nodes[i].name);
        tree->nodes[i].last = !later[at];
        later[at] = true;
        for (size_t deeper = at + 1; deeper < sizeof later / sizeof later[0]; deeper++)
            later[deeper] = false;
    }
}

/* --- Drawing ------------------------------------------------------------------------------- */

struct pen {
    const char *on, *last, *down, *blank;
};

static const struct pen *pen_of (void)
{
    static const struct pen ascii = { "+- ", "+- ", "|  ", "   " };
    static const struct pen lines = { "\u251c\u2500 ", "\u2514\u2500 ", "\u2502  ", "   " };
    bool utf8 = screen_width () > 0 && setlocale (LC_CTYPE, "") &&
                strcmp (nl_langinfo (CODESET), "UTF-8") == 0;
    return utf8 ? &lines : &ascii;
}

/* Returns how many columns it took. */
static int draw_branch (const struct node *node, size_t below, bool *open, const struct pen *pen)
{
    for (size_t level = 1; level < below; level++)
        say ("%s", open[level] ? pen->down : pen->blank);
    if (below > 0)
        say ("%s", node->last ? pen->last : pen->on);
    open[below] = !node->last;
    return (int) (3 * below);
}

static void say_live (const struct node *node, int64_t now)
{
    if (node->heard > 0 && strcmp (node->link, "open") != 0)
        say (", heard %s", moment_of (node->heard, now).text);
    style (STYLE_PLAIN);
    if (node->lag > 0)
        say (", %" PRId64 " waiting for it", node->lag);
    if (node->software[0])
        say ("  %s", line_text (node->software).text);
}

static void say_presence (const struct node *node, int64_t now)
{
    if (strcmp (node->link, "self") == 0)
        say ("  (here)");
    else if (strcmp (node->link, "away") == 0) {
        style (STYLE_BAD);
        say ("  away %s", since_moment (node->since, now).text);
        if (node->silent > 0)
            say ("  SILENT %s", since_moment (node->silent, now).text);
    } else if (node->link[0]) {
        style (STYLE_GOOD);
        say ("  open %s", since_moment (node->since, now).text);
    }
    if (node->live)
        say_live (node, now);
    style (STYLE_PLAIN);
}

static void draw (const struct node *node, size_t top, bool *open, int64_t now)
{
    size_t below = depth (node->name) - top;
    int used = draw_branch (node, below, open, pen_of ());
    bool self = strcmp (node->link, "self") == 0;
    if (self)
        style (STYLE_STRONG);
    say ("%-*s", used > 26 ? 2 : 28 - used, node->name);
    style (STYLE_PLAIN);
    say ("  %-12s  %s%s", line_text (node->role).text, node->title, node->sectors);
    say_presence (node, now);
    style (STYLE_BAD);
    if (node->revoked)
        say ("  REVOKED");
    else if (node->not_after < now)
        say ("  EXPIRED %s", moment_of (node->not_after, now).text);
    style (STYLE_PLAIN);
    say ("\n");
}

static void print (struct tree *tree)
{
    bool open[PARTY_LABELS + 2] = { false };
    qsort (tree->nodes, tree->count, sizeof tree->nodes[0], by_label);
    find_last (tree);
    size_t top = tree->count ? depth (tree->nodes[0].name) : 0;
    for (size_t i = 0; i < tree->count; i++)
        draw (&tree->nodes[i], top, open, tree->now);
    if (tree->strangers && !tree->live)
        say ("\nWhere nothing is said of a connection, it is not known here: a station sees its "
             "parent and\nits children.\n");
}

/* All pages of the answer. */
static int gather (struct call *call, struct tree *tree, json_t *parties)
{
    char after[PARTY_MAX + 1] = "";
    bool more;
    do {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new ("tree");
        if (*after)
            ask_text (question, "after", span_of (after));
        int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        size_t count = answer_array (answer, "parties", &in);
        for (size_t i = 0; i < count; i++) {
            struct span party = pack_any (&in);
            add (tree, party);
            if (call->json && parties)
                json_array_append_new (parties, value_json (party));
            span_text (body_text (party, "name"), after, sizeof after);
        }
        tree->now = body_int (answer, "now", clock_utc ());
        more = count > 0 && answer_bool (answer, "more");
    } while (more);
    return EXIT_DONE;
}

/* --- Live ---------------------------------------------------------------------------------- */

static int by_name (const void *a, const void *b)
{
    return strcmp (((const struct node *) a)->name, ((const struct node *) b)->name);
}

/* What the parties above them say takes the place of what is known here of neighbours alone. */
static void tell_live (struct tree *tree, struct span answer)
{
    struct pack_in in;
    tree->now = body_int (answer, "now", tree->now);
    if (tree->count > 0)
        qsort (tree->nodes, tree->count, sizeof tree->nodes[0], by_name);
    for (size_t left = answer_array (answer, "parties", &in); left; left--) {
        struct span party = pack_any (&in);
        struct node wanted = { .title = NULL };
        span_text (body_text (party, "name"), wanted.name, sizeof wanted.name);
        struct node *node =
            tree->count > 0 ? bsearch (&wanted, tree->nodes, tree->count, sizeof wanted, by_name)
                            : NULL;
        if (!node)
            continue; /* enrolled below a moment ago */
        node->live = true;
        snprintf (node->link, sizeof node->link, "%s",
                  answer_bool (party, "open") ? "open" : "away");
        node->since = body_int (party, "since", 0);
        node->heard = body_int (party, "heard", 0);
        node->lag = body_int (party, "lag", 0);
        span_text (body_text (party, "software"), node->software, sizeof node->software);
    }
}

static json_t *live_json (struct span answer)
{
    return json_pack ("{s:o, s:o, s:o, s:I}", "parties", value_of (body_field (answer, "parties")),
                      "silent", value_of (body_field (answer, "silent")), "more",
                      json_boolean (answer_bool (answer, "more")), "took",
                      (json_int_t) body_int (answer, "took", 0));
}

static int run_live (struct call *call, struct tree *tree)
{
    char term[TERM_MAX + 1];
    struct ask *no_arguments = NULL;
    struct span answer;
    struct party_name self;
    int code = EXIT_DONE;
    tree->live = true;
    if (tree->below.size == 0) {
        code = post_party (call, &self);
        tree->below = span_of (self.text);
    }
    snprintf (term, sizeof term, SPAN_FMT ".**", SPAN_ARG (tree->below));
    if (code == EXIT_DONE && !call->json)
        code = gather (call, tree, NULL);
    if (code == EXIT_DONE)
        code = live_ask (call, "presence", term, &no_arguments, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (live_json (answer), true);
    if (code == EXIT_DONE && !call->json) {
        tell_live (tree, answer);
        print (tree);
        live_say_silent (answer);
    }
    return code;
}

static int run (struct call *call)
{
    struct tree tree = { .count = 0 };
    const char *party = call->args.operand_count ? call->args.operands[0] : NULL;
    bool live = args_flag (&call->args, "live");
    if (party && !party_valid (span_of (party)))
        return usage (call, "tree: '%s' is no party's name", line_text (party).text);
    if (!live && (party || args_text (&call->args, "within")))
        return usage (call, "tree: PARTY and --within go with --live");
    tree.below = span_of (party ? party : "");
    json_t *parties = json_array ();
    int code = live ? run_live (call, &tree) : gather (call, &tree, parties);
    if (code == EXIT_DONE && call->json && !live)
        say_json (json_pack ("{s:O}", "parties", parties), true);
    else if (code == EXIT_DONE && !live)
        print (&tree);
    json_decref (parties);
    tree_free (&tree);
    return code;
}

const struct command command_tree = {
    .name = "tree",
    .group = GROUP_CARE,
    .operands = "[PARTY]",
    .most = 1,
    .summary = "draw the hierarchy as it is known here, and who is connected",
    .about =
        "Each line has a party, its role, title and sectors, and since when it is connected or\n"
        "away. A station sees the connections of its neighbours only: of others nothing is said.\n"
        "With --live each CERT below is asked for its own, and what waits for whom: of PARTY and\n"
        "those below it, or of this one. Who does not answer in time is named.",
    .options = options,
    .paged = true,
    .run = run,
};
