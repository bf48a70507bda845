/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_own.h - what the files of the case share; nobody else includes it
 */
#ifndef CERTBUS_CASE_OWN_H
#define CERTBUS_CASE_OWN_H

#include "bus/core/case.h"

/* Applies one step, whatever its place: all of a step but the heads. */
enum case_void step_apply (struct case_state *state, const struct step *step);

#endif
