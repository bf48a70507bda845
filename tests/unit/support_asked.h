/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_asked.h - verdicts on questions and answers, as the vectors name them
 */
#ifndef CERTBUS_SUPPORT_ASKED_H
#define CERTBUS_SUPPORT_ASKED_H

#include "bus/core/question.h"

/* The name of a reason, "ok" among them. */
const char *judge_question (const struct question_check *check, struct span request);
/* The same of an answer to it; "does not count": it is signed well and says what it may not. */
const char *judge_answer (const struct question_check *check, struct span request,
                          struct span reply);

#endif
