/* One walker each way for every type of every version, driven by descriptors.
 *
 * The law of resources: decoding n bytes takes no more than 4 KiB + 64 n from malloc. A count is
 * checked against the bytes that are left before anything is allocated for it. Pure; one thread at
 * a time per arena and writer. */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "proto/type.h"

/* The most that decoding `len` bytes may take from malloc. */
size_t bare_decode_bytes_max(size_t len);

/* Reads one value that fills `bytes` to the last. `value` has room for `type->size` bytes; str and
 * data in it borrow from `bytes`, the rest lives in `arena`, whose limit is set by the law. On
 * anything but BARE_OK `value` is not to be used and `*fault` says what is wrong. */
enum bare_error bare_decode(void *value, const struct bare_type *type, struct bare_slice bytes,
                            struct bare_arena *arena, struct bare_fault *fault);

/* The same with the value itself in `arena`, under the same law; NULL when `*fault` says why. */
void *bare_decode_new(const struct bare_type *type, struct bare_slice bytes,
                      struct bare_arena *arena, struct bare_fault *fault);

/* Appends one value to `out`. A value that no decoder would accept (a tag or an enum that does not
 * exist, a str that is not UTF-8, a key twice) is refused like bytes that say the same; then, as
 * after BARE_NOMEM, `out` is as long as before and `*fault` says why (offset 0). */
enum bare_error bare_encode(struct bare_writer *out, const struct bare_type *type,
                            const void *value, struct bare_fault *fault);

#endif
