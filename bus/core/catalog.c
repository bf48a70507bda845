/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/catalog.h"

#include <stdbool.h>
#include <string.h>
#include <threads.h>

#define REASON_NAME_MAX 32

#define CB_X(NAME, number, ...) [number] = #NAME,
static const char *const verbs[] = { CB_VERBS (CB_X) };
static const char *const reason_words[] = { CB_REASONS (CB_X) };
#undef CB_X

#define CB_X(NAME, number, name, ...) [number] = name,
static const char *const lanes[] = { CB_LANES (CB_X) };
static const char *const tlps[] = { CB_TLPS (CB_X) };
static const char *const modes[] = { CB_MODES (CB_X) };
static const char *const relations[] = { CB_RELATIONS (CB_X) };
#undef CB_X

#define CB_X(NAME, number, ends, text) [number] = text,
static const char *const reason_texts[] = { CB_REASONS (CB_X) };
#undef CB_X

#define CB_X(NAME, number, ends, text) [number] = ends,
static const int reason_ends[] = { CB_REASONS (CB_X) };
#undef CB_X

#define CB_X(NAME, number, ...)                                                                    \
    _Static_assert(sizeof #NAME <= REASON_NAME_MAX, "a reason's name is too long");
CB_REASONS (CB_X)
#undef CB_X

static const char *name_in (const char *const *names, size_t count, unsigned number)
{
    return number < count && names[number] ? names[number] : "?";
}

#define NAME_IN(names, number) name_in (names, sizeof names / sizeof names[0], number)

const char *cb_verb_name (unsigned verb)
{
    return NAME_IN (verbs, verb);
}

const char *cb_lane_name (unsigned lane)
{
    return NAME_IN (lanes, lane);
}

const char *cb_tlp_name (unsigned tlp)
{
    return NAME_IN (tlps, tlp);
}

const char *cb_mode_name (unsigned mode)
{
    return NAME_IN (modes, mode);
}

const char *cb_relation_name (unsigned relation)
{
    return NAME_IN (relations, relation);
}

/* ASCII only: what a name means must not depend on the locale. */
static char lower (char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static char reason_names[CB_REASON_END][REASON_NAME_MAX];
static once_flag reason_names_made = ONCE_FLAG_INIT;

/* NO_GRANT becomes no-grant, which the preprocessor cannot do. */
static void make_reason_names (void)
{
    for (unsigned i = 0; i < CB_REASON_END; i++) {
        const char *word = NAME_IN (reason_words, i);
        for (size_t at = 0; word[at]; at++)
            reason_names[i][at] = word[at] == '_' ? '-' : lower (word[at]);
    }
}

const char *cb_reason_name (unsigned reason)
{
    call_once (&reason_names_made, make_reason_names);
    return reason < CB_REASON_END ? reason_names[reason] : "?";
}

const char *cb_reason_text (unsigned reason)
{
    return NAME_IN (reason_texts, reason);
}

int cb_reason_ends_session (unsigned reason)
{
    return reason < CB_REASON_END && reason_ends[reason];
}

static bool same (const char *a, const char *b)
{
    while (*a && lower (*a) == lower (*b)) {
        a++;
        b++;
    }
    return lower (*a) == lower (*b);
}

static int number_in (const char *const *names, size_t count, const char *name, size_t skip)
{
    for (size_t i = 0; i < count; i++)
        if (names[i] && (same (names[i], name) || (skip && same (names[i] + skip, name))))
            return (int) i;
    return -1;
}

#define NUMBER_IN(names, name, skip) number_in (names, sizeof names / sizeof names[0], name, skip)

int cb_lane_number (const char *name)
{
    return NUMBER_IN (lanes, name, 0);
}

int cb_tlp_number (const char *name)
{
    return NUMBER_IN (tlps, name, strlen ("TLP:"));
}

int cb_mode_number (const char *name)
{
    return NUMBER_IN (modes, name, 0);
}

int cb_relation_number (const char *name)
{
    return NUMBER_IN (relations, name, 0);
}
