/* Messages and counted errors.
 *
 * A message is queued by any thread and said by the next connection's thread that passes
 * (preload_log_say): to sqlite3_log, and to SQLITE_PRELOAD_LOG when set. Workers call no SQLite
 * function, so this is the only way that they are heard. The last 64 stay; a message that is word
 * for word among them is counted again and not repeated. Any thread. */
#ifndef VFS_LOG_H
#define VFS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_KEPT     64
#define LOG_TEXT_MAX 512

/* Queues a message, printf-like. An error is also counted. */
void preload_log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void preload_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts an error without a message, where one was said already. */
void preload_log_count_error(void);
uint64_t preload_log_errors(void);

/* Says what is queued. Cheap when nothing is. Only on a thread that may call SQLite. */
void preload_log_say(void);

/* fork(): the log is held still while the process is copied. */
void preload_log_before_fork(void);
void preload_log_after_fork(void);

#endif
