/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - the sockets of certbus, with every option that PLATFORM's traps ask for
 *
 * docs/security.md lists each option with its reason. A frame is one part; a
 * message with more parts is counted, dropped whole and reported as hostile.
 */
#ifndef CERTBUS_WIRE_H
#define CERTBUS_WIRE_H

#include <czmq.h>

#include "bus/core/link.h"

#define WIRE_ROUTE 8 /* bytes of a generated routing id, at most */
/* A question or an answer on a local socket, at most. */
#define WIRE_LOCAL_MAX ((size_t) 1024 * 1024)

/* Where a frame came from or goes to on a ROUTER. */
struct wire_route {
    uint8_t size, bytes[WIRE_ROUTE];
};
bool wire_route_equal (const struct wire_route *a, const struct wire_route *b);

/* A ROUTER for children: CURVE server, ZAP_LINKS, mandatory routing. Bind with
 * wire_bind, any number of times. NULL and errno on failure. */
zsock_t *wire_server (const uint8_t link_secret[KEY_SIZE], const uint8_t link_public[KEY_SIZE]);
/* Binds to tcp or ipc; "tcp://127.0.0.1:*" takes a free port. Returns 0 and the real endpoint,
 * or -1 and `why` in words ("address already in use", ...). */
int wire_bind (zsock_t *sock, const char *endpoint, char *bound, size_t bound_size, char *why,
               size_t why_size);
/* A DEALER to a parent: CURVE client. Connects in the background with back-off
 * 1 s to 60 s. NULL when the endpoint is no endpoint. libzmq never tries again
 * after a refusal or after a peer that is none: make a new one after a silence. */
zsock_t *wire_client (const char *endpoint, const uint8_t server_key[KEY_SIZE],
                      const uint8_t link_secret[KEY_SIZE], const uint8_t link_public[KEY_SIZE]);
/* A ROUTER on ipc under `path` (short, relative to the current folder is fine),
 * mode 0660 under a folder that decides; ZAP_LOCAL. And a DEALER to it. */
zsock_t *wire_local_server (const char *path, char *why, size_t why_size);
/* The same for questions with large answers: fewer of them are kept for who does not read. */
zsock_t *wire_local_reader (const char *path, char *why, size_t why_size);
zsock_t *wire_local_client (const char *path);

/* A frame that was received, owned; wire_free when done. */
struct wire_frame {
    zmq_msg_t msg;
    struct span bytes;           /* borrows from msg */
    struct wire_route route;     /* ROUTER only */
    char user[2 * KEY_SIZE + 1]; /* User-Id: the link key in hex; "" on DEALER and ipc */
    char address[64];            /* Peer-Address: "IP", or "localhost:uid:gid:pid" on ipc */
    int fd;                      /* of the connection it came by, for ingress.h; -1: not known */
};

enum wire_result { WIRE_OK, WIRE_EMPTY, WIRE_HOSTILE, WIRE_GONE };

/* Never blocks. WIRE_HOSTILE: a message that is not one part; route and user say whose. */
enum wire_result wire_recv_router (zsock_t *sock, struct wire_frame *frame);
enum wire_result wire_recv_dealer (zsock_t *sock, struct wire_frame *frame);
void wire_free (struct wire_frame *frame);

/* Never blocks. WIRE_EMPTY: the pipe is full, try after the next ACK; WIRE_GONE: no such route. */
enum wire_result wire_send_router (zsock_t *sock, const struct wire_route *route,
                                   struct span bytes);
enum wire_result wire_send_dealer (zsock_t *sock, struct span bytes);

/* uid of an ipc peer from its Peer-Address; false when there is none. */
bool wire_peer_uid (const char *address, uint32_t *uid, uint32_t *gid, uint32_t *pid);

#endif
