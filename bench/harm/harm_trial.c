/* Parent and child, and the line between them. */
#include "bench/harm/harm_trial.h"

#include "bench/kit/child.h"
#include "bench/kit/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vfs/preload.h"

/* A replay that goes on behind the session's back would do so within this time. */
#define REST_NS 100000000L

/* The arguments of a child. */
enum { ARG_ARM = CHILD_FIRST, ARG_ROWS, ARG_HALF, ARG_SEED, ARG_DATABASE, ARG_END };

const char *const harm_arm_names[HARM_ARM_COUNT] = {
    [HARM_NONE] = "none",
    [HARM_PRELOAD] = "preload",
};

/* ---- the child ---- */

static int count_pages(sqlite3 *db, enum harm_arm arm, struct harm_found *out)
{
    struct preload_stats stats = { 0 };
    int missed = 0;
    int high = 0;
    int rc = sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &missed, &high, 0);

    out->needed_pages = (uint64_t)missed;
    if (rc != SQLITE_OK || arm == HARM_NONE) return rc;
    nanosleep(&(struct timespec){ .tv_nsec = REST_NS }, NULL);
    rc = preload_stats_of(db, "main", &stats);
    out->history_pages = (uint64_t)stats.history_pages;
    out->fetched_pages = (uint64_t)stats.issued_pages;
    out->fetched_bytes = (uint64_t)stats.issued_bytes;
    out->used_pages = (uint64_t)stats.used_pages;
    return rc;
}

/* SQLite's cache is large enough for the session, so that it asks for no page twice. */
static int run_session(const struct harm_trial *trial, const char *vfs, struct harm_found *out)
{
    const uint64_t begin_ns = clock_now_ns();
    struct harm_answers answers = { 0 };
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(trial->database, &db, SQLITE_OPEN_READWRITE, vfs);

    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "PRAGMA cache_size = -65536", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = harm_data_run(db, trial->session, &answers);
    out->first_row_us = (answers.first_row_ns - begin_ns) / 1000;
    out->tenth_us = (answers.tenth_ns - begin_ns) / 1000;
    out->end_us = (answers.end_ns - begin_ns) / 1000;
    out->rows = answers.rows;
    out->checksum = answers.checksum;
    if (rc == SQLITE_OK) rc = count_pages(db, trial->arm, out);
    sqlite3_close(db);
    return rc;
}

static int say(const struct harm_found *found)
{
#define HARM_VALUE(name) found->name,
    const uint64_t numbers[] = { HARM_FOUND(HARM_VALUE) };
#undef HARM_VALUE

    return child_say(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

bool harm_trial_is_child(int argc, char *const *argv)
{
    return child_is_called(argc, argv, ARG_END - CHILD_FIRST);
}

int harm_trial_child(char *const *argv)
{
    const struct harm_trial trial = {
        .arm = (enum harm_arm)strtoul(argv[ARG_ARM], NULL, 10),
        .session = { .rows = (uint32_t)strtoul(argv[ARG_ROWS], NULL, 10),
                     .half = (enum harm_half)strtoul(argv[ARG_HALF], NULL, 10),
                     .seed = strtoull(argv[ARG_SEED], NULL, 10) },
        .database = argv[ARG_DATABASE],
    };
    const bool ours = trial.arm == HARM_PRELOAD;
    struct harm_found found = { 0 };
    int rc = ours ? preload_register(&(struct preload_config){ .base = "unix" }) : SQLITE_OK;

    if (rc == SQLITE_OK) rc = run_session(&trial, ours ? "preload" : "unix", &found);
    if (rc != SQLITE_OK) {
        fprintf(stderr, "harm: a session: %s\n", sqlite3_errstr(rc));
        return 1;
    }
    return say(&found);
}

/* ---- the parent ---- */

static void become_child(const void *data)
{
    const struct harm_trial *trial = data;
    struct child_call call = { .count = 0 };

    child_add_number(&call, trial->arm);
    child_add_number(&call, trial->session.rows);
    child_add_number(&call, trial->session.half);
    child_add_number(&call, trial->session.seed);
    child_add_text(&call, trial->database);
    child_become_self(&call);
}

int harm_trial_run(const struct harm_trial *trial, struct harm_found *out)
{
#define HARM_PLACE(name) &out->name,
    uint64_t *const numbers[] = { HARM_FOUND(HARM_PLACE) };
#undef HARM_PLACE

    *out = (struct harm_found){ 0 };
    return child_hear(numbers, sizeof(numbers) / sizeof(numbers[0]), NULL, become_child, trial);
}
