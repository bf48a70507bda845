/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csaf_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BRANCH_DEPTH 32 /* the standard's schema allows 30 */

/* `names` maps product_id to name, in the order of the document. */
static void add_name (json_t *names, const json_t *product)
{
    const char *id = csaf_text (product, "product_id"), *name = csaf_text (product, "name");
    if (id && name && !json_object_get (names, id))
        csaf_set (names, id, json_string (name));
}

static void add_branches (json_t *names, const json_t *branches, size_t depth)
{
    for (size_t i = 0; depth < BRANCH_DEPTH && i < json_array_size (branches); i++) {
        const json_t *branch = json_array_get (branches, i);
        add_name (names, json_object_get (branch, "product"));
        add_branches (names, json_object_get (branch, "branches"), depth + 1);
    }
}

static json_t *product_names (const json_t *csaf)
{
    const json_t *tree = json_object_get (csaf, "product_tree");
    json_t *names = json_object ();
    if (!names)
        abort ();
    const json_t *list = json_object_get (tree, "full_product_names");
    for (size_t i = 0; i < json_array_size (list); i++)
        add_name (names, json_array_get (list, i));
    add_branches (names, json_object_get (tree, "branches"), 0);
    list = json_object_get (tree, "relationships");
    for (size_t i = 0; i < json_array_size (list); i++)
        add_name (names, json_object_get (json_array_get (list, i), "full_product_name"));
    return names;
}

/* A set of names in the order in which they came; how many there were in all. */
struct found {
    json_t *seen, *list;
    size_t max, count;
};

static void find (struct found *found, const char *name)
{
    bool cut = false;
    if (!name || json_object_get (found->seen, name))
        return;
    csaf_set (found->seen, name, json_true ());
    if (found->count++ < found->max)
        csaf_append (found->list, csaf_clean (name, CSAF_LINE, &cut));
}

/* An id that the tree does not name stands for itself. */
static void find_status (struct found *found, const json_t *csaf, const json_t *names,
                         const char *status)
{
    const json_t *all = json_object_get (csaf, "vulnerabilities");
    for (size_t i = 0; i < json_array_size (all); i++) {
        const json_t *statuses = json_object_get (json_array_get (all, i), "product_status");
        const json_t *ids = json_object_get (statuses, status);
        for (size_t k = 0; k < json_array_size (ids); k++) {
            const char *id = json_string_value (json_array_get (ids, k));
            if (!id || !*id)
                continue;
            const char *name = json_string_value (json_object_get (names, id));
            find (found, name ? name : id);
        }
    }
}

static struct found found_new (size_t max)
{
    struct found found = { .seen = json_object (), .list = json_array (), .max = max };
    if (!found.seen || !found.list)
        abort ();
    return found;
}

static void set_affected (struct csaf_part *part, const json_t *names)
{
    static const char *const affected[] = { "known_affected", "first_affected", "last_affected" };
    struct found found = found_new (CSAF_PRODUCTS);
    if (json_array_size (json_object_get (part->csaf, "vulnerabilities")) == 0) {
        const char *id;
        json_t *name;
        json_object_foreach ((json_t *) (uintptr_t) names, id, name)
            find (&found, json_string_value (name));
    } else
        for (size_t i = 0; i < sizeof affected / sizeof affected[0]; i++)
            find_status (&found, part->csaf, names, affected[i]);
    if (found.count > found.max) {
        char more[64];
        snprintf (more, sizeof more, "and %zu more", found.count - found.max);
        csaf_append (found.list, json_string (more));
        csaf_remark (part, "The list of products was shortened: the first %zu of %zu are in it.",
                     found.max, found.count);
    }
    if (found.count)
        csaf_set (part->advisory, "products", json_incref (found.list));
    json_decref (found.seen);
    json_decref (found.list);
}

static void note_fixed (struct csaf_part *part, const json_t *names)
{
    struct found found = found_new (CSAF_FIXED);
    find_status (&found, part->csaf, names, "first_fixed");
    find_status (&found, part->csaf, names, "fixed");
    size_t room = (CSAF_LINE + 1) * CSAF_FIXED + 64, used = 0;
    char *text = calloc (1, room);
    if (!text)
        abort ();
    for (size_t i = 0; i < json_array_size (found.list); i++)
        used += (size_t) snprintf (text + used, room - used, "%s\n",
                                   json_string_value (json_array_get (found.list, i)));
    if (found.count > found.max) {
        snprintf (text + used, room - used, "and %zu more\n", found.count - found.max);
        csaf_remark (part, "The list of fixed versions was shortened: %zu of %zu are in it.",
                     found.max, found.count);
    }
    csaf_note (part, "Fixed in", text);
    free (text);
    json_decref (found.seen);
    json_decref (found.list);
}

void csaf_products (struct csaf_part *part)
{
    json_t *names = product_names (part->csaf);
    set_affected (part, names);
    note_fixed (part, names);
    json_decref (names);
}
