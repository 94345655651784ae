/* fsync, fadvise, mincore. */
#include "bench/kit/evict.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS   20
#define PAUSE_NS   50000000L
#define READ_BYTES ((size_t)1 << 20)

static int count_resident(int fd, uint64_t size, struct evict_residence *out)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint64_t total = (size + page - 1) / page;
    unsigned char *states;
    void *map;
    int rc;

    *out = (struct evict_residence){ .total = total };
    if (size == 0) return EVICT_OK;
    map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) return EVICT_IO;

    states = malloc((size_t)total);
    rc = states != NULL && mincore(map, (size_t)size, states) == 0 ? EVICT_OK : EVICT_IO;
    for (uint64_t i = 0; rc == EVICT_OK && i < total; i++) {
        out->resident += states[i] & 1u;
    }
    free(states);
    munmap(map, (size_t)size);
    return rc;
}

static int open_judged(const char *path, struct stat *found)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) return EVICT_IO;
    if (fstat(fd, found) != 0) {
        close(fd);
        return EVICT_IO;
    }
    if (found->st_uid != geteuid() && access(path, W_OK) != 0) {
        close(fd);
        return EVICT_FOREIGN;
    }
    return fd;
}

int evict_look(const char *path, struct evict_residence *out)
{
    struct stat found;
    const int fd = open_judged(path, &found);
    int rc;

    *out = (struct evict_residence){ 0 };
    if (fd < 0) return fd;
    rc = count_resident(fd, (uint64_t)found.st_size, out);
    close(fd);
    return rc;
}

int evict_file(const char *path, struct evict_residence *out)
{
    struct stat found;
    const int fd = open_judged(path, &found);
    int rc = EVICT_STAYED;

    *out = (struct evict_residence){ 0 };
    if (fd < 0) return fd;
    for (int i = 0; i < ATTEMPTS && rc == EVICT_STAYED; i++) {
        if (i > 0) nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
        fsync(fd);
        if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) rc = EVICT_IO;
        if (count_resident(fd, (uint64_t)found.st_size, out) != EVICT_OK) rc = EVICT_IO;
        if (rc == EVICT_STAYED && out->resident == 0) rc = EVICT_OK;
    }
    close(fd);
    return rc;
}

int evict_undo(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = malloc(READ_BYTES);
    ssize_t got = fd >= 0 && bytes != NULL ? 1 : -1;

    while (got > 0) {
        got = read(fd, bytes, READ_BYTES);
    }
    free(bytes);
    if (fd >= 0) close(fd);
    return got == 0 ? EVICT_OK : EVICT_IO;
}

const char *evict_message(int status)
{
    switch (status) {
    case EVICT_OK:
        return "not a page of it is in memory";
    case EVICT_FOREIGN:
        return "it is not our file, so the kernel does not tell what is in memory";
    case EVICT_STAYED:
        return "pages of it stay in memory (a tmpfs, or somebody maps it)";
    default:
        return "it cannot be read";
    }
}
