/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.h - a message that is written in an editor, until it is sent or left be
 */
#ifndef CERTBUS_COMPOSE_H
#define CERTBUS_COMPOSE_H

#include "nodes/certbus/post.h"

struct compose {
    const char *kind;
    json_t *start;     /* a document to begin with; borrowed */
    const char *draft; /* the file to write in; NULL: the usual place */
    /* What must stay as it was: settings as they stand in `start`, and "number" of its body.
     * May be NULL; borrowed. */
    const json_t *fixed;
    bool attach; /* the files of --attach go with it */
    /* Of a step of a case; NULL or empty for other messages. Borrowed. */
    const char *const *fields; /* of the body, that the form has, ends with NULL; NULL: all */
    const char *place;         /* the draft's name; NULL: the kind */
    const char *again;         /* the command that goes on with the draft; NULL: this one */
    const char *step;          /* as in struct post */
    struct span after;         /* as in struct post */
};

/* Writes, edits, checks, asks and sends. An exit code. */
int compose (struct call *call, const struct compose *compose);

/* Reads a message from a file: JSON, or a template as compose leaves it behind. An exit code,
 * after a complaint. */
int compose_load (struct call *call, const char *path, struct post *post);

#endif
