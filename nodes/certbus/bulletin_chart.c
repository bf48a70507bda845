/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin_view.h"

#include <inttypes.h>

/* Colours stand at each shape: not every printer of pages knows style inside of a chart. */
#define INK  "#123a5c"
#define PALE "#e8edf2"
#define LINE "#b9c6d2"
#define GREY "#444"

#define BAR_WIDTH  180
#define BAR_HEIGHT 10
#define WIDTH      640
#define HEIGHT     150
#define LEFT       14
#define TOP        20
#define BOTTOM     130

void chart_bar (FILE *out, int64_t count, int64_t most)
{
    int64_t width = most > 0 ? count * BAR_WIDTH / most : 0;
    fprintf (out,
             "<svg class=\"bar\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%" PRId64
             "\"><rect fill=\"" PALE "\" width=\"%d\" height=\"%d\"/><rect fill=\"" INK
             "\" width=\"%" PRId64 "\" height=\"%d\"/></svg>",
             BAR_WIDTH, BAR_HEIGHT, count, BAR_WIDTH, BAR_HEIGHT, width, BAR_HEIGHT);
}

static int64_t x_of (size_t i, size_t count)
{
    return count > 1 ? LEFT + (int64_t) i * (WIDTH - 2 * LEFT) / (int64_t) (count - 1) : WIDTH / 2;
}

static int64_t y_of (int64_t value, int64_t most)
{
    return most > 0 ? BOTTOM - value * (BOTTOM - TOP) / most : BOTTOM;
}

void chart_trend (FILE *out, const int64_t *values, size_t count)
{
    int64_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    fprintf (out,
             "<svg class=\"trend\" viewBox=\"0 0 %d %d\" role=\"img\">"
             "<line stroke=\"" LINE
             "\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><polyline fill=\"none\" stroke=\"" INK
             "\" "
             "stroke-width=\"2\" points=\"",
             WIDTH, HEIGHT, BOTTOM, WIDTH, BOTTOM);
    for (size_t i = 0; i < count; i++)
        fprintf (out, "%s%" PRId64 ",%" PRId64, i ? " " : "", x_of (i, count),
                 y_of (values[i], most));
    fputs ("\"/>", out);
    for (size_t i = 0; i < count; i++)
        fprintf (out,
                 "<circle fill=\"" INK "\" cx=\"%" PRId64 "\" cy=\"%" PRId64
                 "\" r=\"3\"/><text fill=\"" GREY "\" "
                 "font-size=\"10\" text-anchor=\"middle\" x=\"%" PRId64 "\" y=\"%" PRId64
                 "\">%" PRId64 "</text>",
                 x_of (i, count), y_of (values[i], most), x_of (i, count),
                 y_of (values[i], most) - 7, values[i]);
    fputs ("</svg>\n", out);
}
