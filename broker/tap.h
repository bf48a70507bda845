/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap.h - a PUB socket for programs on this host: lossy, and said so
 *
 * Topic: "live incident", "exercise advisory"; then the envelope. Only what is for
 * this party, and only up to the label that the configuration allows; of exercises nothing,
 * unless it says so: who reads the tap may not know of them.
 */
#ifndef CERTBUS_TAP_H
#define CERTBUS_TAP_H

#include "broker/take.h"

int tap_open (struct station *station, char *why, size_t why_size);
/* After the commit. */
void tap_show (struct station *station, const struct item *item);

#endif
