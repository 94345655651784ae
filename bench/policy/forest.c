/* Node numbers are handed out like pages of a file: the next one is behind the last. */
#include "bench/policy/forest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void forest_free(struct forest *forest)
{
    for (uint32_t i = 0; i < forest->tree_count; i++) {
        free(forest->trees[i].branches);
        free(forest->trees[i].leaves);
    }
    *forest = (struct forest){ 0 };
}

void forest_add_tree(struct forest *forest)
{
    assert(forest->tree_count < FOREST_TREES_MAX);
    if (forest->page_count == 0) forest->page_count = 1;
    forest->trees[forest->tree_count++].root = ++forest->page_count;
}

static int reserve_leaf(struct forest_tree *tree)
{
    uint32_t cap = tree->leaf_cap ? tree->leaf_cap * 2 : FOREST_FANOUT;
    uint32_t *leaves;

    if (tree->leaf_count < tree->leaf_cap) return FOREST_OK;
    leaves = realloc(tree->leaves, cap * sizeof(*leaves));
    if (!leaves) return FOREST_NOMEM;
    tree->leaves = leaves;
    tree->leaf_cap = cap;
    return FOREST_OK;
}

/* Gives the tree the branches that its leaves want. */
static int add_branches(struct forest *forest, struct forest_tree *tree)
{
    uint32_t wanted = (tree->leaf_count + FOREST_FANOUT - 1) / FOREST_FANOUT;

    if (!tree->branches) tree->branches = calloc(FOREST_FANOUT, sizeof(*tree->branches));
    if (!tree->branches) return FOREST_NOMEM;
    while (wanted > 1 && tree->branch_count < wanted)
        tree->branches[tree->branch_count++] = ++forest->page_count;
    return FOREST_OK;
}

/* A new leaf in front of leaf `place`. */
static int insert_leaf(struct forest *forest, struct forest_tree *tree, uint32_t place)
{
    assert(tree->leaf_count < FOREST_LEAVES_MAX);
    if (reserve_leaf(tree) != FOREST_OK) return FOREST_NOMEM;
    memmove(tree->leaves + place + 1, tree->leaves + place,
            (tree->leaf_count - place) * sizeof(*tree->leaves));
    tree->leaves[place] = ++forest->page_count;
    tree->leaf_count++;
    return add_branches(forest, tree);
}

int forest_append(struct forest *forest, uint32_t tree)
{
    assert(tree < forest->tree_count);
    return insert_leaf(forest, &forest->trees[tree], forest->trees[tree].leaf_count);
}

/* The tree that the leaf `n` of all that are missing belongs to. */
static uint32_t tree_of(const struct forest *forest, const struct forest_plan *plans, uint32_t n)
{
    uint32_t tree = 0;

    while (n >= plans[tree].leaves - forest->trees[tree].leaf_count) {
        n -= plans[tree].leaves - forest->trees[tree].leaf_count;
        tree++;
    }
    return tree;
}

int forest_grow(struct forest *forest, const struct forest_plan *plans, uint32_t count,
                struct random *random)
{
    uint32_t missing = 0;
    int rc = FOREST_OK;

    assert(forest->tree_count == 0);
    for (uint32_t i = 0; i < count; i++) {
        assert(plans[i].leaves >= 1 && plans[i].leaves <= FOREST_LEAVES_MAX);
        forest_add_tree(forest);
        missing += plans[i].leaves;
    }
    for (; missing > 0 && rc == FOREST_OK; missing--) {
        uint32_t i = tree_of(forest, plans, random_below(random, missing));
        struct forest_tree *tree = &forest->trees[i];
        uint32_t place = tree->leaf_count;

        if (!plans[i].is_ordered) place = random_below(random, place + 1);
        rc = insert_leaf(forest, tree, place);
    }
    return rc;
}

uint32_t forest_path(struct forest_node path[FOREST_PATH_MAX], const struct forest *forest,
                     uint32_t tree, uint32_t leaf)
{
    const struct forest_tree *at = &forest->trees[tree];
    uint32_t len = 0;

    assert(tree < forest->tree_count && leaf < at->leaf_count);
    path[len++] = (struct forest_node){ at->root, HINT_CLASS_INTERIOR };
    if (at->branch_count > 0)
        path[len++] =
            (struct forest_node){ at->branches[leaf / FOREST_FANOUT], HINT_CLASS_INTERIOR };
    path[len++] = (struct forest_node){ at->leaves[leaf], HINT_CLASS_LEAF };
    return len;
}

void forest_vacuum(struct forest *forest)
{
    uint32_t page = 1;

    for (uint32_t i = 0; i < forest->tree_count; i++)
        forest->trees[i].root = ++page;
    for (uint32_t i = 0; i < forest->tree_count; i++) {
        struct forest_tree *tree = &forest->trees[i];

        for (uint32_t k = 0; k < tree->leaf_count; k++) {
            if (k % FOREST_FANOUT == 0 && tree->branch_count > 0)
                tree->branches[k / FOREST_FANOUT] = ++page;
            tree->leaves[k] = ++page;
        }
    }
    assert(page == forest->page_count);
}

int forest_move(struct forest *forest, uint32_t percent, struct random *random)
{
    uint32_t **moved = calloc(forest->page_count, sizeof(*moved));
    uint32_t count = 0;

    if (!moved) return FOREST_NOMEM;
    for (uint32_t i = 0; i < forest->tree_count; i++)
        for (uint32_t k = 0; k < forest->trees[i].leaf_count; k++)
            if (random_chance(random, percent)) moved[count++] = &forest->trees[i].leaves[k];
    /* Sattolo's shuffle: it leaves none where it was. */
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = random_below(random, i - 1);
        uint32_t pgno = *moved[i - 1];

        *moved[i - 1] = *moved[k];
        *moved[k] = pgno;
    }
    free(moved);
    return FOREST_OK;
}
