/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingress.h - what arrived over TCP and was never handed over
 *
 * libzmq hands a message over when all of its parts have arrived: one without end, and
 * handshakes that are never finished, grow in its memory past MAXMSGSIZE and RCVHWM. The
 * kernel counts what each connection received; here is counted what was handed over. A
 * connection whose difference no honest peer can have is shut. See tcp(7), TCP_INFO.
 */
#ifndef CERTBUS_INGRESS_H
#define CERTBUS_INGRESS_H

#include <stddef.h>

/* What one connection may have under way (credit allows an honest one half of it), and
 * all of them together; beyond that the largest go first. */
#define INGRESS_ONE ((size_t) 8 * 1024 * 1024)
#define INGRESS_ALL ((size_t) 256 * 1024 * 1024)

struct ingress;

struct ingress *ingress_new (void);
void ingress_free (struct ingress **self);
/* A frame of so many bytes came out of the connection with this descriptor. */
void ingress_took (struct ingress *self, int fd, size_t size);
/* Looks at the connections of this process, if memory grew or nobody looked for some
 * seconds; cheap enough for ten times a second. Returns how many were shut. */
size_t ingress_check (struct ingress *self);

#endif
