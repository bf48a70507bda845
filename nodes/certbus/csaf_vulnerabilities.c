/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csaf_part.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CVE_BYTES           40
#define VULNERABILITY_TITLE 200
#define VECTOR_BYTES        160

static const char *name_of (const json_t *vulnerability)
{
    const char *cve = csaf_text (vulnerability, "cve");
    return cve ? cve
               : csaf_text (json_array_get (json_object_get (vulnerability, "ids"), 0), "text");
}

/* Whether a sentence (up to `end`) says that there is no such thing. */
static bool denied (const char *sentence, const char *end)
{
    static const char *const words[] = { "no",      "not",     "never",   "none",   "nor",
                                         "without", "unaware", "unknown", "cannot", "unlikely",
                                         "isn't",   "hasn't",  "haven't", "neither" };
    while (sentence < end) {
        size_t size = 0;
        while (sentence + size < end &&
               (isalnum ((unsigned char) sentence[size]) || sentence[size] == '\''))
            size++;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (strlen (words[i]) == size && memcmp (words[i], sentence, size) == 0)
                return true;
        sentence += size ? size : 1;
    }
    return false;
}

/* Whether the free text of an exploit_status says that it is being exploited. Errs
 * towards no: a person can still raise the severity. */
static bool says_exploited (const char *details)
{
    static const char *const phrases[] = { "exploited:yes",
                                           "exploited: yes",
                                           "actively exploit",
                                           "active exploit",
                                           "actively being exploited",
                                           "exploited in the wild",
                                           "exploitation in the wild",
                                           "known exploited",
                                           "known to be exploited",
                                           "being exploited",
                                           "has been exploited",
                                           "have been exploited",
                                           "exploitation detected" };
    char text[1024];
    bool yes = false;
    size_t size = 0;
    for (; details[size] && size < sizeof text - 1; size++)
        text[size] = (char) tolower ((unsigned char) details[size]);
    text[size] = 0;
    for (char *sentence = text; *sentence && !yes;) {
        char *end = sentence + strcspn (sentence, ".;\n");
        char last = *end;
        *end = 0;
        for (size_t i = 0; i < sizeof phrases / sizeof phrases[0] && !yes; i++)
            yes = strstr (sentence, phrases[i]) && !denied (sentence, end);
        sentence = last ? end + 1 : end;
    }
    return yes || strcmp (text, "exploited") == 0;
}

/* The highest base score with its vector: version 3 where there is one, else 2. */
static double score_of (const json_t *vulnerability, const char **vector)
{
    static const char *const versions[] = { "cvss_v3", "cvss_v2" };
    const json_t *scores = json_object_get (vulnerability, "scores");
    double best = -1;
    for (size_t v = 0; v < 2 && best < 0; v++)
        for (size_t i = 0; i < json_array_size (scores); i++) {
            const json_t *cvss = json_object_get (json_array_get (scores, i), versions[v]);
            const json_t *base = json_object_get (cvss, "baseScore");
            double score = json_is_number (base) ? json_number_value (base) : -1;
            if (score > best && score >= 0 && score <= 10) {
                best = (double) (int) (score * 10 + 0.5) / 10;
                *vector = csaf_text (cvss, "vectorString");
            }
        }
    return best;
}

static json_t *convert (struct csaf_part *part, const json_t *vulnerability, double *worst)
{
    const char *name = name_of (vulnerability), *vector = NULL;
    json_t *out = json_object ();
    bool cut = false;
    json_t *value = csaf_clean (name, CVE_BYTES, &cut);
    if (value)
        csaf_set (out, "cve", value);
    csaf_put (part, out, "title", csaf_text (vulnerability, "title"), VULNERABILITY_TITLE,
              name ? name : "The title of a vulnerability");
    double score = score_of (vulnerability, &vector);
    if (score >= 0)
        csaf_set (out, "score", json_real (score));
    if (vector && strlen (vector) <= VECTOR_BYTES)
        csaf_set (out, "vector", csaf_clean (vector, VECTOR_BYTES, &cut));
    if (score > *worst)
        *worst = score;
    return out;
}

static void add_threats (struct csaf_part *part, const json_t *vulnerability, char *threat,
                         size_t room, bool *exploited)
{
    const json_t *threats = json_object_get (vulnerability, "threats");
    const char *name = name_of (vulnerability);
    for (size_t i = 0; i < json_array_size (threats); i++) {
        const char *category = csaf_text (json_array_get (threats, i), "category");
        const char *details = csaf_text (json_array_get (threats, i), "details");
        if (!category || !details)
            continue;
        bool status = strcmp (category, "exploit_status") == 0;
        if (!status && strcmp (category, "impact") != 0)
            continue;
        if (status && says_exploited (details)) {
            if (!*exploited)
                csaf_remark (part, "Taken as exploited, because of: \"%.200s\"", details);
            *exploited = true;
        }
        size_t used = strlen (threat);
        snprintf (threat + used, room - used, "%s%s%s%s: %s", used ? "\n" : "", name ? name : "",
                  name ? ", " : "", status ? "exploitation" : "impact", details);
    }
}

static void add_notes (struct csaf_part *part, const json_t *vulnerability)
{
    char title[200];
    const char *name = name_of (vulnerability);
    if (!name)
        name = "Vulnerability";
    const json_t *list = json_object_get (vulnerability, "notes");
    for (size_t i = 0; i < json_array_size (list); i++) {
        const json_t *note = json_array_get (list, i);
        const char *heading = csaf_text (note, "title");
        if (!heading)
            heading = csaf_text (note, "category");
        snprintf (title, sizeof title, "%.40s: %.120s", name, heading ? heading : "note");
        csaf_note (part, title, csaf_text (note, "text"));
    }
    list = json_object_get (vulnerability, "remediations");
    for (size_t i = 0; i < json_array_size (list); i++) {
        const json_t *remedy = json_array_get (list, i);
        const char *category = csaf_text (remedy, "category"), *url = csaf_text (remedy, "url");
        const char *details = csaf_text (remedy, "details");
        char text[CSAF_TEXT + 1100]; /* longer than a note, so that a cut is seen as one */
        if (!details)
            continue;
        snprintf (title, sizeof title, "%.40s: remediation (%.40s)", name,
                  category ? category : "unspecified");
        snprintf (text, sizeof text, "%s%s%s", details, url ? "\n" : "", url ? url : "");
        csaf_note (part, title, text);
    }
}

void csaf_vulnerabilities (struct csaf_part *part, double *worst, bool *exploited)
{
    const json_t *all = json_object_get (part->csaf, "vulnerabilities");
    size_t count = json_array_size (all);
    char *threat = calloc (1, 2 * CSAF_TEXT);
    json_t *list = json_array ();
    if (!threat || !list)
        abort ();
    *worst = -1;
    *exploited = false;
    for (size_t i = 0; i < count; i++) {
        const json_t *vulnerability = json_array_get (all, i);
        json_t *converted = convert (part, vulnerability, worst);
        if (json_array_size (list) < CSAF_VULNERABILITIES && json_object_size (converted))
            csaf_append (list, converted);
        else
            json_decref (converted);
        add_threats (part, vulnerability, threat, 2 * CSAF_TEXT, exploited);
        add_notes (part, vulnerability);
    }
    if (count > CSAF_VULNERABILITIES)
        csaf_remark (part, "The list of vulnerabilities was shortened: %d of %zu are in it.",
                     CSAF_VULNERABILITIES, count);
    if (json_array_size (list))
        csaf_set (part->advisory, "vulnerabilities", json_incref (list));
    csaf_put (part, part->advisory, "threat", threat, CSAF_TEXT, "The description of the threat");
    if (*exploited)
        csaf_set (part->advisory, "exploited", json_true ());
    json_decref (list);
    free (threat);
}
