/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/board.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bus/core/schema.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/health.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

/* Records that are looked at, and in one question. */
#define LOOK_MAX 1000
#define LOOK_ONE 250
/* Lines that are no rows: heading, health, titles of sections, what waits. */
#define LINES_FIXED 15
#define LINES_LEAST 2 /* of each list, on however small a screen */
#define LINES_FILE  20
/* Rows have columns, and are cut, where a title has room behind them. */
#define WIDTH_ROWS 72
#define INDENT     4 /* of what a narrow screen breaks off */

/* --- Gathering ----------------------------------------------------------------------------- */

static int gather (struct call *call, struct board *board)
{
    const struct span kinds[] = { span_of ("advisory"), span_of ("incident"), span_of ("update") };
    int64_t after = 0;
    bool more = true;
    for (size_t looked = 0; more && looked < LOOK_MAX;) {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new ("read");
        ask_int (question, "after", after);
        ask_bool (question, "back", true);
        ask_bool (question, "here", true);
        ask_texts (question, "kinds", kinds, sizeof kinds / sizeof kinds[0]);
        ask_int (question, "limit", LOOK_ONE);
        int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        size_t count = answer_array (answer, "records", &in);
        more = count > 0;
        for (; count; count--, looked++) {
            struct record record;
            struct span map = pack_any (&in);
            struct span state = body_text (map, "standing.state");
            more = more && (!record_read (map, &record) || board_take (board, &record, state));
        }
        after = body_int (answer, "next", 0);
        more = more && after > 1;
    }
    board->older = more;
    board_close (board);
    return EXIT_DONE;
}

/* --- Lines that fit ------------------------------------------------------------------------ */

struct screen {
    int width;   /* 0: any */
    bool narrow; /* lines are broken and not cut */
    size_t rows; /* of each list */
    bool older;  /* there are records that were not looked at */
};

static struct screen screen_here (void)
{
    struct winsize size;
    struct screen screen = { .width = screen_width (), .rows = LINES_FILE };
    screen.narrow = screen.width && screen.width < WIDTH_ROWS;
    if (!screen.width || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return screen;
    screen.rows = size.ws_row > LINES_FIXED + 3 * LINES_LEAST
                      ? (size.ws_row - (size_t) LINES_FIXED) / 3
                      : LINES_LEAST;
    return screen;
}

/* Takes the columns out: one blank between words. */
static void squeeze (char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' || from[1] != ' ' || from == text)
            *to++ = *from;
    *to = 0;
}

/* Cut to the screen's width; on a narrow one without columns, and broken. */
static void line (const struct screen *screen, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static void line (const struct screen *screen, const char *format, ...)
{
    char text[4 * LINE_MAX_BYTES];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    if (screen->narrow)
        squeeze (text);
    size_t size = strlen (text);
    while (screen->width && !screen->narrow && size && cells (text) > screen->width) {
        /* The last character, with all its bytes. */
        while (size && ((unsigned char) text[--size] & 0xc0) == 0x80)
            ;
        text[size] = 0;
    }
    say ("%s\n", text);
}

static void title (const struct screen *screen, const char *text, size_t count)
{
    say ("\n");
    style (STYLE_STRONG);
    if (count)
        line (screen, "%s (%s%zu)", text, screen->older ? "at least " : "", count);
    else
        line (screen, "%s: none", text);
    style (STYLE_PLAIN);
}

static void messages (const struct screen *screen, const char *name, const struct board_rows *rows,
                      const char *next, int64_t now)
{
    title (screen, name, rows->count);
    for (size_t i = 0; i < rows->count && i < screen->rows && i < BOARD_ROWS; i++) {
        const struct board_row *row = &rows->at[i];
        line (screen, "  %-20s %-12s %-12s %-9s %s%s%s%s", row->id, moment_of (row->when, now).text,
              row->severity, row->tlp + strlen ("TLP:"), row->mark[0] ? "[" : "", row->mark,
              row->mark[0] ? "] " : "", row->title);
    }
    if (rows->count > screen->rows)
        line (screen, "  ... and %zu more: %s", rows->count - screen->rows, next);
    else if (rows->count)
        line (screen, "  next: certbus show %s", rows->at[0].id);
}

static void due_dates (const struct screen *screen, const struct board_rows *rows, int64_t now)
{
    title (screen, "Due, as advisories ask", rows->count);
    for (size_t i = 0; i < rows->count && i < screen->rows && i < BOARD_ROWS; i++) {
        const struct board_row *row = &rows->at[i];
        line (screen, "  %-20s %-8s %s %-12s %s", row->id, row->action,
              row->when < now ? "OVERDUE, due" : "due", moment_of (row->when, now).text,
              row->title);
    }
    if (rows->count)
        line (screen, "  next: certbus show %s", rows->at[0].id);
}

static void leaving (const struct screen *screen, struct span status, int64_t now)
{
    struct pack_in in;
    struct span parent = body_field (status, "parent");
    int64_t lag = body_int (parent, "lag", 0), behind = 0;
    for (size_t left = answer_array (status, "children", &in); left; left--)
        behind += body_int (pack_any (&in), "lag", 0) > 0;
    say ("\n");
    if (lag)
        line (screen,
              "To leave: %s%" PRId64 " for %s, the oldest %s; next: certbus list "
              "--waiting",
              answer_bool (parent, "more") ? "at least " : "", lag,
              line_of (body_text (parent, "party")).text,
              since_moment (body_int (parent, "oldest", 0), now).text);
    if (behind)
        line (screen,
              "To leave: %" PRId64 " children have not everything yet; next: certbus status",
              behind);
    if (!lag && !behind)
        line (screen, "To leave: nothing");
    int64_t kept = body_int (status, "quarantine.count", 0);
    if (kept)
        line (screen, "Quarantine: %" PRId64 "; next: certbus quarantine", kept);
    else
        line (screen, "Quarantine: empty");
}

static void print (const struct board *board, struct span status)
{
    struct screen screen = screen_here ();
    int64_t now = board->now;
    say_wrapped (INDENT);
    style (STYLE_STRONG);
    line (&screen, "%s  %s  %s", line_of (body_text (status, "party")).text,
          line_of (body_text (status, "title")).text, when_of (now).text);
    style (STYLE_PLAIN);
    health_print (status, 2);
    screen.older = board->older;
    messages (&screen, "Open incidents", &board->incidents, "certbus list --kind incident", now);
    messages (&screen, "Advisories of the last 7 days", &board->advisories,
              "certbus list --kind advisory", now);
    due_dates (&screen, &board->due, now);
    /* Sentences are read to their end. */
    screen.narrow = true;
    leaving (&screen, status, now);
    say_unwrapped ();
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *rows_json (const struct board_rows *rows, const char *when)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < rows->count && i < BOARD_ROWS; i++) {
        const struct board_row *row = &rows->at[i];
        json_t *made =
            json_pack ("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", row->id, "tlp", row->tlp, "title",
                       row->title, "severity", json_span (span_of (row->severity)), "mark",
                       json_span (span_of (row->mark)), when, json_time (row->when));
        if (row->action[0])
            json_object_set_new (made, "action", json_string (row->action));
        json_array_append_new (all, made);
    }
    return all;
}

static void print_json (const struct board *board, struct span status)
{
    say_json (json_pack ("{s:o, s:o, s:o, s:o}", "status", value_json (status), "incidents",
                         rows_json (&board->incidents, "issued"), "advisories",
                         rows_json (&board->advisories, "issued"), "due",
                         rows_json (&board->due, "due")),
              true);
}

/* --- The command --------------------------------------------------------------------------- */

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

static struct span keep (struct span answer)
{
    uint8_t *copy = malloc (answer.size);
    if (!copy)
        abort ();
    memcpy (copy, answer.data, answer.size);
    return span_bytes (copy, answer.size);
}

/* What may not be looked at is there: the question to the broker says what is wrong. */
static bool is_there (const struct call *call, const char *name)
{
    return access (home_path (call, name).text, F_OK) == 0 || errno != ENOENT;
}

int board (struct call *call)
{
    struct span answer;
    bool answered;
    if (!is_there (call, "keys") && !is_there (call, "certbus.conf"))
        return no_home (call);
    int health = health_ask (call, &answer, &answered);
    if (!answered)
        return health;
    struct span status = keep (answer);
    struct board *found = board_new (body_text (status, "party"), body_int (status, "now", 0));
    int code = gather (call, found);
    if (code == EXIT_DONE && call->json)
        print_json (found, status);
    else if (code == EXIT_DONE)
        print (found, status);
    board_free (&found);
    span_free (&status);
    return code;
}
