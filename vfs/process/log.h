/* Messages and counted errors.
 *
 * A message is queued by any thread and said by the next connection's thread that passes
 * (vfs/entry/say.h), to SQLITE_PRELOAD_LOG when that is set. sqlite3_log is the host's own log, and
 * many hosts raise an alarm by it: only what the host should act on goes there too. Workers call no
 * SQLite function, so this is the only way that they are heard. The last 64 stay; a message that is
 * word for word among them is counted again and not repeated. Any thread. */
#ifndef VFS_LOG_H
#define VFS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_KEPT     64
#define LOG_TEXT_MAX 512

/* Queues a message, printf-like. A note is no fault. An error is counted: something of ours did not
 * work, and nobody has to do anything. A warning is an error that the host should act on: an
 * option, a permission, a limit, a file in our way. */
void preload_log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void preload_log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void preload_log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts an error without a message, where one was said already. */
void preload_log_count_error(void);
uint64_t preload_log_errors(void);

/* Takes the oldest message that was not said yet; false: all were. Cheap when nothing is queued. */
struct log_message {
    char text[LOG_TEXT_MAX];
    bool said;
    bool for_host; /* a warning */
};
bool preload_log_take(struct log_message *out);

/* fork(): the messages are the parent's, which says them; the child has none. */
void preload_log_after_fork_in_child(void);

#endif
