/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - the fields that statements have in common, read and written
 *
 * Readers work like those of pack.h: on error they make the reader bad.
 */
#ifndef CERTBUS_FIELDS_H
#define CERTBUS_FIELDS_H

#include "bus/core/credential.h"

/* Every body begins with the version 1 and the name of its type. */
void fields_open (struct pack_in *in, struct span body, size_t count, const char *type);
void fields_begin (struct pack_out *out, size_t count, const char *type);

int64_t fields_time (struct pack_in *in);
struct span fields_label (struct pack_in *in);
struct span fields_role (struct pack_in *in); /* a label, or "*" */
struct span fields_party (struct pack_in *in);
struct span fields_party_or_nil (struct pack_in *in); /* empty: nil */
const struct hash *fields_hash (struct pack_in *in);
const struct hash *fields_hash_or_nil (struct pack_in *in); /* NULL: nil */
/* Ascending, no two equal; with `any` also the one element "*". */
void fields_labels (struct pack_in *in, struct labels *list, size_t min, size_t max, bool any);
/* Texts of 1 to ENDPOINT_MAX bytes, at most ENDPOINTS_MAX; returns how many. */
size_t fields_endpoints (struct pack_in *in, struct span at[ENDPOINTS_MAX]);

void fields_put_hash (struct pack_out *out, const struct hash *hash); /* NULL: nil */
void fields_put_key (struct pack_out *out, const uint8_t key[KEY_SIZE]);
void fields_put_text (struct pack_out *out, struct span text); /* empty: nil */
void fields_put_labels (struct pack_out *out, const struct labels *list);
void fields_put_list (struct pack_out *out, const struct span *at, size_t count);

#endif
