/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_certbus.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/core/schema.h"
#include "bus/edge/client.h"
#include "nodes/certbus/command.h"

#define WORDS_MAX   40
#define ANSWERS_MAX 32
#define PATHS       4

static struct {
    size_t count, asked;
    struct {
        char op[16];
        struct span map;
        bool used;
    } answers[ANSWERS_MAX];
    struct {
        char op[16];
        struct span map;
    } questions[ANSWERS_MAX];
} broker;

static struct span keep (struct span bytes)
{
    uint8_t *copy = malloc (bytes.size);
    assert (copy);
    memcpy (copy, bytes.data, bytes.size);
    return span_bytes (copy, bytes.size);
}

void broker_answers (const char *op, struct span map)
{
    assert (broker.count < ANSWERS_MAX);
    snprintf (broker.answers[broker.count].op, sizeof broker.answers[0].op, "%s", op);
    broker.answers[broker.count].used = false;
    broker.answers[broker.count++].map = keep (map);
}

void broker_agrees (const char *op)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    broker_answers (op, pack_result (&out));
    pack_free (&out);
}

void broker_refuses (const char *op, const char *reason, const char *detail)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 3);
    pack_put_text (&out, "detail");
    pack_put_text (&out, detail);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, false);
    pack_put_text (&out, "reason");
    pack_put_text (&out, reason);
    broker_answers (op, pack_result (&out));
    pack_free (&out);
}

static void drop (struct span *map)
{
    span_free (map);
}

void broker_reset (void)
{
    for (size_t i = 0; i < ANSWERS_MAX; i++) {
        drop (&broker.answers[i].map);
        drop (&broker.questions[i].map);
    }
    broker.count = broker.asked = 0;
}

struct span broker_was_asked (const char *op)
{
    for (size_t i = broker.asked; i; i--)
        if (strcmp (broker.questions[i - 1].op, op) == 0)
            return broker.questions[i - 1].map;
    return (struct span){ 0 };
}

size_t broker_questions (void)
{
    return broker.asked;
}

/* --- bus/edge/client.h --------------------------------------------------------------------- */

struct client {
    int door;
};

bool client_there (const char *home)
{
    (void) home;
    return broker.count > 0;
}

bool client_absent (const char *home)
{
    return !client_there (home);
}

struct client *client_open (const char *home, enum client_door door, char *why, size_t why_size)
{
    if (!broker.count) {
        snprintf (why, why_size, "no broker is running in %s", home);
        return NULL;
    }
    struct client *self = malloc (sizeof *self);
    assert (self);
    self->door = (int) door;
    return self;
}

void client_close (struct client **self)
{
    free (*self);
    *self = NULL;
}

void client_also (struct client *self, int descriptor)
{
    (void) self, (void) descriptor;
}

bool client_ask (struct client *self, struct span question, int timeout, struct span *answer,
                 char *why, size_t why_size)
{
    size_t found = ANSWERS_MAX;
    (void) timeout;
    assert (pack_canonical (question));
    struct span op = body_text (question, "op");
    /* These change something, so they may be asked at one door only. */
    bool acts = span_is (op, "publish") || span_is (op, "enrol") || span_is (op, "revoke") ||
                span_is (op, "trust") || span_is (op, "freeze") || span_is (op, "release") ||
                span_is (op, "discard");
    assert (acts == (self->door == CLIENT_ACT));
    assert (broker.asked < ANSWERS_MAX);
    span_text (op, broker.questions[broker.asked].op, sizeof broker.questions[0].op);
    broker.questions[broker.asked++].map = keep (question);
    for (size_t i = 0; i < broker.count; i++)
        if (span_is (op, broker.answers[i].op) &&
            (found == ANSWERS_MAX || broker.answers[found].used))
            found = i;
    if (found == ANSWERS_MAX) {
        snprintf (why, why_size, "the fake has no answer");
        return false;
    }
    broker.answers[found].used = true;
    *answer = broker.answers[found].map;
    return true;
}

/* --- the command line ---------------------------------------------------------------------- */

static struct ran ran;

static FILE *redirect (int fd, int *saved)
{
    FILE *file = tmpfile ();
    assert (file);
    *saved = dup (fd);
    assert (*saved >= 0 && dup2 (fileno (file), fd) == fd);
    return file;
}

static void restore (int fd, int saved, FILE *file, char *text, size_t size)
{
    assert (dup2 (saved, fd) == fd);
    close (saved);
    rewind (file);
    size_t got = fread (text, 1, size - 1, file);
    text[got] = 0;
    fclose (file);
}

const struct ran *certbus (const char *first, ...)
{
    char *words[WORDS_MAX + 1];
    int count = 0, out, err;
    va_list list;
    words[count++] = strdup ("certbus");
    va_start (list, first);
    for (const char *word = first; word && count < WORDS_MAX; word = va_arg (list, const char *))
        words[count++] = strdup (word);
    va_end (list);
    words[count] = NULL;

    fflush (stdout);
    FILE *out_file = redirect (STDOUT_FILENO, &out), *err_file = redirect (STDERR_FILENO, &err);
    ran.code = command_main (count, words);
    fflush (stdout);
    restore (STDOUT_FILENO, out, out_file, ran.out, sizeof ran.out);
    restore (STDERR_FILENO, err, err_file, ran.err, sizeof ran.err);
    for (int i = 0; i < count; i++)
        free (words[i]);
    return &ran;
}

static char folder[512];

static void remove_folder (void)
{
    char command[640];
    snprintf (command, sizeof command, "rm -rf '%s'", folder);
    if (system (command) != 0)
        fprintf (stderr, "%s is left\n", folder);
}

const char *file_without (const char *name)
{
    static char paths[PATHS][1024];
    static size_t next;
    if (!*folder) {
        const char *base = getenv ("TMPDIR");
        snprintf (folder, sizeof folder, "%s/certbus.XXXXXX", base ? base : "/tmp");
        assert (mkdtemp (folder));
        atexit (remove_folder);
    }
    char *path = paths[next++ % PATHS];
    snprintf (path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *file_with (const char *name, const char *text)
{
    const char *path = file_without (name);
    FILE *file = fopen (path, "w");
    assert (file);
    fputs (text, file);
    assert (fclose (file) == 0);
    return path;
}
