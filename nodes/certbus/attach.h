/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h - files that travel with a message
 *
 * A message lists its files by name, hash and size. Once it is accepted their pieces follow,
 * each a message of kind `part`; what was interrupted is taken up again with
 * `certbus attach ID FILE`, which sends only what is not in the journal yet. Files are read in
 * pieces, twice: a piece that is not what was hashed is never sent.
 */
#ifndef CERTBUS_ATTACH_H
#define CERTBUS_ATTACH_H

#include "nodes/certbus/post.h"

/* A row for a command's table of options. */
#define ATTACH_OPTION                                                                              \
    {                                                                                              \
        "attach", 'a', true, "FILE", "a file that goes with it"                                    \
    }

/* Takes the files of --attach: hashes them, lists them in the body, and keeps them in
 * `post->attached`. An exit code, after a complaint. */
int attach_add_to_body (struct call *call, struct post *post);
/* Asks the broker whether such files may go to whom the message goes, before it is sent. */
int attach_may (struct call *call, const struct post *post);
/* After the message was accepted: sends what is not in the journal yet. */
int attach_send (struct call *call, struct attach *files, const char *id);
void attach_free (struct attach **self);

/* Prints the files that a message lists and how much of each is here; nothing where it lists
 * none. */
void attach_print (struct call *call, const struct msg_id *id);

#endif
