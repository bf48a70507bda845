/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indicator.h - one form of an indicator, so that two who have seen the same know it
 *
 * People write 185[.]220.101.7, HXXPS://Evil.Example/ and 2001:DB8:0::1. Only types whose equality
 * means something are taken: addresses, domains, URLs, e-mail addresses, hashes of files. What is
 * told of an indicator to others is the hash of its form; docs/casework/correlation.md says what
 * that hides, and what not.
 */
#ifndef CERTBUS_INDICATOR_H
#define CERTBUS_INDICATOR_H

#include "bus/core/proof.h"

#define INDICATOR_MAX 1024

/* X (NAME, name in the hash, and for people) */
#define INDICATORS(X)                                                                              \
    X (IPV4, "ipv4")                                                                               \
    X (IPV6, "ipv6")                                                                               \
    X (DOMAIN, "domain")                                                                           \
    X (URL, "url")                                                                                 \
    X (EMAIL, "email")                                                                             \
    X (FILE, "file")

#define INDICATOR_X(NAME, ...) INDICATOR_##NAME,
enum indicator_type { INDICATORS (INDICATOR_X) INDICATOR_END };
#undef INDICATOR_X

const char *indicator_type_name (unsigned type);

struct indicator {
    enum indicator_type type;
    char text[INDICATOR_MAX + 1]; /* its one form */
};

/* Any type that it may be. False: none of these. */
bool indicator_read (struct indicator *out, struct span typed);
/* The same for a value whose type is said as in `incident` ("ipv4", "md5", ...): one that is not
 * worth it, or is not what it is said to be, is false. */
bool indicator_of (struct indicator *out, struct span type, struct span value);

/* What others are told of it. */
struct hash indicator_hash (const struct indicator *indicator);
/* The same for a class of incidents ("malicious-code/c2-server"): a pattern like another. */
struct hash class_hash (struct span class);

#endif
