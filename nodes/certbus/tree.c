/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

/* One party. Texts are owned: an answer lives until the next question. */
struct node {
    char name[PARTY_MAX + 1], role[64], link[8];
    char *title, *sectors;
    int64_t since, not_after, generation;
    bool revoked;
    bool last; /* of its parent's children */
};

struct tree {
    size_t count, room;
    struct node *nodes;
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

static void say_presence (const struct node *node, int64_t now)
{
    if (strcmp (node->link, "self") == 0)
        say ("  (here)");
    else if (strcmp (node->link, "away") == 0) {
        style (STYLE_BAD);
        say ("  away %s", since_moment (node->since, now).text);
    } else if (node->link[0]) {
        style (STYLE_GOOD);
        say ("  open %s", since_moment (node->since, now).text);
    }
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
    if (tree->strangers)
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
            if (call->json)
                json_array_append_new (parties, value_json (party));
        }
        tree->now = body_int (answer, "now", clock_utc ());
        if (count)
            snprintf (after, sizeof after, "%s", tree->nodes[tree->count - 1].name);
        more = count > 0 && answer_bool (answer, "more");
    } while (more);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    struct tree tree = { .count = 0 };
    json_t *parties = json_array ();
    int code = gather (call, &tree, parties);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:O}", "parties", parties), true);
    else if (code == EXIT_DONE)
        print (&tree);
    json_decref (parties);
    tree_free (&tree);
    return code;
}

const struct command command_tree = {
    .name = "tree",
    .group = GROUP_CARE,
    .operands = "",
    .summary = "draw the hierarchy as it is known here, and who is connected",
    .about =
        "Each line has a party, its role, title and sectors, and since when it is connected or\n"
        "away. A station sees the connections of its neighbours only: of others nothing is said.",
    .options = options,
    .paged = true,
    .run = run,
};
