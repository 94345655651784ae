/* What all connections of this process share for one database file: configuration, book, store,
 * prefetch, statistics. Found by file identity, so symlinks, hard links and relative names lead to
 * one.
 *
 * A database lives from its first open in the process to its last close; that is one session. One
 * whose hints could not be stored stays behind, dormant, so that at least this process finds them
 * again; at most DATABASES_DORMANT_MAX do. Any thread, where no other rule is given. */
#ifndef VFS_DATABASE_H
#define VFS_DATABASE_H

#include <pthread.h>

#include "hints/format/header.h"
#include "vfs/replay/prefetch.h"
#include "vfs/replay/progress.h"
#include "vfs/replay/trial.h"
#include "vfs/session/connection.h"
#include "vfs/store/store.h"

#define DATABASES_DORMANT_MAX 16

struct database {
    struct identity identity;
    sqlite3_vfs *base;
    bool base_is_os; /* the operating system's own VFS: workers may advise by descriptor */
    char *path;
    struct config config;
    struct store *store; /* NULL: memory only */
    uint64_t opened_us;  /* preload_clock_us() */
    unsigned references; /* behind the registry's lock */
    struct database *next;

    pthread_mutex_t lock; /* what follows, up to the blank line; never held over I/O */
    struct connection *connections;
    struct hint_session session; /* of the connections that closed */
    struct hint_book book;       /* as loaded, or as the last save left it */
    struct hint_header geometry; /* as last read from page 1; page_size 0: not yet */
    bool is_another;    /* others changed the schema or the size since: session.last stays what the
                           touches were learnt on */
    size_t saved_pages; /* of the session, in the last save */
    struct hint_evidence saved_evidence; /* and its session.last */
    struct progress progress;
    uint64_t saves;
    uint64_t save_errors;
    bool dormant_worthy; /* the last save failed */

    pthread_mutex_t save_lock;  /* one save at a time; taken before `lock` */
    atomic_bool save_cancelled; /* a save in the background gives up its wait for the lock */
    struct pool_task save_task;
    struct pool_task replay_task;

    struct prefetch prefetch;
    struct trial trial;
    atomic_bool plan_ready; /* the plan and its page size stay as they are from then on */
};

/* After a main database file was opened with the base: finds or makes its database, begins the
 * replay when this is the first open. connection->database stays NULL when there is nothing to do:
 * no file of that name, no memory. `main` is the base's open file, `name` as xOpen got it. On the
 * connection's thread. */
void preload_database_attach(struct connection *connection, sqlite3_vfs *base, bool base_is_os,
                             sqlite3_file *main, const char *name, const struct config *config);

/* Before the base closes the file: stops what works for the database when this is its last
 * connection, closes the handles of this connection. On the connection's thread. */
void preload_database_detach(struct connection *connection);

/* After the base closed the file: saves and frees the database when that was its last connection.
 */
void preload_database_release(struct connection *connection);

/* While the connection holds a lock: closes its handles when the prefetch has ended. On the
 * connection's thread. */
void preload_database_close_handles(struct connection *connection);

/* Whether this process got the open file from its parent, by fork(): then its database is the
 * parent's, neither saved nor asked here. */
bool preload_database_is_inherited(const struct connection *connection);

uint64_t preload_database_opened_us(const struct database *database);

/* A connection read page 1. */
void preload_database_saw_header(struct database *database, const struct hint_header *geometry);

/* A connection read page 1 whole, or wrote it: its evidence. */
void preload_database_saw_schema(struct database *database, const struct hint_evidence *evidence,
                                 bool written);

/* This process has moved the pages itself. */
void preload_database_moved(struct database *database);

/* Touches [from, to) of a connection, by index, say nothing about the next session; what an earlier
 * call named and this one does not reach stays void only if it is the same row, grown. */
void preload_database_void(struct connection *connection, size_t from, size_t to);

/* Follows a mode that the host set since the file was opened: off drops what was recorded and
 * cancels the replay, on records again. Cheap when nothing changed. */
void preload_database_follow_host(struct connection *connection);

/* The pages are about to move: the running session's touches are dropped, `own` may start anew. */
void preload_database_forget_session(struct connection *own);

/* Saves now. SQLITE_OK: saved, or nothing new. SQLITE_ERROR: not saved; logged. */
int preload_database_flush(struct database *database);

void preload_database_stats(struct database *database, struct preload_stats *out);

/* Frees the dormant ones; when the last instance is taken out. */
void preload_database_forget_dormant(void);

/* fork(): the registry is held still; a child forgets its parent's databases. */
void preload_database_before_fork(void);
void preload_database_after_fork_in_parent(void);
void preload_database_after_fork_in_child(void);

#endif
