/* Says what the log has queued. On a thread that may call SQLite. */
#ifndef VFS_SAY_H
#define VFS_SAY_H

/* To SQLITE_PRELOAD_LOG when that is set, and what the host should act on to sqlite3_log. Cheap
 * when nothing is queued. */
void preload_say(void);

#endif
