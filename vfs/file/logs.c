/* Where a connection uses the log's index, the log was recovered, and the index says all that there
 * is to know of it, in memory. */
#include "vfs/file/logs.h"

#include <fcntl.h>
#include <unistd.h>

#include "hints/format/journal.h"
#include "hints/format/wal.h"
#include "vfs/file/beside.h"
#include "vfs/file/device.h"
#include "vfs/file/wal.h"

/* Bytes of a log that are advised before its frames are looked at again: first, and at most. What
 * follows the most comes by the kernel's readahead. */
#define STEP_FIRST     ((off_t)1 << 20)
#define LOG_BYTES_MOST ((off_t)WAL_BYTES_MOST)

static void advise(int fd, off_t from, off_t to)
{
    for (off_t offset = from; offset < to; offset += DEVICE_PIECE_BYTES)
        (void)posix_fadvise(fd, offset, DEVICE_PIECE_BYTES, POSIX_FADV_WILLNEED);
}

static off_t lesser(off_t a, off_t b)
{
    return a < b ? a : b;
}

static bool advise_journal(const struct named_file *file)
{
    uint8_t magic[HINT_JOURNAL_MAGIC_BYTES];
    struct stat st;
    int fd = preload_beside_open(file, "-journal", &st);
    bool is_hot;

    if (fd < 0) return false;
    is_hot = pread(fd, magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
             hint_journal_may_be_hot(magic);
    if (is_hot) advise(fd, 0, lesser(st.st_size, LOG_BYTES_MOST));
    close(fd);
    return is_hot;
}

/* The log's index, open, where a connection uses it; else -1. */
static int open_index(struct hint_wal_index *index, const struct named_file *file)
{
    struct flock users = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = HINT_WAL_INDEX_USERS_OFFSET, .l_len = 1
    };
    uint8_t header[HINT_WAL_INDEX_HEADER_BYTES];
    struct stat st;
    int fd = preload_beside_open(file, "-shm", &st);

    if (fd < 0) return -1;
    if (fcntl(fd, F_GETLK, &users) == 0 && users.l_type != F_UNLCK &&
        pread(fd, header, sizeof header, 0) == (ssize_t)sizeof header &&
        hint_wal_index_read(index, header))
        return fd;
    close(fd);
    return -1;
}

static bool is_recovered(const struct named_file *file)
{
    struct hint_wal_index index;
    int fd = open_index(&index, file);

    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* What follows the last frame of the log's round is left of an earlier one, and is not read. */
static void advise_frames(int fd, off_t bytes)
{
    off_t from = 0;
    off_t to = lesser(bytes, STEP_FIRST);

    while (from < to) {
        advise(fd, from, to);
        if (!preload_wal_goes_on(fd, (uint64_t)to)) break;
        from = to;
        to = lesser(bytes, 2 * to);
    }
}

static bool advise_log(const struct named_file *file)
{
    struct stat st;
    int fd = preload_beside_open(file, "-wal", &st);
    bool is_read;

    if (fd < 0) return false;
    is_read = st.st_size > 0 && !is_recovered(file);
    if (is_read) advise_frames(fd, lesser(st.st_size, LOG_BYTES_MOST));
    close(fd);
    return is_read;
}

bool preload_logs_advise(const struct named_file *file)
{
    bool wal = advise_log(file);
    bool journal = advise_journal(file);

    return wal || journal;
}

void preload_logs_pages(struct hint_runs *out, const struct named_file *file, uint32_t page_size,
                        const atomic_int *cancelled)
{
    struct hint_wal_index index;
    struct stat st;
    int fd = open_index(&index, file);

    if (fd >= 0) {
        if (index.page_size == page_size) (void)preload_wal_index_pages(out, fd, &index, cancelled);
        close(fd);
        return;
    }
    fd = preload_beside_open(file, "-wal", &st);
    if (fd < 0) return;
    (void)preload_wal_pages(out, fd, page_size, cancelled);
    close(fd);
}
