/* A ring of the last messages behind one mutex. Nothing here is on a path that reads pages. */
#include "vfs/process/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vfs/process/config.h"
#include "vfs/process/descriptor.h"
#include "vfs/process/process.h"
#include "vfs/sqlite.h"

struct message {
    char text[LOG_TEXT_MAX];
    bool for_host;
    bool said;
};

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct message log_ring[LOG_KEPT];
static size_t log_next;
static atomic_bool log_pending;
static atomic_uint_fast64_t log_error_count;

static bool is_kept(const char *text)
{
    for (size_t i = 0; i < LOG_KEPT; i++) {
        if (strcmp(log_ring[i].text, text) == 0) return true;
    }
    return false;
}

static void __attribute__((format(printf, 2, 0)))
queue(bool for_host, const char *format, va_list args)
{
    char text[LOG_TEXT_MAX];

    (void)vsnprintf(text, sizeof text, format, args);
    pthread_mutex_lock(&log_mutex);
    if (!is_kept(text)) {
        struct message *message = &log_ring[log_next++ % LOG_KEPT];

        memcpy(message->text, text, sizeof text);
        message->for_host = for_host;
        message->said = false;
        atomic_store_explicit(&log_pending, true, memory_order_release);
        preload_process_notify();
    }
    pthread_mutex_unlock(&log_mutex);
}

void preload_log_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    queue(false, format, args);
    va_end(args);
}

void preload_log_error(const char *format, ...)
{
    va_list args;

    preload_log_count_error();
    va_start(args, format);
    queue(false, format, args);
    va_end(args);
}

void preload_log_warn(const char *format, ...)
{
    va_list args;

    preload_log_count_error();
    va_start(args, format);
    queue(true, format, args);
    va_end(args);
}

void preload_log_count_error(void)
{
    atomic_fetch_add_explicit(&log_error_count, 1, memory_order_relaxed);
}

uint64_t preload_log_errors(void)
{
    return atomic_load_explicit(&log_error_count, memory_order_relaxed);
}

/* Takes the oldest message not said yet. */
static bool take(struct message *out)
{
    bool found = false;

    pthread_mutex_lock(&log_mutex);
    for (size_t i = 0; i < LOG_KEPT && !found; i++) {
        struct message *message = &log_ring[(log_next + i) % LOG_KEPT];

        if (message->text[0] && !message->said) {
            *out = *message;
            message->said = true;
            found = true;
        }
    }
    if (!found) atomic_store_explicit(&log_pending, false, memory_order_relaxed);
    pthread_mutex_unlock(&log_mutex);
    return found;
}

static void say_to_file(const char *where, const char *text)
{
    char line[LOG_TEXT_MAX + 32];
    int len = snprintf(line, sizeof line, "sqlite-preload: %s\n", text);
    int fd = STDERR_FILENO;

    if (strcmp(where, "stderr") != 0) {
        fd = preload_open(where, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0) return;
    }
    if (write(fd, line, (size_t)len) < 0) preload_log_count_error();
    if (fd != STDERR_FILENO) close(fd);
}

void preload_log_say(void)
{
    struct message message;
    struct config config;

    if (!atomic_load_explicit(&log_pending, memory_order_acquire)) return;
    preload_config_process(&config);
    while (take(&message)) {
        if (message.for_host) sqlite3_log(SQLITE_WARNING, "sqlite-preload: %s", message.text);
        if (config.log[0]) say_to_file(config.log, message.text);
    }
}

void preload_log_before_fork(void)
{
    pthread_mutex_lock(&log_mutex);
}

void preload_log_after_fork(void)
{
    pthread_mutex_unlock(&log_mutex);
}
