/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/strange.h"

#include <ctype.h>
#include <string.h>

#include "bus/core/credential.h"
#include "bus/core/proof.h"
#include "bus/core/statement.h"

#define LOOKED_THROUGH ((size_t) 1024 * 1024)

static bool begins_with (struct span bytes, const char *magic, size_t size)
{
    return bytes.size >= size && memcmp (bytes.data, magic, size) == 0;
}

/* By their first bytes. */
static const char *by_magic (struct span bytes)
{
    static const struct {
        const char *name, *magic;
        size_t size;
    } known[] = {
        { "a PDF", "%PDF-", 5 },
        { "an image (PNG)", "\x89PNG", 4 },
        { "an image (JPEG)", "\xff\xd8\xff", 3 },
        { "an image (GIF)", "GIF8", 4 },
        { "an image (TIFF)", "II*\0", 4 },
        { "a document or archive (ZIP, as .docx and .xlsx are)", "PK\x03\x04", 4 },
        { "an Office document", "\xd0\xcf\x11\xe0", 4 },
        { "a compressed file", "\x1f\x8b", 2 },
        { "a rich text document", "{\\rtf", 5 },
        { "a program",
          "\x7f"
          "ELF",
          4 },
        { "a program", "MZ", 2 },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (begins_with (bytes, known[i].magic, known[i].size))
            return known[i].name;
    return NULL;
}

/* What certbus itself writes. */
static const char *of_ours (struct span bytes)
{
    struct bundle bundle;
    struct statement statement;
    if (bundle_parse (&bundle, bytes))
        return "a credential, which `certbus join` takes,";
    if (statement_parse (&statement, bytes))
        return "a signed statement (a request, a policy or a root file)";
    return NULL;
}

static bool line_begins (struct span bytes, const char *word)
{
    size_t size = strlen (word);
    return bytes.size >= size && strncasecmp ((const char *) bytes.data, word, size) == 0;
}

static const char *of_text (struct span bytes)
{
    static const char *const headers[] = {
        "From ",       "From:",    "Received:",     "Return-Path:", "Delivered",
        "Message-ID:", "Subject:", "MIME-Version:", "Date:",        "To:"
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (line_begins (bytes, headers[i]))
            return "a mail";
    if (line_begins (bytes, "<!doctype html") || line_begins (bytes, "<html"))
        return "a web page";
    if (bytes.data[0] == '{' || bytes.data[0] == '[')
        return "JSON, which carries no signature";
    return "text";
}

const char *strange_name (struct span bytes, bool *text)
{
    *text = false;
    if (!bytes.size)
        return "empty";
    const char *name = by_magic (bytes);
    if (!name)
        name = of_ours (bytes);
    if (name)
        return name;
    *text = span_utf8 (bytes) && !memchr (bytes.data, 0, bytes.size);
    return *text ? of_text (bytes) : "not a certbus file, or one that is damaged";
}

static size_t digits (const char *at)
{
    size_t count = 0;
    while (isdigit ((unsigned char) at[count]))
        count++;
    return count;
}

bool looks_like_id (const char *word)
{
    const char *slash = strchr (word, '/'), *at = slash ? slash + 1 : word;
    size_t counter = digits (at);
    if (!counter || at[counter] != '-')
        return false;
    size_t sequence = digits (at + counter + 1);
    bool whole = sequence && !at[counter + 1 + sequence];
    return whole && (!slash || party_valid (span_bytes (word, (size_t) (slash - word))));
}

bool looks_like_number (const char *word)
{
    const char *year = strstr (word, "-20");
    if (!year || year == word || digits (year + 1) != 4 || year[5] != '-')
        return false;
    size_t count = digits (year + 6);
    for (const char *at = word; at < year; at++)
        if (!isalpha ((unsigned char) *at) && !isdigit ((unsigned char) *at) && *at != '-')
            return false;
    return count && !year[6 + count] && !digits (word);
}

static bool in_word (uint8_t byte)
{
    return isalnum (byte) || byte == '.' || byte == '-' || byte == '/';
}

static void mention (struct mentions *mentions, struct span word)
{
    char text[MENTION_SIZE], code[CODE_TEXT];
    while (word.size && strchr (".-/", word.data[word.size - 1]))
        word.size--;
    if (!word.size || word.size >= sizeof text || mentions->count == MENTIONS_MAX)
        return;
    span_text (word, text, sizeof text);
    bool is_code = word.size == CODE_TEXT - 1 && strchr (text, '-') && code_normalise (text, code);
    /* A top party could be called 10, and is not. */
    bool is_id = isalpha ((unsigned char) *text) && strchr (text, '/') && looks_like_id (text);
    if (!is_code && !is_id && !looks_like_number (text))
        return;
    for (size_t i = 0; i < mentions->count; i++)
        if (strcmp (mentions->at[i], text) == 0)
            return;
    memcpy (mentions->at[mentions->count++], text, sizeof text);
}

void mentions_find (struct span text, struct mentions *mentions)
{
    size_t size = text.size < LOOKED_THROUGH ? text.size : LOOKED_THROUGH;
    *mentions = (struct mentions){ 0 };
    for (size_t at = 0; at < size;) {
        size_t end = at;
        while (end < size && in_word (text.data[end]))
            end++;
        if (end > at)
            mention (mentions, span_bytes (text.data + at, end - at));
        at = end + 1;
    }
}

int strange_explain (const struct call *call, const char *path, struct span bytes)
{
    bool text;
    struct mentions mentions = { 0 };
    const char *name = strange_name (bytes, &text);
    if (text)
        mentions_find (bytes, &mentions);
    complain ("%s: this is %s; only what `certbus export` wrote can be verified as a file",
              line_text (path).text, name);
    if (call->json)
        return EXIT_REFUSED;
    if (!mentions.count)
        say (
            "A copy, a scan or a mail proves nothing by itself. Ask whoever sent it for the id or\n"
            "the code of the message, or for the exported file, then: certbus verify ID\n");
    else
        say (
            "A copy proves nothing by itself. It mentions what may be messages; look them up, and\n"
            "compare the text word by word:\n");
    for (size_t i = 0; i < mentions.count; i++)
        say ("  certbus verify %s\n", mentions.at[i]);
    say ("If it came with a message as an attachment: certbus verify FILE --of ID\n");
    return EXIT_REFUSED;
}
