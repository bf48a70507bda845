/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/escalate.h"

#include "broker/carrier.h"
#include "broker/casework/carry.h"
#include "broker/casework/threads.h"
#include "bus/core/carried.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES 1000

/* --- What is known of the case ------------------------------------------------------------- */

struct known {
    uint8_t *row; /* owned; `state` borrows from it */
    struct case_state state;
    struct held report; /* bytes NULL: it is not here, or only told of */
    bool inside;        /* the report may go along */
    const char *why;    /* it does not go along; for people; NULL: it does */
};

/* Whether the report goes along to `parent`, and if not, why. */
static void read_report (struct store *store, const struct msg_id *id, struct span parent,
                         struct known *known)
{
    const struct span nobody = { NULL, 0 };
    if (!held_read (store, id, &known->report))
        known->why = "The report is not held here.";
    else if (!carried_may_go (&known->report.e, parent, nobody))
        known->why = "The origin of the report has not agreed that it climbs so far.";
    else if (known->report.e.bytes.size > CARRIED_MAX)
        known->why = "The report is too large to be inside another message.";
    known->inside = known->why == NULL;
}

static void known_free (struct known *known)
{
    held_free (&known->report);
    free (known->row);
}

/* --- The message --------------------------------------------------------------------------- */

static void put_time (struct pack_out *out, const char *key, int64_t time)
{
    pack_put_text (out, key);
    pack_put_int (out, time < 0 ? 0 : time > TIME_MAX ? TIME_MAX : time);
}

static void put_words (struct pack_out *out, const char *key, struct span text)
{
    pack_put_text (out, key);
    pack_put_str (out, text);
}

/* What was cut may have been cut inside a character. */
static struct span whole (const char *cut)
{
    struct span text = span_of (cut);
    while (text.size > 0 && !span_utf8 (text))
        text.size--;
    return text;
}

/* Why there is no report inside, and the officer's words, which may be cut. */
static void put_text_of (struct pack_out *out, const struct escalation *what,
                         const struct known *known)
{
    char text[TEXT_BYTES + 1];
    snprintf (text, sizeof text, "%s%s" SPAN_FMT, known->why ? known->why : "",
              known->why && what->text.size > 0 ? "\n" : "", SPAN_ARG (what->text));
    put_words (out, "text", whole (text));
}

static void put_body (struct pack_out *out, const struct escalation *what,
                      const struct known *known, struct span parent)
{
    const struct case_state *state = &known->state;
    bool text = what->text.size > 0 || known->why != NULL, type = state->type.size > 0;
    pack_put_map (out, 7 + known->inside + text + type);
    put_words (out, "clock", what->clock);
    put_time (out, "due", what->due);
    put_words (out, "lead", state->lead);
    pack_put_text (out, "level");
    pack_put_uint (out, party_depth (parent));
    if (known->inside) {
        pack_put_text (out, "original");
        pack_put_bin (out, known->report.e.bytes);
    }
    put_time (out, "reported", state->reported);
    put_words (out, "severity",
               span_of (severity_name (state->severity > 0 ? state->severity : 6)));
    put_time (out, "started", what->started);
    if (text)
        put_text_of (out, what, known);
    if (type)
        put_words (out, "type", state->type);
}

/* The texts of a draft, in a place of their own. */
struct texts {
    uint8_t *at;
};

static struct span keep (struct texts *texts, struct span text)
{
    struct span kept = span_bytes (texts->at, text.size);
    if (text.size > 0)
        memcpy (texts->at, text.data, text.size);
    texts->at += text.size;
    return kept;
}

/* The consent goes along as far as this party may name it; further up it was given all the same. */
static struct span consent (const struct store *store, const struct case_state *state)
{
    bool above = state->climb.size > 0 && party_within (span_of (store->self), state->climb);
    return above ? state->climb : span_bytes (NULL, 0);
}

static void put_draft (struct store *store, const struct escalation *what,
                       const struct known *known, struct span parent, struct deed *out)
{
    const struct case_state *state = &known->state;
    struct draft *draft = &out->draft;
    unsigned tlp = state->tlp > 0 ? state->tlp : CB_TLP_AMBER;
    struct span climb = consent (store, state);
    out->bytes = malloc (what->id.origin.size + state->exercise.origin.size + climb.size +
                         what->officer.size + parent.size + 1);
    if (out->bytes == NULL)
        abort ();
    struct texts texts = { .at = out->bytes };
    if (known->inside && known->report.e.tlp > tlp)
        tlp = known->report.e.tlp;
    draft->kind = span_of ("escalation");
    draft->audience_count = 1;
    draft->audience[0] = keep (&texts, parent);
    draft->precedence = severity_effective (state->severity) <= 2 ? CB_LANE_FLASH : CB_LANE_ROUTINE;
    draft->tlp = tlp;
    draft->mode = state->mode;
    draft->exercise = state->exercise;
    draft->exercise.origin = keep (&texts, state->exercise.origin);
    draft->thread = what->id;
    draft->thread.origin = keep (&texts, what->id.origin);
    draft->after_count = state->head_count;
    memcpy (draft->after, state->heads, state->head_count * sizeof draft->after[0]);
    draft->climb = keep (&texts, climb);
    draft->officer = keep (&texts, what->officer);
}

/* --- In the loop --------------------------------------------------------------------------- */

/* Nobody would believe the report, or take the message: the stub that is left says why. */
static void make_stub (struct deed *deed, const char *why)
{
    const struct span none = { NULL, 0 };
    struct pack_out text;
    char words[TEXT_BYTES + 1];
    carry_set (&deed->draft, &deed->body, "original", none);
    carry_set (&deed->draft, &deed->body, "credentials", none);
    struct span said = body_text (deed->draft.body, "text");
    snprintf (words, sizeof words, "The report could not go along: %s%s" SPAN_FMT, why,
              said.size > 0 ? "\n" : "", SPAN_ARG (said));
    pack_init (&text);
    pack_put_str (&text, whole (words));
    carry_set (&deed->draft, &deed->body, "text", pack_result (&text));
    pack_free (&text);
}

static bool finish (struct station *station, struct deed *deed)
{
    char detail[SCHEMA_WHERE] = "";
    enum cb_reason reason = carry_prove (station, &deed->draft, &deed->body, detail);
    if (reason == CB_CARRIED || reason == CB_TOO_LARGE)
        make_stub (deed, detail[0] != '\0' ? detail : cb_reason_text (reason));
    return true;
}

/* --- Making one ---------------------------------------------------------------------------- */

bool escalation_make (struct store *store, const struct escalation *what, struct deed *out)
{
    struct span self = span_of (store->self), parent = party_parent (self);
    struct known known = { .row = NULL };
    memset (out, 0, sizeof *out);
    if (parent.size > 0)
        known.row = threads_case (store->journal, &what->id, &known.state);
    bool can = known.row != NULL && known.state.mode != CB_MODE_TEST;
    if (can) {
        read_report (store, &what->id, parent, &known);
        put_draft (store, what, &known, parent, out);
        pack_init (&out->body);
        put_body (&out->body, what, &known, parent);
        out->draft.body = pack_result (&out->body);
        out->finish = finish;
    }
    known_free (&known);
    return can;
}

bool escalation_deed (struct store *store, const struct subject *subject, const struct timer *timer,
                      int64_t now, struct deed *out)
{
    struct escalation what = { .clock = span_of (timer->clock),
                               .started = timer->started,
                               .due = timer->due };
    (void) now; /* the loop says when it is issued */
    return subject_msg_id (subject, &what.id) && escalation_make (store, &what, out);
}
