/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_certbus.h - runs the command line in this process, against a broker that is a fake
 *
 * The fake takes the place of bus/edge/client.h: it keeps the questions and gives the answers
 * that a test has laid out.
 */
#ifndef CERTBUS_SUPPORT_CERTBUS_H
#define CERTBUS_SUPPORT_CERTBUS_H

#include "bus/core/pack.h"

struct ran {
    int code;
    char out[65536], err[8192];
};

/* certbus ARGUMENTS..., NULL ends them. What it printed is in a buffer of this module. */
const struct ran *certbus (const char *first, ...) __attribute__ ((sentinel));

/* The next questions with this op get this answer (a packed map; copied); the last of
 * several stays. Without any: no broker is running. */
void broker_answers (const char *op, struct span map);
/* {"ok": true} and nothing else. */
void broker_agrees (const char *op);
void broker_refuses (const char *op, const char *reason, const char *detail);
/* The last question with this op; empty: none was asked. */
struct span broker_was_asked (const char *op);
size_t broker_questions (void);
void broker_reset (void);

/* A file in a folder of this test, made of text; returns its path, good until the next call
 * but three. And the path of one that is not there. */
const char *file_with (const char *name, const char *text);
const char *file_without (const char *name);

#endif
