/* Walkers over values of any type: print, compare, make up. For the tool and for tests. Pure. */
#ifndef PROTO_VALUE_H
#define PROTO_VALUE_H

#include "proto/type.h"

/* Appends the canonical JSON of docs/protocol.md: compact, keys in schema order. Look at `out->err`
 * (BARE_NOMEM). */
void bare_value_json(struct bare_writer *out, const struct bare_type *type, const void *value);

/* Equal in meaning: what an empty optional or an unused union member would hold is not looked at.
 * Maps are equal in the same order. */
bool bare_value_equal(const struct bare_type *type, const void *a, const void *b);

/* A generator of numbers that gives the same ones for the same seed. */
uint64_t bare_random(uint64_t *state);

/* Makes up a value in `value` (room for type->size bytes, zeroed): every tag and every enum can
 * come up, lists are short, strings are UTF-8 of one to four bytes a character, keys differ. Memory
 * comes from `arena`. False: no memory. */
bool bare_value_random(void *value, const struct bare_type *type, struct bare_arena *arena,
                       uint64_t *state);

#endif
