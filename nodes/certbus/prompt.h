/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prompt.h - questions to whoever sits at the terminal
 */
#ifndef CERTBUS_PROMPT_H
#define CERTBUS_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether somebody can be asked: standard input and output are a terminal. */
bool prompt_possible (void);

/* Prints the question and waits for a line, which is UTF-8, without blanks around it and
 * without its end. Returns owned; NULL at the end of input and after an interrupt (^C), which
 * does not end the program here. What is no UTF-8 is asked for again. */
char *prompt_line (const char *question);

/* Whether the answer to a question is yes: "y" or "yes", in any case. */
bool prompt_is_yes (const char *answer);

#endif
