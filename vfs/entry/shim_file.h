/* A wrapped file: the method table that its base's allows, and what it is wrapped for. Between
 * shim*.c only. */
#ifndef VFS_SHIM_FILE_H
#define VFS_SHIM_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vfs/database/attach.h"
#include "vfs/sqlite.h"

/* Out of line, so that the hot path needs no frame on the stack. */
#define NOINLINE __attribute__((noinline))

/* On the heap, with the base's file object behind it. */
struct shim_file {
    _Alignas(8) sqlite3_file *real;
    const char *name;               /* as xOpen got it; valid until xClose */
    const char *uri_name;           /* the same, where parameters stand behind it; else NULL */
    uintptr_t log_name;             /* where SQLite has the name of a main database's log */
    int level;                      /* of a main database's lock, SQLITE_LOCK_*; kept up while its
                                       connection owns readers */
    struct attachment attachment;   /* a main database's own */
    struct shim_file *main;         /* a write-ahead log's database; NULL when that has gone */
    struct shim_file *log;          /* a database's write-ahead log, while it is open */
    struct shim_file *_Atomic next; /* of the open main databases, behind the list's mutex */
};

_Static_assert(sizeof(struct shim_file) % 8 == 0, "the base's file object is aligned behind it");

/* What SQLite has of it. It fits into the base's own file object, so that our VFS asks for no
 * larger ones: each pager pays for them, and there are hosts that find what they keep behind a file
 * by the size that the default VFS has at that moment. */
struct shim_handle {
    sqlite3_file file;
    sqlite3_file *real; /* the shim's, one load nearer */
    struct shim_file *shim;
};

static inline struct shim_file *preload_shim_of(sqlite3_file *file)
{
    return ((struct shim_handle *)file)->shim;
}

#endif
