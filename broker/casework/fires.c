/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/bulletins.h"
#include "broker/casework/clocks.h"
#include "broker/casework/exercises.h"
#include "broker/casework/ledger.h"
#include "broker/casework/sightings.h"
#include "broker/casework/silence.h"

/* What comes of a timer that is due, by the class of its subject. A list of its own, so that a
 * test can have another one. */
/* clang-format off */
const timer_fire casework_fires[SUBJECT_CLASSES] = {
    [SUBJECT_CASE] = clocks_fire,
    [SUBJECT_ADVISORY] = ledger_fire,
    [SUBJECT_BULLETIN] = bulletins_fire,
    [SUBJECT_SILENCE] = silence_fire,
    [SUBJECT_RETURN] = returns_fire,
    [SUBJECT_EXERCISE] = exercise_fire,
    [SUBJECT_PATTERN] = sightings_fire,
};
/* clang-format on */
