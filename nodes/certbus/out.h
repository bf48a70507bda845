/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out.h - what people and programs see: nothing from outside steers a terminal
 *
 * Text that came over the bus can hold escape sequences, bidirectional overrides that show
 * words in another order than they are, and characters that nobody sees. In text they are
 * shown as `<U+202E>`, in JSON as \u202e.
 */
#ifndef CERTBUS_OUT_H
#define CERTBUS_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "bus/core/envelope.h"

#define LINE_MAX_BYTES 1024

/* Foreign text made harmless, on one line; "..." where it was cut. `line_of (x).text` is good
 * until the end of the expression. */
struct line {
    char text[LINE_MAX_BYTES];
};
struct line line_of (struct span text);
struct line line_text (const char *text);

/* A text of several lines on one: line feeds, and blanks after them, are one blank. */
struct line line_flat (struct span text);

/* printf to standard output, where whatever is not harmless is made so once more. */
void say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* A text of several lines, each after `indent` spaces, so that none can pass for ours. */
void say_block (struct span text, int indent);
/* What say prints from here on is broken between words where the terminal ends, and goes on
 * after `indent` spaces; elsewhere than on a terminal nothing is broken. */
void say_wrapped (int indent);
void say_unwrapped (void);
/* The same as `say`, to standard error, after "certbus: " and with a line feed. */
void complain (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_GOOD, STYLE_BAD, STYLE_WARN, STYLE_GONE };
/* As screen_coloured () says; STYLE_GONE is for what no longer counts. */
void style (enum style style);
/* What style () prints; "" where there are no colours. */
const char *style_code (enum style style);

/* Prints and frees a value: `pretty` over several lines, else on one. */
void say_json (json_t *value, bool pretty);
/* The compact form of a value, as say_json prints it. Borrows the value; returns owned. */
char *json_line (json_t *value);
/* A JSON string of UTF-8; null for an empty span. */
json_t *json_span (struct span text);
json_t *json_time (int64_t ms); /* RFC 3339; null for 0 */
json_t *json_hex (struct span bytes);
/* "pk.sindh/1.0123456789abcdef-3", as schemas take references; null for none. */
json_t *json_ref (const struct msg_id *id);

#endif
