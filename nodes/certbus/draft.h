/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft.h - what somebody writes, kept on disk until the broker has it
 *
 * $XDG_STATE_HOME/certbus (else ~/.local/state/certbus), for its owner alone. One file for a
 * party and a kind; who has it open holds a lock beside it.
 */
#ifndef CERTBUS_DRAFT_H
#define CERTBUS_DRAFT_H

#include "nodes/certbus/command.h"

#define DRAFT_MAX ((size_t) 4 * 1024 * 1024)

struct draft_file {
    char path[PATH_TEXT];
    int lock; /* -1: none */
};

/* Finds the place and takes the lock. `given`: a file that was named, else NULL. An exit code,
 * after a complaint. draft_close in any case. */
int draft_open (struct draft_file *draft, const char *party, const char *kind, const char *given);
/* When it was written last (ms UTC); 0: there is none, or an empty one. */
int64_t draft_time (const struct draft_file *draft);
/* Reads it; an exit code, after a complaint. Free the data. */
int draft_read (const struct draft_file *draft, struct span *text);
/* Writes it, so that it outlives a power cut; an exit code, after a complaint. */
int draft_write (const struct draft_file *draft, const char *text);
void draft_remove (const struct draft_file *draft);
void draft_close (struct draft_file *draft);

/* Asks what to do with one that is there: 'y' go on, 'n' it was set aside, 'd' it is gone, 0 the
 * question was not answered. */
int draft_offer (const struct draft_file *draft, int64_t now);

#endif
