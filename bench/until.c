/* SPDX-License-Identifier: Apache-2.0 */
/*
 * until HOME FIRST LAST - waits until positions FIRST and LAST are stored; prints records a second
 *
 * One question waits at a time, so that watching costs the broker nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bus/core/schema.h"
#include "bus/edge/wire.h"

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int64_t head (zsock_t *sock, int64_t after)
{
    struct pack_out out;
    struct wire_frame frame;
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_uint (&out, 1);
    pack_put_map (&out, 4);
    pack_put_text (&out, "after");
    pack_put_int (&out, after);
    pack_put_text (&out, "limit");
    pack_put_uint (&out, 1);
    pack_put_text (&out, "op");
    pack_put_text (&out, "read");
    pack_put_text (&out, "wait");
    pack_put_uint (&out, 30000);
    wire_send_dealer (sock, pack_result (&out));
    pack_free (&out);
    zmq_pollitem_t item = { zsock_resolve (sock), 0, ZMQ_POLLIN, 0 };
    if (zmq_poll (&item, 1, 40000) <= 0 || wire_recv_dealer (sock, &frame) != WIRE_OK)
        exit (1);
    struct pack_in in = pack_open (frame.bytes);
    pack_array (&in, 2, 2);
    pack_uint (&in, 0, UINT64_MAX);
    int64_t found = body_int (pack_any (&in), "head", -1);
    wire_free (&frame);
    return found;
}

int main (int argc, char **argv)
{
    char path[4096];
    if (argc != 4)
        return 2;
    snprintf (path, sizeof path, "%s/run/read/bus", argv[1]);
    zsys_init ();
    zsys_handler_set (NULL);
    zsock_t *sock = wire_local_client (path);
    int64_t first = atoll (argv[2]), last = atoll (argv[3]), from = 0, to = 0;
    while ((from = head (sock, first - 1)) < first)
        continue;
    double start = now ();
    while ((to = head (sock, last - 1)) < last)
        continue;
    printf ("%.0f\n", (double) (to - from) / (now () - start));
    zsock_destroy (&sock);
    zsys_shutdown ();
    return 0;
}
