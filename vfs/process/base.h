/* What a base VFS can do for us. Decided once, when an instance is registered over it; valid for
 * the life of the process. */
#ifndef VFS_BASE_H
#define VFS_BASE_H

#include <stdbool.h>

#include "vfs/preload.h"

struct base {
    sqlite3_vfs *vfs;
    bool shows_files; /* its files are the operating system's, under the names that it is given: a
                         worker may open and advise them by a descriptor of its own, read them
                         through the base as it likes, and a sidecar may lie beside them. Of a
                         foreign base replay/reach.h says what may be fetched */
};

#endif
