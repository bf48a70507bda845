/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_wire.h"

#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON_MS    200
#define PATIENT_MS 10000

static char scratch[256];

static void must (bool good)
{
    if (!good)
        abort ();
}

void scratch_enter (void)
{
    const char *base = getenv ("TMPDIR");
    snprintf (scratch, sizeof scratch, "%s/wire.XXXXXX", base && *base ? base : "/tmp");
    must (mkdtemp (scratch) != NULL);
    must (chdir (scratch) == 0);
}

void scratch_leave (void)
{
    char command[sizeof scratch + 16];
    must (chdir ("/") == 0);
    snprintf (command, sizeof command, "rm -rf '%s'", scratch);
    must (system (command) == 0);
}

void link_keys_make (struct link_keys *keys)
{
    must (sodium_init () >= 0);
    crypto_box_keypair (keys->public, keys->secret);
    sodium_bin2hex (keys->hex, sizeof keys->hex, keys->public, KEY_SIZE);
    memcpy (keys->key.bytes, keys->public, KEY_SIZE);
}

bool readable (void *raw, int ms)
{
    zmq_pollitem_t item = { raw, 0, ZMQ_POLLIN, 0 };
    return zmq_poll (&item, 1, ms) > 0;
}

enum wire_result next_router (zsock_t *sock, struct wire_frame *frame)
{
    readable (zsock_resolve (sock), PATIENT_MS);
    return wire_recv_router (sock, frame);
}

enum wire_result none_router (zsock_t *sock, struct wire_frame *frame)
{
    readable (zsock_resolve (sock), SOON_MS);
    return wire_recv_router (sock, frame);
}

enum wire_result next_dealer (zsock_t *sock, struct wire_frame *frame)
{
    readable (zsock_resolve (sock), PATIENT_MS);
    return wire_recv_dealer (sock, frame);
}

void *raw_dealer (const char *endpoint, const uint8_t *server_key, const struct link_keys *keys,
                  const char *routing_id)
{
    void *raw = zmq_socket (zsys_init (), ZMQ_DEALER);
    int zero = 0;
    must (raw && zmq_setsockopt (raw, ZMQ_LINGER, &zero, sizeof zero) == 0);
    if (routing_id)
        must (zmq_setsockopt (raw, ZMQ_ROUTING_ID, routing_id, strlen (routing_id)) == 0);
    if (keys)
        must (zmq_setsockopt (raw, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE) == 0 &&
              zmq_setsockopt (raw, ZMQ_CURVE_PUBLICKEY, keys->public, KEY_SIZE) == 0 &&
              zmq_setsockopt (raw, ZMQ_CURVE_SECRETKEY, keys->secret, KEY_SIZE) == 0);
    must (zmq_connect (raw, endpoint) == 0);
    return raw;
}

void raw_send_parts (void *raw, size_t parts)
{
    for (size_t i = 1; i <= parts; i++)
        must (zmq_send (raw, "part", 4, i < parts ? ZMQ_SNDMORE : 0) == 4);
}

void bytes_hear (int fd, size_t count)
{
    uint8_t byte;
    struct pollfd item = { .fd = fd, .events = POLLIN };
    for (size_t i = 0; i < count; i++)
        must (poll (&item, 1, PATIENT_MS) == 1 && recv (fd, &byte, 1, 0) == 1);
}

void bytes_greet (int fd, const char *mechanism)
{
    /* In two steps: libzmq may wait for ever when it gets all of a greeting at once. */
    uint8_t greeting[64] = { [0] = 0xff, [9] = 0x7f, [10] = 3 };
    memcpy (greeting + 12, mechanism, strlen (mechanism));
    must (send (fd, greeting, 10, 0) == 10);
    bytes_hear (fd, 10);
    must (send (fd, greeting + 10, sizeof greeting - 10, 0) == sizeof greeting - 10);
    bytes_hear (fd, sizeof greeting - 10);
}

int ended (int failed)
{
    if (failed) {
        fflush (NULL);
        _exit (1);
    }
    return 0;
}
