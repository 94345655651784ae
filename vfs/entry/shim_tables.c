/* An array that is read without a lock and grows under one. */
#include "vfs/entry/shim_tables.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static struct {
    pthread_mutex_t mutex;
    sqlite3_io_methods methods[SHIM_TABLES_MAX];
    atomic_size_t count;
} tables = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static const sqlite3_io_methods *find(const sqlite3_io_methods *wanted)
{
    const unsigned char *bytes = (const unsigned char *)wanted;
    size_t count = atomic_load_explicit(&tables.count, memory_order_acquire);

    for (size_t i = 0; i < count; i++)
        if (memcmp((const unsigned char *)&tables.methods[i], bytes, sizeof *wanted) == 0)
            return &tables.methods[i];
    return NULL;
}

const sqlite3_io_methods *preload_shim_table(const sqlite3_io_methods *wanted)
{
    const sqlite3_io_methods *table = find(wanted);
    size_t count;

    if (table) return table;
    pthread_mutex_lock(&tables.mutex);
    table = find(wanted);
    count = atomic_load_explicit(&tables.count, memory_order_relaxed);
    if (!table && count < SHIM_TABLES_MAX) {
        table = memcpy(&tables.methods[count], wanted, sizeof *wanted);
        atomic_store_explicit(&tables.count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&tables.mutex);
    return table;
}

void preload_shim_tables_after_fork_in_child(void)
{
    (void)pthread_mutex_init(&tables.mutex, NULL);
}
