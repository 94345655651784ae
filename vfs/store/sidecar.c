/* Hints in a file: `<db>-preload`, or one in a directory that the host gave.
 *
 * A save is locked on a temporary file of a fixed name (sidecar_lock.h). Under the lock the sidecar
 * is read again, the session folded in, the result written and renamed into place. Locking the
 * sidecar itself would lose saves: each rename puts a new inode under its name (151 of 480 kept;
 * this way 480).
 *
 * No name is followed through a symlink, nothing that lacks our magic is ever written to, renamed
 * over or removed. There is no fsync: a torn file fails its checksum and is an empty book.
 *
 * A database that is empty when it is opened is a new one: the file that lies under its sidecar's
 * name then is an orphan, of a database that was removed or moved. Of that the fence alone counts,
 * and the first save replaces it. */
#include "vfs/store/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/process/errno_text.h"
#include "vfs/process/log.h"
#include "vfs/process/own_file.h"
#include "vfs/process/quiet_write.h"
#include "vfs/store/directory.h"
#include "vfs/store/directory_tidy.h"
#include "vfs/store/sidecar_format.h"
#include "vfs/store/sidecar_lock.h"

/* What a stored book may hold at most, all histories together, whatever the running host's own cap:
 * another host may have a larger one. */
#define STORED_PAGES_MAX ((size_t)1 << 21)

struct store_sidecar {
    struct store base;
    struct named_file database; /* its path is ours */
    uint64_t lock_ms;
    struct stat orphan; /* st_nlink 0: there was none */
    char *directory;    /* NULL: beside the database */
    char *path;         /* in a directory NULL but during a call */
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

/* Reads a whole file of ours. NULL with errno: ENOENT when there is none, EFBIG past the cap. */
static uint8_t *read_file(const struct store_sidecar *self, size_t *len)
{
    int fd = preload_own_open(self->path, O_RDONLY, 0);
    uint8_t *bytes = NULL;
    struct stat st;
    int saved;

    if (fd < 0) return NULL;
    if (fstat(fd, &st) != 0) goto out;
    if (st.st_size > (off_t)SIDECAR_BYTES_MAX) {
        errno = EFBIG;
        goto out;
    }
    bytes = hint_malloc((size_t)st.st_size + 1);
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
    return error == EFBIG || error == EIO || preload_own_is_foreign(error);
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
    if (!why->text && self->directory &&
        preload_directory_may_be_anothers(bytes, len, &self->database, &book->evidence))
        hint_evidence_doubt(&book->evidence);
    hint_free(bytes);
    if (why->text == preload_sidecar_no_memory) return STORE_FAILED;
    return why->text ? STORE_BAD : STORE_OK;
}

/* Whether a file under the sidecar's name may be replaced: there is none, or it is ours. Else errno
 * says why not. */
static bool may_replace(const struct store_sidecar *self)
{
    int fd = preload_own_open(self->path, O_RDONLY, 0);
    bool ours;

    if (fd < 0) return errno == ENOENT;
    ours = preload_sidecar_descriptor_is_ours(fd);
    close(fd);
    errno = ENOTSUP;
    return ours;
}

/* Whether something under the sidecar's name is known not to be ours; of what may not be read
 * nothing is known. */
static bool is_foreign(const struct store_sidecar *self)
{
    return !may_replace(self) && preload_own_is_foreign(errno);
}

/* The same words at the load and at the save, so that they are said once. */
static void log_left_alone(const char *path)
{
    preload_log_warn("that file is not ours; it is left alone: %s", path);
}

static bool is_orphan(const struct store_sidecar *self)
{
    const struct stat *orphan = &self->orphan;
    struct stat st;

    return orphan->st_nlink > 0 && lstat(self->path, &st) == 0 && st.st_ino == orphan->st_ino &&
           st.st_mtim.tv_sec == orphan->st_mtim.tv_sec &&
           st.st_mtim.tv_nsec == orphan->st_mtim.tv_nsec;
}

/* Finds the file for one call: `*out` is `self` with its path, in a directory one of its own.
 * False: there is no place, or no memory. */
static bool begin_call(struct store_sidecar *out, const struct store_sidecar *self)
{
    *out = *self;
    if (!self->directory) return true;
    out->path = preload_directory_find(self->directory, &self->database);
    if (out->path) return true;
    preload_log_warn("hints are kept in memory only: no place for %s in %s", self->database.path,
                     self->directory);
    return false;
}

static void end_call(struct store_sidecar *call)
{
    if (call->directory) hint_free(call->path);
}

static enum store_result load_file(const struct store_sidecar *self, struct hint_book *book,
                                   uint64_t *generation)
{
    struct reason why;
    enum store_result result;

    if (is_orphan(self)) return STORE_NONE;
    result = read_sidecar(self, book, generation, &why);
    if (result == STORE_OK && self->directory) preload_directory_use(self->path);
    if (result == STORE_OK || result == STORE_NONE) return result;
    if (result == STORE_BAD && is_foreign(self))
        log_left_alone(self->path);
    else
        preload_log_error("hints not used: %s: %s", why.text, self->path);
    return STORE_BAD;
}

static enum store_result sidecar_load(struct store *store, struct hint_book *book,
                                      uint64_t *generation)
{
    struct store_sidecar call;
    enum store_result result = STORE_NONE;

    hint_book_free(book);
    if (begin_call(&call, self_of(store))) result = load_file(&call, book, generation);
    end_call(&call);
    return result;
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

/* What the file may be at most: nobody reads or writes it who may not do so with the database, but
 * for its owner, who has made it and reads it. In another group than the database's, its members
 * and all others are strangers to each other's rights, so they get what both have. */
static mode_t mode_of(const struct stat *database, const struct stat *file)
{
    const mode_t mode = database->st_mode & 0666;
    const mode_t owner = (mode & 0600) | 0400;
    const mode_t both = mode >> 3 & mode & 06;

    if (file->st_gid == database->st_gid) return owner | (mode & 0066);
    return owner | both << 3 | both;
}

/* Gives the file to the database's owner, who could not replace it otherwise, and to its group, as
 * far as that is allowed; whether any of it was. */
static bool give_away(int fd, const struct stat *database, const struct stat *file)
{
    if (geteuid() == 0 && file->st_uid != database->st_uid &&
        fchown(fd, database->st_uid, database->st_gid) == 0)
        return true;
    return file->st_gid != database->st_gid && fchown(fd, (uid_t)-1, database->st_gid) == 0;
}

/* The sidecar is as readable as the database. A file system or a process that may not change owner
 * or mode (FAT, a squashed root, no CAP_CHOWN) keeps what it has, unless that is wider. */
static bool dress_like_database(int fd, const struct stat *database)
{
    struct stat file;

    if (fstat(fd, &file) != 0) return false;
    if (give_away(fd, database, &file) && fstat(fd, &file) != 0) return false;
    if (fchmod(fd, mode_of(database, &file)) == 0) return true;
    return (file.st_mode & 0666 & ~mode_of(database, &file)) == 0;
}

static void drop_last_profile(struct hint_book *book)
{
    hint_history_free(&book->profiles[--book->profile_count].history);
}

/* A book that is too large for a sidecar loses the profiles that learnt longest ago. */
static bool encode_fitting(const struct store_sidecar *self, uint8_t **bytes, size_t *len,
                           struct hint_book *book, uint64_t generation)
{
    const struct sidecar_owner owner = {
        .device = (uint64_t)self->database.identity.device,
        .inode = (uint64_t)self->database.identity.inode,
        .path = self->database.path,
        .path_len = strlen(self->database.path),
    };

    while (book->profile_count > 0 && hint_book_pages(book) > STORED_PAGES_MAX)
        drop_last_profile(book);
    while (
        !preload_sidecar_encode_in(bytes, len, book, generation, self->directory ? &owner : NULL)) {
        if (book->profile_count == 0) return false;
        drop_last_profile(book);
    }
    return true;
}

/* Writes the locked temporary file and renames it into place. */
static bool put_in_place(const struct store_sidecar *self, const struct sidecar_lock *lock,
                         struct hint_book *book, uint64_t generation)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool done;

    if (!encode_fitting(self, &bytes, &len, book, generation)) {
        errno = EFBIG;
        return false;
    }
    done = ftruncate(lock->fd, 0) == 0 && write_all(lock->fd, bytes, len);
    hint_free(bytes);
    if (!done) return false;
    errno = EAGAIN; /* where the file system has no locks, it may be another save's by now */
    return preload_sidecar_lock_is_named(lock) && rename(lock->path, self->path) == 0;
}

static bool is_our_database(const struct store_sidecar *self, struct stat *st)
{
    struct identity found;

    if (stat(self->database.path, st) != 0) return false;
    found = (struct identity){ .device = st->st_dev, .inode = st->st_ino };
    return preload_identity_equal(found, self->database.identity);
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
    if (is_orphan(self)) hint_book_free(book);
    rc = hint_book_fold(book, session, terms.profile, terms.cap);
    if (rc != HINT_OK) preload_log_error("not saved: out of memory: %s", self->path);
    return rc == HINT_OK ? STORE_OK : STORE_FAILED;
}

static void log_not_saved(const struct store_sidecar *self)
{
    struct reason why;

    reason_of_errno(&why);
    preload_log_warn("not saved: %s: %s", why.text, self->path);
}

static void log_not_replaced(const struct store_sidecar *self)
{
    if (preload_own_is_foreign(errno))
        log_left_alone(self->path);
    else
        log_not_saved(self);
}

/* Everything that happens under the lock. The file is dressed first, so that another user's save
 * can wait for this one, and remove what it leaves when it is killed. */
static enum store_result save_locked(const struct store_sidecar *self,
                                     const struct sidecar_lock *lock, struct hint_book *book,
                                     const struct hint_session *session, struct store_terms terms)
{
    enum store_result result;
    struct stat database;

    if (!is_our_database(self, &database)) return STORE_GONE;
    if (self->directory && !preload_directory_is_for(self->path, &self->database))
        return STORE_BUSY; /* another database with the same inode came first */
    if (!dress_like_database(lock->fd, &database)) {
        log_not_saved(self);
        return STORE_FAILED;
    }
    if (!may_replace(self)) {
        log_not_replaced(self);
        return STORE_FAILED;
    }
    result = fold_into_stored(self, book, session, terms);
    if (result == STORE_OK && !is_our_database(self, &database)) result = STORE_GONE;
    if (result == STORE_OK && !put_in_place(self, lock, book, terms.generation)) {
        log_not_saved(self);
        result = STORE_FAILED;
    }
    return result;
}

static enum store_result save_unlocked(const struct store_sidecar *self,
                                       const struct sidecar_lock *lock,
                                       enum sidecar_lock_result result)
{
    struct reason why;

    if (result == SIDECAR_LOCK_BUSY) return STORE_BUSY;
    reason_of_errno(&why);
    if (result == SIDECAR_LOCK_FOREIGN)
        log_left_alone(lock->path);
    else
        preload_log_warn("hints are kept in memory only: %s: %s", why.text, self->path);
    return STORE_FAILED;
}

static enum store_result save_file(const struct store_sidecar *self, struct hint_book *book,
                                   const struct hint_session *session, struct store_terms terms,
                                   const atomic_bool *cancelled)
{
    enum sidecar_lock_result locked;
    struct sidecar_lock lock;
    enum store_result result;
    struct stat st;
    const bool is_first = lstat(self->path, &st) != 0;

    locked = preload_sidecar_lock(&lock, self->path, self->lock_ms, cancelled);
    result = locked == SIDECAR_LOCK_TAKEN ? save_locked(self, &lock, book, session, terms)
                                          : save_unlocked(self, &lock, locked);
    preload_sidecar_unlock(&lock);
    if (result == STORE_OK && self->directory && is_first) preload_directory_tidy(self->directory);
    return result;
}

static enum store_result sidecar_save(struct store *store, struct hint_book *book,
                                      const struct hint_session *session, struct store_terms terms,
                                      const atomic_bool *cancelled)
{
    const struct store_sidecar *self = self_of(store);
    enum store_result result = STORE_FAILED;
    struct store_sidecar call;
    struct stat st;

    if (!is_our_database(self, &st)) return STORE_GONE;
    if (begin_call(&call, self)) result = save_file(&call, book, session, terms, cancelled);
    end_call(&call);
    return result;
}

static void sidecar_free(struct store *store)
{
    struct store_sidecar *self = self_of(store);

    hint_free((char *)self->database.path);
    hint_free(self->directory);
    hint_free(self->path);
    hint_free(self);
}

static const struct store_verbs sidecar_verbs = { sidecar_load, sidecar_save, sidecar_free };

const char *preload_sidecar_path(const struct store *store)
{
    return ((const struct store_sidecar *)store)->path;
}

/* Where the database is empty, what lies at its file's path is an orphan. */
static void note_orphan(struct store_sidecar *self)
{
    struct store_sidecar call;
    struct stat st;

    if (stat(self->database.path, &st) != 0 || st.st_size > 0) return;
    if (begin_call(&call, self) && lstat(call.path, &st) == 0) self->orphan = st;
    end_call(&call);
}

/* `beside` or `directory` is NULL. */
static struct store *new_sidecar(const struct named_file *database, const char *beside,
                                 const char *directory, uint64_t lock_ms)
{
    struct store_sidecar *self = hint_calloc(1, sizeof *self);

    if (!self) return NULL;
    self->base.verbs = &sidecar_verbs;
    self->lock_ms = lock_ms;
    self->database.identity = database->identity;
    self->database.path = preload_text_join(database->path, "");
    if (beside) self->path = preload_text_join(beside, "");
    if (directory) self->directory = preload_text_join(directory, "");
    if (self->database.path && (self->path || self->directory)) {
        note_orphan(self);
        return &self->base;
    }
    sidecar_free(&self->base);
    return NULL;
}

struct store *preload_sidecar_new(const struct named_file *database, const char *path,
                                  uint64_t lock_ms)
{
    return new_sidecar(database, path, NULL, lock_ms);
}

struct store *preload_sidecar_new_in(const struct named_file *database, const char *directory,
                                     uint64_t lock_ms)
{
    return new_sidecar(database, NULL, directory, lock_ms);
}
