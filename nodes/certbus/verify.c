/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/fetch.h"

#include <string.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "root", 'r', false, "FILE|CODE", "check without a broker, under this root" },
    { "chain", 0, false, "FILE", "credentials for a message that was saved without them" },
    { NULL, 0, false, NULL, NULL },
};

/* What was found out. */
struct finding {
    struct span file, chain_file, answer, bundle; /* owned; empty when not used */
    struct evidence evidence;
    struct envelope e;
    bool parsed;    /* e is set */
    bool broker;    /* a broker has judged */
    bool held;      /* and holds the very same bytes */
    bool held_good; /* and took them as good when they came */
    enum cb_reason reason;
    char why[WHY_MAX];      /* more than the reason's sentence; "" none */
    char replaced[ID_TEXT]; /* the message that took its place; "" none is known */
    struct directory *directory;
    const struct entry *signer;
    struct fetched_chain chain; /* from the broker */
};

static void finding_free (struct finding *self)
{
    directory_free (&self->directory);
    fetch_chain_free (&self->chain);
    span_free (&self->file);
    span_free (&self->chain_file);
    span_free (&self->answer);
    span_free (&self->bundle);
}

static bool genuine (const struct finding *self)
{
    return self->parsed && (self->reason == CB_OK || self->held_good);
}

/* Evidence, or an envelope alone. False: neither. */
static bool read_message (struct finding *self, struct span bytes)
{
    bool evidence = evidence_parse (&self->evidence, bytes);
    if (!evidence)
        self->evidence = (struct evidence){ .envelope = bytes };
    self->reason = envelope_parse (&self->e, self->evidence.envelope);
    self->parsed = self->reason == CB_OK;
    return evidence || self->reason != CB_MALFORMED;
}

/* A chain from a bundle or from another message's evidence. */
static int read_chain (struct finding *self, struct span bytes, const char *path)
{
    struct bundle bundle;
    struct evidence other;
    if (bundle_parse (&bundle, bytes)) {
        self->evidence.root = bundle.root;
        self->evidence.chain_count = bundle.chain_count;
        memcpy (self->evidence.chain, bundle.chain, sizeof bundle.chain);
    } else if (evidence_parse (&other, bytes)) {
        other.envelope = self->evidence.envelope;
        self->evidence = other;
    } else {
        return refused ("%s: has no credentials; expected a .credential or an exported message",
                        path);
    }
    return EXIT_DONE;
}

static void judge (struct finding *self)
{
    self->directory = chain_open (self->evidence.root, self->evidence.chain,
                                  self->evidence.chain_count, self->why, sizeof self->why);
    self->reason = self->directory ? evidence_judge (self->directory, &self->e, &self->signer)
                                   : CB_CHAIN_BROKEN;
}

/* Under a root that was named, or the one that this home has joined under. */
static int judge_offline (const struct call *call, struct finding *self)
{
    char why[WHY_MAX];
    struct bundle bundle;
    const char *pin = args_text (&call->args, "root"), *chain = args_text (&call->args, "chain");
    struct path home = home_path (call, "bundle");
    if (chain) {
        if (file_read (chain, EVIDENCE_MAX, &self->chain_file, why, sizeof why) != 0)
            return refused ("%s", why);
        int code = read_chain (self, self->chain_file, chain);
        if (code != EXIT_DONE)
            return code;
    }
    if (!self->evidence.root.size)
        return refused ("%s: was saved without its credentials; name them with --chain FILE, or "
                        "use what `certbus export` wrote",
                        call->args.operands[0]);
    if (pin) {
        if (!root_pinned (self->evidence.root, pin, self->why, sizeof self->why))
            self->reason = CB_OTHER_ROOT;
        else
            judge (self);
        return EXIT_DONE;
    }
    if (file_read (home.text, EVIDENCE_MAX, &self->bundle, why, sizeof why) != 0 ||
        !bundle_parse (&bundle, self->bundle))
        return usage (call, "verify: no broker, and no home that has joined: name the root with "
                            "--root FILE or --root CODE");
    if (!span_equal (bundle.root, self->evidence.root)) {
        self->reason = CB_OTHER_ROOT;
        snprintf (self->why, sizeof self->why, "this home has joined under another root");
    } else {
        judge (self);
    }
    return EXIT_DONE;
}

static void read_verdict (struct finding *self, struct span answer)
{
    struct msg_id replaced;
    struct pack_in newer = pack_open (body_field (answer, "replaced"));
    struct span detail = body_text (answer, "detail");
    int64_t reason = body_int (answer, "reason", CB_MALFORMED);
    self->broker = true;
    self->held = answer_bool (answer, "held");
    self->reason = (enum cb_reason) reason;
    if (msg_id_read (&newer, &replaced) && replaced.origin.size)
        msg_id_text (&replaced, self->replaced);
    snprintf (self->why, sizeof self->why, "%s", line_of (detail).text);
}

/* A verdict is made once: what was good when it was taken in stays so, whatever would be said
 * of it today. */
static void ask_verdict (struct call *call, struct finding *self)
{
    char id[ID_TEXT], why[WHY_MAX];
    struct span answer;
    struct record record;
    struct ask *question = ask_new ("get");
    msg_id_text (&self->e.id, id);
    ask_text (question, "id", span_of (id));
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why) ==
            EXIT_DONE &&
        record_read (body_field (answer, "record"), &record))
        self->held_good = record.reason == CB_OK &&
                          span_equal (record.leaf, span_bytes (self->e.leaf.bytes, HASH_SIZE));
}

static int judge_by_broker (struct call *call, struct finding *self)
{
    char why[WHY_MAX];
    struct span answer;
    struct ask *question = ask_new ("check");
    ask_bytes (question, "envelope", self->evidence.envelope);
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why);
    if (code != EXIT_DONE)
        return code;
    read_verdict (self, answer);
    if (self->held && self->reason != CB_OK)
        ask_verdict (call, self);
    if (fetch_chain (call, self->e.credential, &self->chain, why, sizeof why) == EXIT_DONE)
        self->signer = self->chain.signer;
    return EXIT_DONE;
}

static void print_json (struct call *call, const struct finding *self)
{
    json_t *made = json_object ();
    struct root_file root;
    struct span root_bytes = self->broker ? self->chain.evidence.root : self->evidence.root;
    json_object_set_new (made, "genuine", json_boolean (genuine (self)));
    json_object_set_new (made, "reason", json_string (cb_reason_name (self->reason)));
    json_object_set_new (made, "detail", json_span (span_of (self->why)));
    json_object_set_new (made, "checked_by", json_string (self->broker ? "broker" : "offline"));
    json_object_set_new (made, "held", self->broker ? json_boolean (self->held) : json_null ());
    json_object_set_new (made, "replaced_by", json_span (span_of (self->replaced)));
    if (self->signer)
        json_object_set_new (made, "signed_by", signer_json (self->signer));
    if (root_bytes.size && root_parse (&root, root_bytes) == CB_OK) {
        char code[CODE_TEXT];
        hash_code (&root.st.hash, code);
        json_object_set_new (made, "root", json_string (code));
    }
    if (self->parsed)
        json_object_set_new (made, "message", message_json (call, &self->e));
    say_json (made, true);
}

static void print_verdict (const struct finding *self)
{
    bool good = genuine (self);
    style (good ? STYLE_GOOD : STYLE_BAD);
    say ("%s\n", good ? "GENUINE" : "NOT GENUINE");
    style (STYLE_PLAIN);
    if (self->reason != CB_OK)
        say ("%-11s %s%s%s (%s)\n", good ? "But now" : "Because", cb_reason_text (self->reason),
             *self->why ? ": " : "", self->why, cb_reason_name (self->reason));
}

static void print_root (const struct finding *self)
{
    char code[CODE_TEXT];
    struct root_file root;
    struct span bytes = self->broker ? self->chain.evidence.root : self->evidence.root;
    if (!bytes.size || root_parse (&root, bytes) != CB_OK)
        return;
    hash_code (&root.st.hash, code);
    say ("%-11s code %s\n", "root", code);
}

static void print_text (struct call *call, const struct finding *self)
{
    print_verdict (self);
    if (self->signer && genuine (self)) {
        signer_print (self->signer);
        print_root (self);
    }
    if (self->broker)
        say ("%-11s this broker%s\n", "Checked by",
             self->held ? ", which holds the same message" : "; it does not hold this message");
    else if (self->parsed)
        say ("%-11s signatures alone: what has been revoked since is not known offline\n",
             "Checked by");
    if (!genuine (self))
        return;
    if (*self->replaced)
        say ("%-11s %s took its place: read that one instead\n", "Replaced", self->replaced);
    say ("Genuine is this text, and no other under the same number or code:\n\n");
    message_print (call, &self->e,
                   self->signer ? self->signer->credential.title : (struct span){ 0 });
}

static int conclude (struct call *call, const struct finding *self)
{
    if (call->json)
        print_json (call, self);
    else
        print_text (call, self);
    return genuine (self) ? EXIT_DONE : EXIT_NOT_GENUINE;
}

/* A code is something to look a message up by. That two messages share it is for its origin to
 * arrange, so it proves nothing about a text that one has been shown. */
static int look_up (struct call *call, const char *typed)
{
    struct fetched fetched;
    int code = fetch (call, typed, &fetched);
    if (code == EXIT_DONE && !fetched.record.whole)
        code = refused ("%s: is no longer kept here", typed);
    if (code == EXIT_DONE) {
        if (call->json)
            say_json (json_pack ("{s:n, s:s, s:o}", "genuine", "detail",
                                 "a code alone is no proof: compare the text", "message",
                                 message_json (call, &fetched.record.e)),
                      true);
        else {
            say ("A code alone never says \"genuine\". The message here with this code says:\n\n");
            message_print (call, &fetched.record.e, (struct span){ 0 });
            say ("\nIf the text that you were shown differs in anything, it is not genuine.\n");
        }
        code = EXIT_REFUSED;
    }
    fetch_free (&fetched);
    return code;
}

static int load (struct call *call, struct finding *self, struct fetched *fetched)
{
    char why[WHY_MAX];
    const char *what = call->args.operands[0];
    if (access (what, F_OK) == 0) {
        if (file_read (what, EVIDENCE_MAX, &self->file, why, sizeof why) != 0)
            return refused ("%s", why);
        return read_message (self, self->file)
                   ? EXIT_DONE
                   : refused ("%s: not a certbus file, or one that is damaged; expected what "
                              "`certbus export` wrote",
                              line_text (what).text);
    }
    if (!strchr (what, '/') || !strchr (what, '-') || args_flag (&call->args, "root"))
        return refused ("%s: no such file, and no id as in pk.sindh/1-3", line_text (what).text);
    int code = fetch (call, what, fetched);
    if (code == EXIT_DONE && !fetched->record.whole)
        code = refused ("%s: is no longer kept here; only its hash is", line_text (what).text);
    if (code == EXIT_DONE)
        read_message (self, fetched->record.envelope);
    return code;
}

static int run (struct call *call)
{
    char code_text[CODE_TEXT];
    const char *what = call->args.operands[0];
    struct finding finding = { .reason = CB_MALFORMED };
    struct fetched fetched = { .answer = { 0 } };
    if (access (what, F_OK) != 0 && code_normalise (what, code_text))
        return look_up (call, what);
    bool offline = args_flag (&call->args, "root") || args_flag (&call->args, "chain");
    int code = load (call, &finding, &fetched);
    if (code == EXIT_DONE && finding.parsed) {
        code = offline ? EXIT_AWAY : judge_by_broker (call, &finding);
        if (code == EXIT_AWAY)
            code = judge_offline (call, &finding);
    }
    if (code == EXIT_DONE)
        code = conclude (call, &finding);
    fetch_free (&fetched);
    finding_free (&finding);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .group = GROUP_READ,
    .operands = "FILE | ID",
    .least = 1,
    .most = 1,
    .summary = "say whether a message is genuine, and who stands behind it",
    .about =
        "FILE is what `certbus export` wrote. With a broker it is judged by what that knows,\n"
        "revocations too. With --root no broker is needed: the root's file or its code, as the\n"
        "top party tells it by phone, is enough. What is genuine is the text that is printed: a\n"
        "number or code that somebody mentions proves nothing about the text beside it.",
    .options = options,
    .paged = true,
    .run = run,
};
