/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers: a neighbour speaks for its own side alone, and what is taken of it can be
 * told on. The first byte says what the others are: 'q' a signed question, 'r' a signed answer, and
 * anything else the map of an answer: to which question, and whether by a child. */
#include "bus/core/answers.h"
#include "tests/fuzz/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define NOW INT64_C (1790000000000)

static const struct hash anyone = { { 1 } };
static const uint8_t nonce[NONCE_SIZE] = { 7 };

static void sign (struct pack_out *out, struct span body)
{
    struct statement_sig nobody = { .purpose = CB_PURPOSE_REQUEST };
    pack_init (out);
    statement_pack (out, body, &nobody, 1);
}

/* One of pk for its subtree; `bytes` holds it. */
static void ask (struct request *out, enum question_kind question, struct pack_out *bytes)
{
    struct pack_out body;
    struct request request = { .party = span_of ("pk"),
                               .credential = &anyone,
                               .nonce = nonce,
                               .question = span_of (question_name (question)),
                               .audience_count = 1,
                               .texts = { span_of ("pk.**") },
                               .issued = NOW,
                               .deadline = NOW + 3200,
                               .arguments = span_bytes ("\x80", 1) };
    pack_init (&body);
    request_pack (&body, &request);
    sign (bytes, pack_result (&body));
    must (request_parse (out, pack_result (bytes)), "a question that cannot be read");
    pack_free (&body);
}

static const struct directory *nobody_known (void)
{
    static struct directory *directory;
    if (directory == NULL)
        directory = directory_new ();
    return directory;
}

static struct question_check check_at (const char *self, const char *peer, enum side side)
{
    return (struct question_check){ .directory = nobody_known (),
                                    .self = span_of (self),
                                    .peer = span_of (peer),
                                    .side = side,
                                    .now = NOW };
}

/* What was taken is told on to the one who asked, who takes it. */
static void tell_on (struct answers *answers, const struct request *request)
{
    static struct reply told;
    struct pack_out body, bytes;
    struct reply reply = { .party = span_of ("pk.sindh"),
                           .credential = &anyone,
                           .request = &request->st.hash };
    struct question_check above = check_at ("pk", "pk.sindh", SIDE_CHILD);
    struct answers *sum = answers_new (request, span_of ("pk"));
    /* As much as another child can say. */
    answers_seen (answers, span_of ("pk.sindh.kpt"), &(struct seen){ .count = UINT32_MAX });
    pack_init (&body);
    answers_pack (answers, 5, &reply, &body);
    sign (&bytes, pack_result (&body));
    must (reply_parse (&told, pack_result (&bytes)), "an answer that cannot be read");
    must (answers_take (sum, &above, &told), "an answer that is not taken");
    answers_free (&sum);
    pack_free (&body);
    pack_free (&bytes);
}

static void as_map (enum question_kind question, bool child, struct span map)
{
    struct pack_out bytes;
    struct request request;
    struct question_check check = child ? check_at ("pk.sindh", "pk.sindh.khi", SIDE_CHILD)
                                        : check_at ("pk.sindh", "pk", SIDE_PARENT);
    if (!pack_canonical (map))
        return;
    ask (&request, question, &bytes);
    struct answers *answers = answers_new (&request, check.self);
    struct reply reply = {
        .party = check.peer, .credential = &anyone, .request = &request.st.hash, .answers = map
    };
    if (answers_take (answers, &check, &reply) && child)
        tell_on (answers, &request);
    answers_free (&answers);
    pack_free (&bytes);
}

static void as_question (struct span bytes)
{
    static struct request request;
    char detail[SCHEMA_WHERE];
    struct question_check check = check_at ("pk.sindh", "pk", SIDE_PARENT);
    if (!request_parse (&request, bytes))
        return;
    must (request_judge (&check, &request, detail) != CB_OK, "a question of nobody is answered");
    must (request_time (&request, check.self) <= QUESTION_MOST, "a question without end");
    request_meets (&request, check.self, &(struct labels){ .count = 0 });
}

static void as_answer (struct span bytes)
{
    static struct reply reply;
    struct question_check check = check_at ("pk", "pk.sindh", SIDE_CHILD);
    if (reply_parse (&reply, bytes))
        must (reply_judge (&check, &reply) != CB_OK, "an answer of nobody is believed");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span rest = span_bytes (data + 1, size - 1);
    if (data[0] == 'q')
        as_question (rest);
    else if (data[0] == 'r')
        as_answer (rest);
    else
        as_map ((enum question_kind) (data[0] % QUESTION_END), data[0] / QUESTION_END % 2 == 0,
                rest);
    return 0;
}
