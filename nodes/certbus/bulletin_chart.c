/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin_view.h"

#include <inttypes.h>

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
    fprintf (
        out,
        "<svg class=\"bar\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%" PRId64
        "\"><rect class=\"back\" width=\"%d\" height=\"%d\"/><rect class=\"ink\" width=\"%" PRId64
        "\" height=\"%d\"/></svg>",
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
             "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><polyline points=\"",
             WIDTH, HEIGHT, BOTTOM, WIDTH, BOTTOM);
    for (size_t i = 0; i < count; i++)
        fprintf (out, "%s%" PRId64 ",%" PRId64, i ? " " : "", x_of (i, count),
                 y_of (values[i], most));
    fputs ("\"/>", out);
    for (size_t i = 0; i < count; i++)
        fprintf (out,
                 "<circle cx=\"%" PRId64 "\" cy=\"%" PRId64 "\" r=\"3\"/><text x=\"%" PRId64
                 "\" y=\"%" PRId64 "\">%" PRId64 "</text>",
                 x_of (i, count), y_of (values[i], most), x_of (i, count),
                 y_of (values[i], most) - 7, values[i]);
    fputs ("</svg>\n", out);
}
