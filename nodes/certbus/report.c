/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bus/core/credential.h"
#include "bus/edge/json.h"
#include "nodes/certbus/attach.h"
#include "nodes/certbus/compose.h"
#include "nodes/certbus/interview.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"

#define OFFICE_FROM 8 /* hours on the clock, Monday to Friday */
#define OFFICE_TO   18

static const struct option_row options[] = {
    { "flash", 'f', false, NULL, "the same as --precedence flash" },
    INTERVIEW_OPTIONS,
    { "draft", 0, false, "FILE", "keep the answers in this file, or go on with it" },
    POST_OPTIONS,
    ATTACH_OPTION,
    { NULL, 0, false, NULL, NULL },
};

/* The parties above, nearest first, and the CERTs of the own sectors. */
struct above {
    size_t count, cert_count;
    char names[PARTY_LABELS][PARTY_MAX + 1];
    char certs[SECTORS_MAX][PARTY_MAX + 1];
};

static struct above parties_above (const char *party)
{
    struct above above = { 0 };
    for (struct span at = party_parent (span_of (party)); at.size; at = party_parent (at))
        span_text (at, above.names[above.count++], sizeof above.names[0]);
    return above;
}

static int sector_certs (struct call *call, struct above *above)
{
    struct ask *question = ask_new ("status");
    struct span answer;
    struct pack_in in;
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code != EXIT_DONE)
        return code;
    for (size_t left = answer_array (answer, "sector_certs", &in); left; left--) {
        struct span cert = pack_str (&in, 1, PARTY_MAX);
        if (!in.bad && above->cert_count < SECTORS_MAX)
            span_text (cert, above->certs[above->cert_count++], sizeof above->certs[0]);
    }
    return EXIT_DONE;
}

static void add_to (struct post *post, const char *party)
{
    for (size_t i = 0; i < post->to_count; i++)
        if (strcmp (post->to[i], party) == 0)
            return;
    post_default_to (post, party);
}

static int address (struct call *call, struct post *post, struct above *above)
{
    struct party_name party;
    /* All but the nearest learn of it only with the reporter's consent. */
    bool consent = json_is_true (json_object_get (post->body, "consent"));
    if (post->to_count && (post->climb || !consent))
        return EXIT_DONE;
    int code = post_party (call, &party);
    if (code != EXIT_DONE)
        return code;
    *above = parties_above (party.text);
    if (!above->count && !post->to_count)
        return refused ("%s is the top of its tree; say with --to whom it reports to", party.text);
    if (consent && !post->climb && above->count)
        post->climb = above->names[above->count - 1];
    if (post->to_count)
        return EXIT_DONE;
    /* An exercise is for those to whom it was announced; who announced it is told as well. */
    bool live = post->mode != CB_MODE_EXERCISE;
    for (size_t i = 0; i < (consent && live ? above->count : 1); i++)
        post_default_to (post, above->names[i]);
    code = live ? sector_certs (call, above) : EXIT_DONE;
    for (size_t i = 0; i < above->cert_count; i++)
        add_to (post, above->certs[i]);
    return code;
}

/* What options and defaults make of a body. */
static int complete (struct call *call, struct post *post, struct above *above)
{
    int code = post_options (post, call);
    if (code == EXIT_DONE && args_flag (&call->args, "flash")) {
        if (args_flag (&call->args, "precedence"))
            code = usage (call, "report: --flash or --precedence, not both");
        post->precedence = CB_LANE_FLASH;
    }
    post->kind = "incident";
    if (!post->tlp)
        post->tlp = CB_TLP_AMBER;
    if (code == EXIT_DONE)
        code = address (call, post, above);
    return code == EXIT_DONE ? attach_add_to_body (call, post) : code;
}

static int from_file (struct call *call)
{
    struct post post;
    struct above above = { 0 };
    int code = compose_load (call, call->args.operands[0], &post);
    if (code == EXIT_DONE && post.kind && strcmp (post.kind, "incident") != 0)
        code = refused ("%s: `report` sends incidents; use `certbus publish` for '%s'", post.name,
                        line_text (post.kind).text);
    if (code == EXIT_DONE)
        code = complete (call, &post, &above);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

/* --- After it was sent ------------------------------------------------------------------- */

static bool office_hours (void)
{
    struct tm tm;
    time_t now = time (NULL);
    return localtime_r (&now, &tm) && tm.tm_wday >= 1 && tm.tm_wday <= 5 &&
           tm.tm_hour >= OFFICE_FROM && tm.tm_hour < OFFICE_TO;
}

/* Whom to call now. */
static void say_telephone (struct call *call, const char *cert)
{
    char why[WHY_MAX];
    struct span answer;
    struct ask *question = ask_new ("contact");
    ask_text (question, "party", span_of (cert));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why);
    struct span contact = code == EXIT_DONE ? body_field (answer, "contact") : (struct span){ 0 };
    bool day = office_hours ();
    struct span phone = body_text (contact, day ? "phone_day" : "phone_night");
    struct span other = body_text (contact, day ? "phone_night" : "phone_day");
    struct span officer = body_text (contact, "officer");
    if (!contact.size || (!phone.size && !other.size)) {
        say ("Your CERT %s has told no duty telephone on the bus; use the one that you know.\n",
             cert);
        return;
    }
    style (STYLE_STRONG);
    say ("\n    Call %s%s%s: %s%s\n\n", cert, officer.size ? ", " : "", line_of (officer).text,
         line_of (phone.size ? phone : other).text,
         phone.size ? day ? " (office hours)" : " (at night and on weekends)"
         : day      ? " (the number for the night; none was told for the day)"
                    : " (the number for the day; none was told for the night)");
    style (STYLE_PLAIN);
    say ("and name the code of the case. You need not wait: the report is on its way.\n");
}

/* --- Questions and answers --------------------------------------------------------------- */

struct reporting {
    struct call *call;
    struct interview interview;
    struct above above;
    struct draft_file draft;
    char above_words[WHY_MAX / 4];
    char *type, *severity, *tlp; /* corrected by hand; owned */
};

/* "pk.sindh and pk", without the nearest. */
static void name_above (struct reporting *r)
{
    for (size_t i = 1; i < r->above.count; i++) {
        size_t used = strlen (r->above_words);
        snprintf (r->above_words + used, sizeof r->above_words - used, "%s%.100s",
                  i > 1 ? " and " : "", r->above.names[i]);
    }
    r->interview.above = r->above_words;
}

/* The message that the answers make. EXIT_REFUSED and `why`: `*which` has to be asked again. */
static int make_post (struct reporting *r, struct post *post, enum answer *which, char *why,
                      size_t why_size)
{
    struct day day = day_here ();
    struct answers answers = interview_answers (&r->interview);
    json_t *body = incident_body (&answers, &day, which, why, why_size);
    if (!body)
        return EXIT_REFUSED;
    post_start (post, "the report", body);
    return EXIT_DONE;
}

static void show (const struct reporting *r, const struct post *post)
{
    const char *type = json_string_value (json_object_get (post->body, "type"));
    const char *severity = json_string_value (json_object_get (post->body, "severity"));
    say ("\n");
    style (STYLE_STRONG);
    say ("This is your report\n");
    style (STYLE_PLAIN);
    interview_show (&r->interview);
    say ("type       %s\nseverity   %s%s\nTLP        %s%s\n", line_text (type).text,
         line_text (severity).text,
         strcmp (severity, "undetermined") == 0 ? ": your CERT decides"
         : r->interview.severity                ? ": as you say; your CERT decides"
                                                : ": by rule; your CERT decides",
         cb_tlp_name (post->tlp),
         post->tlp == CB_TLP_AMBER ? ": for your CERT, and whom it must tell to help you" : "");
    say ("It goes to  ");
    for (size_t i = 0; i < post->to_count; i++)
        say ("%s%s", i ? ", " : "", post->to[i]);
    say ("%s\n", post->climb ? " (with your consent)" : "");
}

/* Another value for what followed from the answers. */
static void correct (const char *question, char **value)
{
    char *answer = prompt_line (question);
    if (answer && *answer) {
        free (*value);
        *value = answer;
    } else {
        free (answer);
    }
}

enum step { STEP_SEND, STEP_AGAIN, STEP_END };

static enum step choose (struct reporting *r)
{
    int code;
    char *answer =
        prompt_line ("\nSend it? [yes; 1 to 8 corrects an answer; type, severity or tlp; NO]");
    enum step step = !answer || !*answer || incident_yes (answer) == 'n' ? STEP_END : STEP_AGAIN;
    if (answer && prompt_is_yes (answer))
        step = STEP_SEND;
    else if (step == STEP_AGAIN && strcmp (answer, "type") == 0)
        correct ("Which type, as class/type of RSIT?", &r->type);
    else if (step == STEP_AGAIN && strcmp (answer, "severity") == 0)
        correct ("Which severity: S1, S2, S3, S4, S5 or undetermined?", &r->severity);
    else if (step == STEP_AGAIN && strcmp (answer, "tlp") == 0)
        correct ("Which TLP: CLEAR, GREEN or AMBER?", &r->tlp);
    else if (step == STEP_AGAIN && !interview_again (&r->interview, answer, &code))
        say ("Type yes to send it, the number of an answer to correct it, or no.\n");
    else if (step == STEP_AGAIN && code != EXIT_DONE)
        step = STEP_END;
    free (answer);
    return step;
}

static int left_be (const struct reporting *r)
{
    return refused (
        "nothing was sent; your answers are kept: certbus report goes on with them (%s)",
        r->draft.path);
}

/* A TLP that was typed counts when it is one. */
static void correct_tlp (const struct reporting *r, struct post *post)
{
    char why[WHY_MAX];
    if (r->tlp && !post_tlp (r->tlp, &post->tlp, why, sizeof why))
        say ("\n%s\n", why);
}

/* One that is complete: shown, and what is then to be done with it. */
static enum step offer (struct reporting *r, struct post *post, int *code)
{
    char why[WHY_MAX];
    struct ready ready;
    correct_tlp (r, post);
    *code = post_ready (r->call, post, &ready, why, sizeof why);
    show (r, post);
    struct span same = body_text (ready.dry_run, "same");
    if (same.size)
        say ("\nThe same was sent before, as %s.\n", line_of (same).text);
    if (*code == EXIT_REFUSED)
        say ("\nIt cannot be sent like this: %s\n", line_text (why).text);
    else if (*code != EXIT_DONE)
        complain ("%s", why);
    if (*code == EXIT_DONE)
        *code = attach_may (r->call, post);
    enum step step = *code == EXIT_AWAY ? STEP_END : choose (r);
    if (step == STEP_SEND && *code != EXIT_DONE)
        step = STEP_AGAIN;
    else if (step == STEP_SEND)
        *code = post_go (r->call, post, &ready);
    else if (step == STEP_END && *code == EXIT_DONE)
        *code = EXIT_REFUSED;
    if (ready.sent)
        draft_remove (&r->draft);
    ready_free (&ready);
    return step;
}

/* Shown, corrected and sent, or kept. */
static enum step review (struct reporting *r, int *code)
{
    char why[WHY_MAX];
    struct post post = { .document = NULL };
    struct above above = { 0 };
    enum answer which;
    enum step step = STEP_END;
    r->interview.type = r->type ? r->type : r->interview.type;
    r->interview.severity = r->severity ? r->severity : r->interview.severity;
    *code = make_post (r, &post, &which, why, sizeof why);
    if (*code != EXIT_DONE) {
        *code = interview_mend (&r->interview, which, why);
        return *code == EXIT_DONE ? STEP_AGAIN : STEP_END;
    }
    *code = complete (r->call, &post, &above);
    if (*code == EXIT_DONE)
        step = offer (r, &post, code);
    post_free (&post);
    return step;
}

/* What is there from an earlier time. */
static int take_up (struct reporting *r)
{
    struct span text;
    int choice = args_flag (&r->call->args, "draft") ? 'y' : 0;
    if (!draft_time (&r->draft))
        return EXIT_DONE;
    if (!choice)
        choice = draft_offer (&r->draft, day_here ().now);
    if (!choice)
        return left_be (r);
    if (choice != 'y')
        return EXIT_DONE;
    int code = draft_read (&r->draft, &text);
    if (code != EXIT_DONE)
        return code;
    if (!interview_load (&r->interview, text))
        code = refused ("%s: these are no answers; remove the file", r->draft.path);
    span_free (&text);
    return code;
}

static int in_person (struct reporting *r)
{
    struct call *call = r->call;
    struct party_name party;
    enum step step = STEP_AGAIN;
    int code = post_party (call, &party);
    if (code != EXIT_DONE)
        return code;
    r->above = parties_above (party.text);
    name_above (r);
    code = draft_open (&r->draft, party.text, "report", args_text (&call->args, "draft"));
    if (code == EXIT_DONE)
        code = take_up (r);
    if (code == EXIT_DONE) {
        interview_options (&r->interview, call);
        r->interview.draft = &r->draft;
        say ("Eight questions. Enter passes over one, ? explains it. Each answer is kept.\n");
        code = interview_ask (&r->interview);
        step = code == EXIT_DONE ? STEP_AGAIN : STEP_END;
        while (step == STEP_AGAIN)
            step = review (r, &code);
        if (step == STEP_SEND && code == EXIT_DONE && r->above.count)
            say_telephone (call, r->above.names[0]);
        else if (code != EXIT_DONE)
            left_be (r);
    }
    draft_close (&r->draft);
    return code;
}

/* All of it from options, for scripts. */
static int from_options (struct reporting *r)
{
    char why[WHY_MAX];
    struct post post = { .document = NULL };
    struct above above = { 0 };
    enum answer which = ANSWER_WHAT;
    if (make_post (r, &post, &which, why, sizeof why) != EXIT_DONE)
        return usage (r->call, "report: --%s: %s", interview_option (which), why);
    if (incident_yes (interview_answers (&r->interview).at[ANSWER_SINCE]) == 'u')
        complain ("--since is not known: now counts as the time at which you know of it");
    int code = complete (r->call, &post, &above);
    if (code == EXIT_DONE)
        code = post_send (r->call, &post);
    post_free (&post);
    if (code == EXIT_DONE && above.count && !r->call->json &&
        !args_flag (&r->call->args, "dry-run"))
        say_telephone (r->call, above.names[0]);
    return code;
}

static int run (struct call *call)
{
    struct reporting r = { .call = call, .interview = { .above = "" }, .draft = { .lock = -1 } };
    bool answered = interview_options (&r.interview, call);
    bool person = prompt_possible () && !call->json && !args_flag (&call->args, "yes") &&
                  !args_flag (&call->args, "dry-run");
    int code;
    if (call->args.operand_count == 1 && answered)
        code = usage (call, "report: a FILE or the options that answer questions, not both");
    else if (call->args.operand_count == 1)
        code = from_file (call);
    else if (person)
        code = in_person (&r);
    else if (answered)
        code = from_options (&r);
    else
        code = usage (call, "report: missing: certbus report FILE, or --what TEXT --since TIME; "
                            "questions are asked at a terminal only");
    interview_free (&r.interview);
    free (r.type);
    free (r.severity);
    free (r.tlp);
    return code;
}

const struct command command_report = {
    .name = "report",
    .group = GROUP_SEND,
    .operands = "[FILE.json]",
    .most = 1,
    .summary = "report an incident to the CERT above",
    .about =
        "At a terminal, without a FILE, eight plain questions are asked. What they say becomes\n"
        "the report: type and severity follow by rule (undetermined is honest), and can be said\n"
        "otherwise. You see what is sent and to whom, and correct single answers, before it\n"
        "leaves. Each answer is kept until the report is stored and offered again when the\n"
        "terminal was closed. Options answer questions beforehand; with --yes nothing is asked.\n"
        "\n"
        "FILE is what `publish` takes, of kind incident. It goes to the party right above, which\n"
        "leads the case, with a copy to the CERTs of the own sectors; with consent to all parties\n"
        "above, and may climb to the top. Without a TLP it is TLP:AMBER.\n"
        "The report is safe on this broker's disk when its code is printed, also while the CERT\n"
        "above is away: it leaves as soon as there is a way.",
    .options = options,
    .run = run,
};
