/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - a message as people write it in an editor
 *
 *   # Lines that begin with # are left out.
 *   Kind: advisory
 *   TLP: GREEN
 *   To: pk.**
 *   Title: one line
 *   Summary:
 *   As much text as it takes, up to the next heading.
 *   Actions:
 *     - id: A1
 *       due: friday 18:00
 *       text: what to do
 *
 * The headings are those of the envelope (the settings that stand beside "body" in a document)
 * and the fields of the schema, in any case, with blanks for "_". What is in a record or in an
 * element of a list is indented; the indent matters only where the same name stands inside and
 * outside. A line of text that begins with "#" or "\", or that is a heading to the eye, has a
 * "\" before it; a line after \" is a JSON string, for what no editor keeps. A heading with
 * nothing behind it says nothing; "\" alone is an empty line that counts.
 */
#ifndef CERTBUS_TEMPLATE_H
#define CERTBUS_TEMPLATE_H

#include <jansson.h>

#include "bus/core/schema.h"
#include "nodes/certbus/day.h"

#define TEMPLATE_WHY 600

/* What is wrong, and where. */
struct template_error {
    unsigned line; /* from 1; 0: not in a line */
    char why[TEMPLATE_WHY];
};

/* The document (settings and "body", as post_split takes them) with comments that explain each
 * field. Fields that the schema does not have are named in a comment. Returns owned. */
char *template_print (const struct schema *schema, const json_t *document, const struct day *day);

/* Returns owned: a document; NULL and `error`. Checks what the form needs, not the schema. */
json_t *template_parse (const struct schema *schema, struct span text, const struct day *day,
                        struct template_error *error);

/* What stands after "Kind:"; false: nothing that can be one. */
bool template_kind (struct span text, char kind[KIND_MAX + 1]);

/* Whether anything is said: a line that is no comment and no bare heading. */
bool template_says (struct span text);

/* Whether two differ in their comments alone. */
bool template_same (struct span a, struct span b);

/* The line of the field that a complaint begins with ("actions[2].due: ..."); 0: none. */
unsigned template_line (const struct schema *schema, struct span text, const struct day *day,
                        const char *complaint);

/* The text with a complaint on top in place of the one before. `*lines` is how many that adds
 * to a text without one. Returns owned. NULL as complaint: takes the old one out. */
char *template_complain (struct span text, const char *complaint, unsigned *lines);

#endif
