/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policyfile.h - the text of a policy -> struct policy
 *
 * config/cert-rules-2023.cfg is an example of all settings. Read strictly: what
 * is not known, out of range, named twice or names a role that the policy does
 * not have is refused.
 */
#ifndef CERTBUS_POLICYFILE_H
#define CERTBUS_POLICYFILE_H

#include "bus/core/policy.h"

struct policyfile;

/* Returns owned; NULL on failure, with the reason in `why`:
 * `config/cert-rules-2023.cfg:31: grants[2].to[0]: "childs" is no relation; expected ...`. */
struct policyfile *policyfile_read (const char *path, char *why, size_t why_size);
/* NULL is fine; nulls the caller's pointer. */
void policyfile_free (struct policyfile **self);
/* What it says, for policy_pack; borrows from the file. `issued` is 0: whoever signs sets it. */
struct policy *policyfile_policy (struct policyfile *self);

/* "15 min", "6 h", "30 d", also ms and s: a whole number and a unit. */
bool duration_parse (const char *text, int64_t *ms);

#endif
