/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make.h - how the test vectors are written down
 *
 * Values stand as text, so that what is wrong with a bad one can be read. What no writer of
 * the canonical form would write stands as hex. The verdict of each vector is its author's
 * claim; nothing here asks the code that is under test for one.
 *
 *     nil true false -5 'text' [a, b] {'key': a}
 *     #00ff       bin of these bytes          !cd00ff     these bytes as they are
 *     b(32,ab)    bin of 32 bytes 0xab        s(65,x)     str of 65 times x
 *     l(3,pk.a)   ['pk.a00', 'pk.a01', ...]   r(65,v)     array of 65 times the value v
 *     now now-5 now+3d                        ms; d: days
 *     $name       bin of the bytes kept under this name      =name    these bytes as they are
 *     %name       bin of the Ed25519 public key of this name ~name    its X25519 form
 *
 * Keys come from their names, and time stands still: the same bytes each time. Memory is the
 * process's own until it ends.
 */
#ifndef CERTBUS_MAKE_VECTORS_H
#define CERTBUS_MAKE_VECTORS_H

#include <jansson.h>

#include "bus/core/proof.h"

#define NOW INT64_C (1760000000000)
#define DAY INT64_C (86400000)

/* --- say.c: values ------------------------------------------------------------------------- */

struct span copied (struct span bytes);
struct span joined (struct span a, struct span b);
/* printf into memory that stays. */
const char *text (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* Keeps bytes under a name; a later one of the same name takes its place. */
struct span keep (const char *name, struct span bytes);
struct span kept (const char *name);
bool is_kept (const char *name);
/* The bytes of a value; ends the process when the text is wrong. */
struct span say (const char *value);
/* An array from "field=value;..." in order, of which some are changed in the same way: a field
 * with nothing after the = is left out, and +=value adds one at the end. */
struct span record (const char *fields, const char *changes);

/* --- sign.c: keys and signatures ------------------------------------------------------------ */

struct pair {
    uint8_t public[KEY_SIZE], secret[SECRET_SIZE];
};

const struct pair *pair (const char *name);
struct hash hashed (struct span bytes); /* of a leaf */
struct hash node_of (struct hash left, struct hash right);

/* A statement over `body`. `by`: "credential/pk succession/pk.sindh", a purpose and the name of
 * a key; the signer is what is kept as NAME.hash, else the key itself, else, with a third part,
 * what is kept under that name. */
struct span sign (struct span body, const char *by);
/* One signature of 64 bytes for a purpose over a root. */
struct span signature (unsigned purpose, const char *key, struct span signer, uint64_t size,
                       struct hash root);
/* A message alone in its batch. */
struct span envelope (struct span message, const char *key);
/* The same, with a key that says it is the credential kept as `as`. */
struct span sign_as (struct span message, const char *key, const char *as);

/* The hierarchy that the vectors live in: root keys r1 r2 r3 of which two are needed, policy,
 * pk, pk.sindh, pk.sindh.kpt, pk.punjab. Kept under those names, hashes as NAME.hash. */
void world (void);
extern const char message_fields[], credential_fields[], policy_fields[], root_fields[];
/* A message or credential with some fields changed. */
struct span message (const char *changes);
/* Signed, and kept as `as` and as.hash. `by` may be NULL: its usual issuer. */
struct span credential (const char *as, const char *changes, const char *by);
struct span policy (const char *changes, const char *by);
struct span root_file (const char *changes, const char *by);

/* --- emit.c: the files ------------------------------------------------------------------------ */

void file_begin (const char *name, const char *about);
void file_end (const char *folder);
/* Takes `input`. `expect` is a reason's name or what the type of vector says. */
void vector (const char *type, const char *name, json_t *input, const char *expect);
/* The same with what else is to come out: "leaf", "code", ... Takes both. */
void vector_with (const char *type, const char *name, json_t *input, const char *expect,
                  json_t *outputs);
json_t *hex (struct span bytes);
/* The value kept under this name, written once in the file and referred to. */
json_t *ref (const char *name);
/* Several of them, separated by blanks. */
json_t *refs (const char *names);

/* --- The files' contents ------------------------------------------------------------------------ */

void make_canon (void);
void make_code (void);
void make_proof (void);
void make_envelope (void);
void make_statement (void);
void make_chain (void);
void make_trust (void);
void make_intake (void);
void make_question (void);
void make_route (void);
void make_frame (void);
void make_link (void);

#endif
