/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulletin.h - what a bulletin says, between the tables that it is drafted from and its body
 *
 * schemas/bulletin.cfg has the meaning of each part, docs/casework/bulletins.md the rules. Pure:
 * whoever fills it decides what may be named.
 */
#ifndef CERTBUS_BULLETIN_H
#define CERTBUS_BULLETIN_H

#include "bus/core/envelope.h"

#define BULLETIN_ROWS       64 /* of a table, and of a list of parties */
#define BULLETIN_OPEN       32
#define BULLETIN_ADVISORIES 48
#define BULLETIN_CVES       16 /* of one advisory */
#define BULLETIN_ITEMS      32
#define BULLETIN_TREND      12 /* periods, this one included */
#define BULLETIN_TITLE      301
#define BULLETIN_NAME       65
#define BULLETIN_NUMBER     65

/* X (NAME, name in the body). The first five are those of the first page. */
#define BULLETIN_TOTALS(X)                                                                         \
    X (INCIDENTS, "incidents")                                                                     \
    X (OPEN, "open")                                                                               \
    X (ADVISORIES, "advisories")                                                                   \
    X (OVERDUE, "overdue")                                                                         \
    X (BREACHES, "breaches")                                                                       \
    X (SILENT, "silent")                                                                           \
    X (FAKES, "fakes")                                                                             \
    X (FORGED, "forged")

/* X (NAME, field of the body): the tables of incidents. A number is stored. */
#define BULLETIN_TABLES(X)                                                                         \
    X (CLASS, 1, "by_class")                                                                       \
    X (SEVERITY, 2, "by_severity")                                                                 \
    X (PROVINCE, 3, "by_province")                                                                 \
    X (SECTOR, 4, "by_sector")

#define BULLETIN_X(NAME, ...) BULLETIN_IS_##NAME,
enum bulletin_total { BULLETIN_TOTALS (BULLETIN_X) BULLETIN_TOTAL_END };
#undef BULLETIN_X
#define BULLETIN_X(NAME, number, ...) BULLETIN_BY_##NAME = number,
enum bulletin_table { BULLETIN_BY_ALL = 0, BULLETIN_TABLES (BULLETIN_X) BULLETIN_BY_END };
#undef BULLETIN_X

struct bulletin_row {
    char name[BULLETIN_NAME];
    int64_t count, before; /* `before` -1: not known */
};

struct bulletin_rows {
    size_t count;
    struct bulletin_row at[BULLETIN_ROWS];
};

struct bulletin_open {
    char severity[16], stage[16], type[BULLETIN_NAME];
    int64_t reported;
    bool named; /* the next ones may be said */
    char id[ID_TEXT], title[BULLETIN_TITLE], party[PARTY_MAX + 1];
};

struct bulletin_party {
    char party[PARTY_MAX + 1], title[BULLETIN_TITLE]; /* title "": not known */
    int64_t count;
};

struct bulletin_parties {
    size_t count;
    struct bulletin_party at[BULLETIN_ROWS];
};

struct bulletin_advisory {
    char number[BULLETIN_NUMBER], title[BULLETIN_TITLE], severity[16];
    int64_t issued;
    unsigned tlp;
    bool exploited;
    size_t cve_count;
    char cves[BULLETIN_CVES][BULLETIN_NAME];
    int64_t bodies, complied; /* bodies -1: not known */
};

/* A campaign, an exercise, what comes next. */
struct bulletin_item {
    char title[BULLETIN_TITLE];
    int64_t when, count; /* count -1: none */
};

struct bulletin_items {
    size_t count;
    struct bulletin_item at[BULLETIN_ITEMS];
};

struct bulletin {
    char number[BULLETIN_NUMBER], issuer[BULLETIN_TITLE], zone[BULLETIN_NAME], shown[101];
    int64_t from, until;
    struct bulletin_row totals[BULLETIN_TOTAL_END];
    struct bulletin_rows tables[BULLETIN_BY_END]; /* [BULLETIN_BY_ALL] is empty */
    size_t trend_count;
    int64_t trend[BULLETIN_TREND]; /* the oldest first */
    size_t open_count, advisory_count;
    struct bulletin_open open[BULLETIN_OPEN];
    struct bulletin_advisory advisories[BULLETIN_ADVISORIES];
    struct bulletin_parties overdue, breaches, silent;
    struct bulletin_items campaigns, exercises, next;
};

/* Adds to the row of that name, which is made when there is room; what has no room is counted as
 * "other", which is always there then. */
void bulletin_add (struct bulletin_rows *rows, struct span name, int64_t count, int64_t before);
/* The party's row, likewise; false: there is no room for one more. */
bool bulletin_add_party (struct bulletin_parties *parties, struct span party, int64_t count);
bool bulletin_add_item (struct bulletin_items *items, struct span title, int64_t when,
                        int64_t count);
/* The largest first, then by name. */
void bulletin_sort_rows (struct bulletin_rows *rows);
/* Tables and parties in their order: the largest first, then by name; severities by name. */
void bulletin_sort (struct bulletin *b);

/* The number of a party's bulletin: PK-BULLETIN-2026-11-23. `day` is that of its end. A party whose
 * name is too long for that is told by its last labels. */
void bulletin_number (struct span party, const char *day, char out[BULLETIN_NUMBER]);

/* Appends the body of a draft. */
void bulletin_pack (struct pack_out *out, const struct bulletin *b);

/* --- The community edition ----------------------------------------------------------------- */

/* In `next` of a body: the one entry that both editions have. */
#define BULLETIN_NEXT "The next bulletin"

/* Appends the body of the community edition of a bulletin (a canonical body of that kind): no
 * party, no case, nothing of an advisory above TLP:GREEN, and every figure below `least` that is
 * about constituents as "fewer than `least`". Status and threat level stay as they are. */
void bulletin_green (struct pack_out *out, struct span body, int64_t least);

/* A name of the Cabinet's edition (a party, its title, the last label of its name, the title of a
 * case) that a text says in whole words, in any case of letters. Borrows from the body; empty:
 * none. */
struct span bulletin_named (struct span body, struct span text);

/* Whether a case may be named in an edition at TLP:AMBER of the party `self`: what is CLEAR or
 * GREEN may, what is AMBER where its origin agreed that it climbs to `self` or above, and what is
 * labelled higher, or not at all, never. */
bool bulletin_may_name (unsigned tlp, struct span climb, struct span self);

#endif
