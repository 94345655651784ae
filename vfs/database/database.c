/* The registry: a list behind one mutex. */
#include "vfs/database/database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hints/memory.h"
#include "vfs/file/text.h"
#include "vfs/store/open.h"

/* Open ones have references; dormant ones have none. */
static struct {
    pthread_mutex_t mutex;
    struct database *databases;
    struct database *inherited; /* a parent's, after fork(): never touched again, kept so that no
                                   leak is reported */
} registry = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void free_database(struct database *database)
{
    if (!database) return;
    preload_saving_free(&database->saving);
    preload_replay_free(&database->replay);
    preload_keeper_free(&database->keeper);
    preload_session_free(&database->session);
    hint_free((char *)database->file.path);
    free(database);
}

static struct database *new_database(struct named_file file, const struct base *base,
                                     const struct config *config)
{
    struct database *database = calloc(1, sizeof *database);
    char *path = preload_text_join(file.path, "");

    if (!database || !path) {
        free(database);
        hint_free(path);
        return NULL;
    }
    database->file = (struct named_file){ .path = path, .identity = file.identity };
    database->base = *base;
    database->config = *config;
    preload_session_begin(&database->session, (size_t)config->window_pages);
    preload_keeper_init(&database->keeper,
                        preload_store_open(&database->file, config, base->shows_files));
    preload_replay_init(&database->replay, &database->base, &database->file, &database->config,
                        &database->session, &database->keeper);
    preload_saving_init(&database->saving, &database->replay);
    return database;
}

static struct database *find_locked(struct identity identity, const sqlite3_vfs *base)
{
    for (struct database *database = registry.databases; database; database = database->next) {
        if (database->base.vfs == base && preload_identity_equal(database->file.identity, identity))
            return database;
    }
    return NULL;
}

static void link_locked(struct database *database)
{
    database->next = registry.databases;
    registry.databases = database;
}

static void unlink_locked(struct database *database)
{
    struct database **at = &registry.databases;

    while (*at && *at != database)
        at = &(*at)->next;
    if (*at) *at = database->next;
}

/* Takes the dormant ones past the newest `keep` out and returns them. */
static struct database *take_dormant_locked(size_t keep)
{
    struct database *taken = NULL;
    struct database **at = &registry.databases;

    while (*at) {
        struct database *database = *at;

        if (database->references > 0 || keep > 0) {
            if (database->references == 0) keep--;
            at = &database->next;
        } else {
            *at = database->next;
            database->next = taken;
            taken = database;
        }
    }
    return taken;
}

static void free_all(struct database *database)
{
    while (database) {
        struct database *next = database->next;

        free_database(database);
        database = next;
    }
}

/* Whether a dormant database may be the one that is opened now: a number of a removed file is given
 * to another soon. */
static bool may_be(const struct database *dormant, struct named_file file)
{
    struct stat st;

    return strcmp(dormant->file.path, file.path) == 0 && stat(file.path, &st) == 0 &&
           st.st_size > 0;
}

/* A dormant database leaves what the process still knows to the one that takes its place, with the
 * store that this open asks for. */
static struct database *replace_locked(struct database *dormant, struct named_file file,
                                       const struct base *base, const struct config *config)
{
    struct database *database = new_database(file, base, config);

    if (!database) return NULL;
    link_locked(database);
    if (dormant) {
        unlink_locked(dormant);
        if (may_be(dormant, file)) preload_keeper_inherit(&database->keeper, &dormant->keeper);
        free_database(dormant);
    }
    return database;
}

struct database *preload_database_acquire(struct named_file file, const struct base *base,
                                          const struct config *config, bool *first)
{
    struct database *database;

    pthread_mutex_lock(&registry.mutex);
    database = find_locked(file.identity, base->vfs);
    if (!database || database->references == 0)
        database = replace_locked(database, file, base, config);
    *first = database && database->references++ == 0;
    pthread_mutex_unlock(&registry.mutex);
    return database;
}

bool preload_database_drop(struct database *database)
{
    bool last;

    pthread_mutex_lock(&registry.mutex);
    last = --database->references == 0;
    if (last) unlink_locked(database);
    pthread_mutex_unlock(&registry.mutex);
    return last;
}

/* Where the store failed, what was learnt stays in memory; unless the file was opened again
 * meanwhile, which made a database of its own. */
void preload_database_retire(struct database *database)
{
    struct database *surplus;
    bool kept;

    pthread_mutex_lock(&registry.mutex);
    kept = preload_keeper_is_unstored(&database->keeper) &&
           !find_locked(database->file.identity, database->base.vfs);
    if (kept) link_locked(database);
    surplus = take_dormant_locked(DATABASES_DORMANT_MAX);
    pthread_mutex_unlock(&registry.mutex);
    if (!kept) free_database(database);
    free_all(surplus);
}

void preload_database_forget_dormant(void)
{
    struct database *dormant;

    pthread_mutex_lock(&registry.mutex);
    dormant = take_dormant_locked(0);
    pthread_mutex_unlock(&registry.mutex);
    free_all(dormant);
}

void preload_database_after_fork_in_child(void)
{
    struct database **end = &registry.inherited;

    (void)pthread_mutex_init(&registry.mutex, NULL);
    while (*end)
        end = &(*end)->next;
    *end = registry.databases;
    registry.databases = NULL;
    preload_prefetch_after_fork_in_child();
}
