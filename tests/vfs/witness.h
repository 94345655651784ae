/* A base VFS that passes every call through to a real one, writes each call on a main database
 * file down, and answers what a test scripted instead. One a process. */
#ifndef TESTS_VFS_WITNESS_H
#define TESTS_VFS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "vfs/sqlite.h"

#define WITNESS_CALLS(X)                                                                           \
    X(OPEN)                                                                                        \
    X(CLOSE)                                                                                       \
    X(READ)                                                                                        \
    X(WRITE)                                                                                       \
    X(TRUNCATE)                                                                                    \
    X(SYNC)                                                                                        \
    X(FILE_SIZE)                                                                                   \
    X(LOCK)                                                                                        \
    X(UNLOCK)                                                                                      \
    X(CHECK_RESERVED_LOCK)                                                                         \
    X(FILE_CONTROL)                                                                                \
    X(SECTOR_SIZE)                                                                                 \
    X(DEVICE_CHARACTERISTICS)                                                                      \
    X(SHM_MAP)                                                                                     \
    X(SHM_LOCK)                                                                                    \
    X(SHM_BARRIER)                                                                                 \
    X(SHM_UNMAP)                                                                                   \
    X(FETCH)                                                                                       \
    X(UNFETCH)

#define WITNESS_ENUM(call) WITNESS_##call,
enum witness_call { WITNESS_CALLS(WITNESS_ENUM) WITNESS_CALL_COUNT };

/* A call on a main database. */
struct witness_entry {
    enum witness_call call;
    unsigned file; /* the how-manieth main database file that was opened, from 1 */
    bool on_owner; /* by the thread that registered */
    int level;     /* the lock that any file held before the call */
    int amount;
    sqlite3_int64 offset;
    char parameter[16]; /* of an open: the URI parameter `x` */
};

/* How the files look. `version` 0: the real one's. */
struct witness_shape {
    const char *real; /* NULL: unix */
    int version;
    bool without_shm;
    bool null_fetch; /* version 3 with NULL xFetch and xUnfetch */
    bool is_private; /* does not say that it serves workers */
};

/* Registers it under the name `witness`, not as the default. */
void witness_register(struct witness_shape shape);

/* From now on such calls answer `rc` and do nothing else; -1: as the real one does. */
void witness_answer(enum witness_call call, int rc);

/* Opens of main databases fail (SQLITE_CANTOPEN) once `count` of them were noted since the last
 * forget; 0: they do not. */
void witness_fail_opens_after(size_t count);

/* Reads at or past this offset fail with `rc`; -1: no more. */
void witness_fail_reads_from(sqlite3_int64 offset, int rc);

/* Each read of a handle other than the first takes this long. */
void witness_slow_reads(unsigned ms);

/* What a failed xOpen leaves in pMethods: the real table (SQLite's rule then asks for an xClose),
 * or NULL. */
void witness_keep_methods(bool keep);

/* What was written down since the last forget. */
size_t witness_len(void);
struct witness_entry witness_at(size_t index);
size_t witness_count(enum witness_call call);
void witness_forget(void);

/* Main database files that are open. */
unsigned witness_open_files(void);

#endif
