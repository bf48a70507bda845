/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulletin.h - what the files of the commands bulletin, subscribe and unsubscribe share
 */
#ifndef CERTBUS_BULLETIN_COMMAND_H
#define CERTBUS_BULLETIN_COMMAND_H

#include "nodes/certbus/post.h"
#include "nodes/certbus/record.h"

/* What the broker says about bulletins. */
struct bulletins {
    struct span answer; /* owned copy */
    bool has_draft, has_final, own;
    struct record draft, final; /* of the newest one; those that are there */
};

/* Asks. `edition` NULL: the Cabinet's; `period` 0: the newest. An exit code, after a complaint.
 * bulletins_free in any case. */
struct bulletins_wanted {
    const char *edition;
    bool preview;
    int64_t period;
};
int bulletins_ask (struct call *call, const struct bulletins_wanted *wanted,
                   struct bulletins *bulletins);
void bulletins_free (struct bulletins *bulletins);

/* Shows, asks unless --yes was given, and sends; what was sent before may be sent again. With
 * --json what is to be printed goes into the object; NULL: it is printed. An exit code. */
int bulletins_send (struct call *call, struct post *post, json_t *into);

/* The options of what an officer writes, by field of the body. */
#define BULLETIN_WORDS(X)                                                                          \
    X ("headline", "headline", "TEXT", "one line for a reader who reads one line")                 \
    X ("threat_level", "threat-level", "low|guarded|elevated|high|severe", "your judgement")       \
    X ("outlook", "outlook", "TEXT", "what is expected, and what should be decided")               \
    X ("headline_ur", "headline-ur", "TEXT", "the headline in Urdu")                               \
    X ("outlook_ur", "outlook-ur", "TEXT", "the outlook in Urdu")                                  \
    X ("green_headline", "green-headline", "TEXT",                                                 \
       "for the community edition, where the other names somebody")                                \
    X ("green_outlook", "green-outlook", "TEXT", "the same of the outlook")

/* `certbus bulletin --edit` and `--approve`. Exit codes. */
int bulletin_edit (struct call *call);
int bulletin_approve (struct call *call);

#endif
