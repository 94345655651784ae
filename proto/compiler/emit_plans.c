/* Plans, for the walker and for people. */
#include "emit.h"

static void emit_row(FILE *out, const struct step *step, const struct plan *plan,
                     const struct plan_row *row)
{
    bool by_source = plan->to->kind == BARE_UNION || plan->to->kind == BARE_ENUM;
    const struct member *there = by_source ? row->to : row->from;
    const struct member *named = by_source ? row->from : row->to;
    const struct type *owner = by_source ? plan->to : plan->from;

    (void)fprintf(out, "    { %td, ", there ? there - owner->members : -1);
    if (row->plan)
        (void)fprintf(out, "&envoy_v%u_to_v%u[%zu], ", step->from->version, step->to->version,
                      row->plan->index);
    else
        (void)fprintf(out, "NULL, ");
    if (row->refuse)
        (void)fprintf(out, "&envoy_features[%zu]", row->refuse->index);
    else
        (void)fprintf(out, "NULL");
    (void)fprintf(out, " }, /* %s */\n", named->name);
}

static void emit_rows(FILE *out, const struct step *step, const struct plan *plan)
{
    if (plan->row_count > 0)
        (void)fprintf(out, "/* %s */\nstatic const struct convert_row v%u_rows_%zu[] = {\n",
                      plan->to->name, step->to->version, plan->index);
    for (size_t i = 0; i < plan->row_count; i++)
        emit_row(out, step, plan, &plan->rows[i]);
    if (plan->row_count > 0) (void)fprintf(out, "};\n");
    if (plan->loss_count == 0) return;
    (void)fprintf(out, "static const struct convert_loss v%u_losses_%zu[] = {\n", step->to->version,
                  plan->index);
    for (size_t i = 0; i < plan->loss_count; i++) {
        const struct plan_loss *loss = &plan->losses[i];
        (void)fprintf(out, "    { %td, \"%s.%s\", ", loss->from - plan->from->members,
                      plan->from->name, loss->from->name);
        if (loss->refuse)
            (void)fprintf(out, "&envoy_features[%zu] },\n", loss->refuse->index);
        else
            (void)fprintf(out, "NULL },\n");
    }
    (void)fprintf(out, "};\n");
}

static void emit_plan(FILE *out, const struct step *step, const struct plan *plan)
{
    (void)fprintf(out, "    { &%s_types[%zu], &%s_types[%zu], ", step->from->table,
                  plan->from->index, step->to->table, plan->to->index);
    if (plan->row_count > 0)
        (void)fprintf(out, "v%u_rows_%zu, %zu, ", step->to->version, plan->index, plan->row_count);
    else
        (void)fprintf(out, "NULL, 0, ");
    if (plan->loss_count > 0)
        (void)fprintf(out, "v%u_losses_%zu, %zu },\n", step->to->version, plan->index,
                      plan->loss_count);
    else
        (void)fprintf(out, "NULL, 0 },\n");
}

static void emit_step(FILE *out, const struct step *step)
{
    for (size_t i = 0; i < step->plan_count; i++)
        emit_rows(out, step, step->plans[i]);
    (void)fprintf(out, "\nconst struct convert_plan envoy_v%u_to_v%u[%zu] = {\n",
                  step->from->version, step->to->version, step->plan_count);
    for (size_t i = 0; i < step->plan_count; i++)
        emit_plan(out, step, step->plans[i]);
    (void)fprintf(out, "};\n\n");
}

void emit_plans(FILE *out, const struct step *up, const struct step *down)
{
    (void)fprintf(out, "/* Written by barec. */\n#include \"proto_gen/tables.h\"\n\n");
    emit_step(out, up);
    emit_step(out, down);
}

static void print_struct(FILE *out, const struct plan *plan)
{
    for (size_t i = 0; i < plan->row_count; i++) {
        const struct plan_row *row = &plan->rows[i];
        (void)fprintf(out, "    %s: %s %s %s\n", row->to->name, row->to->type->name,
                      row->from ? "<-" : "=", row->from ? row->from->name : "none");
    }
    for (size_t i = 0; i < plan->loss_count; i++) {
        const struct plan_loss *loss = &plan->losses[i];
        (void)fprintf(out, "    %s: %s %s%s\n", loss->from->name, loss->from->type->name,
                      loss->refuse ? "refused unless none: " : "dropped",
                      loss->refuse ? loss->refuse->name : "");
    }
}

static const struct plan_row *row_to(const struct plan *plan, const struct member *member)
{
    for (size_t i = 0; i < plan->row_count; i++)
        if (plan->rows[i].to == member) return &plan->rows[i];
    return NULL;
}

static void print_choices(FILE *out, const struct plan *plan)
{
    for (size_t i = 0; i < plan->to->member_count; i++) {
        const struct member *member = &plan->to->members[i];
        const struct plan_row *row = row_to(plan, member);
        if (row)
            (void)fprintf(out, "    %zu %s <- %td %s\n", i, member->name,
                          row->from - plan->from->members, row->from->name);
        else
            (void)fprintf(out, "    %zu %s: nothing becomes it\n", i, member->name);
    }
    for (size_t i = 0; i < plan->row_count; i++)
        if (plan->rows[i].refuse)
            (void)fprintf(out, "    refused: %zu %s: %s\n", i, plan->rows[i].from->name,
                          plan->rows[i].refuse->name);
}

static void print_step(FILE *out, const struct step *step)
{
    (void)fprintf(out, "v%u -> v%u\n", step->from->version, step->to->version);
    for (size_t i = 0; i < step->plan_count; i++) {
        const struct plan *plan = step->plans[i];
        enum bare_kind kind = plan->to->kind;
        if (kind != BARE_STRUCT && kind != BARE_UNION && kind != BARE_ENUM) continue;
        (void)fprintf(out, "  %s\n", plan->to->name);
        if (kind == BARE_STRUCT)
            print_struct(out, plan);
        else
            print_choices(out, plan);
    }
    (void)fprintf(out, "\n");
}

void emit_plans_text(FILE *out, const struct protocol *protocol)
{
    for (size_t i = 0; i + 1 < protocol->version_count; i++) {
        print_step(out, &protocol->steps[2 * i]);
        print_step(out, &protocol->steps[2 * i + 1]);
    }
}
