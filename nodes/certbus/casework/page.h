/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.h - lines that fit a screen, before anything prints them
 */
#ifndef CERTBUS_PAGE_H
#define CERTBUS_PAGE_H

#include "nodes/certbus/out.h"

struct page_line {
    enum style style;
    char *text; /* owned; harmless, no line feed */
};

struct page {
    size_t rows; /* that there are; 0: any number */
    int columns; /* 0: any, and nothing is cut */
    size_t count;
    struct page_line *lines; /* owned */
};

void page_init (struct page *page, size_t rows, int columns);
void page_free (struct page *page);
/* Adds a line, made harmless and cut to the columns. What does not fit the rows is left out. */
void page_put (struct page *page, enum style style, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* A sentence, broken between words; at most `most` lines, the last one cut. */
void page_wrap (struct page *page, enum style style, size_t most, const char *text);
/* How many lines that takes. */
size_t page_wrapped (const struct page *page, size_t most, const char *text);
/* How many rows are left; SIZE_MAX when there is any number. */
size_t page_left (const struct page *page);

/* Writes it with colours, if there are any; `end` closes each line. */
void page_write (const struct page *page, FILE *file, const char *end);

#endif
