#include "tests/proto/common.h"
#include "tests/proto/names.h"

#include "proto/convert.h"
#include "proto/protocol.h"
#include "proto/value.h"

enum { PLANS_MAX = 4096 };

struct plans {
    const struct convert_plan *items[PLANS_MAX];
    size_t count;
};

static void gather(struct plans *plans, const struct convert_plan *plan)
{
    for (size_t i = 0; i < plans->count; i++)
        if (plans->items[i] == plan) return;
    cr_assert(plans->count < PLANS_MAX);
    plans->items[plans->count++] = plan;
    for (size_t i = 0; i < plan->row_count; i++)
        if (plan->rows[i].plan) gather(plans, plan->rows[i].plan);
}

/* Every plan that a root reaches, of every step in both directions. */
static void gather_all(struct plans *plans)
{
    for (size_t root = 0; root < envoy_protocol.root_count; root++) {
        for (unsigned version = 1; version < envoy_protocol.latest; version++) {
            gather(plans, envoy_protocol.roots[root].up[version - 1]);
            gather(plans, envoy_protocol.roots[root].down[version - 1]);
        }
    }
}

struct trial {
    void *source, *target;
    struct bare_arena arena;
    struct convert_report report;
    int rc;
};

/* Makes up a source and converts it by `plan`, whose types are those of `like`. */
static void trial_run(struct trial *t, const struct convert_plan *plan, uint64_t seed)
{
    uint64_t state = seed;

    *t = (struct trial){ .rc = 0 };
    t->source = bare_arena_alloc(&t->arena, plan->from->size + 1, 1);
    t->target = bare_arena_alloc(&t->arena, plan->to->size + 1, 1);
    cr_assert(t->source && t->target);
    cr_assert(bare_value_random(t->source, plan->from, &t->arena, &state));
    t->rc = convert_value(t->target, t->source, plan, &t->arena, &t->report);
}

static void trial_free(struct trial *t)
{
    bare_arena_free(&t->arena);
}

Test(convert, every_plan_of_every_step_lets_values_follow_names)
{
    static struct plans plans;
    char where[NAMES_WHERE_MAX];
    size_t refused = 0, converted = 0;

    gather_all(&plans);
    for (size_t i = 0; i < plans.count; i++) {
        for (uint64_t round = 0; round < 30; round++) {
            const struct convert_plan *plan = plans.items[i];
            struct trial t;
            trial_run(&t, plan, seed_start() + round);
            if (t.rc == CONVERT_OK) {
                cr_expect(names_follow(plan->from, t.source, plan->to, t.target, where),
                          "%s, seed %" PRIu64 ": %s", plan->to->name, seed_start() + round, where);
                converted++;
            } else {
                cr_expect(t.rc == CONVERT_REFUSED && t.report.refused);
                refused++;
            }
            trial_free(&t);
        }
    }
    cr_expect_gt(refused, 100);
    cr_expect_gt(converted, 10 * refused);
}

/* A copy of one plan with room to break a row; the plans below it stay as they are. */
struct broken {
    struct convert_plan plan;
    struct convert_row *rows;
};

static void broken_start(struct broken *b, const struct convert_plan *plan)
{
    b->plan = *plan;
    b->rows = calloc(plan->row_count + 1, sizeof *b->rows);
    cr_assert(b->rows);
    if (plan->row_count > 0) memcpy(b->rows, plan->rows, plan->row_count * sizeof *b->rows);
    b->plan.rows = b->rows;
}

/* Does what the oracle of the test above would see: other than the good plan, or not by names. */
static bool is_caught(const struct broken *b, const struct convert_plan *good, uint64_t seed)
{
    char where[NAMES_WHERE_MAX];
    struct trial bad, fine;
    bool caught;

    trial_run(&bad, &b->plan, seed);
    trial_run(&fine, good, seed);
    caught = bad.rc != fine.rc || bad.report.dropped != fine.report.dropped ||
             bad.report.refused != fine.report.refused ||
             (bad.rc == CONVERT_OK &&
              !names_follow(good->from, bad.source, good->to, bad.target, where));
    trial_free(&bad);
    trial_free(&fine);
    return caught;
}

static void expect_caught(const struct broken *b, const struct convert_plan *good, size_t row,
                          int32_t index)
{
    bool caught = false;

    for (uint64_t round = 0; round < 3000 && !caught; round++)
        caught = is_caught(b, good, seed_start() + round);
    cr_expect(caught, "%s: row %zu broken to %d goes unseen", good->to->name, row, index);
}

static const struct bare_type *source_type(const struct convert_plan *plan, int32_t index)
{
    return plan->from->fields[index].type;
}

/* A struct's row may take any source field of the same type, or none. */
static size_t break_struct_row(struct broken *b, const struct convert_plan *good, size_t row)
{
    const struct convert_row kept = good->rows[row];
    size_t mutants = 0;

    if (kept.index < 0) return 0;
    for (int32_t index = -1; index < (int32_t)good->from->count; index++) {
        if (index == kept.index) continue;
        if (index >= 0 && source_type(good, index) != source_type(good, kept.index)) continue;
        b->rows[row].index = index;
        expect_caught(b, good, row, index);
        mutants++;
    }
    b->rows[row] = kept;
    return mutants;
}

/* A union's or an enum's row may lead to the next member, or be refused. */
static size_t break_choice_row(struct broken *b, const struct convert_plan *good, size_t row)
{
    static const struct convert_feature feature = { "Nothing", 1, { "", "" } };
    const struct convert_row kept = good->rows[row];
    int32_t next = (kept.index + 1) % (int32_t)good->to->count;

    if (kept.index < 0) return 0;
    if (next != kept.index) {
        b->rows[row].index = next;
        expect_caught(b, good, row, next);
    }
    b->rows[row] = (struct convert_row){ -1, NULL, &feature };
    expect_caught(b, good, row, -1);
    b->rows[row] = kept;
    return next != kept.index ? 2 : 1;
}

static size_t break_losses(struct broken *b, const struct convert_plan *good)
{
    if (good->loss_count == 0) return 0;
    b->plan.loss_count = 0;
    expect_caught(b, good, 0, 0);
    b->plan.loss_count = good->loss_count;
    return 1;
}

static size_t break_plan(const struct convert_plan *good)
{
    struct broken b;
    size_t mutants = 0;

    broken_start(&b, good);
    for (size_t row = 0; row < good->row_count; row++) {
        if (good->to->kind == BARE_STRUCT) mutants += break_struct_row(&b, good, row);
        if (good->to->kind == BARE_UNION || good->to->kind == BARE_ENUM)
            mutants += break_choice_row(&b, good, row);
    }
    mutants += break_losses(&b, good);
    free(b.rows);
    return mutants;
}

Test(convert, breaking_any_one_row_of_any_plan_is_seen)
{
    static struct plans plans;
    size_t mutants = 0;

    gather_all(&plans);
    for (size_t i = 0; i < plans.count; i++)
        mutants += break_plan(plans.items[i]);
    cr_expect_gt(mutants, 2000);
}

Test(convert, a_source_with_a_tag_that_does_not_exist_is_refused)
{
    static struct plans plans;
    size_t checked = 0;

    gather_all(&plans);
    for (size_t i = 0; i < plans.count; i++) {
        const struct convert_plan *plan = plans.items[i];
        struct bare_arena arena = { 0 };
        struct convert_report report = { 0 };
        void *source = bare_arena_alloc(&arena, plan->from->size + 1, 1);
        void *target = bare_arena_alloc(&arena, plan->to->size + 1, 1);

        cr_assert(source && target);
        if (plan->to->kind == BARE_UNION || plan->to->kind == BARE_ENUM) {
            bare_store_tag(source, (uint32_t)plan->from->count);
            cr_expect_eq(convert_value(target, source, plan, &arena, &report), CONVERT_INVALID);
            checked++;
        }
        bare_arena_free(&arena);
    }
    cr_expect_gt(checked, 50);
}
