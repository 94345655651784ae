/* Every kind calls through one pointer, so the loops differ in what they call and in nothing else.
 * A call for each touch is what a host has, too: the compiler must not carry the recorder's fields
 * from one touch to the next. */
#include "bench/recorder/recorder_loop.h"

#include <stdlib.h>

#define PAGES_MASK ((UINT32_C(1) << LOOP_PAGES_LOG2) - 1)

typedef bool touch_fn(struct hint_recorder *recorder, uint32_t pgno);

static bool touch_nothing(struct hint_recorder *recorder, uint32_t pgno)
{
    (void)recorder;
    (void)pgno;
    return false;
}

static bool touch(struct hint_recorder *recorder, uint32_t pgno)
{
    return hint_recorder_touch(recorder, pgno, HINT_CLASS_LEAF, HINT_READ);
}

static touch_fn *const touch_of[LOOP_KIND_COUNT] = {
    [LOOP_EMPTY] = touch_nothing,
    [LOOP_FIRST] = touch,
    [LOOP_AGAIN] = touch,
};

/* A permutation of the numbers below 2^LOOP_PAGES_LOG2: each step can be undone. */
static uint32_t mix(uint32_t number)
{
    for (int round = 0; round < 3; round++) {
        number ^= number >> LOOP_PAGES_LOG2 / 2;
        number = number * UINT32_C(0x9e3779b1) & PAGES_MASK;
    }
    return number;
}

bool loop_init(struct loop *loop, enum loop_kind kind, enum loop_order order)
{
    const struct hint_window window = { .pages_max = UINT32_MAX, .us_max = UINT64_MAX };

    *loop = (struct loop){ .kind = kind };
    hint_recorder_init(&loop->recorder, window);
    loop->pgnos = calloc(LOOP_TOUCHES, sizeof(*loop->pgnos));
    if (loop->pgnos == NULL) return false;
    for (uint32_t i = 0; i < LOOP_TOUCHES; i++)
        loop->pgnos[i] = 1 + (order == LOOP_RANDOM ? mix(i) : i);
    for (uint32_t i = 0; i < LOOP_TOUCHES && kind == LOOP_AGAIN; i++)
        if (!touch(&loop->recorder, loop->pgnos[i])) return false;
    return true;
}

__attribute__((noinline)) size_t loop_measured(struct loop *loop)
{
    touch_fn *const one = touch_of[loop->kind];
    size_t taken = 0;

    for (uint32_t i = 0; i < LOOP_TOUCHES; i++)
        taken += one(&loop->recorder, loop->pgnos[i]);
    return taken;
}

size_t loop_wants(enum loop_kind kind)
{
    return kind == LOOP_FIRST ? LOOP_TOUCHES : 0;
}

void loop_free(struct loop *loop)
{
    hint_recorder_free(&loop->recorder);
    free(loop->pgnos);
    loop->pgnos = NULL;
}
