/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <string.h>

#define LEAVES 9

/* The trees of RFC 6962, section 2.1, written down node by node. */
static struct hash leaf[LEAVES], pair_01, pair_23, pair_45, pair_67, four, last_four, eight;

static void grow (void)
{
    for (int i = 0; i < LEAVES; i++)
        leaf[i] = hashed (span_of (text ("leaf %d", i)));
    pair_01 = node_of (leaf[0], leaf[1]);
    pair_23 = node_of (leaf[2], leaf[3]);
    pair_45 = node_of (leaf[4], leaf[5]);
    pair_67 = node_of (leaf[6], leaf[7]);
    four = node_of (pair_01, pair_23);
    last_four = node_of (pair_45, pair_67);
    eight = node_of (four, last_four);
}

static json_t *hash_hex (struct hash hash)
{
    return hex (span_bytes (hash.bytes, HASH_SIZE));
}

static struct span path_of (const struct hash *nodes, size_t count)
{
    return copied (span_bytes (nodes, count * HASH_SIZE));
}

/* A whole tree: its root, and the path of one leaf. */
static void tree (size_t size, size_t index, struct hash root, const struct hash *nodes,
                  size_t count)
{
    json_t *leaves = json_array ();
    for (size_t i = 0; i < size; i++)
        json_array_append_new (leaves, hash_hex (leaf[i]));
    vector_with (
        "proof", text ("a tree of %zu and the path of leaf %zu", size, index),
        json_pack ("{s:o, s:I}", "leaves", leaves, "index", (json_int_t) index), "ok",
        json_pack ("{s:o, s:o}", "path", hex (path_of (nodes, count)), "root", hash_hex (root)));
}

/* A path alone, and the root that it leads to; NULL: to none. */
static void climb (const char *name, uint64_t size, uint64_t index, const struct hash *nodes,
                   size_t count, const struct hash *root)
{
    json_t *input = json_pack (
        "{s:o, s:I, s:I, s:o}", "leaf", hash_hex (leaf[index < LEAVES ? index : 0]), "size",
        (json_int_t) size, "index", (json_int_t) index, "path", hex (path_of (nodes, count)));
    vector_with ("proof", name, input, root != NULL ? "ok" : "bad-proof",
                 root != NULL ? json_pack ("{s:o}", "root", hash_hex (*root)) : NULL);
}

static void trees (void)
{
    tree (1, 0, leaf[0], NULL, 0);
    tree (2, 0, pair_01, &leaf[1], 1);
    tree (2, 1, pair_01, &leaf[0], 1);
    struct hash three = node_of (pair_01, leaf[2]);
    tree (3, 0, three, (struct hash[]){ leaf[1], leaf[2] }, 2);
    tree (3, 2, three, &pair_01, 1);
    tree (4, 3, four, (struct hash[]){ leaf[2], pair_01 }, 2);
    struct hash five = node_of (four, leaf[4]);
    tree (5, 1, five, (struct hash[]){ leaf[0], pair_23, leaf[4] }, 3);
    tree (5, 4, five, &four, 1);
    struct hash six = node_of (four, pair_45);
    tree (6, 2, six, (struct hash[]){ leaf[3], pair_01, pair_45 }, 3);
    tree (6, 5, six, (struct hash[]){ leaf[4], four }, 2);
    struct hash seven = node_of (four, node_of (pair_45, leaf[6]));
    tree (7, 4, seven, (struct hash[]){ leaf[5], leaf[6], four }, 3);
    tree (7, 6, seven, (struct hash[]){ pair_45, four }, 2);
    tree (8, 7, eight, (struct hash[]){ leaf[6], pair_45, four }, 3);
    tree (9, 8, node_of (eight, leaf[8]), &eight, 1);
}

void make_proof (void)
{
    struct hash many[17];
    for (int i = 0; i < 17; i++)
        memset (many[i].bytes, i, HASH_SIZE);
    grow ();
    trees ();
    struct hash nine = node_of (eight, leaf[8]);
    climb ("the last leaf of nine has one sibling", 9, 8, &eight, 1, &nine);
    struct hash twice = node_of (leaf[1], leaf[1]);
    climb ("a path of the right length leads somewhere", 2, 1, &leaf[1], 1, &twice);
    climb ("an index that is the size", 2, 2, &leaf[1], 1, NULL);
    climb ("an index far beyond the size", 2, 1 << 20, &leaf[1], 1, NULL);
    climb ("a tree without leaves", 0, 0, NULL, 0, NULL);
    climb ("a tree of one with a path", 1, 0, &leaf[1], 1, NULL);
    climb ("a tree of two without a path", 2, 0, NULL, 0, NULL);
    climb ("a path that is too short", 8, 0, many, 2, NULL);
    climb ("a path that is too long", 8, 0, many, 4, NULL);
    climb ("a path of the next size", 5, 4, (struct hash[]){ leaf[5], four }, 2, NULL);
    climb ("a path of 17 nodes", 65536, 0, many, 17, NULL);
    climb ("a tree larger than a batch may be", 65537, 0, many, 17, NULL);
    climb ("a tree larger than a batch may be, read from its last leaf", 65537, 65536, many, 1,
           NULL);
    climb ("a size beyond 32 bits", (uint64_t) 1 << 32 | 1, 0, NULL, 0, NULL);
}
