/* A book behind a mutex, and the store's verbs called without it. */
#include "vfs/store/keeper.h"

#include "vfs/process/lock.h"
#include "vfs/process/process.h"

void preload_keeper_init(struct keeper *keeper, struct store *store)
{
    pthread_mutex_init(&keeper->lock, NULL);
    keeper->store = store;
}

void preload_keeper_free(struct keeper *keeper)
{
    if (keeper->store) keeper->store->verbs->free(keeper->store);
    hint_book_free(&keeper->book);
    pthread_mutex_destroy(&keeper->lock);
}

void preload_keeper_allow_store(struct keeper *keeper)
{
    atomic_store(&keeper->may_store, true);
}

static int copy_known(struct hint_book *out, struct keeper *keeper)
{
    int rc;

    preload_lock(&keeper->lock);
    rc = hint_book_copy(out, &keeper->book);
    preload_unlock(&keeper->lock);
    return rc;
}

static bool load_stored(struct keeper *keeper, struct hint_book *out)
{
    uint64_t generation;

    return keeper->store && keeper->store->verbs->load(keeper->store, out, &generation) == STORE_OK;
}

bool preload_keeper_load(struct keeper *keeper, struct hint_book *out)
{
    int rc = HINT_OK;

    (void)load_stored(keeper, out);
    preload_lock(&keeper->lock);
    if (keeper->book.shared.folded > out->shared.folded) rc = hint_book_copy(out, &keeper->book);
    preload_unlock(&keeper->lock);
    return rc == HINT_OK && out->shared.len > 0;
}

static void exchange_locked(struct keeper *keeper, struct hint_book *book)
{
    struct hint_book old = keeper->book;

    keeper->book = *book;
    *book = old;
}

void preload_keeper_take(struct keeper *keeper, struct hint_book *book)
{
    preload_lock(&keeper->lock);
    if (keeper->book.shared.folded <= book->shared.folded) exchange_locked(keeper, book);
    preload_unlock(&keeper->lock);
}

int preload_keeper_stored(struct keeper *keeper, struct hint_book *out)
{
    return load_stored(keeper, out) ? HINT_OK : copy_known(out, keeper);
}

static bool is_unstored(enum store_result result)
{
    return result == STORE_NONE || result == STORE_FAILED || result == STORE_BUSY;
}

/* Without a store that it may write to the session is folded into what this process knows already.
 */
static void fold_into_known(struct keeper *keeper, struct hint_book *book,
                            const struct hint_session *session, struct store_terms terms)
{
    int rc = copy_known(book, keeper);

    if (rc == HINT_OK) rc = hint_book_fold(book, session, terms.profile, terms.cap);
    if (rc != HINT_OK) hint_book_free(book);
}

static void count_result_locked(struct keeper *keeper, enum store_result result)
{
    if (result == STORE_OK || result == STORE_NONE) {
        keeper->saves++;
        preload_process_count(PROCESS_SAVES);
    } else if (result == STORE_FAILED) {
        keeper->errors++;
    }
    keeper->is_unstored = is_unstored(result);
}

enum store_result preload_keeper_save(struct keeper *keeper, const struct hint_session *session,
                                      struct store_terms terms, const atomic_bool *cancelled)
{
    const bool deferred = keeper->store && !atomic_load(&keeper->may_store);
    struct hint_book book = { 0 };
    enum store_result result = STORE_NONE;

    if (keeper->store && !deferred)
        result = keeper->store->verbs->save(keeper->store, &book, session, terms, cancelled);
    if (is_unstored(result)) fold_into_known(keeper, &book, session, terms);
    preload_lock(&keeper->lock);
    if (book.shared.len > 0) exchange_locked(keeper, &book);
    count_result_locked(keeper, result);
    keeper->is_deferred = deferred;
    preload_unlock(&keeper->lock);
    hint_book_free(&book);
    return result;
}

bool preload_keeper_is_due(struct keeper *keeper)
{
    bool due;

    preload_lock(&keeper->lock);
    due = keeper->is_deferred && atomic_load(&keeper->may_store);
    preload_unlock(&keeper->lock);
    return due;
}

bool preload_keeper_is_unstored(struct keeper *keeper)
{
    bool unstored;

    preload_lock(&keeper->lock);
    unstored = keeper->is_unstored && keeper->book.shared.len > 0;
    preload_unlock(&keeper->lock);
    return unstored;
}

void preload_keeper_inherit(struct keeper *keeper, struct keeper *from)
{
    keeper->book = from->book;
    from->book = (struct hint_book){ 0 };
}

struct keeper_counts preload_keeper_count(struct keeper *keeper)
{
    struct keeper_counts counts;

    preload_lock(&keeper->lock);
    counts = (struct keeper_counts){
        .saves = keeper->saves,
        .errors = keeper->errors,
        .pages = keeper->book.shared.len,
        .sessions = keeper->book.shared.session_count,
    };
    preload_unlock(&keeper->lock);
    return counts;
}
