/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/evidence.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/request.h"
#include "nodes/certbus/talk.h"

#include <string.h>
#include <unistd.h>

#include "bus/edge/conf.h"
#include "bus/edge/home.h"
#include "bus/edge/keys.h"
#include "bus/edge/log.h"

#define DAY_MS       INT64_C (86400000)
#define DAYS_DEFAULT 730
#define DAYS_MAX     36500

static const struct option_row options[] = {
    { "new-keys", 0, false, NULL, "with new keys, which the ones in force vouch for" },
    { "days", 0, false, "N", "how long the credential is to be valid (default: 730)" },
    { "out", 'o', false, "FILE", "where the request goes (default: NAME-N.request)" },
    { NULL, 0, false, NULL, NULL },
};

/* What this home is, as its bundle says it. */
struct home {
    struct keys keys, next; /* `next` is what is asked for: the same ones, or new ones */
    struct span bytes;      /* of the bundle; owned */
    struct bundle bundle;
    struct directory *directory; /* of the bundle's chain */
    const struct entry *own;
};

static int open_home (const struct call *call, struct home *home)
{
    char why[WHY_MAX];
    *home = (struct home){ 0 };
    if (access (home_path (call, "bundle").text, F_OK) != 0)
        return refused ("%s: has not joined yet: there is nothing to renew", call->home);
    if (file_read (home_path (call, "bundle").text, EVIDENCE_MAX, &home->bytes, why, sizeof why) !=
        0)
        return refused ("%s", why);
    if (!bundle_parse (&home->bundle, home->bytes))
        return refused ("%s/bundle: is damaged; join again", call->home);
    home->directory = chain_open (home->bundle.root, home->bundle.chain, home->bundle.chain_count,
                                  why, sizeof why);
    if (!home->directory)
        return refused ("%s/bundle: %s", call->home, why);
    struct credential last;
    credential_parse (&last, home->bundle.chain[home->bundle.chain_count - 1]);
    home->own = directory_by_hash (home->directory, &last.st.hash);
    if (keys_load_for (&home->keys, call->home, &last, why, sizeof why) != 0)
        return refused ("%s", why);
    return EXIT_DONE;
}

static void close_home (struct home *home)
{
    directory_free (&home->directory);
    span_free (&home->bytes);
    keys_wipe (&home->keys);
    keys_wipe (&home->next);
}

/* New keys wait in keys.next until their credential is joined with. Those that wait already are
 * asked for once more: the file with the first request may be lost. */
static int find_keys (const struct call *call, struct home *home)
{
    char why[WHY_MAX];
    struct path path = home_path (call, KEYS_NEXT);
    if (!args_flag (&call->args, "new-keys")) {
        home->next = home->keys;
        return EXIT_DONE;
    }
    if (access (path.text, F_OK) == 0)
        return keys_load (&home->next, path.text, why, sizeof why) == 0 ? EXIT_DONE
                                                                        : refused ("%s", why);
    if (!home_may_write (call->home, why, sizeof why))
        return refused ("%s", why);
    keys_make (&home->next, span_of (home->keys.party));
    bool saved = keys_save (&home->next, path.text, why, sizeof why) == 0 &&
                 home_give (call->home, KEYS_NEXT, why, sizeof why) == 0;
    return saved ? EXIT_DONE : refused ("%s", why);
}

/* The issuer's credential in force, as far as it is known here: the broker may have heard of a
 * newer one than the bundle has. */
static struct hash find_issuer (struct call *call, const struct home *home)
{
    char why[WHY_MAX];
    struct span answer;
    struct pack_in in;
    struct credential c;
    const struct credential *issuer = &home->own->issuer->credential;
    struct hash found = issuer->st.hash;
    struct ask *question = ask_new ("chain");
    ask_text (question, "party", issuer->name);
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, sizeof why) !=
        EXIT_DONE)
        return found;
    size_t count = answer_array (answer, "chain", &in);
    while (count--)
        if (credential_parse (&c, pack_bin (&in, 1, STATEMENT_MAX)) &&
            span_equal (c.name, issuer->name))
            found = c.st.hash;
    return found;
}

/* The credential that is asked for: what it is now, with these keys and dates. */
static void fill (struct credential *c, const struct home *home, const struct hash *issuer,
                  int64_t days)
{
    const struct credential *own = &home->own->credential;
    *c = *own;
    c->sign_key = home->next.sign.public;
    c->seal_key = home->next.seal_public;
    c->link_key = home->next.link_public;
    c->generation = own->generation + 1;
    c->previous = &own->st.hash;
    c->issued = c->not_before = clock_utc ();
    c->not_after = c->issued + days * DAY_MS;
    c->issuer = issuer;
    if (c->not_after > home->own->issuer->credential.may.latest)
        c->not_after = home->own->issuer->credential.may.latest;
    if (c->may.depth)
        c->may.latest = c->not_after;
}

/* What proves this party, without the children that its bundle may have. */
static bool gather (const struct entry *entry, void *arg)
{
    struct proposal *p = arg;
    p->chain[p->chain_count++] = entry->credential.st.bytes;
    return p->chain_count < PROPOSAL_CHAIN;
}

static void pack (const struct call *call, const struct home *home, const struct credential *c,
                  struct pack_out *out, char code[CODE_TEXT])
{
    char why[CONF_WHY];
    struct conf conf;
    struct pack_out request, body, credential;
    struct enrolment e = { .title = c->title, .previous = c->previous, .made = c->issued };
    struct statement st;
    pack_init (&request);
    pack_init (&body);
    pack_init (&credential);
    conf_default (&conf);
    if (conf_load (&conf, home_path (call, "certbus.conf").text, why) == 0)
        for (size_t i = 0; i < conf.listen_count; i++)
            if (!strstr (conf.listen[i], "//0.0.0.0:") && !strstr (conf.listen[i], "*"))
                e.endpoints[e.endpoint_count++] = span_of (conf.listen[i]);
    keys_request (&home->next, &e, &request);
    credential_pack (&body, c);
    struct statement_sig sig = statement_sign (pack_result (&body), CB_PURPOSE_SUCCESSION,
                                               c->previous, home->keys.sign.secret);
    statement_pack (&credential, pack_result (&body), &sig, 1);
    struct proposal p = { .root = home->bundle.root,
                          .request = pack_result (&request),
                          .credential = pack_result (&credential) };
    directory_proof (home->directory, home->own, gather, &p);
    proposal_pack (out, &p);
    statement_parse (&st, p.request);
    hash_code (&st.hash, code);
    pack_free (&request);
    pack_free (&body);
    pack_free (&credential);
}

static int write_request (struct call *call, const struct home *home, const struct path *path,
                          int64_t days)
{
    char why[WHY_MAX], code[CODE_TEXT];
    struct hash issuer = find_issuer (call, home);
    struct credential c;
    struct pack_out out;
    fill (&c, home, &issuer, days);
    pack_init (&out);
    pack (call, home, &c, &out, code);
    int result = file_write (path->text, pack_result (&out), false, false, why, sizeof why) == 0
                     ? EXIT_DONE
                     : refused ("%s", why);
    pack_free (&out);
    if (result == EXIT_DONE && call->json)
        say_json (json_pack ("{s:s, s:s, s:s, s:i, s:o}", "party", home->keys.party, "request",
                             path->text, "code", code, "generation", (int) c.generation,
                             "not_after", json_time (c.not_after)),
                  true);
    else if (result == EXIT_DONE)
        say ("%s  code %s\nGive the file to the party above, which renews with: certbus enrol %s\n"
             "Until what comes back is joined with, everything stays as it is.\n",
             path->text, code, path->text);
    return result;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    int64_t days = DAYS_DEFAULT;
    struct home home;
    struct path path;
    if (!args_number (&call->args, "days", 1, DAYS_MAX, &days, why, sizeof why))
        return usage (call, "%s", why);
    int code = open_home (call, &home);
    if (code == EXIT_DONE && !home.own->issuer)
        code = refused ("%s: the top party's credential is not renewed in this version",
                        home.keys.party);
    if (code == EXIT_DONE)
        code = request_out (call, home.own->credential.name, home.own->credential.generation + 1,
                            "request", &path);
    if (code == EXIT_DONE)
        code = find_keys (call, &home);
    if (code == EXIT_DONE)
        code = write_request (call, &home, &path, days);
    close_home (&home);
    return code;
}

const struct command command_renew = {
    .name = "renew",
    .group = GROUP_SETUP,
    .operands = "",
    .least = 0,
    .most = 0,
    .summary = "ask for the next credential before this one ends",
    .about =
        "Writes NAME-N.request, signed by the keys in force, with the rights that the party has.\n"
        "The party above renews it with `certbus enrol`; `certbus join` puts what comes back into\n"
        "force, and the broker is started anew. With --new-keys new ones wait in keys.next until\n"
        "then. Nothing changes before, and nothing that was signed stops being genuine.\n"
        "A party whose keys are lost cannot renew: `certbus help enrol`, --again.",
    .options = options,
    .run = run,
};
