/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load HOME COUNT BYTES AUDIENCE [WINDOW] - publishes COUNT notes and waits until all are stored
 *
 * Speaks docs/local.md like every node, with WINDOW questions under way at a
 * time (default 256). Prints the seconds that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bus/edge/wire.h"

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void question (struct pack_out *out, uint64_t tag, const char *text, const char *audience)
{
    pack_reset (out);
    pack_put_array (out, 2);
    pack_put_uint (out, tag);
    pack_put_map (out, 5);
    pack_put_text (out, "audience");
    pack_put_array (out, 1);
    pack_put_text (out, audience);
    pack_put_text (out, "body");
    pack_put_map (out, 1);
    pack_put_text (out, "text");
    pack_put_text (out, text);
    pack_put_text (out, "kind");
    pack_put_text (out, "note");
    pack_put_text (out, "op");
    pack_put_text (out, "publish");
    pack_put_text (out, "tlp");
    pack_put_uint (out, 2);
}

static int answered (zsock_t *sock)
{
    struct wire_frame frame;
    zmq_pollitem_t item = { zsock_resolve (sock), 0, ZMQ_POLLIN, 0 };
    if (zmq_poll (&item, 1, 10000) <= 0)
        return -1;
    int count = 0;
    while (wire_recv_dealer (sock, &frame) == WIRE_OK) {
        /* {"ok": true} is in it, or the answer is a refusal. */
        if (memmem (frame.bytes.data, frame.bytes.size, "\xa2ok\xc3", 4) == NULL) {
            fprintf (stderr, "load: refused: " SPAN_FMT "\n", SPAN_ARG (frame.bytes));
            return -1;
        }
        wire_free (&frame);
        count++;
    }
    return count;
}

int main (int argc, char **argv)
{
    if (argc < 5) {
        fputs ("usage: load HOME COUNT BYTES AUDIENCE [WINDOW]\n", stderr);
        return 2;
    }
    long count = atol (argv[2]), window = argc > 5 ? atol (argv[5]) : 256;
    size_t size = (size_t) atol (argv[3]);
    char path[4096];
    char *text = malloc (size + 1);
    snprintf (path, sizeof path, "%s/run/act/bus", argv[1]);
    zsys_init ();
    zsys_handler_set (NULL);
    zsock_t *sock = wire_local_client (path);
    if (sock == NULL || text == NULL) {
        fputs ("load: no broker there\n", stderr);
        return 1;
    }
    memset (text, 'x', size);
    text[size] = '\0';
    struct pack_out out;
    pack_init (&out);
    double start = now ();
    for (long sent = 0, done = 0; done < count;) {
        for (; sent < count && sent - done < window; sent++) {
            question (&out, (uint64_t) sent, text, argv[4]);
            if (wire_send_dealer (sock, pack_result (&out)) != WIRE_OK)
                break;
        }
        int got = answered (sock);
        if (got < 0)
            return 1;
        done += got;
    }
    printf ("%.3f\n", now () - start);
    pack_free (&out);
    free (text);
    zsock_destroy (&sock);
    zsys_shutdown ();
    return 0;
}
