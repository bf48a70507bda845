/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the ledger and of exercises are canonical, and whatever others send makes rows that can
 * be read; an indicator has one form. The first byte says what the others are: 'l' a row of the
 * ledger, 'x' one of an exercise, 'e' an advisory or an answer to one, else an indicator. */
#include "bus/core/exercise.h"
#include "bus/core/indicator.h"
#include "bus/core/ledger.h"
#include "tests/fuzz/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void same_row (struct pack_out *out, struct span row)
{
    must (span_equal (pack_result (out), row), "another row");
    pack_free (out);
}

static void check_ledger (struct span bytes)
{
    static struct ledger_row row;
    struct pack_out out;
    if (!ledger_read (&row, bytes))
        return;
    pack_init (&out);
    ledger_pack (&out, &row);
    same_row (&out, bytes);
}

static void check_exercise (struct span bytes)
{
    static struct exercise exercise;
    struct pack_out out;
    if (!exercise_read (&exercise, bytes))
        return;
    pack_init (&out);
    exercise_pack (&out, &exercise);
    same_row (&out, bytes);
    exercise_ran (&exercise, exercise.until);
    exercise_due (&exercise, EXERCISE_LATEST);
    exercise_later (&exercise, exercise.from, exercise.until);
}

/* Said once or twice, first or after another: the same. */
static void check_answer (const struct envelope *e)
{
    static struct ledger_row row, again;
    struct pack_out once, twice;
    memset (&row, 0, sizeof row);
    pack_init (&once);
    pack_init (&twice);
    ledger_answer (&row, e);
    ledger_pack (&once, &row);
    must (ledger_read (&again, pack_result (&once)), "a row that cannot be read");
    ledger_answer (&again, e);
    ledger_pack (&twice, &again);
    same_row (&twice, pack_result (&once));
    pack_free (&once);
}

static void check_advisory (const struct envelope *e)
{
    static struct ledger_advisory advisory;
    static struct ledger_row nothing;
    static struct ledger_view view;
    static struct ledger_clock clocks[LEDGER_CLOCKS];
    const struct ledger_limits limits = { 0 };
    if (!ledger_advisory (&advisory, e))
        return;
    ledger_view (&view, &advisory, &nothing);
    must (ledger_clocks (&advisory, &limits, clocks) <= LEDGER_CLOCKS, "too many clocks");
}

static void check_indicator (struct span typed)
{
    struct indicator once, again;
    if (!indicator_read (&once, typed))
        return;
    must (indicator_read (&again, span_of (once.text)), "a form that is none");
    must (again.type == once.type && strcmp (again.text, once.text) == 0, "another form");
}

/* Only what its schema lets in is folded. */
static void check_message (const struct envelope *e)
{
    char where[SCHEMA_WHERE];
    const struct schema *schema = schemas_find (fuzz_schemas (), e->kind);
    if (schema == NULL || !schema_check (schema, e->body, where))
        return;
    if (span_is (e->kind, "compliance"))
        check_answer (e);
    else
        check_advisory (e);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static struct envelope e;
    if (size == 0)
        return 0;
    struct span rest = span_bytes (data + 1, size - 1);
    if (data[0] == 'l') {
        check_ledger (rest);
    } else if (data[0] == 'x') {
        check_exercise (rest);
    } else if (data[0] == 'e' && envelope_parse (&e, rest) == CB_OK) {
        check_message (&e);
    } else {
        check_indicator (span_bytes (data, size));
    }
    return 0;
}
