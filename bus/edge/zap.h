/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zap.h - who may connect: the ZAP handler (ZeroMQ RFC 27) of this process
 *
 * A thread that answers inproc://zeromq.zap.01 from a table in memory that is
 * replaced as one step. Domain ZAP_LINKS: CURVE keys in the table are admitted
 * and get their key in hex as User-Id; every other key and mechanism is denied.
 * Domain ZAP_LOCAL: ipc with NULL; admitted, because the socket's folder and the
 * kernel's peer credentials decide; nothing the client claims is believed.
 * Anything else is denied. It must run before the first bind.
 */
#ifndef CERTBUS_ZAP_H
#define CERTBUS_ZAP_H

#include <czmq.h>

#include "bus/core/proof.h"

#define ZAP_LINKS "certbus.links"
#define ZAP_LOCAL "certbus.local"

struct zap;

/* NULL when the handler cannot be bound (another one runs in this process). */
struct zap *zap_start (void);
void zap_stop (struct zap **self);
/* Replaces the admitted keys; returns after the handler has taken them. Copies. */
void zap_admit (struct zap *self, const struct hash *keys, size_t count);

/* Proves that `endpoint` (bound here, CURVE server with `server_key`) refuses a
 * key that nobody knows and one without CURVE. False: it let one in, or did not
 * answer in `timeout` ms; then nothing may be served. */
bool zap_proves_closed (const char *endpoint, const uint8_t server_key[KEY_SIZE], int timeout);

#endif
