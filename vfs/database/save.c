/* A save copies the session under the database's lock, and writes without it. */
#include "vfs/database/save.h"

#include <stddef.h>
#include <stdlib.h>

#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/process/process.h"
#include "vfs/store/trace.h"

#define SETTLE_RETRY_US UINT64_C(500000)

static struct database *of_save_task(struct pool_task *task)
{
    return (struct database *)(void *)((char *)task - offsetof(struct database, save_task));
}

static uint64_t session_us(const struct database *database)
{
    return preload_clock_us() - database->opened_us;
}

/* The functions below are under the lock. */

static int merge_touches(struct hint_session *session, const struct connection *connection,
                         size_t from, size_t to, size_t pages_max)
{
    struct hint_touch *touches;
    int rc;

    if (from < connection->first_valid) from = connection->first_valid;
    if (from >= to) return HINT_OK;
    touches = malloc((to - from) * sizeof *touches);
    if (!touches) return HINT_NOMEM;
    hint_recorder_copy(&connection->recorder, touches, from, to - from);
    rc = hint_session_merge(session, touches, to - from, pages_max);
    free(touches);
    return rc;
}

int preload_save_merge(struct hint_session *session, const struct connection *connection,
                       size_t pages_max)
{
    size_t count = hint_recorder_count(&connection->recorder);
    int rc = merge_touches(session, connection, 0, connection->void_from, pages_max);

    if (rc == HINT_OK)
        rc = merge_touches(session, connection, connection->void_to, count, pages_max);
    return rc;
}

/* The functions above are under the lock. */

/* The session's evidence; under the lock. Of a database whose page 1 was not read yet, its header
 * at the most, the page size is all that counts: the rest may be stale. */
static void copy_evidence(struct hint_session *out, const struct database *database)
{
    out->first = database->session.first;
    out->last = database->session.last;
    out->moved = database->session.moved;
    if (out->first.page_size == 0) out->first.page_size = database->geometry.page_size;
    if (out->last.page_size == 0) out->last.page_size = database->geometry.page_size;
}

int preload_save_session(struct hint_session *out, struct database *database)
{
    size_t pages_max = (size_t)database->config.window_pages;
    int rc;

    hint_session_free(out);
    pthread_mutex_lock(&database->lock);
    out->id = database->session.id;
    out->began_s = database->session.began_s;
    copy_evidence(out, database);
    rc = hint_session_merge(out, database->session.touches, database->session.len, pages_max);
    for (const struct connection *c = database->connections; c && rc == HINT_OK; c = c->next)
        rc = preload_save_merge(out, c, pages_max);
    pthread_mutex_unlock(&database->lock);
    if (rc == HINT_OK && atomic_load_explicit(&database->plan_ready, memory_order_acquire))
        rc = preload_prefetch_fetched(&out->fetched, &database->prefetch);
    return rc;
}

struct store_terms preload_save_terms(const struct database *database)
{
    const struct config *config = &database->config;

    return (struct store_terms){
        .profile = config->profile,
        .generation = config->generation,
        .cap = { (size_t)config->history_pages, (size_t)config->profiles },
    };
}

/* Without a store the session is folded into what this process knows already. */
static void fold_in_memory(struct database *database, struct hint_book *book,
                           const struct hint_session *session, struct store_terms terms)
{
    int rc;

    pthread_mutex_lock(&database->lock);
    rc = hint_book_copy(book, &database->book);
    pthread_mutex_unlock(&database->lock);
    if (rc == HINT_OK) rc = hint_book_fold(book, session, terms.profile, terms.cap);
    if (rc != HINT_OK) hint_book_free(book);
}

/* What a save made of the book is what this process knows. */
static void take_book(struct database *database, struct hint_book *book)
{
    struct hint_book old;

    if (book->shared.len == 0) return;
    pthread_mutex_lock(&database->lock);
    old = database->book;
    database->book = *book;
    pthread_mutex_unlock(&database->lock);
    *book = old;
}

static void count_result(struct database *database, enum store_result result)
{
    pthread_mutex_lock(&database->lock);
    if (result == STORE_OK || result == STORE_NONE) {
        database->saves++;
        preload_process_count(PROCESS_SAVES);
    } else if (result == STORE_FAILED) {
        database->save_errors++;
    }
    database->dormant_worthy =
        result == STORE_NONE || result == STORE_FAILED || result == STORE_BUSY;
    pthread_mutex_unlock(&database->lock);
}

/* A failed save is tried again when something new was learnt, not before: it would fail the same
 * way. One that found the lock taken would not. */
static void mark_saved(struct database *database, const struct hint_session *session,
                       enum store_result result)
{
    pthread_mutex_lock(&database->lock);
    if (result != STORE_BUSY) {
        database->saved_pages = session->len;
        database->saved_evidence = session->last;
    }
    pthread_mutex_unlock(&database->lock);
}

static bool evidence_equal(const struct hint_evidence *a, const struct hint_evidence *b)
{
    return a->page_size == b->page_size && a->page_count == b->page_count &&
           a->schema_cookie == b->schema_cookie && a->schema_hash == b->schema_hash;
}

static bool has_news(struct database *database, const struct hint_session *session)
{
    bool news;

    pthread_mutex_lock(&database->lock);
    news = session->len > database->saved_pages ||
           (session->len > 0 && !evidence_equal(&session->last, &database->saved_evidence));
    news = news && database->geometry.page_size != 0;
    pthread_mutex_unlock(&database->lock);
    return news;
}

/* Folds a session into what is stored, or at least into what this process knows. Under save_lock.
 */
static enum store_result store_session(struct database *database,
                                       const struct hint_session *session, struct store_terms terms)
{
    struct hint_book book = { 0 };
    enum store_result result = STORE_NONE;

    if (database->store)
        result = database->store->verbs->save(database->store, &book, session, terms,
                                              &database->save_cancelled);
    if (result == STORE_NONE || result == STORE_FAILED || result == STORE_BUSY)
        fold_in_memory(database, &book, session, terms);
    take_book(database, &book);
    count_result(database, result);
    hint_book_free(&book);
    return result;
}

static uint32_t page_size_of(struct database *database)
{
    uint32_t page_size;

    pthread_mutex_lock(&database->lock);
    page_size = database->geometry.page_size;
    pthread_mutex_unlock(&database->lock);
    return page_size;
}

/* What it touched is somebody's word, so it says nothing on whether pages moved: of the evidence it
 * has the page size alone. It belongs to no profile. */
enum store_result preload_save_foreign(struct database *database, struct hint_session *session)
{
    struct store_terms terms = preload_save_terms(database);
    enum store_result result;

    session->first = (struct hint_evidence){ .page_size = page_size_of(database) };
    session->last = session->first;
    terms.profile = NULL;
    /* Hints without a page size fit no database. */
    if (session->last.page_size == 0) {
        preload_log_error("hints not taken: the database has no page size yet: %s", database->path);
        return STORE_FAILED;
    }
    pthread_mutex_lock(&database->save_lock);
    result = store_session(database, session, terms);
    pthread_mutex_unlock(&database->save_lock);
    return result;
}

enum store_result preload_save(struct database *database)
{
    struct hint_session session = { 0 };
    enum store_result result = STORE_OK;

    pthread_mutex_lock(&database->save_lock);
    if (preload_save_session(&session, database) != HINT_OK) {
        preload_log_error("not saved: out of memory: %s", database->path);
        result = STORE_FAILED;
    } else if (has_news(database, &session)) {
        result = store_session(database, &session, preload_save_terms(database));
        mark_saved(database, &session, result);
    }
    pthread_mutex_unlock(&database->save_lock);
    hint_session_free(&session);
    return result;
}

void preload_save_trace(struct database *database)
{
    struct hint_session session = { 0 };

    if (!database->config.trace[0]) return;
    if (preload_save_session(&session, database) == HINT_OK && session.len > 0)
        preload_trace_write(database->config.trace, database->identity, &session);
    hint_session_free(&session);
}

/* The first save waits for a first touch, and until the rate of them has settled; later ones do
 * not.
 */
static bool is_due(struct database *database, uint64_t now_us)
{
    bool settled = true;
    bool touched;

    pthread_mutex_lock(&database->lock);
    touched = database->session.len > 0;
    for (const struct connection *c = database->connections; c && settled; c = c->next) {
        if (hint_recorder_count(&c->recorder) == 0) continue;
        touched = true;
        settled = hint_recorder_settled(&c->recorder, now_us);
    }
    if (database->saved_pages > 0) settled = true;
    pthread_mutex_unlock(&database->lock);
    return touched && settled;
}

static void save_when_due(struct pool_task *task)
{
    struct database *database = of_save_task(task);
    uint64_t now_us = session_us(database);
    bool window_is_over = now_us >= database->config.window_ms * 1000;
    uint64_t pause_us = database->config.save_ms * 1000;

    if (window_is_over || is_due(database, now_us))
        (void)preload_save(database);
    else
        pause_us = SETTLE_RETRY_US < pause_us ? SETTLE_RETRY_US : pause_us;
    if (!window_is_over && !atomic_load(&database->save_cancelled))
        (void)preload_pool_submit(task, preload_clock_us() + pause_us, 1);
}

void preload_save_init(struct database *database)
{
    database->save_task.run = save_when_due;
}

/* A connection that opens later waits for the interval, so that busy openers do not save all the
 * time. */
void preload_save_schedule(struct database *database)
{
    uint64_t pause_us = HINT_SETTLE_US_MIN;

    pthread_mutex_lock(&database->lock);
    if (database->saved_pages > 0) pause_us = database->config.save_ms * 1000;
    pthread_mutex_unlock(&database->lock);
    (void)preload_pool_submit(&database->save_task, preload_clock_us() + pause_us,
                              preload_config_workers());
}
