/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/strange.h"
#include "nodes/certbus/talk.h"

#define HEAD_SIZE ((size_t) 64 * 1024) /* of a file that is too large for a message */

static const struct option_row options[] = {
    { "root", 'r', false, "FILE|CODE", "check without a broker, under this root" },
    { "chain", 0, false, "FILE", "credentials for a message that was saved without them" },
    { "of", 0, false, "ID", "the message that the file is said to be an attachment of" },
    { NULL, 0, false, NULL, NULL },
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

bool finding_genuine (const struct finding *self)
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
    struct span detail = body_text (answer, "detail");
    int64_t reason = body_int (answer, "reason", CB_MALFORMED);
    self->broker = true;
    self->held = answer_bool (answer, "held");
    self->reason = (enum cb_reason) reason;
    snprintf (self->why, sizeof self->why, "%s", line_of (detail).text);
}

/* What the journal knows of a message that it holds. A verdict is made once: what was good when
 * it was taken in stays so, whatever would be said of it today. */
static void ask_journal (struct call *call, struct finding *self)
{
    char id[ID_TEXT];
    struct fetched fetched;
    msg_id_text (&self->e.id, id);
    if (fetch_quietly (call, id, &fetched) &&
        span_equal (fetched.record.leaf, span_bytes (self->e.leaf.bytes, HASH_SIZE))) {
        self->held_good = fetched.record.reason == CB_OK;
        self->standing = fetched.record.standing;
        self->standing_known = true;
    }
    fetch_free (&fetched);
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
    if (self->held)
        ask_journal (call, self);
    if (fetch_chain (call, self->e.credential, &self->chain, why, sizeof why) == EXIT_DONE)
        self->signer = self->chain.signer;
    return EXIT_DONE;
}

/* A file that is too large for a message is still looked at. */
static bool read_head (const char *path, struct span *bytes)
{
    struct stat st;
    FILE *file = NULL;
    if (stat (path, &st) != 0 || !S_ISREG (st.st_mode) || st.st_size <= (off_t) EVIDENCE_MAX)
        return false;
    uint8_t *head = malloc (HEAD_SIZE);
    file = head ? fopen (path, "rbe") : NULL;
    size_t size = file ? fread (head, 1, HEAD_SIZE, file) : 0;
    if (file)
        fclose (file);
    *bytes = span_bytes (head, size);
    return size > 0;
}

static int load_file (struct call *call, struct finding *self, const char *path)
{
    char why[WHY_MAX];
    if (read_head (path, &self->file))
        return strange_explain (call, path, self->file);
    if (file_read (path, EVIDENCE_MAX, &self->file, why, sizeof why) != 0)
        return refused ("%s", why);
    return read_message (self, self->file) ? EXIT_DONE : strange_explain (call, path, self->file);
}

static int load_held (struct call *call, struct finding *self, struct fetched *fetched,
                      const char *id)
{
    int code = fetch (call, id, fetched);
    if (code == EXIT_REFUSED)
        verify_unknown (fetched);
    if (code == EXIT_DONE && !fetched->record.whole)
        code = refused ("%s: is no longer kept here; only its hash is", line_text (id).text);
    if (code == EXIT_DONE)
        read_message (self, fetched->record.envelope);
    return code;
}

static int load (struct call *call, struct finding *self, struct fetched *fetched)
{
    const char *what = call->args.operands[0], *of = args_text (&call->args, "of");
    if (of)
        return load_held (call, self, fetched, of);
    if (access (what, F_OK) == 0)
        return load_file (call, self, what);
    if (args_flag (&call->args, "root") || !looks_like_id (what))
        return refused ("%s: no such file, and no id as in pk.sindh/1-3, number or code",
                        line_text (what).text);
    return load_held (call, self, fetched, what);
}

/* What people say on the phone, and no file is called so. */
static bool is_spoken (const struct call *call)
{
    char code[CODE_TEXT];
    const char *what = call->args.operands[0];
    if (access (what, F_OK) == 0 || args_flag (&call->args, "root") || looks_like_id (what))
        return false;
    return code_normalise (what, code) || looks_like_number (what) || !strpbrk (what, "./");
}

static int run (struct call *call)
{
    struct finding finding = { .reason = CB_MALFORMED };
    struct fetched fetched = { .answer = { 0 } };
    const char *what = call->args.operands[0];
    bool offline = args_flag (&call->args, "root") || args_flag (&call->args, "chain");
    bool of = args_flag (&call->args, "of");
    if (of && offline)
        return usage (call, "--of asks the broker for the message: without --root and --chain");
    if (of && access (what, R_OK) != 0)
        return refused ("%s: no such file, or no permission to read it", line_text (what).text);
    if (!of && is_spoken (call))
        return verify_look_up (call, what);
    int code = load (call, &finding, &fetched);
    if (code == EXIT_DONE && finding.parsed) {
        code = offline ? EXIT_AWAY : judge_by_broker (call, &finding);
        if (code == EXIT_AWAY)
            code = judge_offline (call, &finding);
    }
    if (code == EXIT_DONE)
        code = of ? verify_attached (call, &finding, what) : verify_conclude (call, &finding);
    fetch_free (&fetched);
    finding_free (&finding);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .group = GROUP_READ,
    .operands = "FILE | ID | NUMBER | CODE",
    .least = 1,
    .most = 1,
    .summary = "say whether a message is genuine, and who stands behind it",
    .about =
        "The first line says whether it is genuine and whether it still counts: current, REPLACED\n"
        "or WITHDRAWN by another. Then follow who signed it, what to read back to whoever asks,\n"
        "and the text, which alone is genuine.\n"
        "\n"
        "FILE is what `certbus export` wrote. With a broker it is judged by what that knows,\n"
        "revocations too. With --root no broker is needed: the root's file or its code, as the\n"
        "top party tells it by phone, is enough. A PDF, a mail or a text cannot be verified: ask\n"
        "for the id or the exported file. --of ID says whether FILE is an attachment of that\n"
        "message.\n"
        "\n"
        "A NUMBER or a CODE finds a message, and says nothing about a text that came with it, so\n"
        "the exit code is 1 then, never 0.",
    .options = options,
    .paged = true,
    .run = run,
};
