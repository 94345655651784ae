/* Header fields are little-endian at fixed offsets: 0 magic, 16 version, 20 page size, 24 pages, 28
 * schema cookie, 32 generation, 40 the zstd frame. With an owner, that stands before the frame:
 * 40 device, 48 inode, 56 length of the path, 60 the path. */
#include "vfs/store/sidecar_format.h"

#include <assert.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "hints/format/bytes.h"
#include "hints/format/header.h"
#include "hints/memory.h"
#include "hints/record.h"

/* 16 bytes, no end of string: a NUL and a newline show a transfer that took the file for text. */
static const uint8_t magic[SIDECAR_MAGIC_BYTES] = { 's', 'q', 'l', 'i', 't', 'e', '-',  'p',
                                                    'r', 'e', 'l', 'o', 'a', 'd', '\n', '\0' };

const char preload_sidecar_no_memory[] = "out of memory";

#define SIDECAR_ZSTD_LEVEL 3

/* RFC 8878, 3.1.1.1: after the magic number comes the descriptor, whose bit 2 says that a checksum
 * follows. */
#define ZSTD_DESCRIPTOR_OFFSET 4
#define ZSTD_CHECKSUM_FLAG     4

/* The record's columns are 17 bytes a page; a history has at most 32 sessions of 48 bytes and some
 * counts beside them, a profile a name. */
#define RECORD_BYTES_MAX(pages_max)                                                                \
    ((size_t)17 * (pages_max) + (size_t)(HINT_PROFILES_MAX + 1) * 2048)

#define OWNER_BYTES   20 /* without its path */
#define VERSION_OWNED (SIDECAR_VERSION | SIDECAR_HAS_OWNER)

/* Bytes before the frame; 0: the file ends before, or its path is too long. */
static size_t prefix_of(uint64_t version, const uint8_t *bytes, size_t len)
{
    size_t prefix = SIDECAR_HEADER_BYTES;

    if (version == VERSION_OWNED) {
        const uint64_t path_len =
            len < prefix + OWNER_BYTES ? UINT64_MAX : bytes_get_le(bytes + prefix + 16, 4);

        if (path_len > SIDECAR_OWNER_PATH_MAX) return 0;
        prefix += OWNER_BYTES + (size_t)path_len;
    }
    return prefix <= len ? prefix : 0;
}

bool preload_sidecar_owner(struct sidecar_owner *out, const uint8_t *bytes, size_t len)
{
    size_t prefix;

    if (len < SIDECAR_HEADER_BYTES || !preload_sidecar_is_ours(bytes, len)) return false;
    if (bytes_get_le(bytes + 16, 4) != VERSION_OWNED) return false;
    prefix = prefix_of(VERSION_OWNED, bytes, len);
    if (prefix == 0) return false;
    bytes += SIDECAR_HEADER_BYTES;
    *out = (struct sidecar_owner){
        .device = bytes_get_le(bytes, 8),
        .inode = bytes_get_le(bytes + 8, 8),
        .path = (const char *)bytes + OWNER_BYTES,
        .path_len = prefix - SIDECAR_HEADER_BYTES - OWNER_BYTES,
    };
    return true;
}

bool preload_sidecar_is_ours(const uint8_t *bytes, size_t len)
{
    return memcmp(bytes, magic, len < sizeof magic ? len : sizeof magic) == 0;
}

/* zstd's own memory is the C library's, which is not for workers. These calls have been as they are
 * since its first stable version, but it does not promise to export them for ever. */
#pragma weak ZSTD_createCCtx_advanced
#pragma weak ZSTD_createDCtx_advanced

static void *zstd_alloc(void *unused, size_t bytes)
{
    (void)unused;
    return hint_malloc(bytes);
}

static void zstd_free(void *unused, void *memory)
{
    (void)unused;
    hint_free(memory);
}

static const ZSTD_customMem zstd_memory = { zstd_alloc, zstd_free, NULL };

static ZSTD_CCtx *new_compressor(void)
{
    return ZSTD_createCCtx_advanced ? ZSTD_createCCtx_advanced(zstd_memory) : ZSTD_createCCtx();
}

static ZSTD_DCtx *new_decompressor(void)
{
    return ZSTD_createDCtx_advanced ? ZSTD_createDCtx_advanced(zstd_memory) : ZSTD_createDCtx();
}

/* An error as zstd has them. */
static size_t decompress(uint8_t *record, size_t size, const uint8_t *frame, size_t len)
{
    ZSTD_DCtx *context = new_decompressor();
    size_t record_len;

    if (!context) return 0 - (size_t)ZSTD_error_memory_allocation;
    record_len = ZSTD_decompressDCtx(context, record, size, frame, len);
    ZSTD_freeDCtx(context);
    return record_len;
}

static const char *decode_frame(struct hint_book *book, unsigned format, const uint8_t *frame,
                                size_t len, size_t pages_max)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame, len);
    size_t record_len;
    uint8_t *record;
    int rc;

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return "no zstd frame that states its size";
    if (size > RECORD_BYTES_MAX(pages_max)) return "more pages than any book holds";
    if (!(frame[ZSTD_DESCRIPTOR_OFFSET] & ZSTD_CHECKSUM_FLAG)) return "the frame has no checksum";
    if (ZSTD_findFrameCompressedSize(frame, len) != len) return "truncated, or bytes left over";
    record = hint_malloc((size_t)size + 1);
    if (!record) return preload_sidecar_no_memory;
    record_len = decompress(record, (size_t)size, frame, len);
    if (ZSTD_isError(record_len)) {
        hint_free(record);
        if (ZSTD_getErrorCode(record_len) == ZSTD_error_memory_allocation)
            return preload_sidecar_no_memory;
        return "wrong checksum or damaged frame";
    }
    rc = hint_record_decode(book, format, record, record_len, pages_max);
    hint_free(record);
    if (rc == HINT_FULL) return "more pages than any book holds";
    if (rc == HINT_NOMEM) return preload_sidecar_no_memory;
    return rc == HINT_OK ? NULL : "the record breaks its rules";
}

const char *preload_sidecar_decode(struct hint_book *book, uint64_t *generation,
                                   const uint8_t *bytes, size_t len, size_t pages_max)
{
    struct hint_evidence evidence = { 0 };
    const char *why;
    uint64_t version;
    size_t prefix;

    hint_book_free(book);
    if (!preload_sidecar_is_ours(bytes, len)) return "not a sidecar";
    if (len <= SIDECAR_HEADER_BYTES) return "truncated";
    version = bytes_get_le(bytes + 16, 4);
    if (version != 1 && version != SIDECAR_VERSION && version != VERSION_OWNED)
        return "of another format version";
    prefix = prefix_of(version, bytes, len);
    if (prefix == 0 || prefix == len) return "truncated";
    evidence.page_size = (uint32_t)bytes_get_le(bytes + 20, 4);
    evidence.page_count = (uint32_t)bytes_get_le(bytes + 24, 4);
    evidence.schema_cookie = (uint32_t)bytes_get_le(bytes + 28, 4);
    *generation = bytes_get_le(bytes + 32, 8);
    if (!hint_is_page_size(evidence.page_size)) return "no such page size";
    why = decode_frame(book, version == 1 ? 1 : 2, bytes + prefix, len - prefix, pages_max);
    evidence.schema_hash = book->evidence.schema_hash;
    if (why)
        hint_book_free(book);
    else
        book->evidence = evidence;
    return why;
}

static void encode_header(uint8_t *out, unsigned version, const struct hint_evidence *evidence,
                          uint64_t generation)
{
    memcpy(out, magic, sizeof magic);
    bytes_put_le(out + 16, version, 4);
    bytes_put_le(out + 20, evidence->page_size, 4);
    bytes_put_le(out + 24, evidence->page_count, 4);
    bytes_put_le(out + 28, evidence->schema_cookie, 4);
    bytes_put_le(out + 32, generation, 8);
}

static size_t compress_frame(uint8_t *out, size_t room, const uint8_t *record, size_t len)
{
    ZSTD_CCtx *context = new_compressor();
    size_t written = 0;

    if (!context) return 0;
    if (!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) &&
        !ZSTD_isError(
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, SIDECAR_ZSTD_LEVEL))) {
        written = ZSTD_compress2(context, out, room, record, len);
        if (ZSTD_isError(written)) written = 0;
    }
    ZSTD_freeCCtx(context);
    return written;
}

static size_t encode_owner(uint8_t *out, const struct sidecar_owner *owner)
{
    const size_t path_len = owner->path_len <= SIDECAR_OWNER_PATH_MAX ? owner->path_len : 0;

    bytes_put_le(out, owner->device, 8);
    bytes_put_le(out + 8, owner->inode, 8);
    bytes_put_le(out + 16, path_len, 4);
    memcpy(out + OWNER_BYTES, owner->path, path_len);
    return OWNER_BYTES + path_len;
}

/* `owner`: NULL, the file lies beside its database. */
static size_t encode_prefix(uint8_t *out, const struct hint_evidence *evidence, uint64_t generation,
                            const struct sidecar_owner *owner)
{
    encode_header(out, owner ? VERSION_OWNED : SIDECAR_VERSION, evidence, generation);
    if (!owner) return SIDECAR_HEADER_BYTES;
    return SIDECAR_HEADER_BYTES + encode_owner(out + SIDECAR_HEADER_BYTES, owner);
}

bool preload_sidecar_encode_in(uint8_t **out, size_t *out_len, const struct hint_book *book,
                               uint64_t generation, const struct sidecar_owner *owner)
{
    size_t record_max = hint_record_bound(book);
    size_t frame_max = ZSTD_compressBound(record_max);
    uint8_t *record = hint_malloc(record_max);
    uint8_t *file = hint_malloc(SIDECAR_OWNER_BYTES_MAX + frame_max);
    size_t frame_len = 0;
    size_t prefix = 0;

    assert(hint_is_page_size(book->evidence.page_size));
    if (record && file) {
        size_t record_len = hint_record_encode(record, book);

        prefix = encode_prefix(file, &book->evidence, generation, owner);
        frame_len = compress_frame(file + prefix, frame_max, record, record_len);
    }
    hint_free(record);
    if (frame_len == 0 || prefix + frame_len > SIDECAR_BYTES_MAX) {
        hint_free(file);
        return false;
    }
    *out = file;
    *out_len = prefix + frame_len;
    return true;
}

bool preload_sidecar_encode(uint8_t **out, size_t *out_len, const struct hint_book *book,
                            uint64_t generation)
{
    return preload_sidecar_encode_in(out, out_len, book, generation, NULL);
}
