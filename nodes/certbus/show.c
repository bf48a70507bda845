/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/asked.h"
#include "nodes/certbus/life.h"

#include "nodes/certbus/attach.h"
#include "nodes/certbus/casework/show_case.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#include <string.h>

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

static void print_children (struct span answer)
{
    struct pack_in in;
    size_t count = answer_array (answer, "children", &in), on_disk = 0;
    struct pack_in again = in;
    for (size_t i = 0; i < count; i++)
        on_disk += answer_bool (pack_any (&again), "acked");
    if (!count)
        return;
    say ("  at the children  %zu of %zu\n", on_disk, count);
    while (count--) {
        struct span child = pack_any (&in);
        if (!answer_bool (child, "acked"))
            say ("    not yet        %s\n", line_of (body_text (child, "name")).text);
    }
}

static void print_delivered (struct span answer)
{
    struct pack_in in;
    size_t count = answer_array (answer, "delivered", &in);
    if (count)
        say ("  delivered        %zu (by receipts)\n", count);
    while (count--) {
        struct span one = pack_any (&in);
        say ("    %-28s %s\n", line_of (body_text (one, "party")).text,
             when_of (body_int (one, "time", 0)).text);
    }
}

static void print_far (const struct fetched *fetched)
{
    const struct record *record = &fetched->record;
    struct span parent = body_field (fetched->answer, "parent");
    struct span carried = body_field (fetched->answer, "carried");
    say ("\nHow far\n");
    if (record->whole)
        say ("  issued           %s, by %s\n", when_of (record->e.issued).text,
             line_of (record->e.id.origin).text);
    say ("  stored here      %s%s%s\n", when_of (record->taken).text,
         record->from.size ? ", from " : "", line_of (record->from).text);
    if (carried.size)
        say ("  inside           %s, which carried it here\n",
             line_of (body_text (carried, "id")).text);
    if (parent.size)
        say ("  at the parent    %s\n", answer_bool (parent, "acked") ? "yes" : "not yet");
    print_children (fetched->answer);
    print_delivered (fetched->answer);
}

static void print_verdict (const struct record *record, struct span answer)
{
    if (record->reason == CB_OK)
        return;
    struct span detail = body_text (body_field (answer, "verdict"), "detail");
    style (STYLE_BAD);
    say ("Refused here: %s%s%s (%s)\n", cb_reason_text ((unsigned) record->reason),
         detail.size ? ": " : "", line_of (detail).text,
         cb_reason_name ((unsigned) record->reason));
    style (STYLE_PLAIN);
}

/* Before the text, which nobody should read for what counts. */
static void print_standing (const struct record *record)
{
    const struct standing *standing = &record->standing;
    if (standing->state == STANDING_CURRENT)
        return;
    style (STYLE_BAD);
    if (standing->state == STANDING_WITHDRAWN)
        say ("Withdrawn by %s: it counts no more.\n", standing->id);
    else
        say ("Replaced by %s: read that one instead.\n", standing->id);
    style (STYLE_PLAIN);
}

/* The case that a report has begun. */
static bool has_case (struct call *call, const struct fetched *fetched, struct told *told)
{
    char id[ID_TEXT];
    const struct record *record = &fetched->record;
    *told = (struct told){ .tlp = 0 };
    if (!record->whole || record->reason != CB_OK || !span_is (record->e.kind, "incident"))
        return false;
    msg_id_text (&record->e.id, id);
    return told_quietly (call, id, told);
}

/* A case whose report is not here, because only an escalation told of it. */
static bool is_stub (struct call *call, const char *id)
{
    struct fetched fetched;
    struct told told;
    bool here = fetch_quietly (call, id, &fetched);
    bool stub = !here && strcmp (call->refusal, "not-found") == 0 && told_quietly (call, id, &told);
    if (stub)
        told_free (&told);
    fetch_free (&fetched);
    return stub;
}

static int show_stub (struct call *call, const char *id)
{
    struct told told;
    int code = told_ask (call, id, &told);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:o}", "case", case_json (&told)), true);
    else if (code == EXIT_DONE)
        case_print (&told);
    told_free (&told);
    return code;
}

static void show_json (struct call *call, const struct fetched *fetched,
                       const struct fetched_chain *chain, const struct told *told)
{
    json_t *made = record_json (call, &fetched->record);
    json_t *far = value_json (fetched->answer);
    const char *key;
    json_t *value;
    json_object_del (far, "record");
    json_object_del (far, "ref");
    json_object_del (far, "standing");
    json_object_del (far, "verdict");
    json_object_foreach (far, key, value) json_object_set (made, key, value);
    json_decref (far);
    json_object_set_new (made, "signed_by", signer_json (chain->signer));
    json_object_set_new (made, "revisions", life_revisions_json (call, &fetched->record));
    if (told)
        json_object_set_new (made, "case", case_json (told));
    say_json (made, true);
}

static void print (struct call *call, const struct fetched *fetched,
                   const struct fetched_chain *chain, const struct told *told)
{
    const struct record *record = &fetched->record;
    print_verdict (record, fetched->answer);
    print_standing (record);
    life_about (call, record);
    if (record->whole)
        message_print (call, &record->e,
                       chain->signer ? chain->signer->credential.title : (struct span){ 0 });
    else
        say ("The message is no longer kept here; only its hash is.\n");
    if (record->whole)
        attach_print (call, &record->e.id);
    print_far (fetched);
    asked_print_next (call, record);
    life_refused (call, fetched);
    if (told)
        case_print (told);
    else
        life_thread (call, fetched);
    life_revisions (call, record);
    asked_opened (call, record);
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct fetched fetched;
    struct fetched_chain chain = { .directory = NULL };
    struct told told = { .tlp = 0 };
    const char *id = call->args.operands[0];
    if (is_stub (call, id))
        return show_stub (call, id);
    int code = fetch (call, id, &fetched);
    const struct record *record = &fetched.record;
    /* Without its chain a message is shown all the same: it may be in quarantine for that. */
    if (code == EXIT_DONE && record->whole)
        fetch_chain (call, record->e.credential, &chain, why, sizeof why);
    bool of_case = code == EXIT_DONE && has_case (call, &fetched, &told);
    if (code == EXIT_DONE && call->json)
        show_json (call, &fetched, &chain, of_case ? &told : NULL);
    else if (code == EXIT_DONE)
        print (call, &fetched, &chain, of_case ? &told : NULL);
    told_free (&told);
    fetch_chain_free (&chain);
    fetch_free (&fetched);
    return code;
}

const struct command command_show = {
    .name = "show",
    .group = GROUP_READ,
    .operands = "ID",
    .least = 1,
    .most = 1,
    .summary = "show a message and its whole life",
    .about =
        "ID is what `list` prints (pk.sindh/1-3, or only sindh/1-3, or 1-3 for an own one), a\n"
        "number (NCERT-2026-013), a code, or the beginning of one. After the text: how far it\n"
        "is (here, at the neighbours, delivered), its thread, and all its revisions.",
    .options = options,
    .paged = true,
    .run = run,
};
