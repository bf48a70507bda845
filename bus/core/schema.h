/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - kinds of message are data: fields, types, limits, meaning
 *
 * schemas/ has one libconfig file a kind, which bus/edge/schemafile.h reads.
 * Here is what a kind is, and the check of a body against it.
 */
#ifndef CERTBUS_SCHEMA_H
#define CERTBUS_SCHEMA_H

#include "bus/core/pack.h"

#define KIND_MAX     32
#define FIELD_DEPTH  5
#define SCHEMA_WHERE 160

enum field_type {
    FIELD_TEXT, /* UTF-8, of controls only tab, CR, LF; min and max count bytes */
    FIELD_INT,  /* min and max are its limits */
    FIELD_BOOL,
    FIELD_TIME,   /* ms UTC; RFC 3339 in JSON */
    FIELD_TENTHS, /* an integer of tenths, min and max too; 9.8 in JSON */
    FIELD_BYTES,  /* bin; base64 in JSON */
    FIELD_CHOICE, /* one of the choices, as text */
    FIELD_PARTY,  /* a party's name */
    FIELD_TERM,   /* an audience term */
    FIELD_ID,     /* a reference; "pk.sindh/1.0123456789abcdef-3" in JSON */
    FIELD_RECORD  /* a map with fields of its own */
};

/* "text", "int", ... as schema files write it; NULL past the last. */
const char *field_type_name (unsigned type);

struct field {
    char *name, *meaning;
    enum field_type type;
    bool required;
    bool list;      /* of that type; list_max elements at most */
    bool until;     /* a time by when: a day without an hour means its end. For people alone */
    unsigned order; /* its place in the file, from 0: how people are shown it */
    size_t list_min, list_max;
    int64_t min, max;
    size_t choice_count;
    char **choices;
    size_t field_count; /* of a record; sorted by name in the order of bytes */
    struct field *fields;
};

enum thread_use { THREAD_NONE, THREAD_OPTIONAL, THREAD_REQUIRED };

struct schema {
    char *kind, *meaning;
    uint32_t version;
    unsigned precedence; /* the usual lane */
    bool receipt;        /* a receipt is wanted when it is delivered */
    bool system;         /* made by brokers, not by `publish` */
    enum thread_use thread;
    struct field body; /* a record */
};

/* All kinds known here. Owns its schemas. */
struct schemas {
    size_t count;
    struct schema **at; /* sorted by kind, then version */
};

/* The newest version of a kind; NULL: unknown. */
const struct schema *schemas_find (const struct schemas *all, struct span kind);
const struct schema *schemas_find_version (const struct schemas *all, struct span kind,
                                           uint32_t version);
/* Whether documents of a kind are numbered: its body has a text of that name. NULL: no. */
bool schema_numbered (const struct schema *schema);

/* Checks a canonical body. On refusal `where` says which field and which limit,
 * as in "actions[2].due: later than the year 9999". Never allocates. */
bool schema_check (const struct schema *schema, struct span body, char where[SCHEMA_WHERE]);

/* The value of a top-level field of a body, as its canonical bytes; empty: not there.
 * `path` may name fields of records with dots. */
struct span body_field (struct span body, const char *path);
struct span body_text (struct span body, const char *path);  /* empty: none */
struct span body_bytes (struct span body, const char *path); /* a bin; empty: none */
int64_t body_int (struct span body, const char *path, int64_t otherwise);
/* Appends the map `body` with its field `name` set to `value`, one canonical value; empty: without
 * that field. */
void body_with (struct pack_out *out, struct span body, const char *name, struct span value);

#endif
