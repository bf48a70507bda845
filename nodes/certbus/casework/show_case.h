/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_case.h - where a case stands, for `show`
 */
#ifndef CERTBUS_SHOW_CASE_H
#define CERTBUS_SHOW_CASE_H

#include "nodes/certbus/casework/told.h"

/* Prints a case: stage, lead, clocks, questions, steps in their order, what is possible next. */
void case_print (const struct told *told);
/* The answer to `case` as JSON: the keys of docs/local.md, times in RFC 3339. Returns owned. */
json_t *case_json (const struct told *told);

#endif
