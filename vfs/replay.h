/* The first open of a database in a process: load its hints, make the plan, start the backend. */
#ifndef VFS_REPLAY_H
#define VFS_REPLAY_H

#include "vfs/database.h"

/* A page that fewer than one session in ten needs is not worth its fetch from a local disk: below
 * that, recall does not grow and waste does. */
#define REPLAY_PROBABILITY_MIN_PPM 100000

/* Begins. Over the operating system's VFS a worker does everything; over another base the hints are
 * loaded here and handles opened, and `connection` becomes their owner. On the connection's thread;
 * `main` is the base's open file. */
void preload_replay_start(struct connection *connection, sqlite3_file *main, const char *name);

#endif
