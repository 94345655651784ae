/* The b-trees of a simulated database: which page each node has.
 *
 * A tree has a root, from FOREST_FANOUT leaves on a level of branches below it, and leaves in the
 * order of their keys. Trees that grow side by side share the file, so the leaves of one lie apart:
 * ascending where keys are inserted in order, anywhere where they are not. One thread at a time. */
#ifndef BENCH_FOREST_H
#define BENCH_FOREST_H

#include "bench/kit/random.h"
#include "hints/recorder.h"

enum forest_status { FOREST_OK = 0, FOREST_NOMEM = -1 };

#define FOREST_TREES_MAX  16
#define FOREST_FANOUT     200
#define FOREST_LEAVES_MAX ((uint32_t)FOREST_FANOUT * FOREST_FANOUT)
#define FOREST_PATH_MAX   3

struct forest_node {
    uint32_t pgno;
    enum hint_class page_class;
};

struct forest_tree {
    uint32_t root;
    uint32_t *branches; /* branch i is above the leaves from i * FOREST_FANOUT on */
    uint32_t branch_count;
    uint32_t *leaves;
    uint32_t leaf_count; /* 0..FOREST_LEAVES_MAX */
    uint32_t leaf_cap;
};

/* Zeroed is a database that has not been created yet. */
struct forest {
    struct forest_tree trees[FOREST_TREES_MAX];
    uint32_t tree_count;
    uint32_t page_count; /* page 1 is the schema */
};

/* A tree as it is to be. */
struct forest_plan {
    uint32_t leaves; /* at least 1 */
    bool is_ordered; /* keys are inserted in order */
};

void forest_free(struct forest *forest);

/* Makes a database of these trees, grown side by side; `forest` is zeroed. FOREST_NOMEM. */
int forest_grow(struct forest *forest, const struct forest_plan *plans, uint32_t count,
                struct random *random);

/* Adds an empty tree, at the file's end. There are fewer than FOREST_TREES_MAX. */
void forest_add_tree(struct forest *forest);

/* Appends a leaf behind the tree's last, on a new page. FOREST_NOMEM. */
int forest_append(struct forest *forest, uint32_t tree);

/* The nodes from the root to a leaf; returns how many. */
uint32_t forest_path(struct forest_node path[FOREST_PATH_MAX], const struct forest *forest,
                     uint32_t tree, uint32_t leaf);

/* Renumbers all pages as VACUUM does: the roots, then tree by tree, in the order of keys. */
void forest_vacuum(struct forest *forest);

/* Moves `percent` of 100 leaves to the places of others. FOREST_NOMEM: none is moved. */
int forest_move(struct forest *forest, uint32_t percent, struct random *random);

#endif
