/* SQLite as vfs/ sees it: through the loader's table in the loadable, by plain symbols in the
 * static library (SQLITE_CORE). Everything in vfs/ that calls SQLite includes this and not
 * sqlite3.h. */
#ifndef VFS_SQLITE_H
#define VFS_SQLITE_H

#include <sqlite3ext.h>

#include "vfs/preload.h"

#ifndef SQLITE_CORE
extern const sqlite3_api_routines *sqlite3_api;
#endif

/* sqlite3_create_filename came with 3.31 and joined the extension table in 3.32; below it no second
 * handle is opened. */
#define SQLITE_WITH_CREATE_FILENAME 3032000

#endif
