/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/case_own.h"

#include <stdlib.h>
#include <string.h>

/* The steps as a graph: an edge leads from a step to one that comes after it. Nodes are numbered
 * in the order of their leaf hashes, so that the smaller one of two is the smaller number. */
struct graph {
    size_t count;
    struct case_entry **nodes;
    uint32_t *before; /* of each: edges into it from steps that are not placed yet */
    uint32_t *first;  /* of each: its edges are `to` [first [i]] to `to` [first [i + 1] - 1] */
    uint32_t *to;
    uint32_t *ready; /* a heap, the smallest on top */
    size_t ready_count;
    uint32_t *previous; /* of each: the step before it of the same origin; `count`: none */
    bool *placed;
    bool circle; /* was cut */
};

static void *room (size_t count, size_t size)
{
    void *memory = calloc (count > 0 ? count : 1, size);
    if (memory == NULL)
        abort ();
    return memory;
}

static int by_leaf (const void *a, const void *b)
{
    const struct case_entry *const *x = a, *const *y = b;
    return memcmp (&(*x)->step.leaf, &(*y)->step.leaf, HASH_SIZE);
}

static int by_number (const void *a, const void *b)
{
    const struct case_entry *const *x = a, *const *y = b;
    const struct msg_id *p = &(*x)->step.id, *q = &(*y)->step.id;
    int order = span_compare (p->origin, q->origin);
    if (order == 0)
        order = (p->epoch.counter > q->epoch.counter) - (p->epoch.counter < q->epoch.counter);
    if (order == 0)
        order = (p->epoch.nonce > q->epoch.nonce) - (p->epoch.nonce < q->epoch.nonce);
    if (order == 0)
        order = (p->seq > q->seq) - (p->seq < q->seq);
    return order != 0 ? order : by_leaf (a, b);
}

/* The node of a leaf hash; `count`: it is not here. */
static size_t node_of (const struct graph *self, const struct hash *leaf)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp (&self->nodes[middle]->step.leaf, leaf, HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < self->count && hash_equal (&self->nodes[low]->step.leaf, leaf) ? low : self->count;
}

/* A step that names nothing follows what its origin has sent before it. */
static void find_previous (struct graph *self)
{
    struct case_entry **sorted = room (self->count, sizeof *sorted);
    memcpy (sorted, self->nodes, self->count * sizeof *sorted);
    qsort (sorted, self->count, sizeof *sorted, by_number);
    for (size_t i = 0; i < self->count; i++)
        self->previous[i] = (uint32_t) self->count;
    for (size_t i = 0; i < self->count; i++) {
        bool loose = i > 0 && sorted[i]->step.after_count == 0 &&
                     span_equal (sorted[i - 1]->step.id.origin, sorted[i]->step.id.origin);
        if (loose)
            self->previous[node_of (self, &sorted[i]->step.leaf)] =
                (uint32_t) node_of (self, &sorted[i - 1]->step.leaf);
    }
    free (sorted);
}

/* What a node comes after, one edge a turn; false: no more. A report comes after nothing. */
static bool edge_next (const struct graph *self, size_t node, size_t *turn, size_t *from)
{
    const struct step *step = &self->nodes[node]->step;
    if (step->what == CASE_REPORT)
        return false;
    for (; *turn < step->after_count; ++*turn) {
        *from = node_of (self, &step->after[*turn]);
        if (*from < self->count && *from != node) {
            ++*turn;
            return true;
        }
    }
    *from = self->previous[node];
    return (*turn)++ == step->after_count && *from < self->count;
}

static void graph_edges (struct graph *self)
{
    size_t turn, from;
    for (size_t node = 0; node < self->count; node++)
        for (turn = 0; edge_next (self, node, &turn, &from);) {
            self->before[node]++;
            self->first[from + 1]++;
        }
    for (size_t node = 0; node < self->count; node++)
        self->first[node + 1] += self->first[node];
    self->to = room (self->first[self->count], sizeof *self->to);
    uint32_t *end = room (self->count, sizeof *end);
    for (size_t node = 0; node < self->count; node++)
        for (turn = 0; edge_next (self, node, &turn, &from);)
            self->to[self->first[from] + end[from]++] = (uint32_t) node;
    free (end);
}

static void graph_open (struct graph *self, struct case_entry *entries, size_t count)
{
    memset (self, 0, sizeof *self);
    self->count = count;
    self->nodes = room (count, sizeof *self->nodes);
    self->before = room (count, sizeof *self->before);
    self->first = room (count + 1, sizeof *self->first);
    self->ready = room (count, sizeof *self->ready);
    self->previous = room (count, sizeof *self->previous);
    self->placed = room (count, sizeof *self->placed);
    for (size_t i = 0; i < count; i++)
        self->nodes[i] = &entries[i];
    qsort (self->nodes, count, sizeof *self->nodes, by_leaf);
    find_previous (self);
    graph_edges (self);
}

static void graph_close (struct graph *self)
{
    free (self->nodes);
    free (self->before);
    free (self->first);
    free (self->to);
    free (self->ready);
    free (self->previous);
    free (self->placed);
}

/* --- The heap ------------------------------------------------------------------------------ */

/* The report is before all else, whatever its hash. */
static bool sooner (const struct graph *self, uint32_t a, uint32_t b)
{
    bool x = self->nodes[a]->step.what == CASE_REPORT, y = self->nodes[b]->step.what == CASE_REPORT;
    return x != y ? x : a < b;
}

static void swap (uint32_t *a, uint32_t *b)
{
    uint32_t was = *a;
    *a = *b;
    *b = was;
}

static void heap_put (struct graph *self, uint32_t node)
{
    size_t at = self->ready_count++;
    self->ready[at] = node;
    for (; at > 0 && sooner (self, self->ready[at], self->ready[(at - 1) / 2]); at = (at - 1) / 2)
        swap (&self->ready[at], &self->ready[(at - 1) / 2]);
}

static uint32_t heap_take (struct graph *self)
{
    uint32_t top = self->ready[0];
    self->ready[0] = self->ready[--self->ready_count];
    for (size_t at = 0, child = 1; child < self->ready_count; at = child, child = 2 * at + 1) {
        if (child + 1 < self->ready_count &&
            sooner (self, self->ready[child + 1], self->ready[child]))
            child++;
        if (!sooner (self, self->ready[child], self->ready[at]))
            break;
        swap (&self->ready[at], &self->ready[child]);
    }
    return top;
}

/* --- The order ----------------------------------------------------------------------------- */

/* The next node. Hashes cannot run in a circle, but an origin that numbers its steps backwards
 * can make one; then the smallest hash that is left goes on. */
static uint32_t order_next (struct graph *self, uint32_t *left)
{
    while (self->ready_count > 0) {
        uint32_t node = heap_take (self);
        if (!self->placed[node])
            return node;
    }
    self->circle = true;
    while (self->placed[*left])
        ++*left;
    return *left;
}

/* Fills `order` with all entries, in the order in which they are applied. */
static void graph_order (struct graph *self, const struct case_entry **order)
{
    uint32_t left = 0;
    for (uint32_t node = 0; node < self->count; node++)
        if (self->before[node] == 0)
            heap_put (self, node);
    for (size_t done = 0; done < self->count; done++) {
        uint32_t node = order_next (self, &left);
        self->placed[node] = true;
        order[done] = self->nodes[node];
        for (uint32_t i = self->first[node]; i < self->first[node + 1]; i++)
            if (--self->before[self->to[i]] == 0 && !self->placed[self->to[i]])
                heap_put (self, self->to[i]);
    }
}

/* What nothing comes after. The report is before all, also where nobody names it. */
static void find_heads (const struct graph *self, struct case_state *state)
{
    size_t reports = 0;
    state->scattered = self->circle;
    for (size_t i = 0; i < self->count; i++) {
        const struct step *step = &self->nodes[i]->step;
        reports += step->what == CASE_REPORT;
        state->scattered |= step->what != CASE_REPORT && step->after_count == 0;
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct step *step = &self->nodes[i]->step;
        bool head = step->what == CASE_REPORT ? reports == self->count
                                              : self->first[i] == self->first[i + 1];
        if (head && state->head_count == AFTER_MAX)
            state->scattered = true;
        else if (head)
            state->heads[state->head_count++] = step->leaf;
    }
}

void case_fold (struct case_state *out, struct case_entry *entries, size_t count)
{
    struct graph graph;
    memset (out, 0, sizeof *out);
    if (count == 0)
        return;
    graph_open (&graph, entries, count);
    const struct case_entry **order = room (count, sizeof *order);
    struct case_entry *sorted = room (count, sizeof *sorted);
    graph_order (&graph, order);
    find_heads (&graph, out);
    for (size_t i = 0; i < count; i++)
        sorted[i] = *order[i];
    memcpy (entries, sorted, count * sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i].why = step_apply (out, &entries[i].step);
    free (sorted);
    free (order);
    graph_close (&graph);
}

static bool names (const struct step *step, const struct hash *leaf)
{
    for (size_t i = 0; i < step->after_count; i++)
        if (hash_equal (&step->after[i], leaf))
            return true;
    return false;
}

bool case_follows (const struct case_state *state, const struct step *step)
{
    if (!state->known || state->scattered || state->full || state->steps >= CASE_STEPS ||
        step->what == CASE_REPORT || step->after_count == 0)
        return false;
    for (size_t i = 0; i < state->head_count; i++)
        if (!names (step, &state->heads[i]))
            return false;
    return true;
}

enum case_void case_apply (struct case_state *state, const struct step *step)
{
    enum case_void why = step_apply (state, step);
    state->heads[0] = step->leaf;
    state->head_count = 1;
    return why;
}
