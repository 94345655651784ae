/* Rules, a line at a time. */
#include "rules.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8 };

struct line {
    const char *file;
    int number;
    unsigned from, to; /* the step that holds it; 0: none yet */
    const char *words[WORDS_MAX];
    size_t count;
};

struct rules_parser {
    struct rules *rules;
    struct bare_arena *arena;
    struct complaint *complaint;
    struct line line;
};

#define COMPLAIN(p, ...) complain((p)->complaint, (p)->line.file, (p)->line.number, __VA_ARGS__)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the next word off `*at`; NULL at the end of the line. */
static const char *cut_word(struct rules_parser *p, const char **at, const char *end)
{
    const char *start;
    char stop;

    while (*at < end && is_blank(**at))
        ++*at;
    if (*at == end || **at == '#') return NULL;
    stop = **at == '"' ? '"' : ' ';
    start = stop == '"' ? ++*at : *at;
    while (*at < end && **at != stop && !(stop == ' ' && is_blank(**at)))
        ++*at;
    if (stop == '"' && *at == end) COMPLAIN(p, "a quotation that does not end");
    start = text_copy(p->arena, start, (size_t)(*at - start));
    if (stop == '"' && *at < end) ++*at;
    return start;
}

static void cut_words(struct rules_parser *p, const char *at, const char *end)
{
    const char *word;

    p->line.count = 0;
    while ((word = cut_word(p, &at, end))) {
        if (p->line.count == WORDS_MAX) {
            COMPLAIN(p, "too many words");
            return;
        }
        p->line.words[p->line.count++] = word;
    }
}

static bool word_is(const struct rules_parser *p, size_t i, const char *word)
{
    return i < p->line.count && strcmp(p->line.words[i], word) == 0;
}

static unsigned word_number(struct rules_parser *p, size_t i)
{
    char *end = NULL;
    unsigned long number = i < p->line.count ? strtoul(p->line.words[i], &end, 10) : 0;

    if (number < 1 || number > 999 || (end && *end)) {
        COMPLAIN(p, "expected a version");
        return 0;
    }
    return (unsigned)number;
}

static void parse_root(struct rules_parser *p)
{
    struct rules *rules = p->rules;
    bool to_rivet = word_is(p, 3, "ToRivet");

    if (p->line.count != 4 || !word_is(p, 2, "direction") ||
        !(to_rivet || word_is(p, 3, "ToEnvoy"))) {
        COMPLAIN(p, "expected: root NAME direction ToRivet|ToEnvoy");
        return;
    }
    rules->roots = text_grown(p->arena, rules->roots, rules->root_count, sizeof *rules->roots);
    rules->roots[rules->root_count++] = (struct root){
        p->line.words[1],
        to_rivet ? 0 : 1,
        p->line.file,
        p->line.number,
    };
}

static void parse_feature(struct rules_parser *p)
{
    struct rules *rules = p->rules;

    if (p->line.count != 6 || !word_is(p, 2, "needs")) {
        COMPLAIN(p, "expected: feature NAME needs VERSION \"SUBJECT\" \"SUBJECT\"");
        return;
    }
    rules->features =
        text_grown(p->arena, rules->features, rules->feature_count, sizeof *rules->features);
    rules->features[rules->feature_count] = (struct feature){
        .name = p->line.words[1],
        .needs = word_number(p, 3),
        .subjects = { p->line.words[4], p->line.words[5] },
        .file = p->line.file,
        .line = p->line.number,
        .index = rules->feature_count,
    };
    rules->feature_count++;
}

static void parse_step(struct rules_parser *p)
{
    p->line.from = word_number(p, 1);
    p->line.to = word_number(p, 3);
    if (p->line.count != 4 || !word_is(p, 2, "to") ||
        (p->line.from != p->line.to + 1 && p->line.to != p->line.from + 1))
        COMPLAIN(p, "expected: step N to M, two neighbours");
}

static void parse_rule(struct rules_parser *p)
{
    struct rules *rules = p->rules;
    const char *target = p->line.words[0], *dot = strchr(target, '.');
    struct rule rule = { .from = p->line.from, .to = p->line.to };

    rule.file = p->line.file;
    rule.line = p->line.number;
    rule.verb = word_is(p, 1, "none") ? RULE_NONE : word_is(p, 1, "drop") ? RULE_DROP : RULE_REFUSE;
    if (!dot || !rule.from || (rule.verb == RULE_REFUSE && !word_is(p, 1, "refuse")) ||
        p->line.count != (rule.verb == RULE_REFUSE ? 3 : 2)) {
        COMPLAIN(p, "expected, in a step: TYPE.MEMBER none|drop|refuse FEATURE");
        return;
    }
    rule.owner = text_copy(p->arena, target, (size_t)(dot - target));
    rule.member = dot + 1;
    if (rule.verb == RULE_REFUSE) rule.feature_name = p->line.words[2];
    rules->rules = text_grown(p->arena, rules->rules, rules->rule_count, sizeof rule);
    rules->rules[rules->rule_count++] = rule;
}

static void parse_line(struct rules_parser *p)
{
    if (p->line.count == 0) return;
    if (word_is(p, 0, "root"))
        parse_root(p);
    else if (word_is(p, 0, "feature"))
        parse_feature(p);
    else if (word_is(p, 0, "step"))
        parse_step(p);
    else
        parse_rule(p);
}

void rules_parse(struct rules *rules, const char *file, struct bare_slice text,
                 struct bare_arena *arena, struct complaint *complaint)
{
    struct rules_parser p = { rules, arena, complaint, { .file = file } };
    const char *at = (const char *)text.data, *end = at + text.len;

    while (at < end && !complaint->any) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        p.line.number++;
        cut_words(&p, at, stop);
        if (!complaint->any) parse_line(&p);
        at = stop < end ? stop + 1 : end;
    }
}

static void link_rule(struct rules *rules, struct rule *rule, struct complaint *complaint)
{
    for (size_t i = 0; rule->verb == RULE_REFUSE && i < rules->feature_count; i++)
        if (strcmp(rules->features[i].name, rule->feature_name) == 0)
            rule->feature = &rules->features[i];
    if (rule->verb == RULE_REFUSE && !rule->feature)
        complain(complaint, rule->file, rule->line, "unknown feature '%s'", rule->feature_name);
    for (const struct rule *other = rules->rules; other < rule; other++)
        if (other->from == rule->from && other->to == rule->to &&
            strcmp(other->owner, rule->owner) == 0 && strcmp(other->member, rule->member) == 0)
            complain(complaint, rule->file, rule->line, "%s.%s has a rule on line %d already",
                     rule->owner, rule->member, other->line);
}

void rules_link(struct rules *rules, struct complaint *complaint)
{
    for (size_t i = 0; i < rules->rule_count && !complaint->any; i++)
        link_rule(rules, &rules->rules[i], complaint);
    for (size_t i = 1; i < rules->feature_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(rules->features[k].name, rules->features[i].name) == 0)
                complain(complaint, rules->features[i].file, rules->features[i].line,
                         "duplicate feature '%s'", rules->features[i].name);
    for (size_t i = 1; i < rules->root_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(rules->roots[k].name, rules->roots[i].name) == 0)
                complain(complaint, rules->roots[i].file, rules->roots[i].line,
                         "duplicate root '%s'", rules->roots[i].name);
}

const struct rule *rules_find(const struct rules *rules, unsigned from, unsigned to,
                              const char *owner, const char *member)
{
    for (size_t i = 0; i < rules->rule_count; i++) {
        struct rule *rule = &rules->rules[i];
        if (rule->from != from || rule->to != to || strcmp(rule->owner, owner) != 0 ||
            strcmp(rule->member, member) != 0)
            continue;
        rule->used = true;
        if (rule->feature) rule->feature->used = true;
        return rule;
    }
    return NULL;
}

void rules_check_used(const struct rules *rules, struct complaint *complaint)
{
    for (size_t i = 0; i < rules->rule_count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (!rule->used)
            complain(complaint, rule->file, rule->line,
                     "stale rule: step %u to %u has no use for %s.%s", rule->from, rule->to,
                     rule->owner, rule->member);
    }
    for (size_t i = 0; i < rules->feature_count; i++)
        if (!rules->features[i].used)
            complain(complaint, rules->features[i].file, rules->features[i].line,
                     "stale feature: no rule refuses '%s'", rules->features[i].name);
}
