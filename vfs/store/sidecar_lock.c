/* A look at a name, then another one, until it is taken or time is up. */
#include "vfs/store/sidecar_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/process/clock.h"
#include "vfs/process/own_file.h"
#include "vfs/store/sidecar_format.h"

#define LOCK_RETRY_NS 1000000L

/* Looks that found something else than the one before may follow each other at once so often. */
#define LOOKS_AT_ONCE 16

/* A save takes a fraction of a second. */
#define STALE_S 60

enum look {
    LOOK_TAKEN,
    LOOK_AGAIN,   /* it has gone meanwhile */
    LOOK_BUSY,    /* a save goes on */
    LOOK_THEIRS,  /* another user's, and not to be removed */
    LOOK_FOREIGN, /* this user's, but not of this library */
    LOOK_FAILED,
};

/* Whether there is nothing but zeros, in a file that a sidecar may be as large as. */
static bool is_zeroed(int fd, off_t bytes)
{
    uint8_t piece[4096];

    if (bytes > (off_t)SIDECAR_BYTES_MAX) return false;
    for (off_t at = 0; at < bytes;) {
        const ssize_t len = pread(fd, piece, sizeof piece, at);

        if (len <= 0) return false;
        for (ssize_t i = 0; i < len; i++)
            if (piece[i] != 0) return false;
        at += len;
    }
    return true;
}

bool preload_sidecar_descriptor_is_ours(int fd)
{
    uint8_t magic[SIDECAR_MAGIC_BYTES];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1) return false;
    len = pread(fd, magic, sizeof magic, 0);
    if (len < 0) return false;
    return preload_sidecar_is_ours(magic, (size_t)len) || is_zeroed(fd, st.st_size);
}

static bool is_named(int fd, const char *path)
{
    struct stat named;
    struct stat locked;

    return lstat(path, &named) == 0 && fstat(fd, &locked) == 0 && named.st_ino == locked.st_ino &&
           named.st_dev == locked.st_dev;
}

/* By a clock that may be another machine's. */
static bool is_stale(const struct stat *st)
{
    const int64_t age_s = (int64_t)time(NULL) - (int64_t)st->st_ctime;

    return age_s > STALE_S || age_s < -STALE_S;
}

/* Whether a file of ours is locked; *has_locks, whether the file system can tell. */
static bool try_lock(int fd, bool *has_locks)
{
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;

    *has_locks = locked || errno == EWOULDBLOCK || errno == EINTR;
    return locked;
}

static enum look look_at_own(int fd, const char *path, bool writes)
{
    bool has_locks;
    bool locked = try_lock(fd, &has_locks);
    struct stat st;

    if (has_locks && !locked) return LOOK_BUSY;
    if (fstat(fd, &st) != 0) return LOOK_FAILED;
    if (!is_named(fd, path)) return LOOK_AGAIN;
    if (!preload_sidecar_descriptor_is_ours(fd))
        return st.st_uid == geteuid() ? LOOK_FOREIGN : LOOK_THEIRS;
    if (locked && writes && st.st_uid == geteuid()) return LOOK_TAKEN;
    if (!locked && !is_stale(&st)) return LOOK_BUSY;
    return unlink(path) == 0 ? LOOK_AGAIN : LOOK_THEIRS;
}

/* What could not be opened. What other code of this process has open may be closed soon. */
static enum look look_at_closed(const char *path, int error)
{
    struct stat st;

    if (error == EBUSY) return LOOK_BUSY;
    if (lstat(path, &st) != 0) return errno == ENOENT ? LOOK_AGAIN : LOOK_FAILED;
    if (st.st_uid != geteuid() && (preload_own_is_foreign(error) || error == EACCES))
        return LOOK_THEIRS;
    errno = error;
    return preload_own_is_foreign(error) ? LOOK_FOREIGN : LOOK_FAILED;
}

/* Whoever came between the two steps has it. */
static enum look create(int *fd, const char *path)
{
    bool has_locks;

    *fd = preload_own_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (*fd < 0) return errno == EEXIST ? LOOK_AGAIN : LOOK_FAILED;
    if (!try_lock(*fd, &has_locks) && has_locks) return LOOK_BUSY;
    return is_named(*fd, path) ? LOOK_TAKEN : LOOK_AGAIN;
}

/* What may be read and not written is asked whether it may be removed. */
static enum look look_at(int *fd, const char *path)
{
    bool writes = true;
    enum look look;
    int saved;

    *fd = preload_own_open(path, O_RDWR, 0);
    if (*fd < 0 && (errno == EACCES || errno == EPERM)) {
        writes = false;
        *fd = preload_own_open(path, O_RDONLY, 0);
    }
    if (*fd >= 0)
        look = look_at_own(*fd, path, writes);
    else if (errno == ENOENT)
        look = create(fd, path);
    else
        look = look_at_closed(path, errno);
    if (look == LOOK_TAKEN || *fd < 0) return look;
    saved = errno;
    close(*fd);
    errno = saved;
    *fd = -1;
    return look;
}

/* The name that is this user's alone. */
static char *own_name(const char *sidecar)
{
    char suffix[32];

    (void)snprintf(suffix, sizeof suffix, "-tmp-%jx", (uintmax_t)geteuid());
    return preload_text_join(sidecar, suffix);
}

static enum sidecar_lock_result lock_name(struct sidecar_lock *out, bool *theirs,
                                          uint64_t deadline_ms, const atomic_bool *cancelled)
{
    const struct timespec pause = { .tv_nsec = LOCK_RETRY_NS };

    for (int looks = 1;; looks++) {
        const enum look look = look_at(&out->fd, out->path);

        switch (look) {
        case LOOK_TAKEN:
            return SIDECAR_LOCK_TAKEN;
        case LOOK_THEIRS:
        case LOOK_FOREIGN:
            *theirs = look == LOOK_THEIRS;
            return SIDECAR_LOCK_FOREIGN;
        case LOOK_FAILED:
            return SIDECAR_LOCK_FAILED;
        case LOOK_AGAIN:
            if (looks < LOOKS_AT_ONCE) continue;
            break;
        case LOOK_BUSY:
            break;
        }
        if (preload_clock_ms() >= deadline_ms || (cancelled && atomic_load(cancelled)))
            return SIDECAR_LOCK_BUSY;
        nanosleep(&pause, NULL);
    }
}

enum sidecar_lock_result preload_sidecar_lock(struct sidecar_lock *out, const char *sidecar,
                                              uint64_t wait_ms, const atomic_bool *cancelled)
{
    const uint64_t deadline_ms = preload_clock_ms() + wait_ms;
    enum sidecar_lock_result result = SIDECAR_LOCK_FAILED;
    bool theirs = false;

    *out = (struct sidecar_lock){ .path = preload_text_join(sidecar, "-tmp"), .fd = -1 };
    if (out->path) result = lock_name(out, &theirs, deadline_ms, cancelled);
    if (!theirs) return result;
    hint_free(out->path);
    out->path = own_name(sidecar);
    return out->path ? lock_name(out, &theirs, deadline_ms, cancelled) : SIDECAR_LOCK_FAILED;
}

bool preload_sidecar_lock_is_named(const struct sidecar_lock *lock)
{
    return is_named(lock->fd, lock->path);
}

void preload_sidecar_unlock(struct sidecar_lock *lock)
{
    if (lock->fd >= 0) {
        if (is_named(lock->fd, lock->path)) unlink(lock->path);
        close(lock->fd);
    }
    hint_free(lock->path);
    *lock = (struct sidecar_lock){ .fd = -1 };
}
