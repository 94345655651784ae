/* Offsets are of the file format, "The Database Header" and "B-tree Pages". */
#include "bench/replay/fetch_database.h"

#include "bench/replay/fetch_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_PAGES 256u
#define HEADER      100u

#define LEAF_OF_TABLE 0x0d

/* Of the library whose header this is; SQLite reads it nowhere. */
#define SQLITE_VERSION_WRITTEN 3040001u

static void put_be16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_be32(uint8_t *at, uint32_t value)
{
    put_be16(at, value >> 16);
    put_be16(at + 2, value & 0xffff);
}

/* A schema without a row. */
static void write_page_1(uint8_t *page, uint32_t pages)
{
    memset(page, 0, FETCH_PAGE_BYTES);
    memcpy(page, "SQLite format 3", 16);
    put_be16(page + 16, FETCH_PAGE_BYTES);
    page[18] = 1; /* rollback journal */
    page[19] = 1;
    page[21] = 64; /* the three fractions are fixed */
    page[22] = 32;
    page[23] = 32;
    put_be32(page + 24, 1); /* change counter */
    put_be32(page + 28, pages);
    put_be32(page + 40, 1); /* schema cookie */
    put_be32(page + 44, 4); /* schema format */
    put_be32(page + 56, 1); /* UTF-8 */
    put_be32(page + 92, 1); /* the change counter that the size is valid for */
    put_be32(page + 96, SQLITE_VERSION_WRITTEN);
    page[HEADER] = LEAF_OF_TABLE;
    put_be16(page + HEADER + 5, FETCH_PAGE_BYTES); /* cells begin where the page ends */
}

/* Bytes that do not compress, under the type of a leaf: nobody takes it for an interior page. */
static void fill_page(uint8_t *page, uint32_t pgno)
{
    for (uint32_t at = 0; at < FETCH_PAGE_BYTES; at += sizeof(uint64_t)) {
        const uint64_t word =
            ((uint64_t)pgno * FETCH_PAGE_BYTES + at) * UINT64_C(0x9e3779b97f4a7c15);

        memcpy(page + at, &word, sizeof(word));
    }
    page[0] = LEAF_OF_TABLE;
}

static int write_all(int fd, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t wrote = write(fd, bytes, count);

        if (wrote < 0 && errno != EINTR) return -1;
        if (wrote < 0) continue;
        bytes += wrote;
        count -= (size_t)wrote;
    }
    return 0;
}

int fetch_database_write(int fd, uint32_t pages)
{
    uint8_t *piece = malloc((size_t)PIECE_PAGES * FETCH_PAGE_BYTES);
    int rc = piece != NULL ? 0 : -1;

    for (uint32_t done = 0; done < pages && rc == 0;) {
        const uint32_t count = pages - done < PIECE_PAGES ? pages - done : PIECE_PAGES;

        for (uint32_t i = 0; i < count; i++)
            fill_page(piece + (size_t)i * FETCH_PAGE_BYTES, done + i + 1);
        if (done == 0) write_page_1(piece, pages);
        rc = write_all(fd, piece, (size_t)count * FETCH_PAGE_BYTES);
        done += count;
    }
    free(piece);
    return rc == 0 ? fsync(fd) : rc;
}
