/* A list behind one mutex. It changes by one store of a pointer, so that a child finds it whole. */
#include "vfs/entry/shim_list.h"

#include <pthread.h>
#include <string.h>

#include "vfs/entry/shim_tables.h"

static struct {
    pthread_mutex_t mutex;
    struct shim_file *_Atomic files;
} open_mains = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void preload_shim_list(struct shim_file *shim)
{
    pthread_mutex_lock(&open_mains.mutex);
    atomic_store(&shim->next, atomic_load(&open_mains.files));
    atomic_store(&open_mains.files, shim);
    pthread_mutex_unlock(&open_mains.mutex);
}

void preload_shim_unlist(struct shim_file *shim)
{
    struct shim_file *_Atomic *at = &open_mains.files;
    struct shim_file *found;

    pthread_mutex_lock(&open_mains.mutex);
    while ((found = atomic_load(at)) && found != shim)
        at = &found->next;
    if (found) atomic_store(at, atomic_load(&shim->next));
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
    shim = atomic_load(&open_mains.files);
    while (shim && !is_log_of(shim, log_name))
        shim = atomic_load(&shim->next);
    pthread_mutex_unlock(&open_mains.mutex);
    return shim;
}

unsigned preload_shim_open_files(void)
{
    struct shim_file *shim;
    unsigned count = 0;

    pthread_mutex_lock(&open_mains.mutex);
    for (shim = atomic_load(&open_mains.files); shim; shim = atomic_load(&shim->next))
        count++;
    pthread_mutex_unlock(&open_mains.mutex);
    return count;
}

void preload_shim_after_fork_in_child(void)
{
    struct shim_file *shim;

    (void)pthread_mutex_init(&open_mains.mutex, NULL);
    for (shim = atomic_load(&open_mains.files); shim; shim = atomic_load(&shim->next))
        preload_attachment_disown(&shim->attachment);
}
