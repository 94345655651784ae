/* A ring of the last messages behind one mutex. Nothing here is on a path that reads pages. */
#include "vfs/process/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "vfs/process/process.h"

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct log_message log_ring[LOG_KEPT];
static size_t log_next;
static atomic_bool log_pending;

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
        struct log_message *message = &log_ring[log_next++ % LOG_KEPT];

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
    preload_process_count(PROCESS_ERRORS);
}

uint64_t preload_log_errors(void)
{
    return preload_process_counter(PROCESS_ERRORS);
}

bool preload_log_take(struct log_message *out)
{
    bool found = false;

    if (!atomic_load_explicit(&log_pending, memory_order_acquire)) return false;
    pthread_mutex_lock(&log_mutex);
    for (size_t i = 0; i < LOG_KEPT && !found; i++) {
        struct log_message *message = &log_ring[(log_next + i) % LOG_KEPT];

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

/* One may be half written. What is empty is not touched, so that its memory stays the parent's. */
void preload_log_after_fork_in_child(void)
{
    (void)pthread_mutex_init(&log_mutex, NULL);
    for (size_t i = 0; i < LOG_KEPT; i++)
        if (log_ring[i].text[0]) log_ring[i].text[0] = '\0';
    atomic_store_explicit(&log_pending, false, memory_order_relaxed);
}
