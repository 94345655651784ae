/* A list behind one mutex. */
#include "vfs/entry/shim_list.h"

#include <pthread.h>
#include <string.h>

#include "vfs/entry/shim_tables.h"

static struct {
    pthread_mutex_t mutex;
    struct shim_file *files;
    unsigned count;
} open_mains = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void preload_shim_list(struct shim_file *shim)
{
    pthread_mutex_lock(&open_mains.mutex);
    shim->next = open_mains.files;
    open_mains.files = shim;
    open_mains.count++;
    pthread_mutex_unlock(&open_mains.mutex);
}

void preload_shim_unlist(struct shim_file *shim)
{
    struct shim_file **at = &open_mains.files;

    pthread_mutex_lock(&open_mains.mutex);
    while (*at && *at != shim)
        at = &(*at)->next;
    if (*at) {
        *at = shim->next;
        open_mains.count--;
    }
    pthread_mutex_unlock(&open_mains.mutex);
}

static bool is_log_of(const struct shim_file *shim, const char *log_name)
{
    size_t len = strlen(shim->name);

    return shim->log_name == (uintptr_t)log_name && strncmp(log_name, shim->name, len) == 0 &&
           strcmp(log_name + len, "-wal") == 0;
}

struct shim_file *preload_shim_find_main(const char *log_name)
{
    struct shim_file *shim;

    pthread_mutex_lock(&open_mains.mutex);
    shim = open_mains.files;
    while (shim && !is_log_of(shim, log_name))
        shim = shim->next;
    pthread_mutex_unlock(&open_mains.mutex);
    return shim;
}

unsigned preload_shim_open_files(void)
{
    unsigned count;

    pthread_mutex_lock(&open_mains.mutex);
    count = open_mains.count;
    pthread_mutex_unlock(&open_mains.mutex);
    return count;
}

void preload_shim_before_fork(void)
{
    pthread_mutex_lock(&open_mains.mutex);
    preload_shim_tables_before_fork();
}

void preload_shim_after_fork_in_parent(void)
{
    preload_shim_tables_after_fork();
    pthread_mutex_unlock(&open_mains.mutex);
}

void preload_shim_after_fork_in_child(void)
{
    for (struct shim_file *shim = open_mains.files; shim; shim = shim->next)
        preload_attachment_disown(&shim->attachment);
    preload_shim_tables_after_fork();
    pthread_mutex_unlock(&open_mains.mutex);
}
