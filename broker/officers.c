/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/officers.h"

#include "bus/core/case.h"
#include "bus/edge/log.h"

#include <stdio.h>
#include <string.h>

static bool may (const struct conf_officer *officer, struct span what, bool step)
{
    return conf_officer_may (officer, span_of ("*")) ||
           (step && conf_officer_may (officer, span_of ("case"))) ||
           conf_officer_may (officer, what);
}

/* "; who may: S. Ahmed (user sahmed), ..." */
static void add_who (const struct conf_officers *officers, struct span what, bool step,
                     char why[OFFICERS_WHY])
{
    bool any = false;
    for (size_t i = 0; i < officers->count; i++) {
        const struct conf_officer *one = &officers->at[i];
        size_t used = strlen (why);
        if (!may (one, what, step))
            continue;
        snprintf (why + used, OFFICERS_WHY - used, "%s%s (user %s)",
                  any ? ", " : "; who may: ", one->name, one->user);
        any = true;
    }
    size_t used = strlen (why);
    if (!any)
        snprintf (why + used, OFFICERS_WHY - used, "; nobody may: see `officers` in certbus.conf");
}

static const struct conf_officer *by_name (const struct conf_officers *officers, struct span name)
{
    for (size_t i = 0; i < officers->count; i++)
        if (span_is (name, officers->at[i].name))
            return &officers->at[i];
    return NULL;
}

/* The only one with this uid; NULL: none, or several. */
static const struct conf_officer *by_uid (const struct conf_officers *officers, uint32_t uid)
{
    const struct conf_officer *found = NULL;
    for (size_t i = 0; i < officers->count; i++) {
        if (!officers->at[i].known || officers->at[i].uid != uid)
            continue;
        if (found != NULL)
            return NULL;
        found = &officers->at[i];
    }
    return found;
}

bool officers_allow (const struct conf_officers *officers, uint32_t uid, struct span what,
                     bool step, struct span *officer, char why[OFFICERS_WHY])
{
    const struct conf_officer *one =
        officer->size > 0 ? by_name (officers, *officer) : by_uid (officers, uid);
    if (officers->count == 0)
        return true;
    if (one == NULL && officer->size > 0)
        snprintf (why, OFFICERS_WHY, "%.*s is no officer of this party", SPAN_ARG (*officer));
    else if (one == NULL)
        snprintf (why, OFFICERS_WHY, "an officer has to answer for %.*s: --by NAME",
                  SPAN_ARG (what));
    else if (!one->known || one->uid != uid)
        snprintf (why, OFFICERS_WHY, "%s acts as user %s, and not as the user with uid %u",
                  one->name, one->user, uid);
    else if (!may (one, what, step))
        snprintf (why, OFFICERS_WHY, "%s may not: %.*s", one->name, SPAN_ARG (what));
    else {
        *officer = span_of (one->name);
        return true;
    }
    add_who (officers, what, step, why);
    return false;
}

bool officers_draft (const struct question *q, struct draft *draft)
{
    char why[OFFICERS_WHY];
    bool step = span_is (draft->kind, "update");
    struct span named = step ? body_text (draft->body, "step") : (struct span){ NULL, 0 };
    struct span what = label_valid (named) ? named : draft->kind;
    if (officers_allow (&q->station->conf.officers, q->uid, what, step, &draft->officer, why))
        return true;
    answer_refuse (&q->asker, "not-allowed", why);
    return false;
}

/* --- What can have no effect --------------------------------------------------------------- */

static bool is_step (struct span word)
{
#define STEP_X(NAME, number, name, text)                                                           \
    if (span_is (word, name))                                                                      \
        return true;
    CASE_STEPS_LIST (STEP_X)
#undef STEP_X
    return false;
}

void officers_warn (const struct conf_officers *officers, const struct schemas *schemas)
{
    for (size_t i = 0; i < officers->count; i++) {
        const struct conf_officer *one = &officers->at[i];
        if (!one->known)
            log_warning ("officers: there is no user %s here, so %s may nothing", one->user,
                         one->name);
        for (const char *at = one->may; *at;) {
            struct span word = span_bytes (at, strcspn (at, " "));
            if (!span_is (word, "*") && !span_is (word, "case") && !is_step (word) &&
                schemas_find (schemas, word) == NULL)
                log_warning ("officers: what %s may: %.*s is no step and no kind", one->name,
                             SPAN_ARG (word));
            at += word.size + (at[word.size] != 0);
        }
    }
}
