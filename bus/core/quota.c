/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/quota.h"

#include "bus/core/party.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort ()
#include <uthash.h>

#define HOUR_MS  INT64_C (3600000)
#define HOUR_KEY (sizeof (int64_t) + PARTY_MAX)

struct hour {
    UT_hash_handle hh;
    size_t count;
    uint64_t seen[QUOTA_MAX]; /* of each leaf hash, the beginning */
    size_t size;
    uint8_t key[]; /* hour, origin */
};

struct quota {
    struct hour *hours; /* in the order of their last use */
};

static void *alloc (size_t size)
{
    void *memory = calloc (1, size);
    if (!memory)
        abort ();
    return memory;
}

struct quota *quota_new (void)
{
    return alloc (sizeof (struct quota));
}

static void forget (struct quota *self, struct hour *hour)
{
    HASH_DEL (self->hours, hour);
    free (hour);
}

void quota_free (struct quota **self)
{
    if (!*self)
        return;
    struct hour *hour, *next;
    HASH_ITER (hh, (*self)->hours, hour, next)
    forget (*self, hour);
    free (*self);
    *self = NULL;
}

static struct hour *find (struct quota *self, struct span origin, int64_t issued,
                          uint8_t key[HOUR_KEY])
{
    int64_t number = issued / HOUR_MS;
    struct hour *hour;
    memcpy (key, &number, sizeof number);
    memcpy (key + sizeof number, origin.data, origin.size);
    HASH_FIND (hh, self->hours, key, sizeof number + origin.size, hour);
    return hour;
}

static struct hour *hour_of (struct quota *self, struct span origin, int64_t issued)
{
    uint8_t key[HOUR_KEY];
    size_t size = sizeof (int64_t) + origin.size;
    struct hour *hour = find (self, origin, issued, key);
    if (hour)
        HASH_DEL (self->hours, hour);
    else {
        if (HASH_COUNT (self->hours) >= QUOTA_HOURS)
            forget (self, self->hours);
        hour = alloc (sizeof *hour + size);
        hour->size = size;
        memcpy (hour->key, key, size);
    }
    HASH_ADD_KEYPTR (hh, self->hours, hour->key, hour->size, hour);
    return hour;
}

static uint64_t mark_of (const struct hash *leaf)
{
    uint64_t mark;
    memcpy (&mark, leaf->bytes, sizeof mark);
    return mark;
}

static bool has_room (const struct hour *hour, uint64_t mark, int64_t limit, bool *counted)
{
    *counted = false;
    for (size_t i = 0; i < hour->count && !*counted; i++)
        *counted = hour->seen[i] == mark;
    return *counted || (hour->count < QUOTA_MAX && (int64_t) hour->count < limit);
}

bool quota_take (struct quota *self, struct span origin, int64_t issued, const struct hash *leaf,
                 int64_t limit)
{
    if (limit < 1 || origin.size > PARTY_MAX)
        return limit < 1;
    bool counted;
    struct hour *hour = hour_of (self, origin, issued);
    if (!has_room (hour, mark_of (leaf), limit, &counted))
        return false;
    if (!counted)
        hour->seen[hour->count++] = mark_of (leaf);
    return true;
}

bool quota_has (struct quota *self, struct span origin, int64_t issued, const struct hash *leaf,
                int64_t limit)
{
    if (limit < 1 || origin.size > PARTY_MAX)
        return limit < 1;
    bool counted;
    uint8_t key[HOUR_KEY];
    const struct hour *hour = find (self, origin, issued, key);
    return !hour || has_room (hour, mark_of (leaf), limit, &counted);
}
