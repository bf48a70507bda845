/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prototype FOLDER COUNT BYTES - the bare recipe of a link, to measure the real one against
 *
 * DEALER to ROUTER over CURVE on loopback, frames of 64 KiB, each message hashed as
 * a leaf of a Merkle tree whose root is signed once a frame, SQLite with WAL and
 * synchronous=FULL in batches of what the socket holds, an acknowledgement after
 * each commit, 1 MiB in flight. No journal chain, no ids, no policy, no routing,
 * no lanes. Two processes, as the real one. Prints messages a second.
 */
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "bus/core/proof.h"

#define FRAME  ((size_t) 64 * 1024)
#define WINDOW 16 /* frames in flight */

struct link {
    char server_public[41], server_secret[41], client_public[41], client_secret[41];
    uint8_t sign_public[KEY_SIZE], sign_secret[SECRET_SIZE];
    char endpoint[256];
    size_t size, run; /* bytes a message, messages a frame */
    long count;
};

static void must (bool ok, const char *what)
{
    if (ok)
        return;
    fprintf (stderr, "prototype: %s failed: %s\n", what, zmq_strerror (zmq_errno ()));
    exit (1);
}

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* A frame: count, signature, then the messages. */
static size_t make_frame (const struct link *link, uint8_t *frame, size_t run, uint8_t *message)
{
    struct hash leaves[1024], root, signer = { { 0 } };
    uint32_t count = (uint32_t) run;
    uint8_t *at = frame + 4 + SIG_SIZE;
    for (size_t i = 0; i < run; i++, at += link->size) {
        message[0]++; /* no two alike */
        memcpy (at, message, link->size);
        leaves[i] = hash_leaf (span_bytes (at, link->size));
    }
    root = merkle_root (leaves, run);
    memcpy (frame, &count, 4);
    proof_sign (CB_PURPOSE_MESSAGE, &signer, count, &root, link->sign_secret, frame + 4);
    return (size_t) (at - frame);
}

static int child (const struct link *link)
{
    void *ctx = zmq_ctx_new (), *sock = zmq_socket (ctx, ZMQ_DEALER);
    zmq_setsockopt (sock, ZMQ_CURVE_SERVERKEY, link->server_public, 41);
    zmq_setsockopt (sock, ZMQ_CURVE_PUBLICKEY, link->client_public, 41);
    zmq_setsockopt (sock, ZMQ_CURVE_SECRETKEY, link->client_secret, 41);
    must (zmq_connect (sock, link->endpoint) == 0, "connect");
    uint8_t *frame = malloc (FRAME + 4096), *message = calloc (1, link->size), ack[16];
    long sent = 0, acked = 0, frames = 0;
    while (acked < link->count) {
        while (sent < link->count && frames < WINDOW) {
            size_t run = link->run;
            if ((long) run > link->count - sent)
                run = (size_t) (link->count - sent);
            size_t size = make_frame (link, frame, run, message);
            must (zmq_send (sock, frame, size, 0) >= 0, "send");
            sent += (long) run;
            frames++;
        }
        must (zmq_recv (sock, ack, sizeof ack, 0) == 16, "receive");
        memcpy (&acked, ack, 8);
        long done;
        memcpy (&done, ack + 8, 8);
        frames -= done;
    }
    free (frame);
    free (message);
    zmq_close (sock);
    zmq_ctx_term (ctx);
    return 0;
}

static sqlite3_stmt *prepare (sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    must (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) == SQLITE_OK, sql);
    return statement;
}

static long take (const struct link *link, sqlite3_stmt *insert, const uint8_t *frame)
{
    struct hash leaves[1024], root, signer = { { 0 } };
    uint32_t count;
    memcpy (&count, frame, 4);
    const uint8_t *at = frame + 4 + SIG_SIZE;
    for (uint32_t i = 0; i < count; i++, at += link->size) {
        leaves[i] = hash_leaf (span_bytes (at, link->size));
        sqlite3_bind_blob (insert, 1, leaves[i].bytes, HASH_SIZE, SQLITE_STATIC);
        sqlite3_bind_blob (insert, 2, at, (int) link->size, SQLITE_STATIC);
        must (sqlite3_step (insert) == SQLITE_DONE, "insert");
        sqlite3_reset (insert);
    }
    root = merkle_root (leaves, count);
    must (proof_verify (CB_PURPOSE_MESSAGE, &signer, count, &root, link->sign_public, frame + 4),
          "verify");
    return count;
}

static double parent (const struct link *link, void *sock, const char *path)
{
    sqlite3 *db;
    must (sqlite3_open (path, &db) == SQLITE_OK, "open");
    sqlite3_exec (db,
                  "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                  "CREATE TABLE log(pos INTEGER PRIMARY KEY, leaf BLOB, message BLOB)",
                  NULL, NULL, NULL);
    sqlite3_stmt *insert = prepare (db, "INSERT INTO log(leaf, message) VALUES (?, ?)");
    uint8_t id[256], *frame = malloc (FRAME + 4096), ack[16];
    long stored = 0;
    double start = 0;
    while (stored < link->count) {
        long frames = 0;
        int flags = 0, id_size = 0, size;
        while ((size = zmq_recv (sock, id, sizeof id, flags)) > 0) {
            id_size = size;
            must (zmq_recv (sock, frame, FRAME + 4096, 0) > 0, "receive");
            if (start == 0)
                start = now ();
            if (frames++ == 0)
                sqlite3_exec (db, "BEGIN", NULL, NULL, NULL);
            stored += take (link, insert, frame);
            flags = ZMQ_DONTWAIT;
        }
        must (sqlite3_exec (db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "commit");
        memcpy (ack, &stored, 8);
        memcpy (ack + 8, &frames, 8);
        zmq_send (sock, id, (size_t) id_size, ZMQ_SNDMORE);
        zmq_send (sock, ack, sizeof ack, 0);
    }
    double seconds = now () - start;
    sqlite3_finalize (insert);
    sqlite3_close (db);
    free (frame);
    return seconds;
}

int main (int argc, char **argv)
{
    if (argc != 4) {
        fputs ("usage: prototype FOLDER COUNT BYTES\n", stderr);
        return 2;
    }
    struct link link = { .count = atol (argv[2]), .size = (size_t) atol (argv[3]) };
    char path[4096];
    snprintf (path, sizeof path, "%s/prototype.db", argv[1]);
    must (sodium_init () >= 0 && link.size >= 32 && link.size < FRAME / 2, "start");
    link.run = (FRAME - 4 - SIG_SIZE) / link.size;
    crypto_sign_keypair (link.sign_public, link.sign_secret);
    zmq_curve_keypair (link.server_public, link.server_secret);
    zmq_curve_keypair (link.client_public, link.client_secret);

    int pipes[2];
    must (pipe (pipes) == 0, "pipe");
    pid_t pid = fork ();
    if (pid == 0) { /* the child needs the port that the parent was given */
        must (read (pipes[0], link.endpoint, sizeof link.endpoint) > 0, "read");
        _exit (child (&link));
    }
    void *ctx = zmq_ctx_new (), *sock = zmq_socket (ctx, ZMQ_ROUTER);
    int one = 1;
    size_t size = sizeof link.endpoint;
    zmq_setsockopt (sock, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt (sock, ZMQ_CURVE_SECRETKEY, link.server_secret, 41);
    must (zmq_bind (sock, "tcp://127.0.0.1:*") == 0, "bind");
    zmq_getsockopt (sock, ZMQ_LAST_ENDPOINT, link.endpoint, &size);
    must (write (pipes[1], link.endpoint, sizeof link.endpoint) > 0, "write");
    printf ("%.0f\n", (double) link.count / parent (&link, sock, path));
    waitpid (pid, NULL, 0);
    zmq_close (sock);
    zmq_ctx_term (ctx);
    return 0;
}
