/* One database file of this process: its session, its keeper, its replay. All connections share it;
 * it is found by file identity, so symlinks, hard links and relative names lead to one.
 *
 * A database lives from its first open in the process to its last close; that is one session. One
 * whose hints could not be stored stays behind, dormant, so that at least this process finds them
 * again; at most DATABASES_DORMANT_MAX do. Any thread. */
#ifndef VFS_DATABASE_H
#define VFS_DATABASE_H

#include "vfs/database/save.h"

#define DATABASES_DORMANT_MAX 16

struct database {
    struct named_file file; /* the path is its own */
    struct base base;
    struct config config;
    struct session session;
    struct keeper keeper;
    struct course replay;
    struct saving saving;
    unsigned references; /* behind the registry's lock */
    struct database *next;
};

/* Finds or makes the database of a file, whose base and configuration count when it is made; adds a
 * reference. `*first` says whether it is the only one. NULL: no memory. */
struct database *preload_database_acquire(struct named_file file, const struct base *base,
                                          const struct config *config, bool *first);

/* Takes a reference back. True when it was the last: the caller then stops what works for the
 * database, and retires it. */
bool preload_database_drop(struct database *database);

/* Frees a database without references, or keeps it as a dormant one. */
void preload_database_retire(struct database *database);

/* Frees the dormant ones; when the last instance is taken out. */
void preload_database_forget_dormant(void);

/* fork(): a child forgets its parent's databases, whatever state they are in. */
void preload_database_after_fork_in_child(void);

#endif
