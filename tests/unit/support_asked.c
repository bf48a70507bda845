/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_asked.h"

#include "bus/core/answers.h"

#include <assert.h>

static const char not_counted[] = "does not count";

const char *judge_question (const struct question_check *check, struct span request)
{
    struct request asked;
    char detail[SCHEMA_WHERE];
    return cb_reason_name (request_parse (&asked, request) ? request_judge (check, &asked, detail)
                                                           : CB_MALFORMED);
}

/* As broker/ask.c does it: what was not asked costs nothing. */
const char *judge_answer (const struct question_check *check, struct span request,
                          struct span reply)
{
    static struct reply said;
    struct request asked;
    bool parsed = request_parse (&asked, request);
    assert (parsed);
    (void) parsed;
    if (!reply_parse (&said, reply))
        return cb_reason_name (CB_MALFORMED);
    if (!hash_equal (said.request, &asked.st.hash))
        return not_counted;
    enum cb_reason reason = reply_judge (check, &said);
    if (reason != CB_OK)
        return cb_reason_name (reason);
    struct answers *answers = answers_new (&asked, check->self);
    bool good = said.status == 0 && answers_take (answers, check, &said);
    answers_free (&answers);
    return good ? cb_reason_name (CB_OK) : not_counted;
}
