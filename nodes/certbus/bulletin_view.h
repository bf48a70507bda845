/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulletin_view.h - a bulletin as people read and print it
 *
 * Whatever came over the bus is made harmless twice: for a terminal and for HTML.
 */
#ifndef CERTBUS_BULLETIN_VIEW_H
#define CERTBUS_BULLETIN_VIEW_H

#include "bus/core/envelope.h"
#include "nodes/certbus/command.h"

/* What is shown. All borrowed. */
struct bulletin_view {
    struct span body;         /* canonical; of kind bulletin */
    const struct envelope *e; /* NULL: a preview, which nobody has signed */
    const char *mark;         /* "DRAFT", "PREVIEW", "EXERCISE"; "": none */
    unsigned tlp;
};

/* Headings in English and Urdu. X (NAME, English, Urdu) */
#define BULLETIN_HEADINGS(X)                                                                       \
    X (TITLE, "Cyber security bulletin", "سائبر سکیورٹی بلیٹن")                                    \
    X (LEVEL, "Threat level", "خطرے کی سطح")                                                       \
    X (OUTLOOK, "Outlook", "آئندہ کا جائزہ")                                                       \
    X (INCIDENTS, "Incidents reported", "رپورٹ شدہ واقعات")                                        \
    X (OPEN, "Grave and not closed", "سنگین اور زیرِ کارروائی")                                     \
    X (ADVISORIES, "Advisories issued", "جاری کردہ ہدایات")                                        \
    X (OVERDUE, "Overdue answers", "تاخیر شدہ جوابات")                                             \
    X (BREACHES, "Clocks that ran out", "مقررہ وقت کی خلاف ورزیاں")                                \
    X (TREND, "Incidents over the last periods", "گزشتہ عرصوں میں واقعات")                         \
    X (CLASS, "Incidents by class", "واقعات بلحاظ قسم")                                            \
    X (SEVERITY, "Incidents by severity", "واقعات بلحاظ شدت")                                      \
    X (PROVINCE, "Incidents by province", "واقعات بلحاظ صوبہ")                                     \
    X (SECTOR, "Incidents by sector", "واقعات بلحاظ شعبہ")                                         \
    X (CASES, "S1 and S2 that are not closed", "زیرِ کارروائی سنگین واقعات")                        \
    X (CAMPAIGNS, "Campaigns", "مہمات")                                                            \
    X (EXPLOITED, "What is being exploited", "زیرِ استعمال کمزوریاں")                               \
    X (COMPLIANCE, "Advisories and who has complied", "ہدایات اور ان پر عمل درآمد")                \
    X (LATE, "Bodies that are overdue", "تاخیر کرنے والے ادارے")                                   \
    X (WHOSE, "Whose clocks ran out", "جن اداروں کا مقررہ وقت گزر گیا")                            \
    X (SILENT, "Constituents not heard of", "خاموش ادارے")                                         \
    X (FAKES, "Fakes", "جعلی پیغامات")                                                             \
    X (EXERCISES, "Exercises held", "منعقدہ مشقیں")                                                \
    X (NEXT, "What comes next", "آئندہ")

#define BULLETIN_X(NAME, ...) HEADING_##NAME,
enum heading { BULLETIN_HEADINGS (BULLETIN_X) HEADING_END };
#undef BULLETIN_X
const char *heading_english (enum heading which);
const char *heading_urdu (enum heading which);

/* A figure of the first page, of a table or of the totals. */
struct figure {
    char name[80];
    char text[32];   /* "12", "fewer than 5" */
    char change[24]; /* "+3", "-1", "="; "": not known */
    int64_t count;   /* 0 where only `text` is known */
};
/* Reads a row. */
struct figure figure_of (struct span row);
/* That of the totals with this name; its text is "-" when the body has none. */
struct figure figure_total (struct span body, const char *name);

/* The five of the first page: heading and name. */
#define FIGURES 5
struct figure_about {
    enum heading heading;
    const char *name;
};
extern const struct figure_about first_figures[FIGURES];
/* The four tables of incidents: heading and field of the body. */
#define TABLES 4
extern const struct figure_about incident_tables[TABLES];
/* The lists of parties. */
#define PARTY_LISTS 3
extern const struct figure_about party_lists[PARTY_LISTS];

/* "75 %" of those that are to comply; "-" where it is not known. */
struct share {
    char text[32];
};
struct share share_of (struct span advisory);
/* The day of a time in a map, in the zone of the bulletin: "2026-11-23". */
struct share day_of (struct span body, struct span map, const char *key);

void bulletin_print_text (const struct bulletin_view *view);
/* Returns owned: a whole page of XHTML, with its style and its charts inside. */
char *bulletin_html (const struct bulletin_view *view);
/* An SVG of bars or a line, as part of a page; writes to `out`. */
void chart_bar (FILE *out, int64_t count, int64_t most);
void chart_trend (FILE *out, const int64_t *values, size_t count);

#endif
