/* A VFS that passes every call to its base and tells two functions about it, before and after. What
 * they are told is enough to compare two runs call by call; the first of them can let the call
 * fail.
 *
 * A layer's files have its base's version, or the layer's own cap where that is lower, and NULL
 * where the base has NULL. Any thread, as far as the base allows. */
#ifndef TESTS_FAULTS_LAYER_H
#define TESTS_FAULTS_LAYER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* method, name */
#define IO_METHOD_ROWS(X)                                                                          \
    X(OPEN, "xOpen")                                                                               \
    X(DELETE, "xDelete")                                                                           \
    X(ACCESS, "xAccess")                                                                           \
    X(FULL_PATHNAME, "xFullPathname")                                                              \
    X(CLOSE, "xClose")                                                                             \
    X(READ, "xRead")                                                                               \
    X(WRITE, "xWrite")                                                                             \
    X(TRUNCATE, "xTruncate")                                                                       \
    X(SYNC, "xSync")                                                                               \
    X(FILE_SIZE, "xFileSize")                                                                      \
    X(LOCK, "xLock")                                                                               \
    X(UNLOCK, "xUnlock")                                                                           \
    X(CHECK_RESERVED_LOCK, "xCheckReservedLock")                                                   \
    X(FILE_CONTROL, "xFileControl")                                                                \
    X(SECTOR_SIZE, "xSectorSize")                                                                  \
    X(DEVICE_CHARACTERISTICS, "xDeviceCharacteristics")                                            \
    X(SHM_MAP, "xShmMap")                                                                          \
    X(SHM_LOCK, "xShmLock")                                                                        \
    X(SHM_BARRIER, "xShmBarrier")                                                                  \
    X(SHM_UNMAP, "xShmUnmap")                                                                      \
    X(FETCH, "xFetch")                                                                             \
    X(UNFETCH, "xUnfetch")

#define IO_METHOD_ENUM(method, name) IO_##method,
enum io_method { IO_METHOD_ROWS(IO_METHOD_ENUM) IO_METHODS };

/* What a call is about. KIND_PATH: a path, no file is open. */
enum io_kind { KIND_DATABASE, KIND_WAL, KIND_JOURNAL, KIND_TEMP, KIND_PATH, IO_KINDS };

/* xFetch answers that it has no mapping: success, and no page. */
#define FAULT_DECLINE (-1)

struct io_call {
    enum io_method method;
    enum io_kind kind;
    const void *name; /* the very pointer by which the file was opened; not told for KIND_PATH */
    int64_t a;        /* offset, level, flags, operation, or what else the method has */
    int64_t b;        /* amount; 0 where there is no second number */
    int fault;        /* set before the call: 0, or what it is to answer instead */
    int rc;
    uint64_t out; /* what was handed back: a digest of the bytes, or the number */
};

struct layer_file;

struct layer {
    sqlite3_vfs vfs; /* first: SQLite hands it back */
    sqlite3_vfs *base;
    int version_max;
    bool drops_syncs; /* they are told and not made: nothing here survives the machine */
    void (*before)(struct layer_file *file, struct io_call *call); /* file: NULL for KIND_PATH */
    void (*after)(struct layer_file *file, struct io_call *call);
};

struct layer_file {
    sqlite3_file file; /* first: SQLite's pointer is ours */
    struct layer *layer;
    sqlite3_file *real; /* behind us */
    const char *name;
    enum io_kind kind;
    int level; /* SQLITE_LOCK_... that it holds */
    bool own;  /* for the hooks */
    sqlite3_io_methods methods;
};

/* Registers the layer under `name` over the VFS `base`; false when that is not there. The name
 * lives as long as the layer, which is never taken out. */
bool layer_register(struct layer *layer, const char *name, const char *base);

const char *io_method_name(enum io_method method);
const char *io_kind_name(enum io_kind kind);

/* FNV-1a over words of 64 bits, its high half folded in; `digest` is 0 at the start. */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t len);

#endif
