#include "hints/sort.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/hints/common.h"

static size_t compared;

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x;
    uint32_t y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    compared++;
    return (x > y) - (x < y);
}

/* An item of an odd size. */
struct wide {
    uint32_t key;
    char rest[9];
} __attribute__((packed));

static uint32_t shape_random(struct rng *rng, size_t i, size_t count)
{
    (void)i;
    return rng_below(rng, (uint32_t)(2 * count + 1));
}

static uint32_t shape_few(struct rng *rng, size_t i, size_t count)
{
    (void)i;
    (void)count;
    return rng_below(rng, 3);
}

static uint32_t shape_up(struct rng *rng, size_t i, size_t count)
{
    (void)rng;
    (void)count;
    return (uint32_t)i;
}

static uint32_t shape_down(struct rng *rng, size_t i, size_t count)
{
    (void)rng;
    return (uint32_t)(count - i);
}

static uint32_t shape_saw(struct rng *rng, size_t i, size_t count)
{
    (void)rng;
    (void)count;
    return (uint32_t)(i % 17);
}

/* Rises and falls again: the median of three is a bad one. */
static uint32_t shape_pipe(struct rng *rng, size_t i, size_t count)
{
    (void)rng;
    return (uint32_t)(i < count / 2 ? i : count - i);
}

static uint32_t (*const shapes[])(struct rng *, size_t, size_t) = {
    shape_random, shape_few, shape_up, shape_down, shape_saw, shape_pipe,
};

static const size_t counts[] = { 0, 1, 2, 3, 5, 12, 13, 14, 100, 1000, 20000 };

Test(sort, numbers_are_sorted_as_qsort_sorts_them)
{
    struct rng rng = rng_start();

    for (size_t shape = 0; shape < COUNT(shapes); shape++) {
        for (size_t c = 0; c < COUNT(counts); c++) {
            const size_t count = counts[c];
            uint32_t *items = malloc((count + 1) * sizeof(*items));
            uint32_t *want = malloc((count + 1) * sizeof(*want));

            for (size_t i = 0; i < count; i++)
                items[i] = want[i] = shapes[shape](&rng, i, count);
            qsort(want, count, sizeof(*want), compare_numbers);
            compared = 0;
            hint_sort(items, count, sizeof(*items), compare_numbers);
            cr_expect(memcmp(items, want, count * sizeof(*items)) == 0, "shape %zu, %zu items",
                      shape, count);
            cr_expect(compared <= 64 * (count + 1), "shape %zu, %zu items: %zu comparisons", shape,
                      count, compared);
            free(items);
            free(want);
        }
    }
}

Test(sort, what_belongs_to_a_key_goes_along)
{
    struct rng rng = rng_start();
    struct wide items[500];
    size_t seen[500] = { 0 };

    for (size_t i = 0; i < COUNT(items); i++) {
        items[i].key = rng_below(&rng, 100000);
        (void)snprintf(items[i].rest, sizeof items[i].rest, "%u", (unsigned)i);
        seen[i] = items[i].key;
    }
    hint_sort(items, COUNT(items), sizeof(*items), compare_numbers);
    for (size_t i = 0; i < COUNT(items); i++) {
        cr_expect(i == 0 || items[i - 1].key <= items[i].key);
        cr_expect_eq(items[i].key, seen[strtoul(items[i].rest, NULL, 10)]);
    }
}

static int says_anything(const void *a, const void *b)
{
    static uint32_t state = 1;

    (void)a;
    (void)b;
    state = state * 1664525 + 1013904223;
    return (int)(state >> 30) - 1;
}

/* The sanitizer looks at what is read and written. */
Test(sort, a_comparison_that_lies_moves_items_and_nothing_else)
{
    for (size_t count = 0; count < 300; count++) {
        uint32_t *items = malloc((count + 1) * sizeof(*items));
        uint64_t sum = 0;

        for (size_t i = 0; i < count; i++)
            items[i] = (uint32_t)i;
        hint_sort(items, count, sizeof(*items), says_anything);
        for (size_t i = 0; i < count; i++)
            sum += items[i];
        cr_expect_eq(sum, count * (count - (count > 0)) / 2);
        free(items);
    }
}
