/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_own.h - what the writing and the reading of a template must agree on
 */
#ifndef CERTBUS_TEMPLATE_OWN_H
#define CERTBUS_TEMPLATE_OWN_H

#include "nodes/certbus/template.h"

#define LABEL_MAX 80
#define OPEN_MAX  (FIELD_DEPTH + 2)

/* The settings beside the body, as a record. */
extern const struct field template_envelope;

/* The records that are open at a line, the outermost first: the envelope, the body, ... */
struct open_records {
    size_t count;
    const struct field *at[OPEN_MAX];
};

/* "Acknowledge by" for a field that stands in the outermost scope, "acknowledge by" inside. A
 * field of the body that is called as a setting is "Content ...". */
void label_of (const struct field *field, bool outermost, char label[LABEL_MAX]);
/* The field of a record that a heading names; NULL: none. */
const struct field *field_labelled (const struct field *record, const char *label);

/* The next line, without its end, which moves `text` along. False: there is none. */
bool next_line (struct span *text, struct span *line);
/* Without the blanks around it. */
struct span trimmed (struct span line);

/* The size of "Label" in "Label: ..."; 0: this is no heading by its form. */
size_t label_size (struct span line);
/* The name that a label stands for: lower case, "_" for blanks. */
void label_name (struct span label, char name[LABEL_MAX]);
/* The known heading that a mistyped one was meant to be; NULL: none is near. */
const char *label_meant (const struct open_records *open, struct span line);
/* One value of a field, as JSON has it. Returns owned; NULL and `why`. */
json_t *template_value (const struct field *field, const char *text, const struct day *day,
                        char why[TEMPLATE_WHY]);

/* Whether the elements of a list of it stand in one line, with commas between. */
bool stands_in_a_row (const struct field *field);
/* The next element of a row, without the blanks around it, cut out of `*rest`; NULL: none. */
char *row_next (char **rest);

/* Where it is said that there is nothing: a mark inside keeps them until template_prune, which
 * takes out what nothing was said in and says whether that is all. */
json_t *template_no_list (void);
json_t *template_no_record (void);
bool template_prune (json_t *value);

/* Whether a line of text would be taken for a heading. */
bool line_is_heading (const struct open_records *open, struct span line);

#endif
