/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of sockets share: a folder of their own, keys, and waiting without sleeping. */
#ifndef CERTBUS_TESTS_SUPPORT_WIRE_H
#define CERTBUS_TESTS_SUPPORT_WIRE_H

#include "bus/edge/wire.h"

/* Goes into a new folder, so that paths of sockets are short; and out and removes it. */
void scratch_enter (void);
void scratch_leave (void);

struct link_keys {
    uint8_t public[KEY_SIZE], secret[KEY_SIZE];
    char hex[2 * KEY_SIZE + 1];
    struct hash key; /* the public one, as zap_admit takes it */
};
void link_keys_make (struct link_keys *keys);

/* Waits until there is something to receive or `ms` are over. */
bool readable (void *raw, int ms);
/* The next frame within a few seconds; WIRE_EMPTY: none came. */
enum wire_result next_router (zsock_t *sock, struct wire_frame *frame);
enum wire_result next_dealer (zsock_t *sock, struct wire_frame *frame);
/* The same, but soon, where nothing is expected. */
enum wire_result none_router (zsock_t *sock, struct wire_frame *frame);

/* A raw DEALER with the options that a peer chooses for itself: NULL keys: no CURVE. */
void *raw_dealer (const char *endpoint, const uint8_t *server_key, const struct link_keys *keys,
                  const char *routing_id);
/* Sends a message of `parts` parts. */
void raw_send_parts (void *raw, size_t parts);

/* A peer that speaks ZMTP's bytes itself: waits for this many, exchanges greetings. */
void bytes_hear (int fd, size_t count);
void bytes_greet (int fd, const char *mechanism);

/* What `main` returns. A test that failed leaves sockets open, for which czmq would wait at exit. */
int ended (int failed);

#endif
