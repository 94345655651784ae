/* The directory is read by getdents64: opendir() takes memory of the C library's, which a worker
 * may not have. It is read once to remove what is old and to count the rest by age; where that is
 * too much, once more to remove the oldest. */
#include "vfs/store/directory_tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/process/clock.h"
#include "vfs/process/descriptor.h"
#include "vfs/process/own_file.h"
#include "vfs/store/sidecar_format.h"
#include "vfs/store/sidecar_lock.h"

#define PAUSE_US UINT64_C(600000000)
#define DAY_S    86400

/* As getdents64(2) has it. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short len;
    unsigned char type;
    char name[];
};

struct tidying {
    const char *directory;
    int fd;
    time_t now;
    uint32_t days_max;                        /* what is older goes */
    size_t surplus;                           /* of those that old so many go, too */
    size_t by_age[DIRECTORY_UNUSED_DAYS + 1]; /* files that stay, by days */
    size_t count;                             /* of them */
    size_t removed;
};

/* INODE-preload or INODE-NUMBER-preload in hex digits, and `-tmp` of what a killed save left. */
static bool is_name(const char *name, bool *is_temporary)
{
    static const char suffix[] = "-preload";
    const char *at = strstr(name, suffix);

    if (!at || at == name || strspn(name, "0123456789abcdef-") < (size_t)(at - name)) return false;
    at += sizeof suffix - 1;
    *is_temporary = strncmp(at, "-tmp", 4) == 0;
    return *at == '\0' || *is_temporary;
}

/* Whether the file says that it is one of a directory's. */
static bool has_owner(int fd)
{
    uint8_t bytes[SIDECAR_OWNER_BYTES_MAX];
    struct sidecar_owner owner;
    ssize_t len = pread(fd, bytes, sizeof bytes, 0);

    return len > 0 && preload_sidecar_owner(&owner, bytes, (size_t)len);
}

static bool is_ours(const char *path, bool is_temporary)
{
    int fd = preload_own_open(path, O_RDONLY, 0);
    bool ours;

    if (fd < 0) return false;
    ours = is_temporary ? preload_sidecar_descriptor_is_ours(fd) : has_owner(fd);
    close(fd);
    return ours;
}

static bool remove_file(const struct tidying *tidying, const char *name, bool is_temporary)
{
    char *folder = preload_text_join(tidying->directory, "/");
    char *path = folder ? preload_text_join(folder, name) : NULL;
    bool removed = path && is_ours(path, is_temporary) && unlink(path) == 0;

    hint_free(path);
    hint_free(folder);
    return removed;
}

static uint32_t days_since(const struct tidying *tidying, time_t used)
{
    const int64_t days = ((int64_t)tidying->now - (int64_t)used) / DAY_S;

    if (days < 0) return 0; /* of a clock that went back */
    return days > DIRECTORY_UNUSED_DAYS ? DIRECTORY_UNUSED_DAYS + 1 : (uint32_t)days;
}

/* Whether a file of that age goes. */
static bool is_due(struct tidying *tidying, uint32_t days)
{
    if (days != tidying->days_max || tidying->surplus == 0) return days > tidying->days_max;
    tidying->surplus--;
    return true;
}

static void look_at(struct tidying *tidying, const char *name)
{
    bool is_temporary;
    struct stat st;
    uint32_t days;

    if (!is_name(name, &is_temporary)) return;
    if (fstatat(tidying->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) return;
    days = days_since(tidying, st.st_mtime);
    if (is_due(tidying, days)) {
        tidying->removed += remove_file(tidying, name, is_temporary);
    } else if (!is_temporary && days <= DIRECTORY_UNUSED_DAYS) {
        tidying->by_age[days]++;
        tidying->count++;
    }
}

static void look_at_all(struct tidying *tidying)
{
    char room[8192];
    long len;

    if (lseek(tidying->fd, 0, SEEK_SET) != 0) return;
    while ((len = syscall(SYS_getdents64, tidying->fd, room, sizeof room)) > 0) {
        for (long at = 0; at < len;) {
            unsigned short bytes;

            memcpy(&bytes, room + at + offsetof(struct entry, len), sizeof bytes);
            look_at(tidying, room + at + offsetof(struct entry, name));
            at += bytes;
        }
    }
}

/* More than an eighth of what may stay goes at once, so that the next file does not ask for it
 * again. */
static void choose_oldest(struct tidying *tidying, size_t files_max)
{
    uint32_t days = DIRECTORY_UNUSED_DAYS;

    tidying->surplus = tidying->count - files_max + files_max / 8;
    for (; days > 0 && tidying->by_age[days] <= tidying->surplus; days--)
        tidying->surplus -= tidying->by_age[days];
    tidying->days_max = days;
}

size_t preload_directory_remove(const char *directory, size_t files_max)
{
    struct tidying tidying = { .directory = directory,
                               .now = time(NULL),
                               .days_max = DIRECTORY_UNUSED_DAYS };

    tidying.fd = preload_open(directory, O_RDONLY | O_DIRECTORY, 0);
    if (tidying.fd < 0) return 0;
    look_at_all(&tidying);
    if (tidying.count > files_max) {
        choose_oldest(&tidying, files_max);
        look_at_all(&tidying);
    }
    close(tidying.fd);
    return tidying.removed;
}

void preload_directory_tidy(const char *directory)
{
    static _Atomic uint64_t next_us;
    const uint64_t now_us = preload_clock_us();
    uint64_t due_us = atomic_load(&next_us);

    if (now_us < due_us) return;
    if (!atomic_compare_exchange_strong(&next_us, &due_us, now_us + PAUSE_US)) return;
    (void)preload_directory_remove(directory, DIRECTORY_FILES_MAX);
}
