/* The sidecar file, format 2: header, in a directory the database that it belongs to, then one zstd
 * frame. docs/formats.md has it byte by byte. *Pure*. */
#ifndef VFS_SIDECAR_FORMAT_H
#define VFS_SIDECAR_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "hints/book.h"

#define SIDECAR_MAGIC_BYTES  16
#define SIDECAR_HEADER_BYTES 40
#define SIDECAR_VERSION      2
#define SIDECAR_HAS_OWNER                                                                          \
    UINT32_C(0x10000) /* in the field of the version, of a file in a directory */
#define SIDECAR_BYTES_MAX ((size_t)8 << 20) /* a larger file is refused */

/* The database that a file in a directory belongs to, as it was at the last save. */
#define SIDECAR_OWNER_PATH_MAX 4096
struct sidecar_owner {
    uint64_t device;
    uint64_t inode;
    const char *path; /* no end of string; longer ones are kept as none */
    size_t path_len;
};

/* What a file must be read to have all of its owner. */
#define SIDECAR_OWNER_BYTES_MAX ((size_t)SIDECAR_HEADER_BYTES + 20 + SIDECAR_OWNER_PATH_MAX)

/* Whose file begins so; the path lies in `bytes`. False: it does not say. */
bool preload_sidecar_owner(struct sidecar_owner *out, const uint8_t *bytes, size_t len);

/* Whether these are the first bytes of a sidecar of any version; of a torn one, fewer than the
 * magic has, or none at all. */
bool preload_sidecar_is_ours(const uint8_t *bytes, size_t len);

extern const char preload_sidecar_no_memory[];

/* Reads a sidecar of any format so far. NULL: good. Else a constant sentence that
 * says what is wrong, and `book` is empty; preload_sidecar_no_memory when the bytes may be good and
 * memory ran out. `pages_max` counts the pages of all its histories. */
const char *preload_sidecar_decode(struct hint_book *book, uint64_t *generation,
                                   const uint8_t *bytes, size_t len, size_t pages_max);

/* Makes the file's bytes; the caller frees `*out`. The evidence has a page size. False: no memory,
 * or larger than SIDECAR_BYTES_MAX. */
bool preload_sidecar_encode(uint8_t **out, size_t *out_len, const struct hint_book *book,
                            uint64_t generation);

/* The same for a file in a directory. */
bool preload_sidecar_encode_in(uint8_t **out, size_t *out_len, const struct hint_book *book,
                               uint64_t generation, const struct sidecar_owner *owner);

#endif
