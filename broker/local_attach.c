/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/carrier.h"
#include "broker/take.h"
#include "bus/core/attachment.h"
#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

/* How far back the files of a revision are looked for. */
#define REVISIONS_MAX 64

/* What is asked of the files of one message. */
struct attach_job {
    struct job job;
    struct asker asker;
    char origin[PARTY_MAX + 1];
    struct msg_id id;
    bool content; /* of one part */
    struct hash hash;
    int64_t index;
    bool found;
    struct pack_out out;
};

static void parts_key (struct key *key, const struct msg_id *id, const struct hash *hash)
{
    key_begin (key, TABLE_PARTS);
    key_id (key, id);
    key_hash (key, hash);
}

static bool has_parts (struct store *store, const struct msg_id *id, const struct hash *hash)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    parts_key (&prefix, id, hash);
    return table_next (store->journal, &prefix, &after, &key, &value);
}

/* The message with which a file came: a revision lists the files of what it replaces, whose
 * parts are not sent again. */
static struct msg_id sent_with (struct store *store, const struct attach_job *job,
                                const struct hash *hash)
{
    struct msg_id id = job->id;
    for (int i = 0; i < REVISIONS_MAX; i++) {
        struct record record;
        struct envelope e;
        if (has_parts (store, &id, hash))
            return id;
        int64_t position = take_find (store->journal, &id, false);
        if (position == 0 || journal_at (store->journal, position, &record) != JOURNAL_OK ||
            record.envelope.size == 0 || envelope_parse (&e, record.envelope) != CB_OK ||
            !span_equal (e.replaces.origin, job->id.origin))
            break;
        id = e.replaces;
        id.origin = job->id.origin;
    }
    return job->id;
}

/* How many parts of a file are here, and the first that is not. */
static int64_t count_parts (struct store *store, const struct attach_job *job,
                            const struct attachment *file, int64_t *next)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    int64_t have = 0, most = part_count (file->size);
    struct msg_id id = sent_with (store, job, &file->hash);
    *next = 0;
    parts_key (&prefix, &id, &file->hash);
    while (have < most && table_next (store->journal, &prefix, &after, &key, &value)) {
        int64_t index = read_u32 (key.data + key.size - 4);
        have += index < most;
        *next += index == *next;
    }
    return have;
}

static void put_file (struct pack_out *out, const struct attachment *file, int64_t have,
                      int64_t next)
{
    pack_put_map (out, 6);
    pack_put_text (out, "hash");
    pack_put_bin (out, span_bytes (file->hash.bytes, HASH_SIZE));
    put_int (out, "have", have);
    put_span (out, "name", file->name);
    put_int (out, "next", next);
    put_int (out, "parts", part_count (file->size));
    put_int (out, "size", file->size);
}

static void put_files (struct attach_job *job, struct store *store, const struct envelope *e)
{
    struct attachment files[ATTACHMENTS_MAX];
    size_t count = attachments_read (e->body, files);
    pack_put_map (&job->out, 2);
    pack_put_text (&job->out, "files");
    pack_put_array (&job->out, count);
    int64_t have[ATTACHMENTS_MAX], next[ATTACHMENTS_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        /* One file under many names is counted once. */
        while (!hash_equal (&files[same].hash, &files[i].hash) || files[same].size != files[i].size)
            same++;
        have[i] = same < i ? have[same] : count_parts (store, job, &files[i], &next[i]);
        next[i] = next[same];
        put_file (&job->out, &files[i], have[i], next[i]);
    }
    put_bool (&job->out, "ok", true);
}

static void put_content (struct attach_job *job, const struct envelope *e)
{
    pack_put_map (&job->out, 2);
    pack_put_text (&job->out, "content");
    pack_put_bin (&job->out, body_bytes (e->body, "content"));
    put_bool (&job->out, "ok", true);
}

/* The files of a message that was carried here are listed as well; their parts stay where they are. */
static void files_run (struct job *base, struct store *store)
{
    struct attach_job *job = (struct attach_job *) base;
    struct held held;
    pack_init (&job->out);
    job->found = held_read (store, &job->id, &held);
    if (!job->found)
        return;
    put_files (job, store, &held.e);
    held_free (&held);
}

static void content_run (struct job *base, struct store *store)
{
    struct attach_job *job = (struct attach_job *) base;
    struct record record;
    struct envelope e;
    struct key key;
    struct msg_id id = sent_with (store, job, &job->hash);
    pack_init (&job->out);
    parts_key (&key, &id, &job->hash);
    key_u32 (&key, (uint32_t) job->index);
    uint8_t *copy =
        store_message (store, (int64_t) table_get_u64 (store->journal, &key, 0), &record, &e);
    job->found = copy != NULL;
    if (job->found)
        put_content (job, &e);
    free (copy);
}

static void attach_done (struct job *base, struct station *station)
{
    struct attach_job *job = (struct attach_job *) base;
    (void) station;
    if (job->found)
        answer_send (&job->asker, &job->out);
    else
        answer_refuse (&job->asker, "not-found",
                       job->content ? "no such part here" : "no such message here");
    pack_free (&job->out);
    free (job);
}

static void attach_ask (const struct question *q, bool content)
{
    struct attach_job *job = job_new (sizeof *job, content ? content_run : files_run, attach_done);
    struct span hash = ask_bin (q, "hash");
    job->asker = q->asker;
    job->content = content;
    job->index = ask_int (q, "index", -1);
    bool good = ask_ref (q, "id", &job->id) && job->id.origin.size > 0;
    if (content)
        good = good && hash.size == HASH_SIZE && job->index >= 0 && job->index <= UINT32_MAX;
    if (!good) {
        answer_refuse (&q->asker, "usage",
                       content ? "id: a reference; hash: 32 bytes; index: from 0"
                               : "id: the reference of a message");
        free (job);
        return;
    }
    if (content)
        memcpy (job->hash.bytes, hash.data, HASH_SIZE);
    span_text (job->id.origin, job->origin, sizeof job->origin);
    job->id.origin = span_of (job->origin);
    store_submit (q->station->store, &job->job);
}

void local_attachments (const struct question *q)
{
    attach_ask (q, false);
}

void local_part (const struct question *q)
{
    attach_ask (q, true);
}
