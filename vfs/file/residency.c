/* mmap, mincore. */
#include "vfs/file/residency.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* No system has smaller pages. */
#define SYSTEM_PAGE_LEAST 4096

/* Any file on a system of 64 bits, 512 MiB on one of 32. */
#define MAPPED_BYTES_MAX (SIZE_MAX / 8)

/* What the kernel asks before it tells the truth (mm/mincore.c, can_do_mincore). */
static bool kernel_answers(const struct stat *st, const char *path)
{
    return st->st_uid == geteuid() || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

bool preload_residency_open(struct residency *residency, int fd, const char *path)
{
    struct stat st;
    void *map;

    *residency = (struct residency){ 0 };
    if (fstat(fd, &st) != 0 || st.st_size <= 0 || (uint64_t)st.st_size > MAPPED_BYTES_MAX)
        return false;
    if (!kernel_answers(&st, path)) return false;
    map = mmap(NULL, (size_t)st.st_size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (map == MAP_FAILED) return false;
    *residency = (struct residency){ .map = map, .bytes = (size_t)st.st_size };
    return true;
}

bool preload_residency_holds(const struct residency *residency, uint64_t offset, uint64_t bytes)
{
    unsigned char states[RESIDENCY_ASKED_MAX / SYSTEM_PAGE_LEAST + 1];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end = offset + bytes;

    if (bytes > RESIDENCY_ASKED_MAX) end = offset + RESIDENCY_ASKED_MAX;
    if (!residency->map || end > residency->bytes) return false;
    offset -= offset % page;
    if (mincore(residency->map + offset, (size_t)(end - offset), states) != 0) return false;
    for (uint64_t i = 0; offset + i * page < end; i++)
        if (!(states[i] & 1)) return false;
    return true;
}

bool preload_residency_is_cold(const struct residency *residency,
                               const uint64_t offsets[RESIDENCY_PLACES])
{
    unsigned absent = 0;

    for (unsigned i = 0; i < RESIDENCY_PLACES; i++)
        absent += !preload_residency_holds(residency, offsets[i], 1);
    return residency->map && absent >= RESIDENCY_PLACES / 2;
}

void preload_residency_close(struct residency *residency)
{
    if (residency->map) munmap(residency->map, residency->bytes);
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
