/* The first open of a database in a process: load its hints, make the plan, start the backend. */
#ifndef VFS_REPLAY_H
#define VFS_REPLAY_H

#include "vfs/database/database.h"

/* From the open until the hints are loaded, unless the opener waits for them or there is a log to
 * recover: a worker that loads and plans beside the first statement, as it does 1 ms after the
 * open, makes its first row come up to twice as late on a machine of two processors. After 2 ms the
 * row came no later than after 3 (bench/coldstart), and the session ends that much earlier. */
#define REPLAY_START_US UINT64_C(2000)

/* Begins. Over the operating system's VFS a worker does everything; over another base the hints are
 * loaded here and handles opened, and `connection` becomes their owner. On the connection's thread;
 * `main` is the base's open file. */
void preload_replay_start(struct connection *connection, sqlite3_file *main, const char *name);

/* What a fetch costs, what a miss. Any thread. */
struct hint_costs preload_replay_costs(const struct database *database);

#endif
