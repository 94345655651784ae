/* Configuration: one table of options, from which parsing, help, docs/options.md and the tests are
 * made.
 *
 * A value comes from the URI (`preload=MODE`, `preload_NAME=VALUE`), else from the host
 * (preload_configure, preload_config() in SQL, preload_register), else from the environment
 * (SQLITE_PRELOAD=MODE, SQLITE_PRELOAD_NAME; as it was at registration), else it is the default.
 * `off`, from whichever of them, wins. A value that is not of its kind is the default, one past its
 * cap is the cap; both are logged. Any thread.
 *
 * SQL and URIs may come from strangers, and we append to what is named: SQL sets no option that
 * names a file, and a URI names none unless the host says so (`uri_paths`). A path is made absolute
 * when it is set, so that a later chdir() does not move it. */
#ifndef VFS_CONFIG_H
#define VFS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Modes are bits: `on` is record and replay. */
enum config_mode {
    CONFIG_MODE_OFF = 0,
    CONFIG_MODE_RECORD = 1,
    CONFIG_MODE_REPLAY = 2,
    CONFIG_MODE_ON = 3,
};

enum config_kind {
    CONFIG_KIND_MODE,
    CONFIG_KIND_TEXT,
    CONFIG_KIND_FILE,  /* a path; or empty */
    CONFIG_KIND_LOG,   /* the same; or `stderr` */
    CONFIG_KIND_STORE, /* a word; or CONFIG_STORE_IN and a path */
    CONFIG_KIND_COUNT,
    CONFIG_KIND_BYTES, /* with an optional suffix K, M or G; or `auto` */
    CONFIG_KIND_MS,
};

/* Where an option is read: when the VFS is registered, for the whole process, or at each open of a
 * database. The host's are of the whole process, and the environment or preload_configure() alone
 * sets them. */
enum config_scope {
    CONFIG_SCOPE_REGISTER,
    CONFIG_SCOPE_PROCESS,
    CONFIG_SCOPE_DATABASE,
    CONFIG_SCOPE_HOST,
};

#define CONFIG_AUTO     UINT64_MAX
#define CONFIG_TEXT_MAX 1024 /* bytes of a text value, its end included */
#define CONFIG_STORE_IN "sidecar:"

/* name, kind, scope, default, least, most, help */
#define CONFIG_OPTIONS(X)                                                                          \
    X(base, TEXT, REGISTER, "", 0, 0, "the VFS beneath; empty: the process's default")             \
    X(mode, MODE, DATABASE, "on", 0, 0, "off, record, replay, or on (both)")                       \
    X(store, STORE, DATABASE, "sidecar", 0, 0,                                                     \
      "where hints are kept: sidecar (beside the database) or sidecar:DIRECTORY (a file for each " \
      "database; docs/formats.md)")                                                                \
    X(generation, COUNT, DATABASE, "0", 0, UINT64_MAX - 1,                                         \
      "fence: hints saved under a higher generation are never replaced")                           \
    X(actor, TEXT, DATABASE, "", 0, 0, "actor id in the messages that preload_export() makes")     \
    X(budget, BYTES, DATABASE, "auto", 0, UINT64_C(1) << 30,                                       \
      "most bytes prefetched at open; auto: some 3 usual sessions, at most 32 MiB")                \
    X(pace, COUNT, DATABASE, "1", 0, 1,                                                            \
      "1: late pages are fetched as the session comes near them; 0: all at once")                  \
    X(walk, COUNT, DATABASE, "1", 0, 1,                                                            \
      "1: where no hints are known, fetch the schema, the roots and the interior pages below; 0: " \
      "nothing. Only where the file is advised")                                                   \
    X(small, BYTES, DATABASE, "65536", 0, UINT64_C(1) << 30,                                       \
      "a database of at most so many bytes gets no sidecar: one readahead fetches it whole, with " \
      "`walk`")                                                                                    \
    X(window_pages, COUNT, DATABASE, "65536", 0, 1 << 20, "first touches recorded in a session")   \
    X(window_ms, MS, DATABASE, "60000", 0, 3600000, "how long a session is recorded")              \
    X(save_ms, MS, DATABASE, "30000", 10, 3600000,                                                 \
      "between two saves, while something new is learnt")                                          \
    X(history_pages, COUNT, DATABASE, "65536", 1, 1 << 20, "pages that a history remembers")       \
    X(profile, TEXT, DATABASE, "", 0, 0,                                                           \
      "keep a history of this name above the shared one: of a tenant, of a route; empty: none. "   \
      "One a database and process, as the first open says")                                        \
    X(profiles, COUNT, DATABASE, "16", 0, 256, "named histories kept for a database")              \
    X(lock_ms, MS, DATABASE, "1000", 0, 10000, "how long a save waits for another process's save") \
    X(sync, MS, DATABASE, "0", 0, 60000,                                                           \
      "how long an open waits until the hinted pages are there; 0: not at all")                    \
    X(replay_ms, MS, DATABASE, "60000", 0, 3600000,                                                \
      "how long after the open pages are prefetched")                                              \
    X(requests, COUNT, DATABASE, "16", 1, 16, "prefetch reads at once through a foreign base")     \
    X(read_through, COUNT, DATABASE, "0", 0, 1,                                                    \
      "1: over a base that is not the operating system's, threads of ours call its xRead, a page " \
      "at a time; 0: its file is advised where it holds the database as it is")                    \
    X(trace, FILE, DATABASE, "", 0, 0,                                                             \
      "append the first touches of each session to this file; empty: none")                        \
    X(workers, COUNT, PROCESS, "4", 0, 16,                                                         \
      "threads that advise and save, for the whole process; 0: nothing is fetched, and hints "     \
      "are saved at the last close")                                                               \
    X(log, LOG, PROCESS, "", 0, 0,                                                                 \
      "write messages to stderr or to this file; empty: to neither. What the host should act on "  \
      "goes to sqlite3_log in any case")                                                           \
    X(uri_paths, COUNT, HOST, "0", 0, 1,                                                           \
      "1: a URI may name files to write to, in preload_store and preload_trace; 0: such a "        \
      "parameter is passed over")

#define CONFIG_FIELD_MODE(name)                                 int name;
#define CONFIG_FIELD_TEXT(name)                                 char name[CONFIG_TEXT_MAX];
#define CONFIG_FIELD_FILE(name)                                 char name[CONFIG_TEXT_MAX];
#define CONFIG_FIELD_LOG(name)                                  char name[CONFIG_TEXT_MAX];
#define CONFIG_FIELD_STORE(name)                                char name[CONFIG_TEXT_MAX];
#define CONFIG_FIELD_COUNT(name)                                uint64_t name;
#define CONFIG_FIELD_BYTES(name)                                uint64_t name;
#define CONFIG_FIELD_MS(name)                                   uint64_t name;
#define CONFIG_FIELD(name, kind, scope, def, least, most, help) CONFIG_FIELD_##kind(name)

/* One value an option; which of them a source has set is a bit by the option's place in the table:
 * of what holds now, the environment or the host, when no URI said otherwise. */
struct config {
    uint32_t set;
    CONFIG_OPTIONS(CONFIG_FIELD)
};

struct config_option {
    const char *name;
    enum config_kind kind;
    enum config_scope scope;
    const char *def;
    uint64_t least;
    uint64_t most;
    const char *help;
    size_t offset; /* of the value in struct config */
};

extern const struct config_option preload_config_options[];
extern const size_t preload_config_option_count;

enum config_result {
    CONFIG_OK,
    CONFIG_CLAMPED, /* past its least or most, which was taken instead */
    CONFIG_BAD,     /* not of its kind; the value is as it was */
    CONFIG_UNKNOWN, /* no such option */
    CONFIG_ALONE,   /* set in this copy of the library; there was no memory to tell others */
};

/* Sets one value from text. */
enum config_result preload_config_set(struct config *config, const char *name, const char *value);

/* Prints a value as preload_config_set reads it. `len` bytes of `out`, cut when too small. */
void preload_config_print(char *out, size_t len, const struct config *config,
                          const struct config_option *option);

const struct config_option *preload_config_find(const char *name);

/* Whether that value names a file or a directory to write to. */
bool preload_config_names_path(const struct config_option *option, const char *value);

/* Whether SQL may set the option. */
bool preload_config_is_for_sql(const struct config_option *option);

/* The host's own setting, kept for the process: all copies of the library in it follow, but for the
 * base. CONFIG_CLAMPED and CONFIG_BAD are logged here. */
enum config_result preload_config_host(const char *name, const char *value);

/* Prints what the host has set, in any copy, as preload_config_set reads it. False: it has not set
 * that. */
bool preload_config_host_value(char *out, size_t len, const struct config_option *option);

/* Counts how often the host has changed a setting: the same number twice, and none was between. */
unsigned preload_config_host_epoch(void);

/* Reads the environment: getenv() beside another thread's setenv() is a crash, so it is called when
 * the library is registered and not again. Bad values are logged. */
void preload_config_read_environment(void);

/* What holds now without a URI: default, environment, host. False when one of them says off, which
 * no URI can change. */
bool preload_config_begin(struct config *out);

/* Whether hints are kept where the environment or the host said, or allowed a URI to say. */
bool preload_config_names_store(const struct config *config);

/* Sets one value for one database; a bad one is logged as from `source`. */
void preload_config_override(struct config *config, const struct config_option *option,
                             const char *value, const char *source);

/* The process's options alone: for those whose place is in no database. */
void preload_config_process(struct config *out);

/* Of these the number of workers alone, which each open asks for. */
unsigned preload_config_workers(void);

/* fork(): the child has the settings as they were before or after a change, never amid one. */
void preload_config_after_fork_in_child(void);

#endif
