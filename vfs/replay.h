/* The first open of a database in a process: load its hints, make the plan, start the backend. */
#ifndef VFS_REPLAY_H
#define VFS_REPLAY_H

#include "vfs/database.h"

/* Begins. Over the operating system's VFS a worker does everything; over another base the hints are
 * loaded here and handles opened, and `connection` becomes their owner. On the connection's thread;
 * `main` is the base's open file. */
void preload_replay_start(struct connection *connection, sqlite3_file *main, const char *name);

/* What a fetch costs, what a miss. Any thread. */
struct hint_costs preload_replay_costs(const struct database *database);

#endif
