/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap.h - lines broken between words where a narrow terminal ends
 */
#ifndef CERTBUS_WRAP_H
#define CERTBUS_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define WRAP_WORD 1024 /* a longer word goes out in pieces */

/* Text comes in pieces of any size; a word is held back until it has ended. */
struct wrap {
    FILE *file;
    int width;  /* columns; 0: nothing is broken */
    int indent; /* blanks before what was broken off */
    int column, blanks;
    size_t size;
    char word[WRAP_WORD + 8];
};

/* `indent` is made less where it would leave no room. */
void wrap_begin (struct wrap *self, FILE *file, int width, int indent);
/* Text that has been made harmless, whole characters of UTF-8; "\033[...m" takes no columns. */
void wrap_put (struct wrap *self, const char *text);
void wrap_end (struct wrap *self);

#endif
