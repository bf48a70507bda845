/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/scene.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "bus/edge/log.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define REDRAW_MS INT64_C (1000)  /* the least between two */
#define PASSES_MS INT64_C (10000) /* times move on although nothing came */
#define AWAY_MS   INT64_C (2000)  /* before a broker that is away is asked again */
#define DUMB_MS   INT64_C (60000)

/* Of a terminal that does not say. */
#define ROWS_USUAL    24
#define COLUMNS_USUAL 80

/* The alternate screen, which leaves what was there before; the cursor hidden. */
#define ENTER "\033[?1049h\033[?25l\033[2J"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME  "\033[H"
#define REST  "\033[K\r\n" /* whatever stood behind a line goes */
#define BELOW "\033[J"

enum event { EVENT_NONE, EVENT_DRAW, EVENT_QUIT };

struct live {
    struct call *call;
    int signals, events; /* signals as they come; them and the keyboard together */
    bool raw;            /* the terminal is as we need it */
    bool dumb;
    struct termios before;
    struct scene scene; /* the last that was told */
    bool told;
    bool away;
    char why[WHY_MAX];
    int64_t head; /* position up to which all was looked at */
    char *shown;  /* what the screen has; owned */
    int ended_by; /* a signal; 0: q */
};

/* --- The terminal -------------------------------------------------------------------------- */

static void put (const char *text)
{
    size_t left = strlen (text);
    while (left) {
        ssize_t wrote = write (STDOUT_FILENO, text, left);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return; /* it is gone; SIGHUP follows */
        text += wrote;
        left -= (size_t) wrote;
    }
}

static void enter (struct live *live)
{
    struct termios raw = live->before;
    raw.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (!live->dumb && tcsetattr (STDIN_FILENO, TCSANOW, &raw) == 0) {
        live->raw = true;
        put (ENTER);
    }
    free (live->shown);
    live->shown = NULL;
}

static void leave (struct live *live)
{
    if (!live->raw)
        return;
    put (LEAVE);
    tcsetattr (STDIN_FILENO, TCSANOW, &live->before);
    live->raw = false;
}

/* As for any other program: to the shell, and back again. */
static void stop (struct live *live)
{
    leave (live);
    raise (SIGSTOP);
    enter (live);
}

/* --- Drawing ------------------------------------------------------------------------------- */

static char *render (struct live *live)
{
    struct winsize size = { 0 };
    struct page page;
    char *made = NULL;
    size_t bytes;
    FILE *file = open_memstream (&made, &bytes);
    if (!file)
        abort ();
    if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
        size = (struct winsize){ .ws_row = ROWS_USUAL, .ws_col = COLUMNS_USUAL };
    bool small = size.ws_row < LAYOUT_ROWS || size.ws_col < LAYOUT_COLUMNS;
    page_init (&page, size.ws_row > 1 ? size.ws_row - 1u : 1, size.ws_col);
    if (small)
        page_put (&page, STYLE_PLAIN, "at least %dx%d", LAYOUT_COLUMNS, LAYOUT_ROWS);
    else if (live->away)
        page_wrap (&page, STYLE_BAD, 3, live->why);
    if (!small && live->told)
        scene_draw (&live->scene, &page, true);
    fputs (HOME, file);
    page_write (&page, file, REST);
    fprintf (file, "%s%.*s\033[K" BELOW, style_code (STYLE_PLAIN),
             size.ws_col ? size.ws_col - 1 : 1, "q quits, r redraws");
    page_free (&page);
    if (fclose (file) != 0)
        abort ();
    return made;
}

static void draw (struct live *live)
{
    char *now = render (live);
    if (!live->shown || strcmp (live->shown, now) != 0)
        put (now);
    free (live->shown);
    live->shown = now;
}

static void print (struct live *live)
{
    struct page page;
    page_init (&page, 0, screen_width ());
    if (live->away)
        page_wrap (&page, STYLE_BAD, 3, live->why);
    else
        scene_draw (&live->scene, &page, true);
    page_put (&page, STYLE_PLAIN, "%s", "");
    page_write (&page, stdout, "\n");
    fflush (stdout);
    page_free (&page);
}

static void ask (struct live *live)
{
    struct scene scene;
    live->away = scene_ask (live->call, &scene, live->why, sizeof live->why) != EXIT_DONE;
    if (live->away) {
        scene_free (&scene);
        return;
    }
    scene_free (&live->scene);
    live->scene = scene;
    live->told = true;
    live->head = body_int (scene.status, "head", 0);
}

/* --- Waiting ------------------------------------------------------------------------------- */

static enum event on_signal (struct live *live)
{
    struct signalfd_siginfo info;
    if (read (live->signals, &info, sizeof info) != (ssize_t) sizeof info)
        return EVENT_NONE;
    if (info.ssi_signo == SIGTSTP)
        stop (live);
    if (info.ssi_signo == SIGTSTP || info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT) {
        free (live->shown);
        live->shown = NULL;
        return EVENT_DRAW;
    }
    live->ended_by = (int) info.ssi_signo;
    return EVENT_QUIT;
}

static enum event on_key (struct live *live)
{
    char key;
    ssize_t got = read (STDIN_FILENO, &key, 1);
    if (got == 0 && !live->raw)
        return EVENT_QUIT; /* the end of the input */
    if (got != 1)
        return EVENT_NONE;
    if (key != 'r')
        return key == 'q' || key == 'Q' ? EVENT_QUIT : EVENT_NONE;
    free (live->shown);
    live->shown = NULL;
    return EVENT_DRAW;
}

/* What came from the keyboard or as a signal, within so many ms. */
static enum event look (struct live *live, int64_t ms)
{
    enum event what = EVENT_NONE;
    int64_t until = clock_steady () + ms;
    do {
        struct epoll_event one;
        int64_t rest = until - clock_steady ();
        if (epoll_wait (live->events, &one, 1, rest > 0 ? (int) rest : 0) != 1)
            continue;
        what = one.data.fd == live->signals ? on_signal (live) : on_key (live);
    } while (what == EVENT_NONE && clock_steady () < until);
    return what;
}

/* Until a message comes, times have passed, or somebody presses a key. */
static enum event wait_for (struct live *live)
{
    char why[WHY_MAX];
    struct span answer;
    if (live->dumb || live->away)
        return look (live, live->dumb ? DUMB_MS : AWAY_MS);
    enum event what = look (live, REDRAW_MS);
    if (what != EVENT_NONE)
        return what;
    struct ask *question = ask_new ("read");
    ask_int (question, "after", live->head);
    ask_int (question, "limit", 1);
    ask_bool (question, "here", true);
    ask_int (question, "wait", PASSES_MS - REDRAW_MS);
    if (live->call->doors[CLIENT_READ])
        client_also (live->call->doors[CLIENT_READ], live->events);
    /* Whatever came of it, the board is asked for again. */
    talk_quietly (live->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why);
    if (live->call->doors[CLIENT_READ])
        client_also (live->call->doors[CLIENT_READ], -1);
    return look (live, 0);
}

/* --- All of it ----------------------------------------------------------------------------- */

static bool listen_to (struct live *live, sigset_t *before)
{
    static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };
    struct epoll_event keys = { .events = EPOLLIN, .data.fd = STDIN_FILENO };
    sigset_t set;
    sigemptyset (&set);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset (&set, caught[i]);
    live->events = epoll_create1 (EPOLL_CLOEXEC);
    live->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    struct epoll_event signals = { .events = EPOLLIN, .data.fd = live->signals };
    return sigprocmask (SIG_BLOCK, &set, before) == 0 && live->events >= 0 && live->signals >= 0 &&
           epoll_ctl (live->events, EPOLL_CTL_ADD, STDIN_FILENO, &keys) == 0 &&
           epoll_ctl (live->events, EPOLL_CTL_ADD, live->signals, &signals) == 0;
}

static void run (struct live *live)
{
    enum event what = EVENT_DRAW;
    enter (live);
    while (what != EVENT_QUIT) {
        ask (live);
        if (live->dumb)
            print (live);
        else
            draw (live);
        what = wait_for (live);
    }
    leave (live);
}

/* So that who started it sees by what it ended. */
static void end_by (int number, const sigset_t *before)
{
    signal (number, SIG_DFL);
    sigprocmask (SIG_SETMASK, before, NULL);
    raise (number);
}

int live_run (struct call *call)
{
    const char *term = getenv ("TERM");
    struct live live = { .call = call, .events = -1, .signals = -1 };
    sigset_t before;
    if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO) ||
        tcgetattr (STDIN_FILENO, &live.before) != 0)
        return usage (call, "board: --live needs a terminal; certbus board prints it once");
    live.dumb = !term || !*term || strcmp (term, "dumb") == 0;
    if (live.dumb)
        complain ("TERM is %s, so the board is printed once a minute; ^C ends it",
                  term && *term ? term : "not set");
    bool good = listen_to (&live, &before);
    if (good)
        run (&live);
    scene_free (&live.scene);
    free (live.shown);
    if (live.events >= 0)
        close (live.events);
    if (live.signals >= 0)
        close (live.signals);
    if (live.ended_by)
        end_by (live.ended_by, &before);
    sigprocmask (SIG_SETMASK, &before, NULL);
    return good ? EXIT_DONE : refused ("the terminal cannot be watched: %s", strerror (errno));
}
