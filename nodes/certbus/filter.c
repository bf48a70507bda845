/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/filter.h"

#include <string.h>

#include "nodes/certbus/day.h"
#include "nodes/certbus/talk.h"

static const char *const severity_names[FILTER_SEVERITIES] = { "S1", "S2", "S3",
                                                               "S4", "S5", "undetermined" };

static int read_severities (struct filter *self, struct call *call)
{
    size_t count = args_count (&call->args, "severity");
    for (size_t i = 0; i < count; i++) {
        const char *text = args_nth (&call->args, "severity", i);
        size_t at = 0;
        while (at < FILTER_SEVERITIES && strcasecmp (text, severity_names[at]) != 0)
            at++;
        if (at == FILTER_SEVERITIES || self->severity_count == FILTER_SEVERITIES)
            return usage (call, "--severity: '%s' is none of S1, S2, S3, S4, S5, undetermined",
                          line_text (text).text);
        self->severities[self->severity_count++] = span_of (severity_names[at]);
    }
    return EXIT_DONE;
}

static int read_from (struct filter *self, const struct call *call)
{
    const char *text = args_text (&call->args, "from");
    self->from = text ? span_of (text) : (struct span){ 0 };
    size_t size = self->from.size;
    self->subtree = size > 3 && strcmp (text + size - 3, ".**") == 0;
    if (self->subtree)
        self->from.size -= 3;
    if (text && !party_valid (self->from))
        return usage (call, "--from: '%s' is no party's name, as in pk.sindh or 'pk.sindh.**'",
                      line_text (text).text);
    return EXIT_DONE;
}

/* A party that nobody knows has sent nothing. */
static void warn_from (const struct filter *self, struct call *call)
{
    char why[WHY_MAX];
    struct span answer;
    struct ask *question = ask_new ("chain");
    ask_text (question, "party", self->from);
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why) ==
        EXIT_REFUSED)
        complain ("warning: --from %s", line_of (body_text (answer, "detail")).text);
}

int filter_read (struct filter *self, struct call *call)
{
    size_t count = args_count (&call->args, "kind");
    *self = (struct filter){ .kind_count = count, .all = args_flag (&call->args, "all") };
    if (count > FILTER_KINDS)
        return usage (call, "--kind: at most %d", FILTER_KINDS);
    for (size_t i = 0; i < count; i++)
        self->kinds[i] = span_of (args_nth (&call->args, "kind", i));
    int code = read_severities (self, call);
    if (code == EXIT_DONE)
        code = read_from (self, call);
    if (code == EXIT_DONE)
        warn_kinds (call);
    if (code == EXIT_DONE && self->from.size)
        warn_from (self, call);
    return code;
}

int filter_time (const struct call *call, const char *name, const char *text, int64_t *ms)
{
    char why[WHY_MAX];
    struct day here = day_here ();
    if (day_parse (span_of (text), &here, DAY_START, ms, why, sizeof why))
        return EXIT_DONE;
    return usage (call, "--%s: %s", name, why);
}

void filter_ask (const struct filter *self, struct ask *question, bool take)
{
    char from[TERM_MAX + 1];
    struct span except[QUIET_KINDS];
    for (size_t i = 0; i < QUIET_KINDS; i++)
        except[i] = span_of (quiet_kinds[i]);
    if (self->kind_count)
        ask_texts (question, "kinds", self->kinds, self->kind_count);
    else if (!self->all)
        ask_texts (question, "except", except, QUIET_KINDS);
    if (self->severity_count)
        ask_texts (question, "severities", self->severities, self->severity_count);
    if (self->since)
        ask_int (question, "since", self->since);
    if (!self->from.size || take)
        return;
    snprintf (from, sizeof from, SPAN_FMT "%s", SPAN_ARG (self->from), self->subtree ? ".**" : "");
    ask_text (question, "from", span_of (from));
}

static bool one_of (struct span text, const struct span *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal (text, list[i]))
            return true;
    return count == 0;
}

bool filter_wants (const struct filter *self, const struct record *record)
{
    const struct envelope *e = &record->e;
    if (record->taken < self->since)
        return false;
    if (!record->whole)
        return !self->kind_count && !self->severity_count && !self->from.size;
    if (record_quiet (record) && !self->all && !self->kind_count)
        return false;
    bool sent = !self->from.size || (self->subtree ? party_within (e->id.origin, self->from)
                                                   : span_equal (e->id.origin, self->from));
    return sent && one_of (e->kind, self->kinds, self->kind_count) &&
           one_of (message_severity (e), self->severities, self->severity_count);
}
