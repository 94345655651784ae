/* A replay over a base that may be read by workers, and whose file may not be advised: hints are
 * loaded at the open, and workers read through handles that the connection's thread opens. */
#ifndef VFS_BY_READING_H
#define VFS_BY_READING_H

#include "vfs/replay/course.h"

extern const struct backend preload_by_reading;

/* Begins, on the opening connection's thread; `main` is the base's open file, `uri_name` as
 * xOpen got it with SQLITE_OPEN_URI, or NULL. `by_page`: no read is more than a page. True when
 * handles were opened: preload_replay_stop_reading closes them. */
bool preload_by_reading_begin(struct course *course, sqlite3_file *main, const char *uri_name,
                              bool by_page);

#endif
