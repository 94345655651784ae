/* The sidecar file, format 2: header, then one zstd frame. docs/formats.md has it byte by byte.
 * *Pure*. */
#ifndef VFS_SIDECAR_FORMAT_H
#define VFS_SIDECAR_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "hints/book.h"

#define SIDECAR_MAGIC_BYTES  16
#define SIDECAR_HEADER_BYTES 40
#define SIDECAR_VERSION      2
#define SIDECAR_BYTES_MAX    ((size_t)8 << 20) /* a larger file is refused */

/* Whether these are the first bytes of a sidecar of any version; of a torn one, fewer than the
 * magic has, or none at all. */
bool preload_sidecar_is_ours(const uint8_t *bytes, size_t len);

extern const char preload_sidecar_no_memory[];

/* Reads a sidecar of this format or the one before it. NULL: good. Else a constant sentence that
 * says what is wrong, and `book` is empty; preload_sidecar_no_memory when the bytes may be good and
 * memory ran out. `pages_max` counts the pages of all its histories. */
const char *preload_sidecar_decode(struct hint_book *book, uint64_t *generation,
                                   const uint8_t *bytes, size_t len, size_t pages_max);

/* Makes the file's bytes; the caller frees `*out`. The evidence has a page size. False: no memory,
 * or larger than SIDECAR_BYTES_MAX. */
bool preload_sidecar_encode(uint8_t **out, size_t *out_len, const struct hint_book *book,
                            uint64_t generation);

#endif
