/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/advise.h"

#include "bus/core/when.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS       INT64_C (86400000)
#define EXPIRES_NOW  (3 * DAY_MS)
#define EXPIRES_SOON (30 * DAY_MS)
#define MIB          UINT64_C (1048576)

static void put (struct advices *out, enum advice_level level, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static void put (struct advices *out, enum advice_level level, const char *format, ...)
{
    if (out->count == ADVICE_MAX)
        return;
    va_list args;
    va_start (args, format);
    out->at[out->count].level = level;
    vsnprintf (out->at[out->count].text, ADVICE_TEXT, format, args);
    va_end (args);
    out->count++;
}

/* "3 days", for a sentence. */
struct lasting {
    char text[64];
};

static struct lasting lasting (int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = { { DAY_MS, "day" }, { 3600000, "hour" }, { 60000, "minute" }, { 1000, "second" } };
    struct lasting out = { "less than a second" };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t count = ms / units[i].ms;
        if (count < 1)
            continue;
        snprintf (out.text, sizeof out.text, "%" PRId64 " %s%s", count, units[i].name,
                  count == 1 ? "" : "s");
        break;
    }
    return out;
}

/* "3 messages wait", "at least 1 message waits". */
static struct lasting waiting (const struct link_facts *link)
{
    struct lasting out;
    bool one = link->lag == 1;
    snprintf (out.text, sizeof out.text, "%s%" PRIu64 " %s", link->more ? "at least " : "",
              link->lag, one ? "message waits" : "messages wait");
    return out;
}

static void on_credential (const struct facts *f, struct advices *out)
{
    int64_t left = f->not_after - f->now;
    if (f->revoked)
        put (out, ADVICE_NOW,
             "this party's credential has been revoked: nothing from here is accepted: call the "
             "party above");
    else if (left < 0)
        put (out, ADVICE_NOW,
             "this party's credential has expired: nothing from here is accepted: certbus renew, "
             "and give the file to the party above");
    else if (left < EXPIRES_SOON)
        put (out, left < EXPIRES_NOW ? ADVICE_NOW : ADVICE_TO_DO,
             "this party's credential expires in %s: certbus renew, and give the file to the party "
             "above",
             lasting (left).text);
}

static void on_disk (const struct facts *f, struct advices *out)
{
    if (f->available < f->reserve)
        put (out, ADVICE_NOW,
             "the disk is nearly full (%" PRIu64 " MiB free, %" PRIu64
             " kept in reserve): nothing new is taken; free some space",
             f->available / MIB, f->reserve / MIB);
    else if (f->available / 4 < f->reserve)
        put (out, ADVICE_TO_DO,
             "the disk is filling up: %" PRIu64 " MiB free, and below %" PRIu64
             " nothing new is taken; free some space",
             f->available / MIB, f->reserve / MIB);
}

static void on_clock (const struct facts *f, struct advices *out)
{
    int64_t skew = f->parent.skew;
    if (!f->has_parent || !f->parent.open || llabs (skew) <= ADVISE_SKEW_MS)
        return;
    bool ahead = skew < 0;
    put (out, ahead && -skew > ADVISE_REFUSED_MS ? ADVICE_NOW : ADVICE_TO_DO,
         "this clock is %s %s that of %s%s: set it, and keep it with NTP",
         lasting (llabs (skew)).text, ahead ? "ahead of" : "behind", f->parent.name,
         ahead && -skew > ADVISE_REFUSED_MS ? ", so that what is sent from here is refused" : "");
}

static void on_time (const struct facts *f, struct advices *out)
{
    if (f->clock_held)
        put (
            out, ADVICE_NOW,
            "this machine's clock jumped %s %s, so no clock of a case is acted on: set it if it is "
            "wrong, then: certbus clocks --confirm",
            lasting (llabs (f->clock_jumped)).text, f->clock_jumped < 0 ? "backwards" : "forwards");
    if (f->undone > 0)
        put (out, ADVICE_NOW, "%zu %s and cannot be told: %s", f->undone,
             f->undone == 1 ? "alarm or escalation is due" : "alarms or escalations are due",
             f->undone_why);
}

/* Whether what waits for the parent has waited for so long that somebody must act. */
static enum advice_level urgency (const struct link_facts *parent, int64_t since, int64_t now)
{
    return parent->lag > 0 && now - since > ADVISE_PARENT_MS ? ADVICE_NOW : ADVICE_TO_DO;
}

static void on_parent_away (const struct facts *f, struct advices *out)
{
    const struct link_facts *parent = &f->parent;
    char safely[96] = "; nothing waits here";
    int64_t away = f->now - parent->since;
    if (parent->lag > 0)
        snprintf (safely, sizeof safely, "; %s here safely", waiting (parent).text);
    put (out, urgency (parent, parent->since, f->now), "the parent %s %s%s%s%s%s: %s", parent->name,
         away < 1000 ? "is not connected" : "has not been connected for ",
         away < 1000 ? "" : lasting (away).text, parent->refused[0] != '\0' ? ", and last: " : "",
         parent->refused, safely,
         away < ADVISE_MOMENT_MS ? "ask again in a moment"
                                 : "check the network, and call the parent");
}

static void on_parent (const struct facts *f, struct advices *out)
{
    const struct link_facts *parent = &f->parent;
    if (!f->has_parent)
        return;
    if (parent->refusing && (!parent->open || parent->lag > 0)) {
        char safely[96] = "";
        if (parent->lag > 0)
            snprintf (safely, sizeof safely, "; %s here safely", waiting (parent).text);
        put (out, urgency (parent, parent->oldest, f->now),
             "the parent %s is reached, but %s%s: call the parent", parent->name, parent->refused,
             safely);
    } else if (!parent->open) {
        on_parent_away (f, out);
    } else if (parent->lag > 0 && f->now - parent->oldest > ADVISE_WAIT_MS) {
        put (out, ADVICE_TO_DO,
             "%s for the parent %s%s for %s, although it is connected: the link is slow, or its "
             "disk is full; call the parent",
             waiting (parent).text, parent->name,
             parent->lag == 1 && !parent->more ? "" : ", the oldest",
             lasting (f->now - parent->oldest).text);
    }
}

static void on_trust (const struct facts *f, struct advices *out)
{
    if (!f->has_policy)
        put (out, ADVICE_NOW,
             "there is no policy here: nothing can be judged: certbus join, again, with "
             "the credential file");
    else if (f->stale && f->head == 0)
        put (out, ADVICE_TO_DO,
             "trust is stale: no head of the top party has come yet; revocations may be missing");
    else if (f->stale)
        put (out, ADVICE_TO_DO,
             "trust is stale: the newest head of the top party is %s old; revocations may be "
             "missing: is every broker above connected?",
             lasting (f->now - f->head).text);
    if (f->policy_older)
        put (out, ADVICE_TO_DO,
             "the policy is from before there were alarms and escalations, and what is due waits: "
             "once all brokers are upgraded, " SPAN_FMT " has to publish a newer one",
             SPAN_ARG (f->top));
}

/* What was decided about other parties, or is to be. */
static void on_parties (const struct facts *f, struct advices *out)
{
    char others[48] = "", date[WHEN_TEXT];
    if (f->again > 1)
        snprintf (others, sizeof others, ", and %zu more", f->again - 1);
    when_text (f->first_again_at, date);
    if (f->again > 0)
        put (out, ADVICE_TO_DO,
             "%s was enrolled again after its keys were lost, on %.10s%s: make sure that it was "
             "meant: certbus list --kind enrolment",
             f->first_again, date, others);
    if (f->frozen == 1)
        put (out, ADVICE_TO_DO,
             "1 party is frozen here (%s, %s): call them, then: certbus freeze --off %s",
             f->first_frozen,
             f->first_frozen_twice ? "which signed two messages with one number" : "by an officer",
             f->first_frozen);
    else if (f->frozen > 1)
        put (out, ADVICE_TO_DO,
             "%zu parties are frozen here (%s first): call them, then: certbus freeze --off PARTY",
             f->frozen, f->first_frozen);
}

static void on_messages (const struct facts *f, struct advices *out)
{
    if (f->twice[0] != '\0')
        put (out, ADVICE_TO_DO,
             "the number %s stands twice among the messages of this party: revise one of them "
             "under a new number",
             f->twice);
    if (f->refused == 1)
        put (out, ADVICE_TO_DO,
             "1 message of yours was refused by %s in the last 7 days: certbus show %s",
             f->refused_by, f->refused_id);
    else if (f->refused > 1)
        put (out, ADVICE_TO_DO,
             "%zu messages of yours were refused in the last 7 days (the newest by %s): certbus "
             "show %s",
             f->refused, f->refused_by, f->refused_id);
    if (f->quarantined > 0)
        put (out, ADVICE_TO_DO, "%" PRIu64 " %s in quarantine: certbus quarantine", f->quarantined,
             f->quarantined == 1 ? "message is" : "messages are");
    if (f->children_behind == 1)
        put (out, ADVICE_TO_DO,
             "the child %s is away, with messages waiting for more than a day: call them",
             f->child_behind);
    else if (f->children_behind > 1)
        put (out, ADVICE_TO_DO,
             "%zu children are away, with messages waiting for more than a day (%s first): call "
             "them",
             f->children_behind, f->child_behind);
}

static int worst_first (const void *a, const void *b)
{
    const struct advice *const *x = a, *const *y = b;
    if ((*x)->level != (*y)->level)
        return (*x)->level > (*y)->level ? -1 : 1;
    return *x < *y ? -1 : 1; /* as they were found */
}

void advise (const struct facts *facts, struct advices *out)
{
    static void (*const rows[]) (const struct facts *, struct advices *) = {
        on_disk, on_credential, on_time, on_parent, on_clock, on_trust, on_parties, on_messages,
    };
    struct advices found = { .count = 0 };
    const struct advice *order[ADVICE_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        rows[i](facts, &found);
    for (size_t i = 0; i < found.count; i++)
        order[i] = &found.at[i];
    qsort (order, found.count, sizeof order[0], worst_first);
    out->count = found.count;
    for (size_t i = 0; i < found.count; i++)
        out->at[i] = *order[i];
}

bool advise_link (const struct link_facts *link, int64_t now)
{
    return !link->open || llabs (link->skew) > ADVISE_SKEW_MS ||
           (link->lag > 0 && now - link->oldest > ADVISE_WAIT_MS);
}
