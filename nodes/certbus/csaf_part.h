/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf_part.h - what the parts of the CSAF conversion share
 */
#ifndef CERTBUS_CSAF_PART_H
#define CERTBUS_CSAF_PART_H

#include "nodes/certbus/csaf.h"

#include <stdbool.h>

/* Bounds that keep the worst document, without its original, below BODY_MAX. */
#define CSAF_PRODUCTS        200
#define CSAF_FIXED           50
#define CSAF_VULNERABILITIES 128
#define CSAF_REFERENCES      32
#define CSAF_NOTES           40
#define CSAF_NOTES_BYTES     48000
#define CSAF_TEXT            8000
#define CSAF_LINE            300

struct csaf_part {
    const json_t *csaf;
    json_t *advisory;
    json_t *notes;     /* an array, put into the advisory at the end */
    size_t notes_size; /* of their texts */
    size_t notes_left; /* how many did not fit */
    json_t *remarks;   /* an array of sentences: what was derived, and what was cut */
};

/* The text at a path such as "tracking.id", NULL when there is none. */
const char *csaf_text (const json_t *object, const char *path);
const json_t *csaf_at (const json_t *object, const char *path);

/* Says something about the conversion in the last note. */
void csaf_remark (struct csaf_part *part, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* A text that the schema takes: controls become blanks, and it is cut at a character to
 * `max` bytes, in which case `*cut` becomes true. Returns owned; NULL: nothing there. */
json_t *csaf_clean (const char *text, size_t max, bool *cut);
/* Puts such a text into an object, and a remark that names `what` if it was cut. */
void csaf_put (struct csaf_part *part, json_t *object, const char *name, const char *text,
               size_t max, const char *what);
void csaf_set (json_t *object, const char *name, json_t *value); /* takes value */
void csaf_append (json_t *array, json_t *value);                 /* takes value */
void csaf_note (struct csaf_part *part, const char *title, const char *text);

/* Sets `products`, and a note with the fixed versions. */
void csaf_products (struct csaf_part *part);

/* Sets `vulnerabilities`, `threat` and `exploited`; the notes and remediations of each.
 * `*worst` is the highest score, negative when there is none. */
void csaf_vulnerabilities (struct csaf_part *part, double *worst, bool *exploited);

#endif
