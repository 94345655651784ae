/* A replay over a base that shows no files, or where no file may be advised: hints are loaded at
 * the open, and workers read through handles that the connection's thread opens. */
#ifndef VFS_BY_READING_H
#define VFS_BY_READING_H

#include "vfs/replay/course.h"

extern const struct backend preload_by_reading;

/* Begins, on the opening connection's thread; `main` is the base's open file, `uri_name` as
 * xOpen got it with SQLITE_OPEN_URI, or NULL. True when handles were opened:
 * preload_replay_stop_reading closes them. */
bool preload_by_reading_begin(struct course *course, sqlite3_file *main, const char *uri_name);

#endif
