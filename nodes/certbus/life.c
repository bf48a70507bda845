/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/life.h"

#include <string.h>

#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define THREAD_MOST    20 /* messages of a thread that are looked at; the rest are counted */
#define REVISIONS_MOST 32
#define TITLE_COLUMNS  60

static void print_one (const struct record *record, const char *what)
{
    char id[ID_TEXT];
    const struct envelope *e = &record->e;
    msg_id_text (&e->id, id);
    say ("  %-22s  %s  %-14s  ", id, when_of (e->issued).text, what);
    say_cells (span_of (message_headline (e).text), TITLE_COLUMNS, false);
    say ("\n");
}

static void print_by_id (struct call *call, const char *id)
{
    struct fetched fetched;
    if (fetch_quietly (call, id, &fetched) && fetched.record.whole)
        print_one (&fetched.record, line_of (fetched.record.e.kind).text);
    else
        say ("  %-22s  is not kept here\n", id);
    fetch_free (&fetched);
}

/* "the origin is frozen here (frozen)". */
static struct line reason_line (struct span reason)
{
    struct line line;
    const char *sentence = reason_sentence (reason);
    snprintf (line.text, sizeof line.text, "%s%s%.64s%s", sentence ? sentence : "",
              sentence ? " (" : "", line_of (reason).text, sentence ? ")" : "");
    return line;
}

void life_about (struct call *call, const struct record *record)
{
    char id[ID_TEXT];
    struct fetched fetched;
    const struct envelope *e = &record->e;
    bool refuses = span_is (e->kind, "rejection");
    if (!record->whole || !e->thread.origin.size || (!refuses && !span_is (e->kind, "receipt")))
        return;
    msg_id_text (&e->thread, id);
    bool here = fetch_quietly (call, id, &fetched) && fetched.record.whole;
    struct line title = { "" };
    if (here)
        title = message_headline (&fetched.record.e);
    style (refuses ? STYLE_BAD : STYLE_STRONG);
    say ("%s %s %s%s%.200s%s", line_of (e->id.origin).text, refuses ? "refused" : "has", id,
         *title.text ? " (" : "", title.text, *title.text ? ")" : "");
    if (refuses)
        say (": %s\n", reason_line (body_text (e->body, "reason")).text);
    else
        say (" on disk since %s\n", when_of (body_int (e->body, "stored", e->issued)).text);
    style (STYLE_PLAIN);
    fetch_free (&fetched);
}

static bool was_delivered (struct span answer, struct span party)
{
    struct pack_in in;
    size_t count = answer_array (answer, "delivered", &in);
    while (count--)
        if (span_equal (body_text (pack_any (&in), "party"), party))
            return true;
    return false;
}

void life_refused (struct call *call, const struct fetched *fetched)
{
    struct pack_in in;
    size_t count = answer_array (fetched->answer, "answers", &in);
    for (size_t i = 0; i < count && i < THREAD_MOST; i++) {
        char text[ID_TEXT];
        struct msg_id id;
        struct fetched one;
        struct pack_in at = pack_open (pack_any (&in));
        if (!msg_id_read (&at, &id) || was_delivered (fetched->answer, id.origin))
            continue;
        msg_id_text (&id, text);
        if (fetch_quietly (call, text, &one) && one.record.whole &&
            span_is (one.record.e.kind, "rejection")) {
            style (STYLE_BAD);
            say ("  REFUSED          by %s, %s: %s\n", line_of (id.origin).text,
                 when_of (one.record.e.issued).text,
                 reason_line (body_text (one.record.e.body, "reason")).text);
            style (STYLE_PLAIN);
        }
        fetch_free (&one);
    }
}

static void print_answers (struct call *call, struct span answer)
{
    struct pack_in in;
    size_t count = answer_array (answer, "answers", &in);
    for (size_t i = 0; i < count && i < THREAD_MOST; i++) {
        char text[ID_TEXT];
        struct msg_id id;
        struct pack_in one = pack_open (pack_any (&in));
        if (!msg_id_read (&one, &id))
            continue;
        msg_id_text (&id, text);
        print_by_id (call, text);
    }
    if (count > THREAD_MOST)
        say ("  and %zu more\n", count - THREAD_MOST);
}

void life_thread (struct call *call, const struct fetched *fetched)
{
    struct pack_in in;
    char first[ID_TEXT];
    struct fetched root = { .answer = { 0 } };
    const struct record *record = &fetched->record;
    bool began = !record->whole || !record->e.thread.origin.size;
    if (began && !answer_array (fetched->answer, "answers", &in))
        return;
    say ("\nThread\n");
    if (began) {
        if (record->whole)
            print_one (record, line_of (record->e.kind).text);
        print_answers (call, fetched->answer);
        return;
    }
    msg_id_text (&record->e.thread, first);
    if (fetch_quietly (call, first, &root) && root.record.whole) {
        print_one (&root.record, line_of (root.record.e.kind).text);
        print_answers (call, root.answer);
    } else {
        say ("  %-22s  which began it, is not kept here\n", first);
    }
    fetch_free (&root);
}

struct revisions {
    size_t count;
    struct fetched at[REVISIONS_MOST]; /* newest first */
};

/* From the newest one back along what each replaces. */
static void collect (struct call *call, const struct record *record, struct revisions *all)
{
    char id[ID_TEXT] = "";
    all->count = 0;
    if (!record->whole)
        return;
    if (*record->standing.id)
        memcpy (id, record->standing.id, sizeof id);
    else
        msg_id_text (&record->e.id, id);
    while (*id && all->count < REVISIONS_MOST) {
        struct fetched *fetched = &all->at[all->count];
        if (!fetch_quietly (call, id, fetched) || !fetched->record.whole) {
            fetch_free (fetched);
            break;
        }
        all->count++;
        const struct msg_id *before = &fetched->record.e.replaces;
        id[0] = 0;
        if (before->origin.size)
            msg_id_text (before, id);
    }
}

static void release (struct revisions *all)
{
    while (all->count)
        fetch_free (&all->at[--all->count]);
}

static bool withdraws (const struct record *record)
{
    return record->e.replaces.origin.size &&
           span_is (body_text (record->e.body, "status"), "withdrawn");
}

void life_revisions (struct call *call, const struct record *record)
{
    struct revisions all;
    collect (call, record, &all);
    if (all.count > 1)
        say ("\nRevisions\n");
    for (size_t i = all.count; all.count > 1 && i; i--) {
        const struct record *one = &all.at[i - 1].record;
        bool this = msg_id_equal (&one->e.id, &record->e.id);
        if (this)
            style (STYLE_STRONG);
        print_one (one, withdraws (one)               ? "withdraws it"
                        : one->e.replaces.origin.size ? "replaces it"
                                                      : "first");
        if (this)
            style (STYLE_PLAIN);
    }
    release (&all);
}

json_t *life_revisions_json (struct call *call, const struct record *record)
{
    struct revisions all;
    json_t *made = json_array ();
    collect (call, record, &all);
    for (size_t i = all.count; i; i--) {
        char id[ID_TEXT];
        json_t *one = json_object ();
        const struct record *at = &all.at[i - 1].record;
        msg_id_text (&at->e.id, id);
        json_object_set_new (one, "id", json_string (id));
        json_object_set_new (one, "issued", json_time (at->e.issued));
        json_object_set_new (one, "title", json_span (message_title (&at->e)));
        json_object_set_new (one, "withdrawn", json_boolean (withdraws (at)));
        json_array_append_new (made, one);
    }
    release (&all);
    return made;
}
