/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strange.h - a file that is no message: what it is, and what to do instead
 */
#ifndef CERTBUS_STRANGE_H
#define CERTBUS_STRANGE_H

#include "nodes/certbus/command.h"

/* What the bytes are, in words: "a PDF", "a mail", "text", ...; `*text` when it can be looked
 * through for names of messages. */
const char *strange_name (struct span bytes, bool *text);

/* Words of a text that may name a message: ids (pk.sindh/1-3), codes (XXXX-XXXX-XXXX-XXXX) and
 * numbers (NCERT-2026-013), each once, in the order of the text. */
#define MENTIONS_MAX 8
#define MENTION_SIZE 80
struct mentions {
    size_t count;
    char at[MENTIONS_MAX][MENTION_SIZE];
};
void mentions_find (struct span text, struct mentions *mentions);

/* Whether a word is an id in full, as in pk.sindh/1-3, or shortened: kpt/1-3, 1-3. */
bool looks_like_id (const char *word);
/* Letters, a year, digits, as in NCERT-2026-013. */
bool looks_like_number (const char *word);

/* Says it; EXIT_REFUSED, always. */
int strange_explain (const struct call *call, const char *path, struct span bytes);

#endif
