/* The keys of one map, as spans of encoded bytes: strict BARE has one encoding for a value, so two
 * keys are equal when their bytes are. */
#ifndef PROTO_KEYS_H
#define PROTO_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct bare_span {
    size_t at;
    size_t len;
};

/* The place (`at`) of the first key that repeats an earlier one, SIZE_MAX when none does. Reorders
 * `spans`; n log n whatever the keys are, for they come from strangers. */
size_t bare_keys_repeated(const uint8_t *base, struct bare_span *spans, size_t count);

#endif
