/* Hints in a file: `<db>-preload`, or in a directory given by the host under the database's
 * identity.
 *
 * A save is locked on a fixed name, the temporary file `<sidecar>-tmp`: flock on it, and the name
 * must still lead to the locked inode, for the holder before us renamed it away. Under the lock the
 * sidecar is read again, the session folded in, the result written and renamed into place. Locking
 * the sidecar itself would lose saves: each rename puts a new inode under its name (151 of 480
 * kept; this way 480).
 *
 * No name is followed through a symlink, nothing that lacks our magic is ever written to, renamed
 * over or removed. There is no fsync: a torn file fails its checksum and is an empty book. */
#include "vfs/store/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vfs/process/clock.h"
#include "vfs/process/descriptor.h"
#include "vfs/process/errno_text.h"
#include "vfs/process/log.h"
#include "vfs/process/quiet_write.h"
#include "vfs/process/text.h"
#include "vfs/store/sidecar_format.h"

#define LOCK_RETRY_NS 1000000L

/* What a stored book may hold at most, all histories together, whatever the running host's own cap:
 * another host may have a larger one. */
#define STORED_PAGES_MAX ((size_t)1 << 21)

struct store_sidecar {
    struct store base;
    struct identity identity;
    uint64_t lock_ms;
    char *database_path;
    char *path;
    char *tmp_path;
};

/* What is wrong, in words; `room` where they need some. */
struct reason {
    const char *text;
    char room[96];
};

static void reason_of_errno(struct reason *why)
{
    why->text = preload_errno_text(errno, why->room, sizeof why->room);
}

static struct store_sidecar *self_of(struct store *store)
{
    return (struct store_sidecar *)store;
}

/* Opens a name of ours. Not when it leads to the database (a hard link): closing a descriptor of
 * that would drop the locks that this process has on it. O_NONBLOCK, because a FIFO under that name
 * must not hang us. -1 with errno. */
static int open_own(const struct store_sidecar *self, const char *path, int flags)
{
    if (preload_identity_is_at(self->identity, path)) {
        errno = ENOTSUP;
        return -1;
    }
    return preload_open(path, flags | O_NOFOLLOW | O_NONBLOCK, 0600);
}

/* Reads a whole regular file. NULL with errno: ENOENT when there is none, EFBIG past the cap,
 * ENOTSUP for what is no plain file. */
static uint8_t *read_file(const struct store_sidecar *self, size_t *len)
{
    int fd = open_own(self, self->path, O_RDONLY);
    uint8_t *bytes = NULL;
    struct stat st;
    int saved;

    if (fd < 0) return NULL;
    if (fstat(fd, &st) != 0) goto out;
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)SIDECAR_BYTES_MAX) {
        errno = S_ISREG(st.st_mode) ? EFBIG : ENOTSUP;
        goto out;
    }
    bytes = malloc((size_t)st.st_size + 1);
    if (!bytes) goto out;
    for (*len = 0; *len < (size_t)st.st_size;) {
        ssize_t got = pread(fd, bytes + *len, (size_t)st.st_size - *len, (off_t)*len);

        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        *len += (size_t)got;
    }
out:
    saved = errno;
    close(fd);
    errno = saved;
    return bytes;
}

/* Whether it is the file's fault that it could not be read: another time would be no better. */
static bool is_of_the_file(int error)
{
    return error == EFBIG || error == ENOTSUP || error == ELOOP || error == EIO;
}

/* Loads without a word; `*why` says what was wrong with a bad one, or with us: STORE_FAILED is for
 * want of memory or descriptors, when what is stored may be good. */
static enum store_result read_sidecar(const struct store_sidecar *self, struct hint_book *book,
                                      uint64_t *generation, struct reason *why)
{
    size_t len = 0;
    uint8_t *bytes = read_file(self, &len);
    enum store_result result;

    hint_book_free(book);
    why->text = NULL;
    if (!bytes) {
        if (errno == ENOENT || errno == ENOTDIR) return STORE_NONE;
        result = is_of_the_file(errno) ? STORE_BAD : STORE_FAILED;
        reason_of_errno(why);
        return result;
    }
    why->text = preload_sidecar_decode(book, generation, bytes, len, STORED_PAGES_MAX);
    free(bytes);
    if (why->text == preload_sidecar_no_memory) return STORE_FAILED;
    return why->text ? STORE_BAD : STORE_OK;
}

static bool descriptor_is_ours(int fd)
{
    uint8_t magic[SIDECAR_MAGIC_BYTES];
    struct stat st;
    ssize_t len;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1) return false;
    len = pread(fd, magic, sizeof magic, 0);
    return len >= 0 && preload_sidecar_is_ours(magic, (size_t)len);
}

/* Whether a file under the sidecar's name may be replaced: there is none, or it is ours. */
static bool may_replace(const struct store_sidecar *self)
{
    int fd = open_own(self, self->path, O_RDONLY);
    bool ours;

    if (fd < 0) return errno == ENOENT;
    ours = descriptor_is_ours(fd);
    close(fd);
    return ours;
}

/* Whether something under the sidecar's name is known not to be ours; of what may not be read
 * nothing is known. */
static bool is_foreign(const struct store_sidecar *self)
{
    errno = 0;
    return !may_replace(self) && errno != EACCES;
}

/* The same words at the load and at the save, so that they are said once. */
static void log_left_alone(const char *path)
{
    preload_log_warn("that file is not ours; it is left alone: %s", path);
}

static enum store_result sidecar_load(struct store *store, struct hint_book *book,
                                      uint64_t *generation)
{
    const struct store_sidecar *self = self_of(store);
    struct reason why;
    enum store_result result = read_sidecar(self, book, generation, &why);

    if (result == STORE_OK || result == STORE_NONE) return result;
    if (result == STORE_BAD && is_foreign(self))
        log_left_alone(self->path);
    else
        preload_log_error("hints not used: %s: %s", why.text, self->path);
    return STORE_BAD;
}

static bool is_still_named(int fd, const char *path)
{
    struct stat named;
    struct stat locked;

    return lstat(path, &named) == 0 && fstat(fd, &locked) == 0 && named.st_ino == locked.st_ino &&
           named.st_dev == locked.st_dev;
}

/* Opens and locks the temporary file. -1 with errno: EAGAIN when the wait was over or cancelled. */
static int lock_tmp(const struct store_sidecar *self, const atomic_bool *cancelled)
{
    const struct timespec pause = { .tv_nsec = LOCK_RETRY_NS };
    uint64_t deadline = preload_clock_ms() + self->lock_ms;

    for (;;) {
        int fd = open_own(self, self->tmp_path, O_RDWR | O_CREAT);

        if (fd < 0) return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            if (is_still_named(fd, self->tmp_path)) return fd;
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            int saved = errno;

            close(fd);
            errno = saved;
            return -1;
        }
        close(fd);
        if (preload_clock_ms() >= deadline || (cancelled && atomic_load(cancelled))) {
            errno = EAGAIN;
            return -1;
        }
        nanosleep(&pause, NULL);
    }
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t put = preload_quiet_pwrite(fd, bytes + done, len - done, (off_t)done);

        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        done += (size_t)put;
    }
    return true;
}

/* The sidecar is as readable as the database; root gives it to the database's owner, who could not
 * replace it otherwise. */
static bool dress_like_database(int fd, const struct stat *database)
{
    if (geteuid() == 0 && fchown(fd, database->st_uid, database->st_gid) != 0) return false;
    return fchmod(fd, database->st_mode & 0666) == 0;
}

static void drop_last_profile(struct hint_book *book)
{
    hint_history_free(&book->profiles[--book->profile_count].history);
}

/* A book that is too large for a sidecar loses the profiles that learnt longest ago. */
static bool encode_fitting(uint8_t **bytes, size_t *len, struct hint_book *book,
                           uint64_t generation)
{
    while (book->profile_count > 0 && hint_book_pages(book) > STORED_PAGES_MAX)
        drop_last_profile(book);
    while (!preload_sidecar_encode(bytes, len, book, generation)) {
        if (book->profile_count == 0) return false;
        drop_last_profile(book);
    }
    return true;
}

/* Writes the locked temporary file and renames it into place. */
static bool put_in_place(const struct store_sidecar *self, int fd, struct hint_book *book,
                         uint64_t generation, const struct stat *database)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool done;

    if (!encode_fitting(&bytes, &len, book, generation)) {
        errno = EFBIG;
        return false;
    }
    done = ftruncate(fd, 0) == 0 && write_all(fd, bytes, len) &&
           dress_like_database(fd, database) && rename(self->tmp_path, self->path) == 0;
    free(bytes);
    return done;
}

static bool is_our_database(const struct store_sidecar *self, struct stat *st)
{
    struct identity found;

    if (stat(self->database_path, st) != 0) return false;
    found = (struct identity){ .device = st->st_dev, .inode = st->st_ino };
    return preload_identity_equal(found, self->identity);
}

/* What is stored now with the session folded in. */
static enum store_result fold_into_stored(const struct store_sidecar *self, struct hint_book *book,
                                          const struct hint_session *session,
                                          struct store_terms terms)
{
    uint64_t stored = 0;
    struct reason why;
    enum store_result found = read_sidecar(self, book, &stored, &why);
    int rc;

    if (found == STORE_FAILED) {
        preload_log_warn("not saved: %s: %s", why.text, self->path);
        return STORE_FAILED;
    }
    if (found == STORE_OK && stored > terms.generation) {
        preload_log_error("not saved: generation %" PRIu64 " is stored, ours is %" PRIu64 ": %s",
                          stored, terms.generation, self->path);
        return STORE_FENCED;
    }
    rc = hint_book_fold(book, session, terms.profile, terms.cap);
    if (rc != HINT_OK) preload_log_error("not saved: out of memory: %s", self->path);
    return rc == HINT_OK ? STORE_OK : STORE_FAILED;
}

/* Everything that happens under the lock. The temporary file is removed unless it was renamed: it
 * is ours, and while we hold the lock so is its name. */
static enum store_result save_locked(const struct store_sidecar *self, int fd,
                                     struct hint_book *book, const struct hint_session *session,
                                     struct store_terms terms)
{
    enum store_result result = STORE_FAILED;
    struct stat database;
    struct reason why;

    if (!descriptor_is_ours(fd)) {
        log_left_alone(self->tmp_path);
        return STORE_FAILED;
    }
    if (!may_replace(self))
        log_left_alone(self->path);
    else
        result = fold_into_stored(self, book, session, terms);
    if (result == STORE_OK && !is_our_database(self, &database)) result = STORE_GONE;
    if (result == STORE_OK && !put_in_place(self, fd, book, terms.generation, &database)) {
        reason_of_errno(&why);
        preload_log_warn("not saved: %s: %s", why.text, self->path);
        result = STORE_FAILED;
    }
    if (result != STORE_OK) unlink(self->tmp_path);
    return result;
}

static enum store_result sidecar_save(struct store *store, struct hint_book *book,
                                      const struct hint_session *session, struct store_terms terms,
                                      const atomic_bool *cancelled)
{
    const struct store_sidecar *self = self_of(store);
    enum store_result result;
    struct stat database;
    struct reason why;
    int fd;

    if (!is_our_database(self, &database)) return STORE_GONE;
    fd = lock_tmp(self, cancelled);
    if (fd < 0 && errno == EAGAIN) return STORE_BUSY;
    if (fd < 0) {
        reason_of_errno(&why);
        preload_log_warn("hints are kept in memory only: %s: %s", why.text, self->path);
        return STORE_FAILED;
    }
    result = save_locked(self, fd, book, session, terms);
    close(fd);
    return result;
}

static void sidecar_free(struct store *store)
{
    struct store_sidecar *self = self_of(store);

    free(self->database_path);
    free(self->path);
    free(self->tmp_path);
    free(self);
}

static const struct store_verbs sidecar_verbs = { sidecar_load, sidecar_save, sidecar_free };

const char *preload_sidecar_path(const struct store *store)
{
    return ((const struct store_sidecar *)store)->path;
}

struct store *preload_sidecar_new(const struct named_file *database, const char *path,
                                  uint64_t lock_ms)
{
    struct store_sidecar *self = calloc(1, sizeof *self);
    struct store *store = (struct store *)self;

    if (!self) return NULL;
    self->base.verbs = &sidecar_verbs;
    self->identity = database->identity;
    self->lock_ms = lock_ms;
    self->database_path = preload_text_join(database->path, "");
    self->path = preload_text_join(path, "");
    self->tmp_path = preload_text_join(path, "-tmp");
    if (self->database_path && self->path && self->tmp_path) return store;
    sidecar_free(store);
    return NULL;
}
