/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/wrap.h"

#include <string.h>

#include "nodes/certbus/screen.h"

/* The columns of a word, in which colours take none. */
static int columns_of (const char *word)
{
    char shown[WRAP_WORD + 8];
    size_t size = 0;
    for (const char *at = word; *at; at++) {
        if (*at == '\033')
            at += strcspn (at, "m");
        else
            shown[size++] = *at;
        if (!*at)
            break;
    }
    shown[size] = 0;
    return cells (shown);
}

/* The word goes to the next line when it does not fit, and stands further left there. */
static void put_word (struct wrap *self)
{
    int columns = columns_of (self->word), from = self->column + self->blanks;
    bool breaks = self->width && self->blanks && self->column && from > self->indent &&
                  from + columns > self->width;
    if (!self->size)
        return;
    if (breaks)
        fputs ("\n", self->file);
    self->column = breaks ? self->indent : from;
    fprintf (self->file, "%*s%s", breaks ? self->indent : self->blanks, "", self->word);
    self->column += columns;
    self->blanks = 0;
    self->size = 0;
    self->word[0] = 0;
}

void wrap_begin (struct wrap *self, FILE *file, int width, int indent)
{
    *self = (struct wrap){ .file = file,
                           .width = width,
                           .indent = width && indent > width / 3 ? width / 3 : indent };
}

void wrap_put (struct wrap *self, const char *text)
{
    for (; *text; text++) {
        bool begins = ((unsigned char) *text & 0xc0) != 0x80;
        if (*text == ' ' || *text == '\n' || (begins && self->size >= WRAP_WORD))
            put_word (self);
        if (*text == ' ') {
            self->blanks++;
        } else if (*text == '\n') {
            fputs ("\n", self->file);
            self->column = self->blanks = 0;
        } else {
            self->word[self->size++] = *text;
            self->word[self->size] = 0;
        }
    }
}

void wrap_end (struct wrap *self)
{
    put_word (self);
    fprintf (self->file, "%*s", self->blanks, "");
    self->blanks = 0;
}
