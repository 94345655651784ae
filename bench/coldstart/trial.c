/* Parent and child of a trial, and the line between them. */
#include "bench/coldstart/trial.h"

#include "bench/coldstart/fetch.h"
#include "bench/coldstart/read_clock.h"
#include "bench/coldstart/session.h"
#include "bench/kit/child.h"
#include "bench/kit/clock.h"
#include "bench/kit/latency_vfs.h"
#include "vfs/preload.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_BYTES (128 << 10)
#define PARALLEL      16u

/* The arguments of a child. */
enum {
    ARG_ARM = CHILD_FIRST,
    ARG_LATENCY,
    ARG_SEED,
    ARG_DATABASE,
    ARG_STORE,
    ARG_PAGES,
    ARG_TRACE,
    ARG_END
};

const char *const trial_arm_names[TRIAL_ARM_COUNT] = {
    [TRIAL_PLAIN] = "plain cold",      [TRIAL_PRELOAD] = "preload cold",
    [TRIAL_WHOLE] = "whole file",      [TRIAL_WARM] = "warm",
    [TRIAL_FIRST] = "first 128 pages", [TRIAL_INTERIOR] = "interior only",
    [TRIAL_LAST] = "last session",     [TRIAL_UNION] = "union",
    [TRIAL_ORACLE] = "oracle",
};

/* ---- the child ---- */

static int complain(const char *what, int rc)
{
    fprintf(stderr, "coldstart: %s: %s\n", what, sqlite3_errstr(rc));
    return 1;
}

/* Reads the file through the connection's own handle, in requests of 128 KiB. */
static int read_whole(sqlite3 *db)
{
    char *bytes = malloc(REQUEST_BYTES);
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int rc = bytes != NULL ? SQLITE_OK : SQLITE_NOMEM;

    if (rc == SQLITE_OK) {
        rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    }
    if (rc == SQLITE_OK) rc = file->pMethods->xFileSize(file, &size);
    for (sqlite3_int64 at = 0; at < size && rc == SQLITE_OK; at += REQUEST_BYTES) {
        const sqlite3_int64 left = size - at;

        rc = file->pMethods->xRead(file, bytes, left < REQUEST_BYTES ? (int)left : REQUEST_BYTES,
                                   at);
    }
    free(bytes);
    return rc;
}

/* Makes everything resident, as the arm `warm` finds it, in no time. */
static int warm_up(const struct trial *trial, const char *vfs, struct latency_config *config)
{
    const uint64_t latency_us = config->device.latency_us;
    sqlite3 *db = NULL;
    int rc;

    config->device.latency_us = 0;
    if (trial->latency_us > 0) latency_vfs_configure("latency", config);
    rc = sqlite3_open_v2(trial->database, &db, SQLITE_OPEN_READWRITE, vfs);
    if (rc == SQLITE_OK) rc = read_whole(db);
    if (trial->latency_us > 0) sqlite3_file_control(db, "main", LATENCY_FCNTL_RESET, NULL);
    sqlite3_close(db);
    config->device.latency_us = latency_us;
    if (trial->latency_us > 0) latency_vfs_configure("latency", config);
    return rc;
}

static const char *option(char *out, size_t size, const char *name, const char *value)
{
    snprintf(out, size, "%s=%s", name, value);
    return out;
}

/* Registers what the trial stands on; `vfs` is the name to open the database with. */
static int set_up(const struct trial *trial, const char **vfs)
{
    struct latency_config slow = { .device = { .latency_us = trial->latency_us,
                                               .parallel = PARALLEL } };
    char store[4200];
    char trace[4200];
    const char *options[4] = { NULL };
    struct preload_config config = { .options = options };
    size_t count = 0;
    int rc = SQLITE_OK;

    if (trial->store != NULL)
        options[count++] = option(store, sizeof(store), "store", trial->store);
    if (trial->trace != NULL) {
        options[count++] = option(trace, sizeof(trace), "trace", trial->trace);
        options[count++] = "mode=record";
    }

    *vfs = "unix";
    if (trial->latency_us > 0) {
        rc = latency_vfs_register("latency", "unix", &slow);
        *vfs = "latency";
    }
    if (rc == SQLITE_OK && trial->arm == TRIAL_WARM) rc = warm_up(trial, *vfs, &slow);
    if (rc == SQLITE_OK && trial->arm == TRIAL_PRELOAD) {
        config.base = *vfs;
        rc = preload_register(&config);
        *vfs = "preload";
    }
    return rc;
}

static int page_bytes_of(sqlite3 *db, uint64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA page_size", -1, &statement, NULL);

    if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        *out = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_OK && *out == 0 ? SQLITE_ERROR : rc;
}

/* Everything was there before the session began. */
static int count_whole(const struct trial *trial, sqlite3 *db, struct trial_found *out)
{
    struct sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    if (rc == SQLITE_OK) rc = file->pMethods->xFileSize(file, &size);
    out->demand_pages = 0;
    if (trial->arm == TRIAL_WARM) return rc;
    out->prefetched_pages = (uint64_t)size / out->page_bytes;
    out->used_pages = out->needed_pages;
    out->fetch_requests = ((uint64_t)size + REQUEST_BYTES - 1) / REQUEST_BYTES;
    return rc;
}

/* What was fetched ahead, by the arm's nature or by the library's account. */
static int count_pages(const struct trial *trial, sqlite3 *db, struct trial_found *out)
{
    struct device_counters device = { 0 };
    struct preload_stats stats = { 0 };
    int missed = 0;
    int high = 0;
    int rc = sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &missed, &high, 0);

    out->needed_pages = (uint64_t)missed;
    out->demand_pages = out->needed_pages;
    out->read_p50_ns = read_clock_quantile(500);
    out->read_p99_ns = read_clock_quantile(990);
    if (rc == SQLITE_OK) rc = page_bytes_of(db, &out->page_bytes);
    if (rc == SQLITE_OK && trial->latency_us > 0) {
        rc = sqlite3_file_control(db, "main", LATENCY_FCNTL_COUNTERS, &device);
        out->requests = device.requests;
    }
    if (rc == SQLITE_OK && trial->arm == TRIAL_PRELOAD) {
        rc = preload_stats_of(db, "main", &stats);
        out->demand_pages = (uint64_t)stats.demand_pages;
        out->prefetched_pages = (uint64_t)stats.issued_pages;
        out->used_pages = (uint64_t)stats.used_pages;
        out->fetch_requests = (uint64_t)stats.issued_requests;
    }
    if (rc == SQLITE_OK && (trial->arm == TRIAL_WHOLE || trial->arm == TRIAL_WARM)) {
        rc = count_whole(trial, db, out);
    }
    return rc;
}

/* The session itself. SQLite's cache is large enough for it, so that it asks for no page twice. */
static int run_session(const struct trial *trial, const char *vfs, struct fetch *fetch,
                       const struct fetch_list *list, struct trial_found *out)
{
    const uint64_t begin_us = clock_now_ns() / 1000;
    struct fetch_progress fetched = { 0 };
    struct session session = { 0 };
    sqlite3 *db = NULL;
    int rc = SQLITE_OK;

    if (fetch != NULL) {
        rc = fetch_start(fetch, list, trial->database, trial->latency_us > 0 ? vfs : NULL);
    }
    if (rc == SQLITE_OK) rc = sqlite3_open_v2(trial->database, &db, SQLITE_OPEN_READWRITE, vfs);
    if (rc == SQLITE_OK && trial->arm == TRIAL_WHOLE) rc = read_whole(db);
    if (rc == SQLITE_OK) rc = read_clock_start(db);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "PRAGMA cache_size = -65536", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = session_run(db, trial->seed, &session);
    out->end_us = clock_now_ns() / 1000 - begin_us;
    if (fetch != NULL) fetched = fetch_look(fetch);
    out->first_row_us = session.first_row_ns / 1000 - begin_us;
    out->rows = session.rows;
    out->checksum = session.checksum;
    if (rc == SQLITE_OK) rc = count_pages(trial, db, out);
    if (fetch != NULL) {
        out->prefetched_pages = fetched.pages;
        out->fetch_requests = fetched.requests;
    }
    sqlite3_close(db);
    read_clock_stop();
    return rc;
}

/* With what the arm has ready before time begins. */
static int run_arm(const struct trial *trial, const char *vfs, struct trial_found *out)
{
    struct fetch_list list = { 0 };
    struct fetch fetch = { .fd = -1 };
    int rc;

    if (trial->pages == NULL) return run_session(trial, vfs, NULL, NULL, out);
    if (fetch_list_load(&list, trial->pages) != FETCH_OK) return SQLITE_CANTOPEN;
    rc = run_session(trial, vfs, &fetch, &list, out);
    fetch_stop(&fetch);
    fetch_list_free(&list);
    return rc;
}

static int say(const struct trial_found *found)
{
#define TRIAL_VALUE(name) found->name,
    const uint64_t numbers[] = { TRIAL_FOUND(TRIAL_VALUE) };
#undef TRIAL_VALUE

    return child_say(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static const char *argument(char *const *argv, int which)
{
    return argv[which][0] != '\0' ? argv[which] : NULL;
}

int trial_is_child(int argc, char *const *argv)
{
    return child_is_called(argc, argv, ARG_END - CHILD_FIRST);
}

int trial_child(char *const *argv)
{
    const struct trial trial = {
        .arm = (enum trial_arm)strtoul(argv[ARG_ARM], NULL, 10),
        .latency_us = strtoull(argv[ARG_LATENCY], NULL, 10),
        .seed = strtoull(argv[ARG_SEED], NULL, 10),
        .database = argv[ARG_DATABASE],
        .store = argument(argv, ARG_STORE),
        .pages = argument(argv, ARG_PAGES),
        .trace = argument(argv, ARG_TRACE),
    };
    struct trial_found found = { 0 };
    const char *vfs = NULL;
    int rc = set_up(&trial, &vfs);

    if (rc != SQLITE_OK) return complain("set up", rc);
    rc = run_arm(&trial, vfs, &found);
    if (rc != SQLITE_OK) return complain("session", rc);
    return say(&found);
}

/* ---- the parent ---- */

static void become_child(const void *data)
{
    const struct trial *trial = data;
    struct child_call call = { .count = 0 };

    child_add_number(&call, trial->arm);
    child_add_number(&call, trial->latency_us);
    child_add_number(&call, trial->seed);
    child_add_text(&call, trial->database);
    child_add_text(&call, trial->store);
    child_add_text(&call, trial->pages);
    child_add_text(&call, trial->trace);
    child_become_self(&call);
}

int trial_run(const struct trial *trial, struct trial_found *out)
{
#define TRIAL_PLACE(name) &out->name,
    uint64_t *const numbers[] = { TRIAL_FOUND(TRIAL_PLACE) };
#undef TRIAL_PLACE

    *out = (struct trial_found){ 0 };
    return child_hear(numbers, sizeof(numbers) / sizeof(numbers[0]), NULL, become_child, trial);
}
