/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG 2048
#define RUN  32

#define VALUES_MAX 512

static struct {
    const char *name, *about;
    json_t *values, *vectors;
} file;

void file_begin (const char *name, const char *about)
{
    file.name = name;
    file.about = about;
    file.values = json_object ();
    file.vectors = json_array ();
}

static json_t *plain_hex (const uint8_t *data, size_t size)
{
    char *out = malloc (2 * size + 1);
    if (out == NULL)
        abort ();
    sodium_bin2hex (out, 2 * size + 1, data, size);
    json_t *made = json_string (out);
    free (out);
    return made;
}

/* Long ones are lists of hex and [how often, byte], so that the files stay small. */
json_t *hex (struct span bytes)
{
    if (bytes.size < LONG)
        return plain_hex (bytes.data, bytes.size);
    json_t *list = json_array ();
    size_t from = 0, at = 0;
    while (at < bytes.size) {
        size_t end = at;
        while (end < bytes.size && bytes.data[end] == bytes.data[at])
            end++;
        if (end - at >= RUN) {
            if (at > from)
                json_array_append_new (list, plain_hex (bytes.data + from, at - from));
            json_array_append_new (list, json_pack ("[I, o]", (json_int_t) (end - at),
                                                    plain_hex (bytes.data + at, 1)));
            from = end;
        }
        at = end;
    }
    if (at > from)
        json_array_append_new (list, plain_hex (bytes.data + from, at - from));
    return list;
}

json_t *ref (const char *name)
{
    json_t *made = hex (kept (name)), *before = json_object_get (file.values, name);
    if (before != NULL && !json_equal (before, made)) {
        fprintf (stderr, "make_vectors: two values of %s are kept as \"%s\"\n", file.name, name);
        exit (1);
    }
    json_object_set_new (file.values, name, made);
    return json_string (text ("$%s", name));
}

json_t *refs (const char *given)
{
    json_t *list = json_array ();
    char *copy = strdup (given), *rest = copy, *word;
    while ((word = strtok_r (rest, " ", &rest)) != NULL)
        json_array_append_new (list, ref (word));
    free (copy);
    return list;
}

void vector_with (const char *type, const char *name, json_t *input, const char *expect,
                  json_t *outputs)
{
    json_t *made = json_pack ("{s:s, s:s, s:o, s:s}", "type", type, "name", name, "input", input,
                              "expect", expect);
    if (made == NULL) {
        fprintf (stderr, "make_vectors: no vector: %s\n", name);
        exit (1);
    }
    if (outputs != NULL)
        json_object_set_new (made, "outputs", outputs);
    json_array_append_new (file.vectors, made);
}

void vector (const char *type, const char *name, json_t *input, const char *expect)
{
    vector_with (type, name, input, expect, NULL);
}

static void print (FILE *out, json_t *value, const char *end)
{
    char *line = json_dumps (value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    fprintf (out, "%s%s", line, end);
    free (line);
}

static int by_name (const void *a, const void *b)
{
    return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of their names: that in which they were first used is the compiler's choice,
 * where two are arguments of one call. */
static void print_values (FILE *out)
{
    const char *names[VALUES_MAX], *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach (file.values, name, value)
    {
        if (count == VALUES_MAX)
            abort ();
        names[count++] = name;
    }
    qsort (names, count, sizeof names[0], by_name);
    for (size_t i = 0; i < count; i++) {
        fprintf (out, "  \"%s\": ", names[i]);
        print (out, json_object_get (file.values, names[i]), i + 1 < count ? ",\n" : "\n");
    }
}

void file_end (const char *folder)
{
    json_t *value;
    size_t i;
    FILE *out = fopen (text ("%s/%s.json", folder, file.name), "w");
    if (out == NULL) {
        perror (folder);
        exit (1);
    }
    fprintf (out, "{\n\"about\": \"%s\",\n\"values\": {\n", file.about);
    print_values (out);
    fprintf (out, "},\n\"vectors\": [\n");
    json_array_foreach (file.vectors, i, value)
    {
        fprintf (out, "  ");
        print (out, value, i + 1 < json_array_size (file.vectors) ? ",\n" : "\n");
    }
    fprintf (out, "]\n}\n");
    if (fclose (out) != 0) {
        perror (folder);
        exit (1);
    }
    json_decref (file.values);
    json_decref (file.vectors);
}
