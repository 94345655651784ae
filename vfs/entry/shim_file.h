/* A wrapped file: the method table that its base's allows, and what it is wrapped for. Between
 * shim*.c only. */
#ifndef VFS_SHIM_FILE_H
#define VFS_SHIM_FILE_H

#include <stdbool.h>

#include "vfs/database/attach.h"
#include "vfs/sqlite.h"

/* The base's file object lies behind ours, 8-byte aligned. */
struct shim_file {
    sqlite3_file file;
    sqlite3_file *real;
    const char *name;             /* as xOpen got it; valid until xClose */
    int level;                    /* of a main database's lock, SQLITE_LOCK_*; kept up while its
                                     connection owns readers */
    struct attachment attachment; /* a main database's own */
    struct shim_file *main;       /* a write-ahead log's database; NULL when that has gone */
    struct shim_file *log;        /* a database's write-ahead log, while it is open */
    struct shim_file *next;       /* of the open main databases, behind the list's mutex */
};

_Static_assert(sizeof(struct shim_file) % 8 == 0, "the base's file object is aligned behind it");

static inline struct shim_file *preload_shim_of(sqlite3_file *file)
{
    return (struct shim_file *)file;
}

/* Zeroes our part, and says where the base's file object lies. */
void preload_shim_file_init(struct shim_file *shim, const char *name);

/* After the base opened: gives the file a table with the base's version and the base's empty slots.
 * False, and nothing is done: there are too many tables already. */
bool preload_shim_file_main(struct shim_file *shim);
bool preload_shim_file_wal(struct shim_file *shim, struct shim_file *main);

/* The open main database whose file name is `name`, the very pointer; NULL when there is none. Any
 * thread. */
struct shim_file *preload_shim_find_main(const char *name);

/* fork(): the list of open main databases is held still while the process is copied. */
void preload_shim_before_fork(void);
void preload_shim_after_fork(void);

#endif
