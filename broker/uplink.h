/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uplink.h - the socket towards the parent: one endpoint active, the next when it fails
 */
#ifndef CERTBUS_UPLINK_H
#define CERTBUS_UPLINK_H

#include "broker/station.h"

/* Connects to the first endpoint in the background and watches the connection:
 * a new one begins a session at once, a lost one ends it at once. */
struct uplink *uplink_open (struct station *station);
void uplink_close (struct uplink **self);
/* The endpoint in use; "" when none is known. */
const char *uplink_endpoint (const struct station *station);
/* Before a greeting: after a connection was lost, the parent's key in force is tried, if the
 * connection had another one. */
void uplink_refresh (struct station *station);
/* Whether the handshake failed, and the parent has another key to be tried. */
bool uplink_refused (const struct station *station);
/* No answer there: a new connection, to the next one if there are several. */
void uplink_next (struct station *station);
/* The parent's endpoints changed (configuration, its contact message). */
void uplink_reset (struct station *station);

#endif
