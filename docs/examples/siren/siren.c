/* SPDX-License-Identifier: Apache-2.0 */
/*
 * siren - rings when a severe incident arrives: an example of a node
 *
 *     siren HOME PROGRAM [ARGUMENT...]
 *
 * For each incident of severity S1 or S2 that is for the party whose home is HOME it runs
 * PROGRAM, with SIREN_ID, SIREN_SEVERITY and SIREN_TITLE in its environment. Exit code 0 says
 * that it rang; only then does the broker's cursor move on. Anything else: it rings again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bus/core/envelope.h"
#include "bus/core/pack.h"
#include "bus/core/schema.h"
#include "bus/edge/client.h"

#define NAME       "siren"
#define WAIT_MS    30000             /* that the broker keeps a question when there is nothing */
#define ANSWER_MS  (WAIT_MS + 10000) /* that we wait for its answer */
#define AGAIN_S    2                 /* before what failed is tried again */
#define TITLE_ROOM 1024

/* A broker that is being restarted comes back, and so does somebody's telephone. */
static void complain (const char *why)
{
    fprintf (stderr, "siren: %s; again in %d s\n", why, AGAIN_S);
    nanosleep (&(struct timespec){ .tv_sec = AGAIN_S }, NULL);
}

/* Asks, and frees the question. False: no answer, or one with a reason why not; it has been
 * said. */
static bool ask (struct client *client, struct pack_out *question, struct span *answer)
{
    char why[512];
    bool good = client_ask (client, pack_result (question), ANSWER_MS, answer, why, sizeof why);
    if (good && body_text (*answer, "reason").size > 0) {
        snprintf (why, sizeof why, "the broker says no: " SPAN_FMT,
                  SPAN_ARG (body_text (*answer, "reason")));
        good = false;
    }
    pack_free (question);
    if (!good)
        complain (why);
    return good;
}

static void put_text (struct pack_out *question, const char *key, const char *value)
{
    pack_put_text (question, key);
    pack_put_text (question, value);
}

static void put_int (struct pack_out *question, const char *key, int64_t value)
{
    pack_put_text (question, key);
    pack_put_int (question, value);
}

/* The next incident after the cursor of our name, or none within WAIT_MS. The keys of a
 * question stand in the order of their bytes. */
static bool ask_take (struct client *client, struct span *answer)
{
    struct pack_out question;
    pack_init (&question);
    pack_put_map (&question, 6);
    put_text (&question, "from", "start");
    pack_put_text (&question, "kinds");
    pack_put_array (&question, 1);
    pack_put_text (&question, "incident");
    put_int (&question, "limit", 1);
    put_text (&question, "name", NAME);
    put_text (&question, "op", "take");
    put_int (&question, "wait", WAIT_MS);
    return ask (client, &question, answer);
}

/* Everything up to `position` has had its effect. */
static bool ask_taken (struct client *client, int64_t position)
{
    struct span answer;
    struct pack_out question;
    pack_init (&question);
    pack_put_map (&question, 3);
    put_text (&question, "name", NAME);
    put_text (&question, "op", "taken");
    put_int (&question, "position", position);
    return ask (client, &question, &answer);
}

/* Runs the program. Text from elsewhere goes into its environment, never through a shell. */
static bool ring (const struct envelope *incident, char *const program[])
{
    char id[ID_TEXT], severity[16], title[TITLE_ROOM];
    int status = 1;
    msg_id_text (&incident->id, id);
    span_text (body_text (incident->body, "severity"), severity, sizeof severity);
    span_text (body_text (incident->body, "title"), title, sizeof title);
    pid_t pid = fork ();
    if (pid == 0) {
        if (setenv ("SIREN_ID", id, 1) == 0 && setenv ("SIREN_SEVERITY", severity, 1) == 0 &&
            setenv ("SIREN_TITLE", title, 1) == 0)
            execvp (program[0], program);
        perror (program[0]);
        _exit (127);
    }
    if (pid > 0 && waitpid (pid, &status, 0) == pid && status == 0)
        return true;
    complain (pid < 0 ? "it cannot be started" : "it did not ring");
    return false;
}

/* Whether the record needs no ringing, or has been rung. */
static bool had_its_effect (struct span record, char *const program[])
{
    struct envelope incident;
    struct span bytes = body_bytes (record, "envelope"); /* empty: no longer kept here */
    if (bytes.size == 0 || envelope_parse (&incident, bytes) != CB_OK)
        return true;
    struct span severity = body_text (incident.body, "severity");
    return (!span_is (severity, "S1") && !span_is (severity, "S2")) || ring (&incident, program);
}

/* One question, what it brought, and the cursor. */
static void turn (struct client *client, char *const program[])
{
    struct span answer;
    if (!ask_take (client, &answer))
        return;
    struct pack_in records = pack_open (body_field (answer, "records"));
    bool came = pack_array (&records, 0, 1) > 0;
    struct span record = came ? pack_any (&records) : (struct span){ 0 };
    int64_t next = body_int (answer, "next", 0);
    if (came && !records.bad && had_its_effect (record, program))
        ask_taken (client, next);
}

int main (int argc, char **argv)
{
    char why[512];
    if (argc < 3) {
        fprintf (stderr, "usage: siren HOME PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    struct client *client = client_open (argv[1], CLIENT_READ, why, sizeof why);
    while (client == NULL) {
        complain (why);
        client = client_open (argv[1], CLIENT_READ, why, sizeof why);
    }
    for (;;)
        turn (client, argv + 2);
}
