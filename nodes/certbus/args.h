/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.h - one table of options a command drives parsing and --help
 *
 * Options and operands may be mixed; `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`;
 * what follows `--` is an operand. Nothing is abbreviated and nothing is given twice, except
 * an option whose row says `many`.
 */
#ifndef CERTBUS_ARGS_H
#define CERTBUS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_row {
    const char *name;  /* "kind" is --kind; NULL ends a table */
    char letter;       /* 'n' is -n; 0: none */
    bool many;         /* may be repeated */
    const char *value; /* its placeholder in --help; NULL: a switch */
    const char *meaning;
};

struct arg {
    const struct option_row *row;
    const char *value;
};

struct args {
    const struct option_row *own, *common;
    size_t arg_count, operand_count;
    struct arg *given;     /* in the order of the command line */
    const char **operands; /* borrowed from argv */
};

/* Parses argv[0..argc); all of it is arguments. `common` may be NULL. On false `why` names the
 * option and what to do. args_free in both cases. */
bool args_parse (struct args *args, const struct option_row *own, const struct option_row *common,
                 int argc, char **argv, char *why, size_t why_size);
void args_free (struct args *args);

/* What was given for an option, which must be in a table: asking for another is a bug. */
bool args_flag (const struct args *args, const char *name);
const char *args_text (const struct args *args, const char *name); /* NULL: not given */
size_t args_count (const struct args *args, const char *name);
const char *args_nth (const struct args *args, const char *name, size_t index);
/* A whole number from min to max; `*out` stays as it is when it was not given. False and
 * `why` for anything else. */
bool args_number (const struct args *args, const char *name, int64_t min, int64_t max, int64_t *out,
                  char *why, size_t why_size);

/* The name of the list (which ends with NULL) that somebody who typed `typed` may have meant;
 * NULL: none is near. */
const char *args_meant (const char *typed, const char *const *names);

#endif
