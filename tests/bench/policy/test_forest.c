/* Every page of a database is one node, whatever happened to it. */
#include "bench/policy/forest.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/heap.h"

/* Two trees with a level of branches, one of leaves alone. */
static const struct forest_plan plans[] = { { 1000, true }, { 450, false }, { 20, true } };

#define TREES  3
#define PAGES  1482 /* the schema, 3 roots, 1470 leaves, 5 + 3 branches */
#define LEAVES 1470

static struct forest grown(void)
{
    struct forest forest = { 0 };
    struct random random = { 1 };

    cr_assert_eq(forest_grow(&forest, plans, TREES, &random), FOREST_OK);
    return forest;
}

static void mark(bool *marks, uint32_t page_count, uint32_t pgno)
{
    cr_assert(pgno >= 2 && pgno <= page_count, "page %u of %u", pgno, page_count);
    cr_expect_not(marks[pgno], "page %u is two nodes", pgno);
    marks[pgno] = true;
}

static void expect_every_page_is_one_node(const struct forest *forest)
{
    bool *marks = calloc(forest->page_count + 1, sizeof(*marks));

    cr_assert_not_null(marks);
    for (uint32_t i = 0; i < forest->tree_count; i++) {
        const struct forest_tree *tree = &forest->trees[i];

        mark(marks, forest->page_count, tree->root);
        for (uint32_t k = 0; k < tree->branch_count; k++)
            mark(marks, forest->page_count, tree->branches[k]);
        for (uint32_t k = 0; k < tree->leaf_count; k++)
            mark(marks, forest->page_count, tree->leaves[k]);
    }
    for (uint32_t pgno = 2; pgno <= forest->page_count; pgno++)
        cr_expect(marks[pgno], "page %u is no node", pgno);
    free(marks);
}

/* How many leaves of a tree lie behind the one before them. */
static uint32_t ascents(const struct forest_tree *tree)
{
    uint32_t count = 0;

    for (uint32_t i = 1; i < tree->leaf_count; i++)
        count += tree->leaves[i] > tree->leaves[i - 1];
    return count;
}

Test(forest, a_grown_database_has_its_trees_side_by_side)
{
    struct forest forest = grown();
    uint32_t up;

    cr_expect_eq(forest.page_count, PAGES, "%u pages", forest.page_count);
    cr_expect_eq(forest.trees[0].root, 2);
    cr_expect_eq(forest.trees[2].root, 4);
    cr_expect_eq(forest.trees[0].branch_count, 5);
    cr_expect_eq(forest.trees[1].branch_count, 3);
    cr_expect_eq(forest.trees[2].branch_count, 0);
    expect_every_page_is_one_node(&forest);
    cr_expect_eq(ascents(&forest.trees[0]), 999, "keys came in order");
    up = ascents(&forest.trees[1]);
    cr_expect(up > 180 && up < 270, "keys came in any order: %u of 449", up);
    cr_expect(forest.trees[2].leaves[19] - forest.trees[2].leaves[0] > 1000, "they lie apart");
    forest_free(&forest);
    forest_free(&forest);
}

Test(forest, a_path_leads_from_the_root_to_the_leaf)
{
    struct forest forest = grown();
    struct forest_node path[FOREST_PATH_MAX];

    cr_assert_eq(forest_path(path, &forest, 0, 400), 3);
    cr_expect_eq(path[0].pgno, 2);
    cr_expect_eq(path[0].page_class, HINT_CLASS_INTERIOR);
    cr_expect_eq(path[1].pgno, forest.trees[0].branches[2]);
    cr_expect_eq(path[1].page_class, HINT_CLASS_INTERIOR);
    cr_expect_eq(path[2].pgno, forest.trees[0].leaves[400]);
    cr_expect_eq(path[2].page_class, HINT_CLASS_LEAF);
    cr_assert_eq(forest_path(path, &forest, 2, 19), 2);
    cr_expect_eq(path[1].pgno, forest.trees[2].leaves[19]);
    forest_free(&forest);
}

Test(forest, what_is_added_lies_at_the_end)
{
    struct forest forest = grown();

    forest_add_tree(&forest);
    cr_expect_eq(forest.trees[3].root, PAGES + 1);
    cr_assert_eq(forest_append(&forest, 0), FOREST_OK);
    cr_expect_eq(forest.trees[0].leaf_count, 1001);
    cr_expect_eq(forest.trees[0].leaves[1000], PAGES + 2);
    cr_expect_eq(forest.trees[0].branches[5], PAGES + 3, "leaf 1000 wants a sixth branch");
    cr_expect_eq(forest.page_count, PAGES + 3);
    for (int i = 0; i < 250; i++)
        cr_assert_eq(forest_append(&forest, 3), FOREST_OK);
    cr_expect_eq(forest.trees[3].branch_count, 2);
    expect_every_page_is_one_node(&forest);
    forest_free(&forest);
}

Test(forest, vacuum_lays_each_tree_in_the_order_of_its_keys)
{
    struct forest forest = grown();

    forest_vacuum(&forest);
    cr_expect_eq(forest.page_count, PAGES);
    expect_every_page_is_one_node(&forest);
    cr_expect_eq(forest.trees[0].branches[0], 5);
    cr_expect_eq(forest.trees[0].leaves[0], 6);
    cr_expect_eq(forest.trees[0].leaves[199], 205);
    cr_expect_eq(forest.trees[0].leaves[200], 207, "behind the next branch");
    cr_expect_eq(ascents(&forest.trees[1]), 449);
    cr_expect_eq(forest.trees[2].leaves[19], PAGES);
    forest_free(&forest);
}

Test(forest, a_third_of_the_leaves_moves_and_nothing_else)
{
    struct forest before = grown();
    struct forest after = grown();
    struct random random = { 5 };
    uint32_t moved = 0;

    cr_assert_eq(forest_move(&after, 33, &random), FOREST_OK);
    expect_every_page_is_one_node(&after);
    for (uint32_t i = 0; i < TREES; i++) {
        cr_expect_eq(after.trees[i].root, before.trees[i].root);
        for (uint32_t k = 0; k < before.trees[i].branch_count; k++)
            cr_expect_eq(after.trees[i].branches[k], before.trees[i].branches[k]);
        for (uint32_t k = 0; k < before.trees[i].leaf_count; k++)
            moved += after.trees[i].leaves[k] != before.trees[i].leaves[k];
    }
    cr_expect(moved > 440 && moved < 530, "%u of %d", moved, LEAVES);
    forest_free(&before);
    forest_free(&after);
}

Test(forest, memory_that_runs_out_is_said)
{
    static const struct forest_plan small[] = { { 250, true }, { 3, false } };

    for (size_t n = 0;; n++) {
        struct forest forest = { 0 };
        struct random random = { 1 };
        int rc;

        heap_fail_at(n);
        rc = forest_grow(&forest, small, 2, &random);
        if (!heap_restore()) {
            cr_expect_eq(rc, FOREST_OK);
            cr_expect_eq(n, 5, "%zu allocations", n);
            heap_fail_at(0);
            cr_expect_eq(forest_move(&forest, 33, &random), FOREST_NOMEM);
            heap_restore();
            forest_free(&forest);
            break;
        }
        cr_expect_eq(rc, FOREST_NOMEM, "allocation %zu: %d", n, rc);
        forest_free(&forest);
    }
}
