/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/told.h"

#include <string.h>

#include "nodes/certbus/talk.h"

unsigned told_tlp (struct span map)
{
    char name[32];
    span_text (body_text (map, "tlp"), name, sizeof name);
    int number = *name ? cb_tlp_number (name) : (int) body_int (map, "tlp", 0);
    return number > 0 ? (unsigned) number : 0;
}

int told_mode (struct span map)
{
    char name[32];
    span_text (body_text (map, "mode"), name, sizeof name);
    return *name ? cb_mode_number (name) : (int) body_int (map, "mode", CB_MODE_LIVE);
}

static void add_party (struct told *told, struct span party)
{
    if (!party_valid (party) || span_is (party, told->self) || told->party_count == CASE_PARTIES)
        return;
    for (size_t i = 0; i < told->party_count; i++)
        if (span_is (party, told->parties[i]))
            return;
    span_text (party, told->parties[told->party_count++], sizeof told->parties[0]);
}

static void find_parties (struct told *told)
{
    struct pack_in in;
    add_party (told, body_text (told->map, "lead"));
    add_party (told, told->id.origin);
    for (size_t left = answer_array (told->map, "participants", &in); left; left--)
        add_party (told, pack_str (&in, 0, PARTY_MAX));
}

static bool take (struct told *told)
{
    struct msg_id exercise;
    told->map = body_field (told->answer, "case");
    struct pack_in ref = pack_open (body_field (told->map, "ref"));
    struct pack_in in = pack_open (body_field (told->map, "exercise"));
    if (!msg_id_read (&ref, &told->id) || !told->id.origin.size)
        return false;
    msg_id_text (&told->id, told->text);
    json_id_text (&told->id, told->thread);
    if (msg_id_read (&in, &exercise) && exercise.origin.size)
        json_id_text (&exercise, told->exercise);
    told->tlp = told_tlp (told->map);
    told->mode = told_mode (told->map);
    find_parties (told);
    return true;
}

static int ask_for (struct call *call, const char *id, struct told *told, char *why,
                    size_t why_size)
{
    struct span answer;
    struct ask *question = ask_new ("case");
    *told = (struct told){ .tlp = 0 };
    ask_text (question, "id", span_of (id));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    told->answer = span_keep (answer);
    question = ask_new ("status");
    code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    span_text (body_text (answer, "party"), told->self, sizeof told->self);
    if (take (told))
        return EXIT_DONE;
    snprintf (why, why_size, "the broker's answer has no case");
    return EXIT_REFUSED;
}

int told_ask (struct call *call, const char *id, struct told *told)
{
    char why[WHY_MAX];
    int code = ask_for (call, id, told, why, sizeof why);
    if (code == EXIT_AWAY)
        complain ("%s", why);
    else if (code != EXIT_DONE && strcmp (call->refusal, "not-found") == 0)
        complain ("%s; the open cases: certbus cases", why);
    else if (code != EXIT_DONE)
        complain ("%s: %s", line_text (id).text, why);
    return code;
}

bool told_quietly (struct call *call, const char *id, struct told *told)
{
    char why[WHY_MAX];
    int code = ask_for (call, id, told, why, sizeof why);
    if (code != EXIT_DONE)
        told_free (told);
    return code == EXIT_DONE;
}

void told_free (struct told *told)
{
    span_free (&told->answer);
}

void told_address (const struct told *told, struct post *post)
{
    size_t count = told->party_count < AUDIENCE_MAX ? told->party_count : AUDIENCE_MAX;
    post->kind = "update";
    post->thread = told->thread;
    post->tlp = told->tlp;
    post->mode = told->mode;
    post->exercise = *told->exercise ? told->exercise : NULL;
    post->after = body_field (told->map, "heads");
    if (post->to_count)
        return;
    for (size_t i = 0; i < count; i++)
        post_default_to (post, told->parties[i]);
    if (!count)
        post_default_to (post, told->self);
}

/* --- Whom the policy lets it write to ------------------------------------------------------ */

/* Whether the broker would let it go to these; `*rights`: it is they that are in the way. */
static int would_reach (struct call *call, struct post *post, bool *rights, char *why,
                        size_t why_size)
{
    struct ready ready;
    int code = post_ready (call, post, &ready, why, why_size);
    *rights = code == EXIT_REFUSED &&
              (strcmp (call->refusal, "no-grant") == 0 || strcmp (call->refusal, "audience") == 0);
    ready_free (&ready);
    return code;
}

int told_reach (struct call *call, struct post *post, const char *needed)
{
    char why[WHY_MAX], left_out[WHY_MAX] = "";
    struct post one = *post;
    size_t count = post->to_count, kept = 0;
    const char *all[AUDIENCE_MAX];
    bool rights = false;
    /* What else is wrong is said by whoever sends it. */
    if (!post->to_is_default || would_reach (call, &one, &rights, why, sizeof why) == EXIT_DONE ||
        !rights)
        return EXIT_DONE;
    memcpy (all, post->to, sizeof all);
    for (size_t i = 0; i < count; i++) {
        one.to_count = 1;
        one.to[0] = all[i];
        int code = would_reach (call, &one, &rights, why, sizeof why);
        if (code == EXIT_AWAY)
            return refused ("%s", why);
        size_t used = strlen (left_out);
        if (rights && !(needed && strcmp (needed, all[i]) == 0))
            snprintf (left_out + used, sizeof left_out - used, "%s%s", used ? ", " : "", all[i]);
        else
            post->to[kept++] = all[i];
    }
    if (!kept)
        return EXIT_DONE; /* the broker says it of all of them */
    post->to_count = kept;
    if (*left_out)
        complain ("not to %s: the policy does not let this party write there", left_out);
    return EXIT_DONE;
}
