/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - HOME/certbus.conf: one table drives parsing, ranges, defaults and --check
 *
 * libconfig syntax, a strict list of known settings. Errors name file, line and
 * setting and say what is expected:
 * `certbus.conf:14: listen: "tcp//" is no endpoint; expected tcp://HOST:PORT`.
 */
#ifndef CERTBUS_CONF_H
#define CERTBUS_CONF_H

#include "bus/core/credential.h"
#include "bus/edge/zone.h"
#include "bus/core/envelope.h"

#define CONF_WHY  512
#define CONF_TEXT 256

/* More than there are settings. */
#define CONF_MOST 32

/* A person who may act for the party, and what. Without any, all may who reach the act socket. */
#define OFFICERS_MAX     32
#define OFFICER_USER_MAX 32
#define OFFICER_MAY_MAX  255
struct conf_officer {
    char name[OFFICER_MAX + 1];
    char user[OFFICER_USER_MAX + 1]; /* of this machine: its name, or its number */
    char may[OFFICER_MAY_MAX + 1];   /* words with a blank between: steps, kinds, case, * */
    bool known;                      /* there is such a user */
    uint32_t uid;
};
struct conf_officers {
    size_t count;
    struct conf_officer at[OFFICERS_MAX];
};
/* Whether `word` is one of what an officer may; without `case` and `*`, which stand for many. */
bool conf_officer_may (const struct conf_officer *officer, struct span word);

struct conf {
    size_t listen_count, parent_count;
    char listen[ENDPOINTS_MAX][ENDPOINT_MAX + 1];
    /* Overrides what the bundle and the parent's contact message say. */
    char parent[ENDPOINTS_MAX][ENDPOINT_MAX + 1];
    char schemas[CONF_TEXT];     /* folder of schema files; "": where the program finds them */
    char log_level[16];          /* error, warning, notice, info, debug */
    int64_t reserve_mb;          /* free space below which new messages are refused */
    int64_t quarantine_messages; /* kept per neighbour */
    int64_t quarantine_mb;
    int64_t quarantine_days;    /* what is older makes room */
    int64_t children_max;       /* connections of children served at a time */
    char tap[ENDPOINT_MAX + 1]; /* "" none, or an ipc:// endpoint for the lossy local tap */
    char number[81];            /* template of the party's numbers; "": made from its name */
    char tap_tlp[24];           /* highest TLP that the tap may show; default TLP:GREEN */
    char read_receipts[4];      /* "yes" or "no" */
    char time_zone[ZONE_NAME];  /* of schedules: bulletins, months */
    int64_t tap_exercises;      /* 1: it shows what is played, too */
    struct conf_officers officers;
    unsigned lines[CONF_MOST]; /* where each was set, by enum conf_setting; 0: its default */
};

/* X (NAME, kind, default, min, max, sentence). Kinds: TEXT, INT, ENDPOINT, ENDPOINTS, LEVEL, TLP,
 * NUMBER, ZONE, OFFICERS. */
#define CONF_SETTINGS(X)                                                                           \
    X (listen, ENDPOINTS, "", 0, 8, "where children connect: tcp://HOST:PORT; none: no open port") \
    X (parent, ENDPOINTS, "", 0, 8, "the parent's endpoints, if not those it announces")           \
    X (schemas, TEXT, "", 0, 255, "folder of the schema files")                                    \
    X (log_level, LEVEL, "notice", 0, 0, "error, warning, notice, info or debug")                  \
    X (reserve_mb, INT, "64", 0, 1000000, "below this much free space new messages are refused")   \
    X (quarantine_messages, INT, "1000", 0, 1000000, "refused messages kept per neighbour")        \
    X (quarantine_mb, INT, "16", 0, 100000, "and how large they may be together")                  \
    X (quarantine_days, INT, "30", 1, 36500,                                                       \
       "days after which a refused one makes room for others")                                     \
    X (children_max, INT, "1000", 1, 100000, "children served at a time")                          \
    X (number, NUMBER, "", 0, 80, "this party's numbers, as NCERT-%Y-%03n; empty: from its name")  \
    X (tap, ENDPOINT, "", 0, 0, "ipc:// endpoint of the local PUB tap; empty: none")               \
    X (tap_tlp, TLP, "TLP:GREEN", 0, 0, "the highest label that the tap may show")                 \
    X (read_receipts, YESNO, "yes", 0, 3,                                                          \
       "whether an issuer is told that its advisory was opened")                                   \
    X (time_zone, ZONE, "Asia/Karachi", 0, 63, "in which days and hours of a schedule are meant")  \
    X (tap_exercises, INT, "0", 0, 1, "1: the tap shows exercises too, under topics of their own") \
    X (officers, OFFICERS, "", 0, OFFICERS_MAX,                                                    \
       "who may act for this party, and what; none: all who reach the act socket")

#define CONF_X(NAME, ...) CONF_##NAME,
enum conf_setting { CONF_SETTINGS (CONF_X) CONF_COUNT };
#undef CONF_X
_Static_assert((int) CONF_COUNT <= CONF_MOST, "conf.lines is too short");

/* A row of the table, for those who show it. Kind in words, range in words ("" none), the default
 * as it is written in a file, and whether only the next start of a broker takes a change. */
struct conf_about {
    const char *name, *kind, *preset, *about;
    char range[64];
    bool number;
    int64_t min, max; /* of a number */
    bool at_start;
};
struct conf_about conf_about (enum conf_setting which);

void conf_default (struct conf *conf);
/* A missing file is the defaults. 0, or -1 and `why` (file:line: setting: reason). */
int conf_load (struct conf *conf, const char *path, char why[CONF_WHY]);
/* Calls `tell` for each problem of the file, not only the first; how many there are. */
typedef void (*conf_tell) (const char *why, void *arg);
size_t conf_check (const char *path, conf_tell tell, void *arg);

/* A value as it is written in a file, without quotes; several endpoints: with commas; officers:
 * "S. Ahmed (sahmed): acknowledge, close; ...". */
#define CONF_VALUE (OFFICERS_MAX * sizeof (struct conf_officer) + 1024)
void conf_value (const struct conf *conf, enum conf_setting which, char out[CONF_VALUE]);
bool conf_same (const struct conf *a, const struct conf *b, enum conf_setting which);
/* Takes one setting of another, and where it was set. */
void conf_copy (struct conf *to, const struct conf *from, enum conf_setting which);
/* "default", "certbus.conf:14" or "environment": CERTBUS_SCHEMAS is heard where the file is
 * silent. */
#define CONF_FROM 40
void conf_from (const struct conf *conf, enum conf_setting which, char out[CONF_FROM]);

/* tcp://HOST:PORT with a port of 1 to 65535, or `*` where `wild`; ipc://PATH where `ipc`. */
bool conf_endpoint (const char *text, bool wild, bool ipc);
/* Writes a commented file with every setting: what `init` leaves in a home. */
int conf_write (const char *path, const char *listen, char why[CONF_WHY]);

#endif
