/* What this process does with one database, from the first open to the last close: the recordings
 * of its open connections, the touches of those that closed, and the evidence that page 1 gave.
 *
 * It decides nothing and works for nobody: the saver copies it, the replay asks it. Any thread,
 * where no other rule is given. */
#ifndef VFS_SESSION_H
#define VFS_SESSION_H

#include <pthread.h>

#include "hints/session.h"
#include "vfs/preload.h"
#include "vfs/session/recording.h"

struct session {
    uint64_t began_us;     /* preload_clock_us() */
    size_t pages_max;      /* touches that it keeps */
    atomic_bool moved;     /* its pages have moved since it began: what was planned holds no more */
    atomic_uint page_size; /* as page 1 said last; 0: not read yet */

    pthread_mutex_t lock; /* what follows; never held over I/O */
    struct recording *recordings;
    struct hint_session closed;          /* touches of closed connections; identity and evidence */
    size_t closed_taken;                 /* of those touches, by preload_session_take */
    bool last_is_fixed;                  /* others changed the schema or the size since: closed.last
                                            stays what the touches were learnt on */
    size_t saved_pages;                  /* in the last save */
    struct hint_evidence saved_evidence; /* and its evidence */
};

/* Begins on zeroed memory. */
void preload_session_begin(struct session *session, size_t pages_max);

/* Frees what it holds, its connections having left. */
void preload_session_free(struct session *session);

/* Microseconds since it began. */
uint64_t preload_session_us(const struct session *session);

/* ---- its connections, each call on the connection's own thread ---- */

/* Lists a connection's recording and starts it, in a mode of CONFIG_MODE_*. */
void preload_session_join(struct session *session, struct recording *recording, int mode,
                          struct hint_window window);

/* Takes it off the list; its touches become the session's. HINT_NOMEM: they are lost. */
int preload_session_leave(struct session *session, struct recording *recording);

/* Drops what was recorded and starts anew in another mode. */
void preload_session_restart(struct session *session, struct recording *recording, int mode,
                             struct hint_window window);

/* Touches [from, to) of a recording, by index, say nothing about the next session. Touches that an
 * earlier call named and this one does not are counted again. */
void preload_session_ignore(struct session *session, struct recording *recording, size_t from,
                            size_t to);

/* The pages are about to move: all touches so far are dropped. `own` starts anew; other recordings
 * belong to their threads and only have their touches marked. */
void preload_session_forget(struct session *session, struct recording *own);

/* ---- what page 1 says ---- */

void preload_session_saw_page_size(struct session *session, uint32_t page_size);

/* Page 1 was read whole, or written. */
void preload_session_saw_schema(struct session *session, const struct hint_evidence *evidence,
                                bool written);

/* This process has moved the pages itself. */
void preload_session_saw_move(struct session *session);

/* ---- for the saver ---- */

/* Copies identity, evidence and touches, open connections included. HINT_NOMEM. */
int preload_session_copy(struct hint_session *out, struct session *session);

/* Whether a copy holds more than the last one that was marked as saved. */
bool preload_session_is_dirty(struct session *session, const struct hint_session *copy);
void preload_session_mark_saved(struct session *session, const struct hint_session *copy);
bool preload_session_was_saved(struct session *session);

/* Whether it has touches, and their rate has settled or some were saved before. */
bool preload_session_has_settled(struct session *session);

/* Whether any connection records. */
bool preload_session_is_recorded(struct session *session);

/* ---- for the replay ---- */

/* Why a plan for pages of this size no longer holds; NONE: it does. */
enum preload_reason preload_session_stop_reason(const struct session *session, uint32_t page_size);

/* Whether a connection reads a page that it has not read before. */
bool preload_session_waits(struct session *session);

/* First touches of the open connections. */
uint64_t preload_session_touches(struct session *session);

/* Copies up to `most` touches that no earlier call copied, and how many these are. A touch may come
 * twice. */
size_t preload_session_take(struct session *session, struct hint_touch *out, size_t most);

/* The evidence as the session found it; page_size 0: page 1 was not read yet. */
struct hint_evidence preload_session_found(struct session *session);

#endif
