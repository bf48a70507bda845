/* SPDX-License-Identifier: Apache-2.0 */
/*
 * editor.h - the editor of whoever sits at the terminal
 */
#ifndef CERTBUS_EDITOR_H
#define CERTBUS_EDITOR_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the file, the cursor on `line` (0: wherever it likes), and waits. In $VISUAL unless the
 * terminal is dumb, $EDITOR, then what Debian calls editor, nano or vi, whichever is there.
 * False and `why` when there is none, it could not be run or did not end with 0. */
bool editor_run (const char *path, unsigned line, char *why, size_t why_size);

#endif
