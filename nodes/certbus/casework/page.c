/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/page.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/screen.h"
#include "nodes/certbus/wrap.h"

#define DOTS "..."

void page_init (struct page *page, size_t rows, int columns)
{
    *page = (struct page){ .rows = rows, .columns = columns };
}

void page_free (struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free (page->lines[i].text);
    free (page->lines);
    *page = (struct page){ .rows = 0 };
}

size_t page_left (const struct page *page)
{
    return page->rows == 0 ? SIZE_MAX : page->count < page->rows ? page->rows - page->count : 0;
}

/* Takes characters off the end, each with all its bytes. */
static void cut (char *text, int columns)
{
    size_t size = strlen (text);
    int room = columns - (int) strlen (DOTS);
    if (columns <= 0 || cells (text) <= columns || room <= 0)
        return;
    while (size && cells (text) > room) {
        while (size && ((unsigned char) text[--size] & 0xc0) == 0x80)
            ;
        text[size] = 0;
    }
    strcat (text, DOTS);
}

static void put (struct page *page, enum style style, const char *text)
{
    struct line line = line_text (text);
    if (page_left (page) == 0)
        return;
    cut (line.text, page->columns);
    page->lines = realloc (page->lines, (page->count + 1) * sizeof page->lines[0]);
    char *kept = strdup (line.text);
    if (!page->lines || !kept)
        abort ();
    page->lines[page->count++] = (struct page_line){ .style = style, .text = kept };
}

void page_put (struct page *page, enum style style, const char *format, ...)
{
    char text[4 * LINE_MAX_BYTES];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    put (page, style, text);
}

/* The text with line feeds where it is broken. Returns owned. */
static char *broken (const struct page *page, const char *text)
{
    char *made = NULL;
    size_t size;
    struct wrap wrap;
    FILE *file = open_memstream (&made, &size);
    if (!file)
        abort ();
    wrap_begin (&wrap, file, page->columns, 2);
    wrap_put (&wrap, line_text (text).text);
    wrap_end (&wrap);
    if (fclose (file) != 0)
        abort ();
    return made;
}

size_t page_wrapped (const struct page *page, size_t most, const char *text)
{
    char *lines = broken (page, text);
    size_t count = 1;
    for (const char *at = lines; (at = strchr (at, '\n')) && at[1]; at++)
        count++;
    free (lines);
    return count < most ? count : most;
}

void page_wrap (struct page *page, enum style style, size_t most, const char *text)
{
    char *lines = broken (page, text), *at = lines;
    for (size_t i = 0; i < most && *at; i++) {
        char *end = strchr (at, '\n');
        bool last = i + 1 == most || !end;
        if (!last)
            *end = 0;
        for (char *feed = at; last && (feed = strchr (feed, '\n'));)
            *feed = ' ';
        put (page, style, at);
        at = last ? at + strlen (at) : end + 1;
    }
    free (lines);
}

void page_write (const struct page *page, FILE *file, const char *end)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct page_line *line = &page->lines[i];
        bool plain = line->style == STYLE_PLAIN;
        fprintf (file, "%s%s%s%s", plain ? "" : style_code (line->style), line->text,
                 plain ? "" : style_code (STYLE_PLAIN), end);
    }
}
