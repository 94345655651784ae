/* Two types of neighbouring schemas to one plan. */
#include "plan.h"

#include <string.h>

struct planner {
    struct step *step;
    const struct rules *rules;
    struct bare_arena *arena;
    struct complaint *complaint;
};

static const struct plan *plan_of(struct planner *p, const struct type *from, const struct type *to,
                                  int line);

static const struct rule *rule_for(struct planner *p, const char *owner, const char *member)
{
    return rules_find(p->rules, p->step->from->version, p->step->to->version, owner, member);
}

static void complain_unaccounted(struct planner *p, const struct schema *where,
                                 const struct type *owner, const struct member *member)
{
    const struct step *s = p->step;
    bool is_source = where == s->from;

    complain(p->complaint, where->file, member->line,
             "%s.%s has no %s in v%u and no rule in step %u to %u", owner->name, member->name,
             is_source ? "counterpart" : "source", is_source ? s->to->version : s->from->version,
             s->from->version, s->to->version);
}

static void complain_verb(struct planner *p, const struct rule *rule, const char *what)
{
    complain(p->complaint, rule->file, rule->line, "%s.%s %s", rule->owner, rule->member, what);
}

static void plan_field(struct planner *p, struct plan *plan, struct plan_row *row)
{
    const struct rule *rule;

    row->from = type_member(plan->from, row->to->name);
    if (row->from) {
        row->plan = plan_of(p, row->from->type, row->to->type, row->to->line);
        return;
    }
    rule = rule_for(p, plan->to->name, row->to->name);
    if (!rule)
        complain_unaccounted(p, p->step->to, plan->to, row->to);
    else if (rule->verb != RULE_NONE)
        complain_verb(p, rule, "is a new field, which can only be none");
    else if (row->to->type->kind != BARE_OPTIONAL)
        complain_verb(p, rule, "is no optional, so it cannot be none");
}

static void plan_loss(struct planner *p, struct plan *plan, const struct member *field)
{
    const struct rule *rule = rule_for(p, plan->from->name, field->name);
    struct plan_loss *loss;

    if (!rule) {
        complain_unaccounted(p, p->step->from, plan->from, field);
        return;
    }
    if (rule->verb == RULE_NONE) complain_verb(p, rule, "is lost: drop it or refuse it");
    plan->losses = text_grown(p->arena, plan->losses, plan->loss_count, sizeof *loss);
    loss = &plan->losses[plan->loss_count++];
    *loss = (struct plan_loss){ field, rule->verb == RULE_REFUSE ? rule->feature : NULL };
}

static void plan_struct(struct planner *p, struct plan *plan)
{
    for (size_t i = 0; i < plan->to->member_count && !p->complaint->any; i++) {
        plan->rows[i].to = &plan->to->members[i];
        plan_field(p, plan, &plan->rows[i]);
    }
    for (size_t i = 0; i < plan->from->member_count && !p->complaint->any; i++)
        if (!type_member(plan->to, plan->from->members[i].name))
            plan_loss(p, plan, &plan->from->members[i]);
}

/* A rule comes before the name: two versions may use one name for different things. */
static void plan_choice(struct planner *p, struct plan *plan, struct plan_row *row)
{
    const struct rule *rule = rule_for(p, plan->from->name, row->from->name);

    if (rule) {
        if (rule->verb != RULE_REFUSE) complain_verb(p, rule, "is a member: it can be refused");
        row->refuse = rule->feature;
        return;
    }
    row->to = type_member(plan->to, row->from->name);
    if (!row->to)
        complain_unaccounted(p, p->step->from, plan->from, row->from);
    else if (plan->to->kind == BARE_UNION)
        row->plan = plan_of(p, row->from->type, row->to->type, row->to->line);
}

static void plan_choices(struct planner *p, struct plan *plan)
{
    for (size_t i = 0; i < plan->from->member_count && !p->complaint->any; i++) {
        plan->rows[i].from = &plan->from->members[i];
        plan_choice(p, plan, &plan->rows[i]);
    }
}

static void plan_items(struct planner *p, struct plan *plan, int line)
{
    for (size_t i = 0; i < plan->to->member_count && !p->complaint->any; i++) {
        struct plan_row *row = &plan->rows[i];
        row->from = &plan->from->members[i];
        row->to = &plan->to->members[i];
        row->plan = plan_of(p, row->from->type, row->to->type, line);
    }
}

static struct plan *plan_new(struct planner *p, const struct type *from, const struct type *to)
{
    struct plan *plan = text_alloc(p->arena, sizeof *plan, 1);
    bool by_source = to->kind == BARE_UNION || to->kind == BARE_ENUM;

    plan->from = from;
    plan->to = to;
    plan->row_count = by_source ? from->member_count : to->member_count;
    if (plan->row_count > 0) plan->rows = text_alloc(p->arena, sizeof *plan->rows, plan->row_count);
    return plan;
}

static void plan_fill(struct planner *p, struct plan *plan, int line)
{
    if (plan->to->kind == BARE_STRUCT)
        plan_struct(p, plan);
    else if (plan->to->kind == BARE_UNION || plan->to->kind == BARE_ENUM)
        plan_choices(p, plan);
    else
        plan_items(p, plan, line);
}

static const struct plan *plan_of(struct planner *p, const struct type *from, const struct type *to,
                                  int line)
{
    struct step *s = p->step;
    struct plan *plan;

    for (size_t i = 0; i < s->plan_count; i++)
        if (s->plans[i]->from == from && s->plans[i]->to == to) return s->plans[i];
    if (from->kind != to->kind || from->length != to->length) {
        complain(p->complaint, s->to->file, line,
                 "step %u to %u: no rule turns the type %s of v%u into %s", s->from->version,
                 s->to->version, from->name, s->from->version, to->name);
        return NULL;
    }
    plan = plan_new(p, from, to);
    plan_fill(p, plan, line);
    plan->index = s->plan_count;
    s->plans = text_grown(p->arena, s->plans, s->plan_count, sizeof(const struct plan *));
    s->plans[s->plan_count++] = plan;
    return plan;
}

void step_make(struct step *step, const struct rules *rules, struct bare_arena *arena,
               struct complaint *complaint)
{
    struct planner p = { step, rules, arena, complaint };

    if (rules->root_count > 0)
        step->roots = text_alloc(arena, sizeof(const struct plan *), rules->root_count);
    for (size_t i = 0; i < rules->root_count && !complaint->any; i++) {
        const char *name = rules->roots[i].name;
        const struct type *from = schema_find(step->from, name)->type;
        const struct type *to = schema_find(step->to, name)->type;
        step->roots[i] = plan_of(&p, from, to, to->line);
    }
}
