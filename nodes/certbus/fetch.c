/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/fetch.h"

#include <string.h>

#include "nodes/certbus/talk.h"

static int ask_for (struct call *call, const char *id, struct fetched *fetched, char *why,
                    size_t why_size)
{
    struct span answer;
    struct ask *question = ask_new ("get");
    *fetched = (struct fetched){ 0 };
    ask_text (question, "id", span_of (id));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_AWAY)
        fetched->answer = span_keep (answer);
    if (code == EXIT_DONE &&
        !record_read (body_field (fetched->answer, "record"), &fetched->record)) {
        snprintf (why, why_size, "the broker's answer has no message");
        code = EXIT_REFUSED;
    }
    /* The answer to `get` says it beside the record, not in it. */
    if (code == EXIT_DONE)
        standing_read (fetched->answer, &fetched->record.standing);
    return code;
}

int fetch (struct call *call, const char *id, struct fetched *fetched)
{
    char why[WHY_MAX];
    int code = ask_for (call, id, fetched, why, sizeof why);
    if (code == EXIT_AWAY)
        complain ("%s", why);
    else if (code != EXIT_DONE)
        complain ("%s: %s", line_text (id).text, why);
    return code;
}

bool fetch_quietly (struct call *call, const char *id, struct fetched *fetched)
{
    char why[WHY_MAX];
    return ask_for (call, id, fetched, why, sizeof why) == EXIT_DONE;
}

void fetch_free (struct fetched *fetched)
{
    span_free (&fetched->answer);
}

int fetch_chain (struct call *call, const struct hash *credential, struct fetched_chain *chain,
                 char *why, size_t why_size)
{
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("chain");
    *chain = (struct fetched_chain){ .directory = NULL };
    ask_bytes (question, "credential", span_bytes (credential->bytes, HASH_SIZE));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    chain->answer = span_keep (answer);
    chain->evidence.root = body_bytes (chain->answer, "root");
    size_t count = answer_array (chain->answer, "chain", &in);
    for (size_t i = 0; i < count && i < BUNDLE_CHAIN; i++)
        chain->evidence.chain[chain->evidence.chain_count++] = pack_bin (&in, 0, STATEMENT_MAX);
    chain->directory = chain_open (chain->evidence.root, chain->evidence.chain,
                                   chain->evidence.chain_count, why, why_size);
    if (!chain->directory)
        return EXIT_REFUSED;
    chain->signer = directory_by_hash (chain->directory, credential);
    if (!chain->signer)
        snprintf (why, why_size, "the broker's answer lacks the credential");
    return chain->signer ? EXIT_DONE : EXIT_REFUSED;
}

void fetch_chain_free (struct fetched_chain *chain)
{
    directory_free (&chain->directory);
    span_free (&chain->answer);
}
