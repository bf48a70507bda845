/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csaf.h"

#include "bus/core/proof.h"
#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "nodes/certbus/csaf_part.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_BYTES    64
#define ORIGINAL_BYTES  ((size_t) 128 * 1024)
#define URL_BYTES       512
#define REFERENCE_TITLE 200

struct reasons {
    char *why;
    size_t size;
};

static bool refuse (struct reasons *reasons, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static bool refuse (struct reasons *reasons, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (reasons->why, reasons->size, format, args);
    va_end (args);
    for (char *c = reasons->why; *c; c++)
        if ((unsigned char) *c < 0x20 || *c == 0x7f)
            *c = '?';
    return false;
}

static bool is_csaf (const json_t *csaf, struct reasons *reasons)
{
    const char *version = csaf_text (csaf, "document.csaf_version");
    if (!version)
        return refuse (reasons, "this is no CSAF document: it has no document.csaf_version");
    return strcmp (version, "2.0") == 0 ||
           refuse (reasons, "document.csaf_version: \"%.20s\"; only CSAF 2.0 is read here",
                   version);
}

/* CSAF 2.0 has TLP 1.0, whose WHITE is the CLEAR of TLP 2.0. */
static int label_number (const char *label)
{
    if (strncasecmp (label, "TLP:", 4) == 0)
        label += 4;
    return cb_tlp_number (strcasecmp (label, "WHITE") == 0 ? "CLEAR" : label);
}

static bool find_tlp (const json_t *csaf, const struct csaf_options *options, unsigned *tlp,
                      struct reasons *reasons)
{
    const char *label = csaf_text (csaf, "document.distribution.tlp.label");
    int number = label ? label_number (label) : -1;
    if (!options->tlp) {
        if (!label)
            return refuse (reasons, "the document has no TLP label (document.distribution.tlp); "
                                    "pass --tlp");
        if (number < 1)
            return refuse (reasons,
                           "document.distribution.tlp.label: \"%.40s\" is no TLP label; "
                           "pass --tlp",
                           label);
        *tlp = (unsigned) number;
        return true;
    }
    if (number > 0 && options->tlp < (unsigned) number)
        return refuse (reasons,
                       "the document is %s, and --tlp can only make it stricter; only "
                       "its publisher can make it %s",
                       cb_tlp_name ((unsigned) number), cb_tlp_name (options->tlp));
    *tlp = options->tlp;
    return true;
}

static const char *worded_severity (const char *text)
{
    static const struct {
        const char *word, *severity;
    } words[] = {
        { "critical", "S2" }, { "important", "S3" }, { "high", "S3" }, { "moderate", "S4" },
        { "medium", "S4" },   { "low", "S5" },       { "none", "S5" }, { "informational", "S5" },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp (words[i].word, text) == 0)
            return words[i].severity;
    return NULL;
}

/* One higher when it is exploited, and never S1. */
static const char *raised (const char *severity, bool exploited)
{
    static const char *const levels[] = { "S2", "S3", "S4", "S5" };
    for (size_t i = 1; exploited && i < 4; i++)
        if (strcmp (levels[i], severity) == 0)
            return levels[i - 1];
    return severity;
}

static bool set_severity (struct csaf_part *part, const struct csaf_options *options, double worst,
                          bool exploited, struct reasons *reasons)
{
    const char *words = csaf_text (part->csaf, "document.aggregate_severity.text");
    const char *given = options->severity, *found = NULL;
    if (given) {
        if (given[0] != 'S' || given[1] < '1' || given[1] > '5' || given[2])
            return refuse (reasons, "--severity: \"%.20s\"; expected S1 to S5", given);
        csaf_set (part->advisory, "severity", json_string (given));
        return true;
    }
    if (worst >= 0)
        found = worst >= 9 ? "S2" : worst >= 7 ? "S3" : worst >= 4 ? "S4" : "S5";
    else if (words)
        found = worded_severity (words);
    if (!found && words)
        return refuse (reasons,
                       "no CVSS score, and document.aggregate_severity.text \"%.40s\" is "
                       "no severity known here; pass --severity S1 to S5",
                       words);
    if (!found)
        return refuse (reasons, "the document states no severity (no CVSS score and no "
                                "document.aggregate_severity); pass --severity S1 to S5");
    const char *severity = raised (found, exploited);
    const char *because = severity == found ? "" : ", one higher because it is exploited";
    csaf_set (part->advisory, "severity", json_string (severity));
    if (worst >= 0)
        csaf_remark (part, "Severity %s from the highest CVSS base score, %.1f%s.", severity, worst,
                     because);
    else
        csaf_remark (part, "Severity %s from the publisher's word \"%.40s\"%s.", severity, words,
                     because);
    return true;
}

static bool set_tracking (struct csaf_part *part, struct reasons *reasons)
{
    const json_t *document = json_object_get (part->csaf, "document");
    const char *number = csaf_text (document, "tracking.id");
    const char *title = csaf_text (document, "title");
    const char *status = csaf_text (document, "tracking.status");
    const char *released = csaf_text (document, "tracking.current_release_date");
    const char *language = csaf_text (document, "lang");
    int64_t ms;
    char when[WHEN_TEXT];
    bool cut = false;
    if (!number || !title)
        return refuse (reasons, "%s is missing, and an advisory must have one",
                       number ? "document.title" : "document.tracking.id");
    if (strlen (number) > NUMBER_BYTES)
        return refuse (reasons, "document.tracking.id: longer than %d bytes", NUMBER_BYTES);
    csaf_set (part->advisory, "number", csaf_clean (number, NUMBER_BYTES, &cut));
    csaf_put (part, part->advisory, "title", title, CSAF_LINE, "The title");
    csaf_put (part, part->advisory, "revision", csaf_text (document, "tracking.version"), 32,
              "The revision");
    if (status && (strcmp (status, "draft") == 0 || strcmp (status, "interim") == 0 ||
                   strcmp (status, "final") == 0))
        csaf_set (part->advisory, "status", json_string (status));
    if (language && strlen (language) <= 35)
        csaf_set (part->advisory, "language", csaf_clean (language, 35, &cut));
    if (released && when_parse (span_of (released), &ms)) {
        when_text (ms, when);
        csaf_set (part->advisory, "effective", json_string (when));
    }
    return true;
}

static void set_issuer (struct csaf_part *part)
{
    const char *name = csaf_text (part->csaf, "document.publisher.name");
    const char *space = csaf_text (part->csaf, "document.publisher.namespace");
    char issuer[2 * CSAF_LINE];
    snprintf (issuer, sizeof issuer, "%s%s%s%s", name ? name : "", name && space ? " (" : "",
              space ? space : "", name && space ? ")" : "");
    csaf_put (part, part->advisory, "issuer", issuer, CSAF_LINE, "The name of the issuer");
}

/* The first note of one of the categories, in their order. */
static const json_t *note_of (const json_t *notes, const char *const categories[])
{
    for (; *categories; categories++)
        for (size_t i = 0; i < json_array_size (notes); i++) {
            const json_t *note = json_array_get (notes, i);
            const char *category = csaf_text (note, "category");
            if (category && strcmp (category, *categories) == 0 && csaf_text (note, "text"))
                return note;
        }
    return NULL;
}

static void set_summary (struct csaf_part *part)
{
    static const char *const categories[] = { "summary", "description", NULL };
    const json_t *notes = csaf_at (part->csaf, "document.notes");
    const json_t *first = json_array_get (json_object_get (part->csaf, "vulnerabilities"), 0);
    const json_t *chosen = note_of (notes, categories);
    const char *text = csaf_text (chosen, "text");
    if (!text)
        text = csaf_text (note_of (json_object_get (first, "notes"), categories), "text");
    if (!text)
        text = csaf_text (part->csaf, "document.title");
    csaf_put (part, part->advisory, "summary", text, CSAF_TEXT, "The summary");
    for (size_t i = 0; i < json_array_size (notes); i++) {
        const json_t *note = json_array_get (notes, i);
        const char *title = csaf_text (note, "title");
        if (note != chosen)
            csaf_note (part, title ? title : csaf_text (note, "category"),
                       csaf_text (note, "text"));
    }
}

static void add_references (struct csaf_part *part, json_t *list, const json_t *references,
                            size_t *dropped)
{
    for (size_t i = 0; i < json_array_size (references); i++) {
        const json_t *reference = json_array_get (references, i);
        const char *url = csaf_text (reference, "url"), *title = csaf_text (reference, "summary");
        bool cut = false;
        if (!url)
            continue;
        if (strlen (url) > URL_BYTES || json_array_size (list) >= CSAF_REFERENCES) {
            ++*dropped;
            continue;
        }
        json_t *out = json_object ();
        csaf_set (out, "url", csaf_clean (url, URL_BYTES, &cut));
        if (title && strcmp (title, url) != 0)
            csaf_put (part, out, "title", title, REFERENCE_TITLE, "The title of a reference");
        csaf_append (list, out);
    }
}

static void set_references (struct csaf_part *part)
{
    const json_t *all = json_object_get (part->csaf, "vulnerabilities");
    json_t *list = json_array ();
    size_t dropped = 0;
    add_references (part, list, csaf_at (part->csaf, "document.references"), &dropped);
    for (size_t i = 0; i < json_array_size (all); i++)
        add_references (part, list, json_object_get (json_array_get (all, i), "references"),
                        &dropped);
    if (dropped)
        csaf_remark (part, "The list of references was shortened: %zu are not in it.", dropped);
    if (json_array_size (list))
        csaf_set (part->advisory, "references", json_incref (list));
    json_decref (list);
}

/* Where the document says that it is to be found, best as JSON. */
static const char *self_url (const json_t *csaf)
{
    const json_t *references = csaf_at (csaf, "document.references");
    const char *best = NULL;
    for (size_t i = 0; i < json_array_size (references); i++) {
        const char *category = csaf_text (json_array_get (references, i), "category");
        const char *url = csaf_text (json_array_get (references, i), "url");
        if (!category || strcmp (category, "self") != 0 || !url || strlen (url) > URL_BYTES)
            continue;
        size_t size = strlen (url);
        if (size > 5 && strcmp (url + size - 5, ".json") == 0)
            return url;
        best = best ? best : url;
    }
    return best;
}

static char *base64 (struct span bytes)
{
    size_t room = sodium_base64_encoded_len (bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc (room);
    if (!text)
        abort ();
    return sodium_bin2base64 (text, room, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
}

/* The text of the rest as JSON is a little longer than its body will be. */
static bool fits (const json_t *advisory, size_t size)
{
    char *text = json_print (advisory, false);
    bool good = strlen (text) + size <= BODY_MAX;
    free (text);
    return good;
}

#define REMARKS_ROOM (CSAF_TEXT + 400)

static void set_original (struct csaf_part *part, const struct csaf_options *options)
{
    struct span bytes = options->original;
    const char *url =
        options->url && strlen (options->url) <= URL_BYTES ? options->url : self_url (part->csaf);
    bool cut = false;
    if (bytes.size == 0)
        return;
    struct hash hash = hash_bytes (bytes);
    char *text = base64 (span_bytes (hash.bytes, sizeof hash.bytes));
    json_t *original = json_object ();
    csaf_set (
        original, "name",
        csaf_clean (options->name && *options->name ? options->name : "csaf.json", 255, &cut));
    csaf_set (original, "media_type", json_string ("application/json"));
    csaf_set (original, "hash", json_string (text));
    csaf_set (original, "size", json_integer ((json_int_t) bytes.size));
    if (url)
        csaf_set (original, "url", csaf_clean (url, URL_BYTES, &cut));
    free (text);
    csaf_set (part->advisory, "original", original);
    if (bytes.size <= ORIGINAL_BYTES && fits (part->advisory, bytes.size + REMARKS_ROOM)) {
        text = base64 (bytes);
        csaf_set (original, "content", json_string (text));
        free (text);
    } else
        csaf_remark (part, "The original of %zu bytes is too large to travel along; %s.",
                     bytes.size, url ? "its hash and address do" : "only its hash does");
}

static void finish_notes (struct csaf_part *part)
{
    if (part->notes_left)
        csaf_remark (part, "The list of notes was shortened: %zu are not in it.", part->notes_left);
    size_t room = CSAF_TEXT * 2, used = 0;
    char *text = calloc (1, room);
    if (!text)
        abort ();
    for (size_t i = 0; i < json_array_size (part->remarks) && used < room; i++) {
        snprintf (text + used, room - used, "%s%s", used ? "\n" : "",
                  json_string_value (json_array_get (part->remarks, i)));
        used = strlen (text);
    }
    bool cut = false;
    json_t *remarks = csaf_clean (text, CSAF_TEXT, &cut);
    free (text);
    if (remarks) {
        json_t *note = json_object ();
        csaf_set (note, "title", json_string ("About the conversion from CSAF"));
        csaf_set (note, "text", remarks);
        csaf_append (part->notes, note);
    }
    if (json_array_size (part->notes))
        csaf_set (part->advisory, "notes", json_incref (part->notes));
}

json_t *csaf_to_advisory (const json_t *csaf, const struct csaf_options *options, unsigned *tlp,
                          char *why, size_t why_size)
{
    struct csaf_part part = {
        .csaf = csaf, .advisory = json_object (), .notes = json_array (), .remarks = json_array ()
    };
    struct reasons reasons = { .why = why, .size = why_size };
    double worst;
    bool exploited;
    if (!part.advisory || !part.notes || !part.remarks)
        abort ();
    bool good = is_csaf (csaf, &reasons) && find_tlp (csaf, options, tlp, &reasons) &&
                set_tracking (&part, &reasons);
    if (good) {
        set_issuer (&part);
        set_summary (&part);
        csaf_vulnerabilities (&part, &worst, &exploited);
        csaf_products (&part);
        set_references (&part);
        good = set_severity (&part, options, worst, exploited, &reasons);
    }
    if (good) {
        /* The notes count when it is decided whether the original fits. */
        csaf_set (part.advisory, "notes", json_incref (part.notes));
        set_original (&part, options);
        finish_notes (&part);
    }
    json_decref (part.notes);
    json_decref (part.remarks);
    if (!good) {
        json_decref (part.advisory);
        return NULL;
    }
    return part.advisory;
}
