/* A list that only grows. */
#include "vfs/entry/instances.h"

#include <pthread.h>

static pthread_mutex_t instances_mutex = PTHREAD_MUTEX_INITIALIZER;
struct instance *_Atomic preload_instances_newest;
static struct instance *forgotten;            /* so that no leak is reported */
static struct instance *_Atomic default_last; /* stays when it is taken out */

void preload_instances_lock(void)
{
    pthread_mutex_lock(&instances_mutex);
}

void preload_instances_unlock(void)
{
    pthread_mutex_unlock(&instances_mutex);
}

struct instance *preload_instances(void)
{
    return atomic_load_explicit(&preload_instances_newest, memory_order_acquire);
}

bool preload_instances_any_registered(void)
{
    for (struct instance *i = preload_instances(); i; i = i->next)
        if (atomic_load(&i->registered)) return true;
    return false;
}

struct instance *preload_instance_of(const sqlite3_vfs *vfs)
{
    struct instance *instance = preload_instances();

    while (instance && &instance->vfs != vfs)
        instance = instance->next;
    return instance;
}

struct instance *preload_instance_found(const sqlite3_vfs *vfs)
{
    struct instance *instance = preload_instance_of(vfs);

    if (!instance && vfs) instance = preload_instance_of(vfs->pAppData);
    if (!instance) instance = atomic_load(&default_last);
    if (instance) return instance;
    instance = preload_instances();
    while (instance && instance->next)
        instance = instance->next;
    return instance;
}

void preload_instances_add(struct instance *instance)
{
    atomic_store(&preload_instances_newest, instance);
}

void preload_instances_forget(void)
{
    struct instance *all = preload_instances();
    struct instance *last = all;

    while (last && last->next)
        last = last->next;
    atomic_store(&preload_instances_newest, NULL);
    atomic_store(&default_last, NULL);
    if (last) {
        last->next = forgotten;
        forgotten = all;
    }
}

void preload_instances_after_fork_in_child(void)
{
    (void)pthread_mutex_init(&instances_mutex, NULL);
}

struct instance *preload_instances_default(void)
{
    return atomic_load(&default_last);
}

void preload_instances_set_default(struct instance *instance)
{
    atomic_store(&default_last, instance);
}
