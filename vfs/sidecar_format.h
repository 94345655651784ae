/* The sidecar file, format 1: header, then one zstd frame. docs/formats.md has it byte by byte.
 * *Pure*. */
#ifndef VFS_SIDECAR_FORMAT_H
#define VFS_SIDECAR_FORMAT_H

#include <stddef.h>

#include "vfs/store.h"

#define SIDECAR_MAGIC_BYTES  16
#define SIDECAR_HEADER_BYTES 40
#define SIDECAR_VERSION      1
#define SIDECAR_BYTES_MAX    ((size_t)8 << 20) /* a larger file is refused */

/* Whether these are the first bytes of a sidecar of any version; of a torn one, fewer than the
 * magic has, or none at all. */
bool preload_sidecar_is_ours(const uint8_t *bytes, size_t len);

extern const char preload_sidecar_no_memory[];

/* Reads a sidecar. NULL: good. Else a constant sentence that says what is wrong, and `history` is
 * empty; preload_sidecar_no_memory when the bytes may be good and memory ran out. */
const char *preload_sidecar_decode(struct hint_history *history, struct store_evidence *evidence,
                                   const uint8_t *bytes, size_t len, size_t pages_max);

/* Makes the file's bytes; the caller frees `*out`. False: no memory, or larger than
 * SIDECAR_BYTES_MAX. */
bool preload_sidecar_encode(uint8_t **out, size_t *out_len, const struct hint_history *history,
                            const struct store_evidence *evidence);

#endif
