/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks.h - which check of docs/protocol.md section 8 a reason belongs to, and what helps
 */
#ifndef CERTBUS_CHECKS_H
#define CERTBUS_CHECKS_H

/* Of one reason. `number` is that of the check; 0: it is none of section 8's. `asks` is what the
 * check asks for, `helps` what would make it pass. */
struct check_row {
    unsigned reason, number;
    const char *asks, *helps;
};

/* Never NULL: a reason that has no row gets one that says so. */
const struct check_row *check_of (unsigned reason);

#endif
