/* A script: what one seed does to a few databases, the same again from the same seed. It is fixed
 * before it runs and knows no results, so that a step may well fail. Pure. */
#ifndef TESTS_DIFFERENTIAL_SCRIPT_H
#define TESTS_DIFFERENTIAL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/differential/feature.h"

#define SCRIPT_OPS_MIN 40
#define SCRIPT_OPS_MAX 64
#define OP_TEXT_MAX    512

struct op {
    enum feature feature;
    enum op_kind kind;
    unsigned connection; /* 0 or 1 */
    uint32_t dice[3];    /* for what the calls choose */
    char text[OP_TEXT_MAX];
};

/* The VFS under the databases, and how preload comes to stand over it. */
struct base {
    const char *name;    /* as registered */
    const char *preload; /* the instance over it */
    bool is_shared;      /* two connections do not spoil the file */
    bool is_foreign;     /* not the operating system's: hints go to a directory */
};

struct script {
    uint64_t seed;
    const struct base *base;
    const char *database; /* a file name */
    bool by_default;      /* connections name no VFS: the default is to be the arm's */
    char prologue[1024];  /* SQL that makes the tables */
    struct op ops[SCRIPT_OPS_MAX];
    size_t len;
};

extern const struct base script_bases[];
extern const size_t script_base_count;

const char *feature_name(enum feature feature);

void script_make(struct script *out, uint64_t seed);

#endif
