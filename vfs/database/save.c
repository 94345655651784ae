/* A save copies the session under the session's lock, and writes without it. */
#include "vfs/database/save.h"

#include "vfs/process/clock.h"
#include "vfs/process/log.h"
#include "vfs/store/trace.h"

#define SETTLE_RETRY_US UINT64_C(500000)

int preload_saving_session(struct hint_session *out, struct saving *saving)
{
    int rc = preload_session_copy(out, saving->replay->session);

    return rc == HINT_OK ? preload_replay_fetched(&out->fetched, saving->replay) : rc;
}

/* What this database's sessions are saved under. */
static struct store_terms terms_of(const struct saving *saving)
{
    const struct config *config = saving->replay->config;

    return (struct store_terms){
        .profile = config->profile,
        .generation = config->generation,
        .cap = { (size_t)config->history_pages, (size_t)config->profiles },
    };
}

/* What it touched is somebody's word, so it says nothing on whether pages moved: of the evidence it
 * has the page size alone. It belongs to no profile. */
enum store_result preload_saving_save_foreign(struct saving *saving, struct hint_session *session)
{
    const uint32_t page_size = atomic_load(&saving->replay->session->page_size);
    struct store_terms terms = terms_of(saving);
    enum store_result result;

    session->first = (struct hint_evidence){ .page_size = page_size };
    session->last = session->first;
    terms.profile = NULL;
    /* Hints without a page size fit no database. */
    if (page_size == 0) {
        preload_log_error("hints not taken: the database has no page size yet: %s",
                          saving->replay->file->path);
        return STORE_FAILED;
    }
    pthread_mutex_lock(&saving->lock);
    result = preload_keeper_save(saving->replay->keeper, session, terms, &saving->cancelled);
    pthread_mutex_unlock(&saving->lock);
    return result;
}

/* Hints for a database that one readahead fetches whole would only be a file more. */
static bool is_small(const struct hint_session *session, uint64_t small)
{
    const struct hint_evidence *last = &session->last;

    return last->page_count > 0 && (uint64_t)last->page_count * last->page_size <= small;
}

/* A failed save is tried again when something new was learnt, not before: it would fail the same
 * way. One that found the lock taken would not. */
static enum store_result save_locked(struct saving *saving, struct hint_session *session,
                                     bool asked)
{
    struct course *replay = saving->replay;
    enum store_result result;

    if (preload_saving_session(session, saving) != HINT_OK) {
        preload_log_error("not saved: out of memory: %s", replay->file->path);
        return STORE_FAILED;
    }
    if (session->len == 0) return STORE_OK;
    if (!asked && is_small(session, replay->config->small)) {
        preload_session_mark_saved(replay->session, session);
        return STORE_OK;
    }
    if (!preload_session_is_dirty(replay->session, session) &&
        !preload_keeper_is_due(replay->keeper))
        return STORE_OK;
    result = preload_keeper_save(replay->keeper, session, terms_of(saving), &saving->cancelled);
    if (result != STORE_BUSY) preload_session_mark_saved(replay->session, session);
    return result;
}

enum store_result preload_saving_save(struct saving *saving, bool asked)
{
    struct hint_session session = { 0 };
    enum store_result result;

    pthread_mutex_lock(&saving->lock);
    result = save_locked(saving, &session, asked);
    pthread_mutex_unlock(&saving->lock);
    hint_session_free(&session);
    return result;
}

int preload_saving_preview(struct saving *saving, struct hint_book *book,
                           struct hint_session *session)
{
    const struct store_terms terms = terms_of(saving);
    int rc;

    pthread_mutex_lock(&saving->lock);
    rc = preload_keeper_stored(saving->replay->keeper, book);
    if (rc == HINT_OK) rc = preload_saving_session(session, saving);
    if (rc == HINT_OK) rc = hint_book_fold(book, session, terms.profile, terms.cap);
    pthread_mutex_unlock(&saving->lock);
    return rc;
}

void preload_saving_trace(struct saving *saving)
{
    const struct course *replay = saving->replay;
    struct hint_session session = { 0 };

    if (!replay->config->trace[0]) return;
    if (preload_saving_session(&session, saving) == HINT_OK && session.len > 0)
        preload_trace_write(replay->config->trace, replay->file->identity, &session);
    hint_session_free(&session);
}

/* The first save waits for a first touch, and until the rate of them has settled; later ones do
 * not. */
static void save_when_due(struct pool_task *task)
{
    struct saving *saving = (struct saving *)task;
    const struct config *config = saving->replay->config;
    const bool window_is_over = preload_course_window_is_over(saving->replay);
    uint64_t pause_us = config->save_ms * 1000;

    /* Nobody waits for a save that runs when the host says off, which may be beneath a lock. */
    if (!preload_session_is_recorded(saving->replay->session)) return;

    if (window_is_over || preload_session_has_settled(saving->replay->session))
        (void)preload_saving_save(saving, false);
    else
        pause_us = SETTLE_RETRY_US < pause_us ? SETTLE_RETRY_US : pause_us;
    if (!window_is_over && !atomic_load(&saving->cancelled))
        (void)preload_pool_submit(task, preload_clock_us() + pause_us, 1);
}

void preload_saving_init(struct saving *saving, struct course *replay)
{
    saving->task.run = save_when_due;
    saving->replay = replay;
    pthread_mutex_init(&saving->lock, NULL);
}

void preload_saving_free(struct saving *saving)
{
    pthread_mutex_destroy(&saving->lock);
}

/* A connection that opens later waits for the interval, so that busy openers do not save all the
 * time. */
void preload_saving_schedule(struct saving *saving)
{
    uint64_t pause_us = HINT_SETTLE_US_MIN;

    if (preload_session_was_saved(saving->replay->session))
        pause_us = saving->replay->config->save_ms * 1000;
    (void)preload_pool_submit(&saving->task, preload_clock_us() + pause_us,
                              preload_config_workers());
}

void preload_saving_cancel(struct saving *saving)
{
    atomic_store(&saving->cancelled, true);
    preload_pool_cancel(&saving->task);
    atomic_store(&saving->cancelled, false);
}
