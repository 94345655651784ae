/* sqlite-preload: a VFS that remembers which pages a program reads and fetches them when the
 * database opens again.
 *
 * Link libpreload.a with -lsqlite3 -lzstd -lpthread, call preload_register() once before the
 * databases are opened, and open them as before (or with `vfs=preload` in the URI when
 * `make_default` is 0). That is all a host has to do.
 *
 * Errors: the calls that return int answer an SQLite result code; each comment names them. No error
 * of this library ever reaches a statement: it is counted (preload_process_stats) and logged once
 * (SQLITE_PRELOAD_LOG; to sqlite3_log, too, when the host should act on it). Threads: any thread
 * may call anything here; calls that take a connection follow that connection's own thread rule. */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRELOAD_VERSION "0.1.0"

/* How to register. Zeroed means: over the process's default VFS, under the name `preload`, not the
 * default, options from the environment alone. Strings are copied. */
struct preload_config {
    const char *base; /* name of the base VFS; NULL: SQLITE_PRELOAD_BASE, else the default VFS */
    int make_default; /* 1: connections that name no VFS use this one; see below */
    const char *const
        *options; /* "name=value" strings, NULL-terminated; NULL: none. See docs/options.md */
};

/* Registers the VFS `preload` over its base, or `preload-BASE` when `preload` stands over another
 * base already. Idempotent: a second call over the same base applies the options and
 * `make_default`, nothing more. SQLITE_OK. SQLITE_ERROR: no such base, or the base is itself a
 * preload instance or stands over one. SQLITE_NOMEM, also where SQLite cannot be initialized.
 *
 * A base is known by its name and its address together. Where either has come to another VFS, which
 * is told by its version, sizes and xOpen, the instance over the one before is taken out.
 *
 * `make_default` never takes a VFS out of the way of connections that went through it. Where
 * somebody else's is the default and stands over ours, it stays. Where it does not, the first call
 * that names no base registers over it, and one that names a base is obeyed; later calls, as each
 * connection that loads the extension makes one, set the default only in place of the base, or of
 * what sqlite3_shutdown() put there. */
int preload_register(const struct preload_config *config);

/* Takes every instance out again, joins the workers, cancels the auto-extension. Where an instance
 * is the default, its base is that again.
 *
 * SQLITE_OK, also when nothing was registered: no thread runs our code any more, no file of ours is
 * open, and each connection is closed that has our SQL functions, which is each that was opened
 * since preload_register(), whatever its VFS and file. Then a plugin that holds this library may be
 * unloaded. SQLITE_BUSY: one of these is not so; of a worker, within a second. Nothing was done,
 * and all goes on. SQLITE_NOMEM: the same, for SQLite could not be initialized, which this does
 * where something was ever registered.
 *
 * No connection may be opened or closed by another thread meanwhile. What cannot be seen is the
 * host's to end: a VFS that stands over ours or has methods of it, and a connection without our
 * functions that has our VFS and no file open under it: opened between a
 * sqlite3_reset_auto_extension() or sqlite3_shutdown() and the next preload_register(). In a child
 * of fork() its parent's connections count, for they are in its memory, too. */
int preload_unregister(void);

/* For -DSQLITE_EXTRA_INIT=preload_extra_init: registers over the default VFS and becomes the
 * default. */
int preload_extra_init(const char *unused);

/* Entry points of the loadable; in the static library they accept NULL for every argument. The
 * first registers `preload`, the second also makes it the default. SQLITE_OK or
 * SQLITE_OK_LOAD_PERMANENTLY (when loaded). */
int sqlite3_preload_init(sqlite3 *db, char **error, const struct sqlite3_api_routines *api);
int sqlite3_preloaddefault_init(sqlite3 *db, char **error, const struct sqlite3_api_routines *api);

/* Sets one option for the databases that the process opens from now on. A program, its plugins and
 * the extension may each have a copy of this library: what is set in one, by this call, by
 * preload_register() or by SQL, holds in all, whichever of them are registered, loaded before or
 * after, and with which SQLite; open connections hear of `mode` at their next read. Only `base` is
 * the copy's own. A copy of another version may stand alone, and so does one in a file that has
 * lost its ELF note `.note.sqlite-preload`. To such a copy that serves the same SQLite the option
 * is handed over by its VFS.
 *
 * SQLITE_OK. SQLITE_ERROR: no such option, or a value that is not of its kind (the option keeps its
 * value); or it could not be told to all: no memory, or what serves under our name in an SQLite
 * that is in use is no copy of ours. */
int preload_configure(const char *name, const char *value);

/* Saves what the running session has learnt about a schema's database ("main" when NULL).
 * SQLITE_OK: saved, or nothing to save. SQLITE_NOTFOUND: that database is not under preload.
 * SQLITE_ERROR: not saved; logged. */
int preload_flush(sqlite3 *db, const char *schema);

/* The state of a database's replay. */
enum preload_state {
    PRELOAD_STATE_OFF = 0,     /* nothing is fetched: see the reason */
    PRELOAD_STATE_NONE = 1,    /* no hints were found; what the option `walk` fetched, it has */
    PRELOAD_STATE_LOADING = 2, /* the hints are read, the pages fetched, or the hints on trial */
    PRELOAD_STATE_DONE = 3,
    PRELOAD_STATE_ABORTED = 4, /* ended early: by a close, or the hints do not hold (logged) */
    PRELOAD_STATE_FAILED = 5   /* logged */
};

/* Why it ended as it did. */
enum preload_reason {
    PRELOAD_REASON_NONE = 0,      /* there is nothing to explain */
    PRELOAD_REASON_CLOSED = 1,    /* the database was closed before all was fetched */
    PRELOAD_REASON_HOST = 2,      /* the host set another mode */
    PRELOAD_REASON_DEADLINE = 3,  /* it took longer than `replay_ms` */
    PRELOAD_REASON_UNWANTED = 4,  /* the session needs other pages than were hinted */
    PRELOAD_REASON_PAGE_SIZE = 5, /* the hints are for another page size */
    PRELOAD_REASON_FILE =
        6, /* the file cannot be opened again, or is another one, or there is none */
    PRELOAD_REASON_DEVICE = 7, /* it could not be read, or the advice was refused */
    PRELOAD_REASON_MEMORY = 8,
    PRELOAD_REASON_THREAD = 9,    /* none could be started or is wanted, or it may open no file */
    PRELOAD_REASON_MOVED = 10,    /* the pages have moved since they were learnt, or do so now */
    PRELOAD_REASON_UNPROVEN = 11, /* the hints are of another state of the database, and too little
                                     was read to judge them by */
    PRELOAD_REASON_BASE = 12,     /* the file beneath does not hold the database as it is, and
                                     workers may not read through the base (`read_through`) */
    PRELOAD_REASON_MODE = 13,     /* the option `mode` says off, or record */
    PRELOAD_REASON_VFS = 14,      /* it was not opened through a VFS of ours */
    PRELOAD_REASON_EARLY = 15,  /* nor could it be: the connection was opened before we were loaded
                                   (preload_stats in SQL alone) */
    PRELOAD_REASON_HEADER = 16, /* page 1 is no database header: SQLite encrypts, and of such a
                                   file nothing is learnt */
    PRELOAD_REASON_SMALL = 17   /* it is no larger than `small`: fetched as a whole */
};

/* One database of this process, all its connections together. Pages are database pages. */
struct preload_stats {
    enum preload_state state;
    sqlite3_int64 history_pages;    /* pages in the history that all sessions share */
    sqlite3_int64 history_sessions; /* sessions that it remembers */
    sqlite3_int64 planned_pages;    /* to be fetched, bridged gaps included */
    sqlite3_int64 issued_pages;     /* fetched so far, or found in memory */
    sqlite3_int64 issued_requests;  /* advises or reads issued so far */
    sqlite3_int64 issued_bytes;
    sqlite3_int64 touched_pages; /* first touches of this session */
    sqlite3_int64 used_pages;    /* touched pages that were fetched ahead */
    sqlite3_int64 demand_pages;  /* touched pages that were not */
    sqlite3_int64 saves;         /* of this session's learning */
    sqlite3_int64 errors;        /* of ours, counted, never passed on */
    sqlite3_int64 replay_us;     /* from the open to the end of the replay; 0 before */
    enum preload_reason reason;
    sqlite3_int64 resident_pages; /* issued, and found in memory */
    sqlite3_int64 wasted_pages;   /* issued, and not touched so far */
    sqlite3_int64 late_pages;     /* planned, and touched before they were fetched */
    sqlite3_int64 tenth_us[10];   /* from the open until so many tenths of the plan were fetched or
                                     needed no fetch; 0 before */
};

/* SQLITE_OK. SQLITE_NOTFOUND: that database is not under preload; `out` is zeroed, but for the
 * reason where there is such a database. */
int preload_stats_of(sqlite3 *db, const char *schema, struct preload_stats *out);

/* This process with all copies of this library in it, since the first of them was used. */
struct preload_process_stats {
    sqlite3_int64 opens;      /* files opened through an instance, of any kind */
    sqlite3_int64 wrapped;    /* main databases that are recorded or replayed */
    sqlite3_int64 prefetches; /* replays that issued at least one page */
    sqlite3_int64 saves;
    sqlite3_int64 errors;
};
void preload_process_stats(struct preload_process_stats *out);

/* File-control opcodes answered by our files (two more are private); a foreign file answers
 * SQLITE_NOTFOUND (on an unopened temp: SQLITE_ERROR). The range is ours by choice of an unlikely
 * number, 0x70726c01 to 0x70726cff; SQLite reserves those below 100. */
#define PRELOAD_FCNTL_STATS 0x70726c01 /* struct preload_stats * */
#define PRELOAD_FCNTL_FLUSH 0x70726c02 /* no argument; SQLITE_OK or SQLITE_ERROR */

/* One that we ask a foreign base for, struct preload_read_pages *: pages read together, on any
 * thread. Reserved: so far it is asked with no pages, at the open of a main database. A base that
 * sets `answered` to 1 and returns SQLITE_OK where `file` is its own file says that its xRead takes
 * any number of pages, and workers then read through further files that they get from its xOpen.
 * Where `file` is another one, a VFS above has passed the question on: it is not answered. */
#define PRELOAD_FCNTL_READ_PAGES 0x70726c05

struct preload_page_read {
    sqlite3_int64 offset;
    int bytes;
    int status; /* an SQLite result code */
    void *buffer;
};

struct preload_read_pages {
    sqlite3_file *file; /* that is asked */
    int answered;
    int count;
    struct preload_page_read *pages;
};

#ifdef __cplusplus
}
#endif
#endif
