/* How the pages of a database can be fetched ahead, by what lies beneath: found out once, at its
 * open, on the connection's thread. */
#ifndef VFS_REACH_H
#define VFS_REACH_H

#include "vfs/file/identity.h"
#include "vfs/process/base.h"
#include "vfs/process/config.h"

enum reach {
    REACH_NONE,
    REACH_ADVICE,   /* the bytes lie in the file of that name: a worker may advise it */
    REACH_REQUESTS, /* workers may read through the base, as much at once as they like */
    REACH_PAGES,    /* they may read through it, one page at once */
};

/* `main` is the base's open file. A foreign base is read where it says that it serves workers, or
 * where the host says so. One that lays its bytes into the file as they are (it checksums, traces
 * or counts them) is advised. */
enum reach preload_reach_of(const struct base *base, const struct named_file *file,
                            sqlite3_file *main, const struct config *config);

#endif
