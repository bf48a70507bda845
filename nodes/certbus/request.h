/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - an enrolment request as the enrolling party sees it, and the phone call
 */
#ifndef CERTBUS_REQUEST_H
#define CERTBUS_REQUEST_H

#include "bus/core/credential.h"
#include "nodes/certbus/command.h"

struct request {
    struct span bytes; /* owned */
    struct enrolment e;
    char code[CODE_TEXT];
};

/* Reads it and checks that the holder of all three keys made it. An exit code. */
int request_load (struct request *request, const char *path);
void request_free (struct request *request);

/* What would be granted, as a person should read it before it is signed. */
struct offer {
    struct span role;
    struct labels sectors;
    struct grants may; /* depth 0: it may enrol nobody */
    int64_t until;
};
/* Shows who asks and what they would get, and has a person compare the code; with --yes it only
 * shows. EXIT_DONE: go on. */
int request_confirm (const struct call *call, const struct request *request,
                     const struct offer *offer);
/* The file for the credential: --out, else NAME.credential here; there must be none yet. */
int request_out (const struct call *call, const struct request *request, struct path *path);
/* Writes the bundle and says what comes next. */
int request_finish (const struct call *call, const struct request *request, const struct path *path,
                    struct span bundle, int64_t until);

#endif
