/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life.h - the messages around one: its thread, and the revisions before and after it
 */
#ifndef CERTBUS_LIFE_H
#define CERTBUS_LIFE_H

#include "nodes/certbus/fetch.h"

/* Prints the thread that the message belongs to or began; nothing when it is alone. */
void life_thread (struct call *call, const struct fetched *fetched);

/* Of a receipt or a rejection: prints in a sentence what it says of which message. */
void life_about (struct call *call, const struct record *record);

/* Prints who refused it and why, as their rejections in its thread say; not who took it since. */
void life_refused (struct call *call, const struct fetched *fetched);

/* Prints the chain of revisions, oldest first; nothing when there is only one. */
void life_revisions (struct call *call, const struct record *record);
/* The same: array of {"id", "issued", "title", "withdrawn"}; this one is in it. */
json_t *life_revisions_json (struct call *call, const struct record *record);

#endif
