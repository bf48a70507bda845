/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adopt.h - the casework of a journal from before there was any
 */
#ifndef CERTBUS_ADOPT_H
#define CERTBUS_ADOPT_H

struct station;

/* At a start, in the loop, before anybody is served and anything else is submitted: makes the
 * tables of casework from the log (casework_rebuild) and waits for it. `tell` is given a line every
 * other second. What is stored then
 * starts no clock of its own (casework_begin). On a full disk they stay as they are, with a warning; the next start tries again. */
void casework_adopt (struct station *station, void (*tell) (const char *text));

#endif
