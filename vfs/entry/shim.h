/* The method tables: every method of every version passes through to the base, and reads are shown
 * to the recorder.
 *
 * A file's table has the base file's iVersion, and NULL in every slot where the base's table has
 * NULL: SQLite decides by them whether a database can have a WAL or a mapping. Only main databases
 * are wrapped; journals, logs and temporary files are opened straight into the base's own file
 * object and never pass through here again. */
#ifndef VFS_SHIM_H
#define VFS_SHIM_H

#include "vfs/process/base.h"
#include "vfs/sqlite.h"

/* One registered VFS over one base. */
struct instance {
    sqlite3_vfs vfs; /* first: SQLite hands it back as a sqlite3_vfs */
    struct base base;
    char name[64];
    struct instance *next;
};

/* Fills in the VFS for its base: methods that the base lacks stay NULL. */
void preload_shim_init(struct instance *instance, sqlite3_vfs *base, const char *name);

/* Whether a VFS is one of ours, of this copy of the library. */
int preload_shim_is_ours(const sqlite3_vfs *vfs);

/* Main databases open through any instance. */
unsigned preload_shim_open_files(void);

/* fork(): the list of instances (extension.c) is held still while the process is copied. */
void preload_extension_before_fork(void);
void preload_extension_after_fork(void);

#endif
