/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/talk.h"
#include "nodes/certbus/ago.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/record.h"

#define ASK_KEYS 24

struct ask {
    struct pack_out values; /* one after the other, in the order of asking */
    size_t count;
    struct {
        const char *key;
        size_t from, size; /* in values */
    } at[ASK_KEYS];
};

static size_t used (const struct ask *self)
{
    return pack_result (&self->values).size;
}

/* Begins the value of a new key; the keys stay in the order of bytes. */
static struct pack_out *begin (struct ask *self, const char *key)
{
    assert (self->count < ASK_KEYS);
    size_t at = self->count++;
    for (; at && strcmp (self->at[at - 1].key, key) > 0; at--)
        self->at[at] = self->at[at - 1];
    assert (!at || strcmp (self->at[at - 1].key, key) != 0);
    self->at[at].key = key;
    self->at[at].from = used (self);
    self->at[at].size = 0;
    return &self->values;
}

static void end (struct ask *self, const char *key)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->at[i].key, key) == 0)
            self->at[i].size = used (self) - self->at[i].from;
}

struct ask *ask_new (const char *op)
{
    struct ask *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    pack_init (&self->values);
    if (op)
        ask_text (self, "op", span_of (op));
    return self;
}

void ask_free (struct ask **self)
{
    if (!*self)
        return;
    pack_free (&(*self)->values);
    free (*self);
    *self = NULL;
}

void ask_text (struct ask *self, const char *key, struct span text)
{
    pack_put_str (begin (self, key), text);
    end (self, key);
}

void ask_int (struct ask *self, const char *key, int64_t value)
{
    pack_put_int (begin (self, key), value);
    end (self, key);
}

void ask_bool (struct ask *self, const char *key, bool value)
{
    pack_put_bool (begin (self, key), value);
    end (self, key);
}

void ask_bytes (struct ask *self, const char *key, struct span bytes)
{
    pack_put_bin (begin (self, key), bytes);
    end (self, key);
}

void ask_texts (struct ask *self, const char *key, const struct span *texts, size_t count)
{
    struct pack_out *out = begin (self, key);
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        pack_put_str (out, texts[i]);
    end (self, key);
}

void ask_ref (struct ask *self, const char *key, const struct msg_id *id)
{
    msg_id_pack (begin (self, key), id);
    end (self, key);
}

void ask_raw (struct ask *self, const char *key, struct span canonical)
{
    pack_put_raw (begin (self, key), canonical);
    end (self, key);
}

void ask_pack (const struct ask *self, struct pack_out *out)
{
    struct span values = pack_result (&self->values);
    pack_put_map (out, self->count);
    for (size_t i = 0; i < self->count; i++) {
        pack_put_text (out, self->at[i].key);
        pack_put_raw (out, span_bytes (values.data + self->at[i].from, self->at[i].size));
    }
}

const char *reason_sentence (struct span name)
{
    for (unsigned i = 1; i < CB_REASON_END; i++)
        if (span_is (name, cb_reason_name (i)))
            return cb_reason_text (i);
    return NULL;
}

/* The messages that may have been meant, one a line below the sentence. */
static void add_candidates (struct span answer, char *why, size_t why_size)
{
    struct pack_in in;
    size_t count = answer_array (answer, "candidates", &in);
    for (; count > 0; count--) {
        struct span one = pack_any (&in);
        size_t used = strlen (why);
        struct span title = body_text (one, "title");
        snprintf (why + used, why_size - used, "\n  %-20.80s  %-10.32s  %s%s%.80s",
                  line_of (body_text (one, "id")).text, line_of (body_text (one, "kind")).text,
                  when_of (body_int (one, "issued", 0)).text, title.size ? "  " : "",
                  line_of (title).text);
    }
}

static int refusal (struct span answer, char *why, size_t why_size)
{
    struct span reason = body_text (answer, "reason"), detail = body_text (answer, "detail");
    const char *sentence = reason_sentence (reason);
    struct line name = line_of (reason), said = line_of (detail);
    bool has_it = sentence && strncmp (said.text, sentence, strlen (sentence)) == 0;
    if (sentence && !has_it && detail.size)
        snprintf (why, why_size, "%s: %.600s (%.40s)", sentence, said.text, name.text);
    else
        snprintf (why, why_size, "%.600s (%.40s)",
                  detail.size ? said.text
                  : sentence  ? sentence
                              : "the broker refuses",
                  name.text);
    add_candidates (answer, why, why_size);
    return span_is (reason, "away") ? EXIT_AWAY : EXIT_REFUSED;
}

static int exchange (struct call *call, enum client_door door, const struct ask *question,
                     int timeout, struct span *answer, char *why, size_t why_size)
{
    struct pack_out out;
    if (!call->doors[door])
        call->doors[door] = client_open (call->home, door, why, why_size);
    if (!call->doors[door])
        return EXIT_AWAY;
    pack_init (&out);
    ask_pack (question, &out);
    bool answered =
        client_ask (call->doors[door], pack_result (&out), timeout, answer, why, why_size);
    pack_free (&out);
    if (!answered) {
        client_close (&call->doors[door]);
        return EXIT_AWAY;
    }
    struct pack_in in = pack_open (*answer);
    if (pack_peek (&in) != PACK_MAP || !pack_canonical (*answer)) {
        snprintf (why, why_size, "the broker's answer is not in the canonical form");
        return EXIT_AWAY;
    }
    span_text (body_text (*answer, "reason"), call->refusal, sizeof call->refusal);
    return answer_bool (*answer, "ok") ? EXIT_DONE : refusal (*answer, why, why_size);
}

/* An operation that the broker does not know: names both versions. One of before this was told
 * apart said it as `usage`. */
static bool of_other_versions (struct call *call, struct span answer)
{
    struct span detail = body_text (answer, "detail");
    static const char old[] = "no such operation";
    return strcmp (call->refusal, "no-such-operation") == 0 ||
           (strcmp (call->refusal, "usage") == 0 && detail.size >= sizeof old - 1 &&
            memcmp (detail.data, old, sizeof old - 1) == 0);
}

static int name_versions (struct call *call, char *why, size_t why_size)
{
    char ignored[WHY_MAX];
    struct span status;
    struct ask *question = ask_new ("status");
    int code =
        exchange (call, CLIENT_READ, question, ASK_TIMEOUT, &status, ignored, sizeof ignored);
    struct line software = line_of (body_text (status, "software"));
    bool named = code == EXIT_DONE && software.text[0];
    ask_free (&question);
    snprintf (why, why_size,
              "the broker is %.80s and does not know this operation; this tool is "
              "certbus " CERTBUS_VERSION
              "; install the same version of both, and start the broker again",
              named ? software.text : "of another version");
    return EXIT_REFUSED;
}

int talk_quietly (struct call *call, enum client_door door, struct ask **question, int timeout,
                  struct span *answer, char *why, size_t why_size)
{
    int code = exchange (call, door, *question, timeout, answer, why, why_size);
    ask_free (question);
    if (code == EXIT_REFUSED && of_other_versions (call, *answer))
        return name_versions (call, why, why_size);
    return code;
}

int talk (struct call *call, enum client_door door, struct ask **question, int timeout,
          struct span *answer)
{
    char why[WHY_MAX];
    int code = talk_quietly (call, door, question, timeout, answer, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    return code;
}

int talk_about (struct call *call, const char *what, struct ask **question, struct span *answer)
{
    char why[WHY_MAX];
    int code = talk_quietly (call, CLIENT_READ, question, ASK_TIMEOUT, answer, why, sizeof why);
    if (code == EXIT_AWAY)
        complain ("%s", why);
    else if (code != EXIT_DONE)
        complain ("%s: %s", line_text (what).text, why);
    return code;
}

size_t answer_array (struct span answer, const char *key, struct pack_in *in)
{
    struct span array = body_field (answer, key);
    *in = pack_open (array);
    return array.size && pack_peek (in) == PACK_ARRAY ? pack_array (in, 0, SIZE_MAX) : 0;
}

bool answer_bool (struct span answer, const char *key)
{
    struct pack_in in = pack_open (body_field (answer, key));
    return pack_peek (&in) == PACK_BOOL && pack_bool (&in);
}

int talk_ref (struct call *call, const char *text, struct msg_id *id, char *why, size_t why_size)
{
    char said[WHY_MAX];
    if (json_id_parse (span_of (text), id))
        return EXIT_DONE;
    struct ask *question = ask_new ("get");
    struct span answer;
    ask_text (question, "id", span_of (text));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, said, sizeof said);
    if (code != EXIT_DONE) {
        snprintf (why, why_size, "%.200s%s%.1800s", code == EXIT_AWAY ? "" : line_text (text).text,
                  code == EXIT_AWAY ? "" : ": ", said);
        return code;
    }
    struct pack_in in = pack_open (body_field (answer, "ref"));
    if (msg_id_read (&in, id) && id->origin.size)
        return EXIT_DONE;
    snprintf (why, why_size, "%.200s: the broker names no message", line_text (text).text);
    return EXIT_REFUSED;
}
