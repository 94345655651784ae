/* The page of rules (schema/evolution): roots, features, and what happens at each step to what has
 * no counterpart. Line by line; `#` starts a comment, words are apart by blanks, "..." is one word.
 *
 *     root NAME direction ToRivet|ToEnvoy
 *     feature NAME needs VERSION "SUBJECT towards rivet" "SUBJECT towards the envoy"
 *     step N to M
 *         TYPE.MEMBER none              a target field, an optional, that stays empty
 *         TYPE.MEMBER drop              a source field that is lost; the caller is told
 *         TYPE.MEMBER refuse FEATURE    a source field, member or name that cannot go on
 */
#ifndef PROTO_COMPILER_RULES_H
#define PROTO_COMPILER_RULES_H

#include "text.h"

struct root {
    const char *name;
    unsigned direction; /* 0 ToRivet, 1 ToEnvoy */
    const char *file;
    int line;
};

struct feature {
    const char *name;
    unsigned needs;
    const char *subjects[2];
    const char *file;
    int line;
    size_t index;
    bool used;
};

struct rule {
    unsigned from, to;
    const char *owner, *member;
    enum { RULE_NONE, RULE_DROP, RULE_REFUSE } verb;
    const char *feature_name;
    struct feature *feature; /* RULE_REFUSE */
    const char *file;
    int line;
    bool used;
};

struct rules {
    struct root *roots;
    size_t root_count;
    struct feature *features;
    size_t feature_count;
    struct rule *rules;
    size_t rule_count;
};

/* Adds what one file says. */
void rules_parse(struct rules *rules, const char *file, struct bare_slice text,
                 struct bare_arena *arena, struct complaint *complaint);
/* When all files are read: features by name, and nothing said twice. */
void rules_link(struct rules *rules, struct complaint *complaint);

/* NULL: nothing is said. The rule counts as used. */
const struct rule *rules_find(const struct rules *rules, unsigned from, unsigned to,
                              const char *owner, const char *member);
/* Complains about the first rule or feature that no plan used. */
void rules_check_used(const struct rules *rules, struct complaint *complaint);

#endif
