/* A list of recordings behind one mutex. */
#include "vfs/session/session.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "hints/memory.h"
#include "vfs/process/clock.h"
#include "vfs/process/config.h"
#include "vfs/process/lock.h"

void preload_session_begin(struct session *session, size_t pages_max)
{
    pthread_mutex_init(&session->lock, NULL);
    session->began_us = preload_clock_us();
    session->pages_max = pages_max;
    session->closed.began_s = (int64_t)time(NULL);
    /* Without random bytes the clock tells sessions apart well enough: an id only has to be rare.
     */
    if (getrandom(&session->closed.id, sizeof session->closed.id, GRND_NONBLOCK) < 0)
        memcpy(&session->closed.id, &session->began_us, sizeof session->began_us);
}

void preload_session_free(struct session *session)
{
    hint_session_free(&session->closed);
    pthread_mutex_destroy(&session->lock);
}

uint64_t preload_session_us(const struct session *session)
{
    return preload_clock_us() - session->began_us;
}

static void start_locked(struct session *session, struct recording *recording, int mode,
                         struct hint_window window)
{
    hint_recorder_free(&recording->recorder);
    if (mode & CONFIG_MODE_RECORD)
        hint_recorder_init(&recording->recorder, window);
    else
        recording->recorder.full = true;
    recording->recorder.window = window;
    hint_recorder_tick(&recording->recorder, preload_session_us(session));
    recording->mode = mode;
    recording->first_valid = 0;
    recording->taken = 0;
    recording->ignored_from = 0;
    recording->ignored_to = 0;
}

void preload_session_join(struct session *session, struct recording *recording, int mode,
                          struct hint_window window)
{
    preload_lock(&session->lock);
    start_locked(session, recording, mode, window);
    recording->next = session->recordings;
    session->recordings = recording;
    preload_unlock(&session->lock);
}

static int merge_range_locked(struct hint_session *out, const struct recording *recording,
                              size_t from, size_t to, size_t pages_max)
{
    struct hint_touch *touches;
    int rc;

    if (from < recording->first_valid) from = recording->first_valid;
    if (from >= to) return HINT_OK;
    touches = hint_malloc((to - from) * sizeof *touches);
    if (!touches) return HINT_NOMEM;
    hint_recorder_copy(&recording->recorder, touches, from, to - from);
    rc = hint_session_merge(out, touches, to - from, pages_max);
    hint_free(touches);
    return rc;
}

static int merge_locked(struct hint_session *out, const struct recording *recording,
                        size_t pages_max)
{
    size_t count = hint_recorder_count(&recording->recorder);
    int rc = merge_range_locked(out, recording, 0, recording->ignored_from, pages_max);

    if (rc == HINT_OK)
        rc = merge_range_locked(out, recording, recording->ignored_to, count, pages_max);
    return rc;
}

/* A merge changes the order of what is kept. Where all of it had been taken it still is; else it is
 * handed out again. */
int preload_session_leave(struct session *session, struct recording *recording)
{
    struct recording **at = &session->recordings;
    bool all_taken;
    int rc;

    preload_lock(&session->lock);
    all_taken = session->closed_taken == session->closed.len &&
                recording->taken >= hint_recorder_count(&recording->recorder);
    rc = merge_locked(&session->closed, recording, session->pages_max);
    session->closed_taken = all_taken ? session->closed.len : 0;
    while (*at && *at != recording)
        at = &(*at)->next;
    if (*at) *at = recording->next;
    preload_unlock(&session->lock);
    return rc;
}

void preload_session_restart(struct session *session, struct recording *recording, int mode,
                             struct hint_window window)
{
    preload_lock(&session->lock);
    start_locked(session, recording, mode, window);
    preload_unlock(&session->lock);
}

void preload_session_ignore(struct session *session, struct recording *recording, size_t from,
                            size_t to)
{
    preload_lock(&session->lock);
    recording->ignored_from = from;
    recording->ignored_to = to;
    preload_unlock(&session->lock);
}

static void drop_closed_locked(struct session *session)
{
    struct hint_session *closed = &session->closed;

    hint_free(closed->touches);
    closed->touches = NULL;
    closed->len = 0;
    closed->first = (struct hint_evidence){ 0 };
    closed->last = (struct hint_evidence){ 0 };
    closed->moved = true;
    session->closed_taken = 0;
    session->last_is_fixed = false;
    session->saved_pages = 0;
}

void preload_session_forget(struct session *session, struct recording *own)
{
    atomic_store(&session->moved, true);
    preload_lock(&session->lock);
    drop_closed_locked(session);
    for (struct recording *r = session->recordings; r; r = r->next)
        r->first_valid = hint_recorder_count(&r->recorder);
    if (own->mode & CONFIG_MODE_RECORD) start_locked(session, own, own->mode, own->recorder.window);
    preload_unlock(&session->lock);
}

/* ---- what page 1 says ---- */

void preload_session_saw_page_size(struct session *session, uint32_t page_size)
{
    atomic_store_explicit(&session->page_size, page_size, memory_order_relaxed);
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

void preload_session_saw_schema(struct session *session, const struct hint_evidence *evidence,
                                bool written)
{
    struct hint_session *closed = &session->closed;

    preload_lock(&session->lock);
    if (!written && closed->first.page_size == 0) closed->first = *evidence;
    if (is_change_of_others(&closed->last, evidence, written)) session->last_is_fixed = true;
    if (!session->last_is_fixed) closed->last = *evidence;
    preload_unlock(&session->lock);
}

void preload_session_saw_move(struct session *session)
{
    preload_lock(&session->lock);
    session->closed.moved = true;
    preload_unlock(&session->lock);
}

/* ---- for the saver ---- */

/* Of a database whose page 1 was not read yet, its header at the most, the page size is all that
 * counts: the rest may be stale. */
static void copy_evidence_locked(struct hint_session *out, const struct session *session)
{
    const uint32_t page_size = atomic_load(&session->page_size);

    out->first = session->closed.first;
    out->last = session->closed.last;
    out->moved = session->closed.moved;
    if (out->first.page_size == 0) out->first.page_size = page_size;
    if (out->last.page_size == 0) out->last.page_size = page_size;
}

int preload_session_copy(struct hint_session *out, struct session *session)
{
    int rc;

    hint_session_free(out);
    preload_lock(&session->lock);
    out->id = session->closed.id;
    out->began_s = session->closed.began_s;
    copy_evidence_locked(out, session);
    rc = hint_session_merge(out, session->closed.touches, session->closed.len, session->pages_max);
    for (const struct recording *r = session->recordings; r && rc == HINT_OK; r = r->next)
        rc = merge_locked(out, r, session->pages_max);
    preload_unlock(&session->lock);
    return rc;
}

static bool evidence_equal(const struct hint_evidence *a, const struct hint_evidence *b)
{
    return a->page_size == b->page_size && a->page_count == b->page_count &&
           a->schema_cookie == b->schema_cookie && a->schema_hash == b->schema_hash;
}

bool preload_session_is_dirty(struct session *session, const struct hint_session *copy)
{
    bool dirty;

    if (atomic_load(&session->page_size) == 0) return false;
    preload_lock(&session->lock);
    dirty = copy->len > session->saved_pages ||
            (copy->len > 0 && !evidence_equal(&copy->last, &session->saved_evidence));
    preload_unlock(&session->lock);
    return dirty;
}

void preload_session_mark_saved(struct session *session, const struct hint_session *copy)
{
    preload_lock(&session->lock);
    session->saved_pages = copy->len;
    session->saved_evidence = copy->last;
    preload_unlock(&session->lock);
}

bool preload_session_was_saved(struct session *session)
{
    bool saved;

    preload_lock(&session->lock);
    saved = session->saved_pages > 0;
    preload_unlock(&session->lock);
    return saved;
}

bool preload_session_has_settled(struct session *session)
{
    const uint64_t now_us = preload_session_us(session);
    bool settled = true;
    bool touched;

    preload_lock(&session->lock);
    touched = session->closed.len > 0;
    for (const struct recording *r = session->recordings; r && settled; r = r->next) {
        if (hint_recorder_count(&r->recorder) == 0) continue;
        touched = true;
        settled = hint_recorder_settled(&r->recorder, now_us);
    }
    if (session->saved_pages > 0) settled = true;
    preload_unlock(&session->lock);
    return touched && settled;
}

bool preload_session_is_recorded(struct session *session)
{
    bool recorded = false;

    preload_lock(&session->lock);
    for (const struct recording *r = session->recordings; r && !recorded; r = r->next)
        recorded = (r->mode & CONFIG_MODE_RECORD) != 0;
    preload_unlock(&session->lock);
    return recorded;
}

/* ---- for the replay ---- */

enum preload_reason preload_session_stop_reason(const struct session *session, uint32_t page_size)
{
    const uint32_t found = atomic_load_explicit(&session->page_size, memory_order_relaxed);

    if (atomic_load(&session->moved)) return PRELOAD_REASON_MOVED;
    return found != 0 && page_size != 0 && found != page_size ? PRELOAD_REASON_PAGE_SIZE
                                                              : PRELOAD_REASON_NONE;
}

bool preload_session_waits(struct session *session)
{
    bool waits = false;

    preload_lock(&session->lock);
    for (const struct recording *r = session->recordings; r && !waits; r = r->next)
        waits = atomic_load_explicit(&r->reading, memory_order_relaxed);
    preload_unlock(&session->lock);
    return waits;
}

uint64_t preload_session_touches(struct session *session)
{
    uint64_t touches = 0;

    preload_lock(&session->lock);
    for (const struct recording *r = session->recordings; r; r = r->next)
        touches += hint_recorder_count(&r->recorder);
    preload_unlock(&session->lock);
    return touches;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t preload_session_take(struct session *session, struct hint_touch *out, size_t most)
{
    size_t taken;

    preload_lock(&session->lock);
    taken = smaller(session->closed.len - session->closed_taken, most);
    if (taken > 0)
        memcpy(out, session->closed.touches + session->closed_taken, taken * sizeof *out);
    session->closed_taken += taken;
    for (struct recording *r = session->recordings; r && taken < most; r = r->next) {
        const size_t from = r->taken < r->first_valid ? r->first_valid : r->taken;
        const size_t count = smaller(hint_recorder_count(&r->recorder) - from, most - taken);

        hint_recorder_copy(&r->recorder, out + taken, from, count);
        r->taken = from + count;
        taken += count;
    }
    preload_unlock(&session->lock);
    return taken;
}

struct hint_evidence preload_session_found(struct session *session)
{
    struct hint_evidence found;

    preload_lock(&session->lock);
    found = session->closed.first;
    preload_unlock(&session->lock);
    return found;
}
