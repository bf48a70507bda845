/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/scene.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

/* Advisories that are looked at, and in one question. */
#define LOOK_MAX 1000
#define LOOK_ONE 250
#define SENTENCE 700

/* --- Asking -------------------------------------------------------------------------------- */

static int ask_advisories (struct call *call, struct board *board, char *why, size_t why_size)
{
    const struct span kind = span_of ("advisory");
    int64_t after = 0;
    bool more = true;
    for (size_t looked = 0; more && looked < LOOK_MAX;) {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new ("read");
        ask_int (question, "after", after);
        ask_bool (question, "back", true);
        ask_bool (question, "here", true);
        ask_texts (question, "kinds", &kind, 1);
        ask_int (question, "limit", LOOK_ONE);
        int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
        if (code != EXIT_DONE)
            return code;
        size_t count = answer_array (answer, "records", &in);
        more = count > 0;
        for (; count; count--, looked++) {
            struct record record;
            struct span map = pack_any (&in);
            struct span state = body_text (map, "standing.state");
            more = more && (!record_read (map, &record) || board_take (board, &record, state));
        }
        after = body_int (answer, "next", 0);
        more = more && after > 1;
    }
    board->older = more;
    board_close (board);
    return EXIT_DONE;
}

int scene_ask (struct call *call, struct scene *scene, char *why, size_t why_size)
{
    struct span answer;
    char self[PARTY_MAX + 1];
    struct ask *question = ask_new ("status");
    *scene = (struct scene){ .board = NULL };
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    scene->status = span_keep (answer);
    int64_t now = body_int (scene->status, "now", 0);
    span_text (body_text (scene->status, "party"), self, sizeof self);
    scene->board = board_new (span_of (self), now);
    shift_begin (&scene->shift, self, now);
    code = shift_ask (call, &scene->shift, why, why_size);
    return code == EXIT_DONE ? ask_advisories (call, scene->board, why, why_size) : code;
}

void scene_free (struct scene *scene)
{
    span_free (&scene->status);
    shift_free (&scene->shift);
    board_free (&scene->board);
}

/* --- Sentences ----------------------------------------------------------------------------- */

static struct ago since (const struct scene *scene, int64_t ms, bool relative)
{
    return since_of (ms, scene->shift.now, relative);
}

/* What waits to leave, and what was refused. */
static void leaving (const struct scene *scene, bool relative, char text[SENTENCE],
                     char kept[SENTENCE])
{
    struct pack_in in;
    struct span parent = body_field (scene->status, "parent");
    int64_t lag = body_int (parent, "lag", 0), behind = 0;
    int64_t quarantine = body_int (scene->status, "quarantine.count", 0);
    for (size_t left = answer_array (scene->status, "children", &in); left; left--)
        behind += body_int (pack_any (&in), "lag", 0) > 0;
    snprintf (text, SENTENCE, "To leave: nothing");
    if (lag)
        snprintf (text, SENTENCE,
                  "To leave: %s%" PRId64 " for %.100s, the oldest %s; next: certbus list --waiting",
                  answer_bool (parent, "more") ? "at least " : "", lag,
                  line_of (body_text (parent, "party")).text,
                  since (scene, body_int (parent, "oldest", 0), relative).text);
    size_t used = lag ? strlen (text) : 0;
    if (behind)
        snprintf (text + used, SENTENCE - used,
                  "%s%" PRId64 " children have not everything yet; next: certbus status",
                  used ? "; " : "To leave: ", behind);
    snprintf (kept, SENTENCE, "Quarantine: empty");
    if (quarantine)
        snprintf (kept, SENTENCE, "Quarantine: %" PRId64 "; next: certbus quarantine", quarantine);
}

/* The worst two of what there is to do; returns how many sentences. */
static size_t health (const struct scene *scene, char text[3][SENTENCE])
{
    struct pack_in in;
    size_t count = answer_array (scene->status, "advices", &in), shown = 0;
    if (!count)
        snprintf (text[shown++], SENTENCE, "%.200s is healthy", scene->shift.self);
    for (; shown < count && shown < 2; shown++) {
        struct span one = pack_any (&in);
        snprintf (text[shown], SENTENCE, "%s: %.600s",
                  body_int (one, "level", 0) > 1 ? "ACT NOW" : "To do",
                  line_of (body_text (one, "text")).text);
    }
    if (count > shown)
        snprintf (text[shown++], SENTENCE, "... and %zu more: certbus status", count - 2);
    return shown;
}

void scene_draw (const struct scene *scene, struct page *page, bool relative)
{
    char sentences[3][SENTENCE], text[SENTENCE], kept[SENTENCE], heading[SENTENCE];
    struct layout layout = { .shift = &scene->shift,
                             .board = scene->board,
                             .heading = heading,
                             .health_count = health (scene, sentences),
                             .leaving = { text, kept },
                             .relative = relative };
    snprintf (heading, sizeof heading, "%.200s  %.200s  %s", scene->shift.self,
              line_of (body_text (scene->status, "title")).text, when_of (scene->shift.now).text);
    for (size_t i = 0; i < layout.health_count; i++)
        layout.health[i] = sentences[i];
    layout.healthy = body_int (scene->status, "level", 0) <= 0;
    leaving (scene, relative, text, kept);
    layout_board (page, &layout);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *messages_json (const struct board_rows *rows, const char *when)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < rows->count && i < BOARD_ROWS; i++) {
        const struct board_row *row = &rows->at[i];
        json_t *made =
            json_pack ("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", row->id, "tlp", row->tlp, "title",
                       row->title, "severity", json_span (span_of (row->severity)), "mark",
                       json_span (span_of (row->mark)), when, json_time (row->when));
        if (row->action[0])
            json_object_set_new (made, "action", json_string (row->action));
        json_array_append_new (all, made);
    }
    return all;
}

/* Open cases under the names that they had before there was a board of cases. */
static json_t *incidents_json (const struct shift_rows *rows)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < rows->count && i < SHIFT_ROWS; i++) {
        const struct shift_row *row = &rows->at[i];
        json_array_append_new (all, json_pack ("{s:s, s:s, s:s, s:o, s:n, s:o}", "id", row->id,
                                               "tlp", cb_tlp_name (row->tlp), "title", row->title,
                                               "severity", json_span (span_of (row->severity)),
                                               "mark", "issued", json_time (row->when)));
    }
    return all;
}

json_t *scene_json (const struct scene *scene)
{
    json_t *made = json_pack ("{s:o, s:o, s:o, s:o}", "status", value_json (scene->status),
                              "incidents", incidents_json (&scene->shift.lists[SHIFT_CASES]),
                              "advisories", messages_json (&scene->board->advisories, "issued"),
                              "due", messages_json (&scene->board->due, "due"));
    for (unsigned i = 0; i < SHIFT_END; i++) {
        const struct shift_rows *rows = &scene->shift.lists[i];
        json_t *list = json_array ();
        for (size_t at = 0; at < rows->count && at < SHIFT_ROWS; at++)
            json_array_append_new (list, shift_row_json ((enum shift_list) i, &rows->at[at]));
        json_object_set_new (made, shift_key ((enum shift_list) i), list);
    }
    json_object_set_new (made, "held", json_boolean (scene->shift.held));
    return made;
}
