/* An SQLite VFS that puts the slow device of bench/kit/device.h in front of any base VFS.
 *
 *     struct latency_config config = { .device = { .latency_us = 1000, .parallel = 16 } };
 *     latency_vfs_register("latency", "unix", &config);
 *     sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "latency");
 *
 * Bytes always come from the base. A file has the methods of the base's file with iVersion at most
 * 2: no xFetch, so each page that SQLite reads passes xRead and is counted. Main databases are
 * slow; journals, WALs and temporary files open straight into the base, unless `every_file` asks
 * for the named ones as well.
 *
 * All handles of a path share one residence, which outlives them, as the operating system's page
 * cache does; xDelete evicts it. Several instances may stand over each other or side by side. Any
 * thread may call anything; registering and unregistering are for the host's quiet moments. */
#ifndef BENCH_LATENCY_VFS_H
#define BENCH_LATENCY_VFS_H

#include "bench/kit/device.h"

struct latency_config {
    struct device_config device;
    bool every_file; /* WALs and journals are as slow as the database */
};

/* File-control opcodes, answered by our slow files; all others go to the base. */
#define LATENCY_FCNTL_EVICT    0x6c617401 /* no argument: drops the file's residence */
#define LATENCY_FCNTL_COUNTERS 0x6c617402 /* struct device_counters *: copies the file's */
#define LATENCY_FCNTL_RESET    0x6c617403 /* no argument: sets the file's counters to zero */
#define LATENCY_FCNTL_RESIDENT 0x6c617404 /* uint64_t *: units of the file that are resident */

/* Registers an instance under `name` (NULL: "latency") over the VFS called `base` (NULL: the
 * default one). It does not become the default. SQLITE_OK. SQLITE_ERROR: no such base, or the name
 * is taken. SQLITE_NOMEM. */
int latency_vfs_register(const char *name, const char *base, const struct latency_config *config);

/* Changes an instance for the requests from now on (`every_file`: for the files opened from now
 * on). SQLITE_OK. SQLITE_NOTFOUND: there is no such instance. */
int latency_vfs_configure(const char *name, const struct latency_config *config);

/* Drops the residence of every file of an instance, open or not. SQLITE_OK. SQLITE_NOTFOUND. */
int latency_vfs_evict(const char *name);

/* The counters of a file, open or not; `path` is the one that xFullPathname makes. SQLITE_OK.
 * SQLITE_NOTFOUND: no such instance. SQLITE_NOMEM. A path that was never opened counts zeroes. */
int latency_vfs_counters(const char *name, const char *path, struct device_counters *out);

/* Takes an instance out. SQLITE_OK. SQLITE_NOTFOUND. SQLITE_BUSY: files are open under it, nothing
 * was done. */
int latency_vfs_unregister(const char *name);

#endif
