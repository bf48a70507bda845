/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compliance.h - the ledger of an advisory as tables: by province or sector, and for programs
 */
#ifndef CERTBUS_COMPLIANCE_H
#define CERTBUS_COMPLIANCE_H

#include "nodes/certbus/command.h"

/* Columns of the table, in order. X (name in JSON, heading) */
#define COMPLIANCE_COUNTS(X)                                                                       \
    X (asked, "asked")                                                                             \
    X (delivered, "deliv.")                                                                        \
    X (read, "read")                                                                               \
    X (acknowledged, "ackn.")                                                                      \
    X (applicable, "applies")                                                                      \
    X (complied, "done")                                                                           \
    X (waived, "waived")                                                                           \
    X (overdue, "overdue")

struct compliance_counts {
    size_t not_applicable, before_enrolment; /* for programs */
#define COUNT_X(name, heading) size_t name;
    COMPLIANCE_COUNTS (COUNT_X)
#undef COUNT_X
};

struct compliance_group {
    char *name, *title; /* owned */
    struct compliance_counts counts;
};

/* All pages of a ledger. Owned. */
struct compliance {
    struct span advisory;
    int64_t now;
    bool overdue; /* the rows are of those who are; the counts of all */
    size_t page_count, row_count, row_room, group_count, group_room;
    struct span *pages; /* owned answers */
    struct span *rows;  /* maps in them, in the order of names */
    struct compliance_group *groups;
    struct compliance_counts all;
};

/* 0 to 100, rounded down: all is all. */
int compliance_percent (size_t part, size_t whole);

void compliance_print (const struct compliance *self);
void compliance_print_json (const struct compliance *self);
void compliance_print_csv (const struct compliance *self);
/* All open advisories, one a line, or as JSON. An exit code. */
int compliance_list (struct call *call);

#endif
