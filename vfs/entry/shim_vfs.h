/* The method tables: every method of every version passes through to the base, and reads are shown
 * to the recorder.
 *
 * A file's table has the base file's iVersion, and NULL in every slot where the base's table has
 * NULL: SQLite decides by them whether a database can have a WAL or a mapping. Only main databases
 * are wrapped; journals, logs and temporary files are opened straight into the base's own file
 * object and never pass through here again. */
#ifndef VFS_SHIM_VFS_H
#define VFS_SHIM_VFS_H

#include "vfs/entry/instances.h"

/* Fills in a new instance, which has its name, for a base: methods that the base lacks stay NULL.
 */
void preload_shim_init(struct instance *instance, sqlite3_vfs *base);

/* Whether what is opened through a VFS comes through one of ours, of this copy of the library: it
 * is ours, has methods of ours, or hands a call on to us. The last is tried: a VFS that keeps a
 * clock of its own is not found out. Under the instances' lock. */
bool preload_shim_leads_here(sqlite3_vfs *vfs);

#endif
