/* From texts to a protocol that can be written: the whole of barec without its files, so that the
 * fuzzer can drive it. */
#ifndef PROTO_COMPILER_FRONT_H
#define PROTO_COMPILER_FRONT_H

#include "emit.h"

struct source {
    const char *file;
    struct bare_slice text;
};

/* Versions 1, 2, ... in this order, then the files of rules. Everything in `protocol` lives in
 * `arena`. Look at the complaint before using it. */
void front_protocol(struct protocol *protocol, const struct source *schemas, size_t schema_count,
                    const struct source *rules, size_t rules_count, struct bare_arena *arena,
                    struct complaint *complaint);

/* One schema that has no versions; its names in C start with `prefix`. */
void front_record(struct schema *schema, const struct source *source, const char *prefix,
                  struct bare_arena *arena, struct complaint *complaint);

#endif
