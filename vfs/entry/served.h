/* Which SQLite of the process the loadable serves. An application and a plugin may each bring one,
 * and the system loads our file once for both: what one of them allocated, registered or opened is
 * nothing to the other. The first that loads us is served until it is unloaded. */
#ifndef VFS_SERVED_H
#define VFS_SERVED_H

#include <stdbool.h>

#include "vfs/sqlite.h"

/* Whether the SQLite behind `api` is the one that is served. It becomes it where none is yet, and
 * where the one before was unloaded and left no file open. Takes the instances' lock. */
bool preload_served_take(const sqlite3_api_routines *api);

#endif
