/* mmap, mincore. */
#include "vfs/file/residency.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* No system has smaller pages. */
#define SYSTEM_PAGE_LEAST 4096

/* What the kernel asks before it tells the truth (mm/mincore.c, can_do_mincore). */
static bool kernel_answers(const struct stat *st, const char *path)
{
    return st->st_uid == geteuid() || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t in_whole_pages(uint64_t bytes)
{
    return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

bool preload_residency_open(struct residency *residency, int fd, const char *path)
{
    struct stat st;

    *residency = (struct residency){ 0 };
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || !kernel_answers(&st, path)) return false;
    residency->fd = fd;
    residency->bytes = (uint64_t)st.st_size;
    residency->window_bytes = in_whole_pages(
        residency->bytes < RESIDENCY_WINDOW_BYTES ? residency->bytes : RESIDENCY_WINDOW_BYTES);
    return true;
}

/* Whether the window holds [offset, end), which begins with a page. In the place of the window
 * before, so that it is one call. Where that fails the place may be somebody else's already. */
static bool show(struct residency *residency, uint64_t offset, uint64_t end)
{
    const int flags = MAP_SHARED | MAP_NORESERVE | (residency->window ? MAP_FIXED : 0);
    const uint64_t last = in_whole_pages(residency->bytes) - residency->window_bytes;
    void *window;

    if (residency->window && offset >= residency->from &&
        end <= residency->from + residency->window_bytes)
        return true;
    if (offset > last) offset = last;
    window = mmap(residency->window, (size_t)residency->window_bytes, PROT_NONE, flags,
                  residency->fd, (off_t)offset);
    if (window == MAP_FAILED) {
        *residency = (struct residency){ 0 };
        return false;
    }
    residency->window = window;
    residency->from = offset;
    return true;
}

bool preload_residency_holds(struct residency *residency, uint64_t offset, uint64_t bytes)
{
    unsigned char states[RESIDENCY_ASKED_MAX / SYSTEM_PAGE_LEAST + 1];
    const uint64_t page = page_bytes();
    uint64_t end = offset + bytes;

    if (bytes > RESIDENCY_ASKED_MAX) end = offset + RESIDENCY_ASKED_MAX;
    if (residency->bytes == 0 || end > residency->bytes) return false;
    offset -= offset % page;
    if (!show(residency, offset, end)) return false;
    if (mincore(residency->window + (offset - residency->from), (size_t)(end - offset), states))
        return false;
    for (uint64_t i = 0; offset + i * page < end; i++)
        if (!(states[i] & 1)) return false;
    return true;
}

bool preload_residency_is_cold(struct residency *residency,
                               const uint64_t offsets[RESIDENCY_PLACES])
{
    unsigned absent = 0;

    for (unsigned i = 0; i < RESIDENCY_PLACES; i++)
        absent += !preload_residency_holds(residency, offsets[i], 1);
    return residency->bytes > 0 && absent >= RESIDENCY_PLACES / 2;
}

void preload_residency_close(struct residency *residency)
{
    if (residency->window) munmap(residency->window, (size_t)residency->window_bytes);
    *residency = (struct residency){ 0 };
}

bool preload_residency_file_is_cold(int fd, const char *path, uint64_t bytes)
{
    struct residency residency = { 0 };
    uint64_t offsets[RESIDENCY_PLACES];
    bool cold = false;

    for (uint64_t i = 0; i < RESIDENCY_PLACES; i++)
        offsets[i] = bytes / RESIDENCY_PLACES * i;
    if (preload_residency_open(&residency, fd, path))
        cold = preload_residency_is_cold(&residency, offsets);
    preload_residency_close(&residency);
    return cold;
}
