/* The registry of open databases, and the life of one. */
#include "vfs/database/database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "vfs/database/save.h"
#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"
#include "vfs/replay/replay.h"

/* Open ones have references; dormant ones have none. */
static struct {
    pthread_mutex_t mutex;
    struct database *databases;
    struct database *inherited; /* a parent's, after fork(): never touched again, kept so that no
                                   leak is reported */
} registry = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void begin_session(struct database *database)
{
    hint_session_free(&database->session);
    database->session.began_s = (int64_t)time(NULL);
    /* Without random bytes the clock tells sessions apart well enough: an id only has to be rare.
     */
    if (getrandom(&database->session.id, sizeof database->session.id, GRND_NONBLOCK) < 0) {
        uint64_t now_us = preload_clock_us();

        memcpy(&database->session.id, &now_us, sizeof now_us);
    }
    database->opened_us = preload_clock_us();
    database->saved_pages = 0;
}

static void free_database(struct database *database)
{
    if (!database) return;
    if (database->store) database->store->verbs->free(database->store);
    hint_session_free(&database->session);
    hint_book_free(&database->book);
    preload_trial_end(database);
    preload_prefetch_free(&database->prefetch);
    pthread_mutex_destroy(&database->lock);
    pthread_mutex_destroy(&database->save_lock);
    free(database->path);
    free(database);
}

static struct database *new_database(struct identity identity, sqlite3_vfs *base, bool base_is_os,
                                     const char *name, const struct config *config)
{
    struct database *database = calloc(1, sizeof *database);

    if (!database) return NULL;
    pthread_mutex_init(&database->lock, NULL);
    pthread_mutex_init(&database->save_lock, NULL);
    preload_save_init(database);
    database->identity = identity;
    database->base = base;
    database->base_is_os = base_is_os;
    database->config = *config;
    database->path = strdup(name);
    if (!database->path) {
        free_database(database);
        return NULL;
    }
    database->store = preload_sidecar_new(name, identity, config, base_is_os);
    return database;
}

/* A dormant database leaves what the process still knows to the one that takes its place, under the
 * name and with the store that this open asks for. */
static void inherit(struct database *heir, struct database *dormant)
{
    heir->book = dormant->book;
    heir->geometry = dormant->geometry;
    dormant->book = (struct hint_book){ 0 };
    free_database(dormant);
}

/* The functions below hold the registry's mutex. */

static struct database *find(struct identity identity, const sqlite3_vfs *base)
{
    for (struct database *database = registry.databases; database; database = database->next) {
        if (database->base == base && preload_identity_equal(database->identity, identity))
            return database;
    }
    return NULL;
}

static void unlink_database(struct database *database)
{
    struct database **at = &registry.databases;

    while (*at && *at != database)
        at = &(*at)->next;
    if (*at) *at = database->next;
}

/* Takes the dormant ones past the newest `keep` out and returns them. */
static struct database *take_dormant(size_t keep)
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

/* The functions above hold the registry's mutex. */

static void free_all(struct database *database)
{
    while (database) {
        struct database *next = database->next;

        free_database(database);
        database = next;
    }
}

static bool acquire(struct database **out, struct identity identity, sqlite3_vfs *base,
                    bool base_is_os, const char *name, const struct config *config)
{
    struct database *dormant = NULL;
    struct database *database;
    bool first;

    pthread_mutex_lock(&registry.mutex);
    database = find(identity, base);
    if (database && database->references == 0) {
        dormant = database;
        database = NULL;
    }
    if (!database) {
        database = new_database(identity, base, base_is_os, name, config);
        if (database) {
            database->next = registry.databases;
            registry.databases = database;
        }
    }
    if (database && dormant) {
        unlink_database(dormant);
        inherit(database, dormant);
    }
    first = database && database->references++ == 0;
    if (first) begin_session(database);
    pthread_mutex_unlock(&registry.mutex);
    *out = database;
    return first;
}

/* A connection that a child inherited over fork() is its parent's: neither saved nor taken apart
 * here. */
bool preload_database_is_inherited(const struct connection *connection)
{
    return connection->forks != preload_process_forks();
}

static void start_recorder(struct connection *connection, const struct config *config)
{
    const struct hint_window window = {
        .pages_max = (uint32_t)config->window_pages,
        .us_max = config->window_ms * 1000,
    };

    if (config->mode & CONFIG_MODE_RECORD)
        hint_recorder_init(&connection->recorder, window);
    else
        connection->recorder.full = true;
    hint_recorder_tick(&connection->recorder, preload_clock_us() - connection->database->opened_us);
    connection->mode = config->mode;
    connection->first_valid = 0;
    connection->counted = 0;
    connection->void_from = 0;
    connection->void_to = 0;
    connection->epoch_is_new = true;
    connection->sweep = (struct hint_sweep){ 0 };
}

static void add_connection(struct database *database, struct connection *connection,
                           const char *name, const struct config *config)
{
    connection->database = database;
    connection->name = name;
    connection->forks = preload_process_forks();
    connection->host_epoch = preload_config_host_epoch();
    pthread_mutex_lock(&database->lock);
    start_recorder(connection, config);
    connection->next = database->connections;
    database->connections = connection;
    pthread_mutex_unlock(&database->lock);
}

void preload_database_attach(struct connection *connection, sqlite3_vfs *base, bool base_is_os,
                             sqlite3_file *main, const char *name, const struct config *config)
{
    struct database *database;
    struct identity identity;
    bool first;

    connection->page_shift = CONNECTION_SHIFT_UNKNOWN;
    connection->recorder.full = true;
    if (!preload_identity_of_path(&identity, name)) return;
    first = acquire(&database, identity, base, base_is_os, name, config);
    if (!database) {
        preload_log_error("not recorded: out of memory: %s", name);
        return;
    }
    add_connection(database, connection, name, config);
    if (first && config->mode & CONFIG_MODE_REPLAY) preload_replay_start(connection, main, name);
    if (config->mode & CONFIG_MODE_RECORD) preload_save_schedule(database);
}

/* The connection's touches become the session's. Without memory for them they are lost. */
static void fold_connection(struct database *database, struct connection *connection)
{
    struct connection **at = &database->connections;

    pthread_mutex_lock(&database->lock);
    preload_progress_take(database, connection);
    if (preload_save_merge(&database->session, connection, (size_t)database->config.window_pages) !=
        HINT_OK)
        preload_log_error("a connection's pages were not learnt: out of memory: %s",
                          database->path);
    while (*at && *at != connection)
        at = &(*at)->next;
    if (*at) *at = connection->next;
    pthread_mutex_unlock(&database->lock);
}

static void cancel_work(struct database *database)
{
    preload_prefetch_cancel(&database->prefetch, PRELOAD_REASON_CLOSED);
    atomic_store(&database->save_cancelled, true);
    preload_pool_cancel(&database->replay_task);
    preload_pool_cancel(&database->save_task);
    preload_prefetch_end(&database->prefetch, PRELOAD_STATE_ABORTED, PRELOAD_REASON_CLOSED);
    atomic_store(&database->save_cancelled, false);
}

static bool drop_reference(struct database *database)
{
    bool last;

    pthread_mutex_lock(&registry.mutex);
    last = --database->references == 0;
    if (last) unlink_database(database);
    pthread_mutex_unlock(&registry.mutex);
    return last;
}

void preload_database_detach(struct connection *connection)
{
    struct database *database = connection->database;

    if (!database || preload_database_is_inherited(connection)) return;
    preload_database_follow_host(connection);
    if (connection->owns_readers) {
        preload_prefetch_cancel(&database->prefetch, PRELOAD_REASON_CLOSED);
        /* It sets readers to work. */
        preload_pool_cancel(&database->replay_task);
        preload_prefetch_stop_readers(&database->prefetch);
        preload_prefetch_close_handles(&database->prefetch);
        connection->owns_readers = false;
    }
    fold_connection(database, connection);
    connection->is_last = drop_reference(database);
    if (connection->is_last) cancel_work(database);
}

/* Where the store failed, what was learnt stays in memory; unless the file was opened again
 * meanwhile, which made a database of its own. */
static void retire(struct database *database)
{
    struct database *surplus;

    pthread_mutex_lock(&registry.mutex);
    if (database->dormant_worthy && database->book.shared.len > 0 &&
        !find(database->identity, database->base)) {
        database->next = registry.databases;
        registry.databases = database;
        database = NULL;
    }
    surplus = take_dormant(DATABASES_DORMANT_MAX);
    pthread_mutex_unlock(&registry.mutex);
    free_database(database);
    free_all(surplus);
}

void preload_database_release(struct connection *connection)
{
    struct database *database = connection->database;

    connection->database = NULL;
    if (!database || preload_database_is_inherited(connection)) return;
    if (connection->is_last) {
        if (connection->mode & CONFIG_MODE_RECORD) {
            (void)preload_save(database);
            preload_save_trace(database);
        }
        retire(database);
    }
    preload_log_say();
}

void preload_database_close_handles(struct connection *connection)
{
    struct prefetch *prefetch = &connection->database->prefetch;

    if (atomic_load_explicit(&prefetch->state, memory_order_relaxed) == PRELOAD_STATE_LOADING)
        return;
    /* It sets readers to work. */
    preload_pool_cancel(&connection->database->replay_task);
    preload_prefetch_stop_readers(prefetch);
    preload_prefetch_close_handles(prefetch);
    connection->owns_readers = false;
}

uint64_t preload_database_opened_us(const struct database *database)
{
    return database->opened_us;
}

void preload_database_saw_header(struct database *database, const struct hint_header *geometry)
{
    struct prefetch *prefetch = &database->prefetch;

    pthread_mutex_lock(&database->lock);
    database->geometry = *geometry;
    pthread_mutex_unlock(&database->lock);
    if (!atomic_load_explicit(&database->plan_ready, memory_order_acquire)) return;
    if (prefetch->page_size == geometry->page_size || atomic_load(&prefetch->cancelled)) return;
    preload_prefetch_cancel(prefetch, PRELOAD_REASON_PAGE_SIZE);
    preload_log_error("prefetch stopped: pages are %u bytes, the hints are for %u: %s",
                      (unsigned)geometry->page_size, (unsigned)prefetch->page_size, database->path);
}

/* What the session itself writes is a change that its touches go along with, unless the file
 * shrinks: then pages moved. Of what others changed one cannot tell, so that the next session
 * judges: the evidence stays that of before. */
static bool is_change_of_others(const struct hint_evidence *known,
                                const struct hint_evidence *found, bool written)
{
    enum hint_trust trust = hint_trust_of(known, found);

    return written ? trust == HINT_TRUST_FLOOR : trust != HINT_TRUST_FULL;
}

void preload_database_saw_schema(struct database *database, const struct hint_evidence *evidence,
                                 bool written)
{
    struct hint_session *session = &database->session;

    pthread_mutex_lock(&database->lock);
    if (!written && session->first.page_size == 0) session->first = *evidence;
    if (is_change_of_others(&session->last, evidence, written)) database->is_another = true;
    if (!database->is_another) session->last = *evidence;
    pthread_mutex_unlock(&database->lock);
}

void preload_database_moved(struct database *database)
{
    pthread_mutex_lock(&database->lock);
    database->session.moved = true;
    pthread_mutex_unlock(&database->lock);
}

/* Drops what a connection recorded and lets it start anew; under the lock. */
static void restart_recorder(struct connection *connection, const struct config *config)
{
    hint_recorder_free(&connection->recorder);
    start_recorder(connection, config);
}

/* Other connections' recorders belong to their threads: their touches up to now are marked as void.
 * What is yet to be prefetched is not where it was. */
void preload_database_forget_session(struct connection *own)
{
    struct database *database = own->database;
    struct config config = database->config;

    config.mode = own->mode;
    preload_prefetch_cancel(&database->prefetch, PRELOAD_REASON_MOVED);
    pthread_mutex_lock(&database->lock);
    free(database->session.touches);
    database->session.touches = NULL;
    database->session.len = 0;
    database->session.first = (struct hint_evidence){ 0 };
    database->session.last = (struct hint_evidence){ 0 };
    database->session.moved = true;
    database->is_another = false;
    for (struct connection *c = database->connections; c; c = c->next)
        c->first_valid = hint_recorder_count(&c->recorder);
    if (own->mode & CONFIG_MODE_RECORD) restart_recorder(own, &config);
    database->saved_pages = 0;
    pthread_mutex_unlock(&database->lock);
}

void preload_database_void(struct connection *connection, size_t from, size_t to)
{
    pthread_mutex_lock(&connection->database->lock);
    connection->void_from = from;
    connection->void_to = to;
    pthread_mutex_unlock(&connection->database->lock);
}

/* Whether any connection still records; then a worker has something to save. */
static bool is_recorded(struct database *database)
{
    bool recorded = false;

    pthread_mutex_lock(&database->lock);
    for (const struct connection *c = database->connections; c && !recorded; c = c->next)
        recorded = (c->mode & CONFIG_MODE_RECORD) != 0;
    pthread_mutex_unlock(&database->lock);
    return recorded;
}

void preload_database_follow_host(struct connection *connection)
{
    struct database *database = connection->database;
    unsigned epoch = preload_config_host_epoch();
    struct config config;

    if (epoch == connection->host_epoch || preload_database_is_inherited(connection)) return;
    connection->host_epoch = epoch;
    preload_config_resolve(&config, connection->name);
    if (config.mode == connection->mode) return;
    if (!(config.mode & CONFIG_MODE_REPLAY))
        preload_prefetch_cancel(&database->prefetch, PRELOAD_REASON_HOST);
    pthread_mutex_lock(&database->lock);
    restart_recorder(connection, &config);
    pthread_mutex_unlock(&database->lock);
    if (config.mode & CONFIG_MODE_RECORD)
        preload_save_schedule(database);
    else if (!is_recorded(database))
        preload_pool_cancel(&database->save_task);
}

int preload_database_flush(struct database *database)
{
    enum store_result result = preload_save(database);

    return result == STORE_OK || result == STORE_NONE ? SQLITE_OK : SQLITE_ERROR;
}

static void count_touches(struct database *database, struct preload_stats *out)
{
    struct hint_session session = { 0 };

    if (atomic_load_explicit(&database->plan_ready, memory_order_acquire))
        out->planned_pages = (sqlite3_int64)database->prefetch.plan.page_count;
    if (preload_save_session(&session, database) == HINT_OK) {
        out->touched_pages = (sqlite3_int64)session.len;
        for (size_t i = 0; i < session.len; i++)
            out->used_pages += hint_runs_contains(&session.fetched, session.touches[i].pgno);
        out->demand_pages = out->touched_pages - out->used_pages;
        out->wasted_pages = out->issued_pages - out->used_pages;
    }
    hint_session_free(&session);
}

void preload_database_stats(struct database *database, struct preload_stats *out)
{
    struct prefetch *prefetch = &database->prefetch;
    uint64_t ended_us = atomic_load(&prefetch->ended_us);

    memset(out, 0, sizeof *out);
    out->state = (enum preload_state)atomic_load(&prefetch->state);
    out->issued_pages = (sqlite3_int64)atomic_load(&prefetch->issued_pages);
    out->issued_requests = (sqlite3_int64)atomic_load(&prefetch->issued_requests);
    out->issued_bytes = (sqlite3_int64)atomic_load(&prefetch->issued_bytes);
    out->reason = (enum preload_reason)atomic_load(&prefetch->reason);
    out->resident_pages = (sqlite3_int64)atomic_load(&prefetch->resident_pages);
    out->late_pages = (sqlite3_int64)atomic_load(&prefetch->late_pages);
    if (ended_us) out->replay_us = (sqlite3_int64)(ended_us - database->opened_us);
    for (size_t i = 0; i < sizeof out->tenth_us / sizeof out->tenth_us[0]; i++) {
        uint64_t at_us = atomic_load(&prefetch->tenth_us[i]);

        if (at_us) out->tenth_us[i] = (sqlite3_int64)(at_us - database->opened_us);
    }
    pthread_mutex_lock(&database->lock);
    out->history_pages = (sqlite3_int64)database->book.shared.len;
    out->history_sessions = (sqlite3_int64)database->book.shared.session_count;
    out->saves = (sqlite3_int64)database->saves;
    out->errors = (sqlite3_int64)database->save_errors;
    pthread_mutex_unlock(&database->lock);
    count_touches(database, out);
}

void preload_database_forget_dormant(void)
{
    struct database *dormant;

    pthread_mutex_lock(&registry.mutex);
    dormant = take_dormant(0);
    pthread_mutex_unlock(&registry.mutex);
    free_all(dormant);
}

void preload_database_before_fork(void)
{
    pthread_mutex_lock(&registry.mutex);
}

void preload_database_after_fork_in_parent(void)
{
    pthread_mutex_unlock(&registry.mutex);
}

void preload_database_after_fork_in_child(void)
{
    struct database **end = &registry.inherited;

    while (*end)
        end = &(*end)->next;
    *end = registry.databases;
    registry.databases = NULL;
    pthread_mutex_unlock(&registry.mutex);
}
