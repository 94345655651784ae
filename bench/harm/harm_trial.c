/* Parent and child, and the line between them. */
#include "bench/harm/harm_trial.h"

#include "bench/kit/child.h"
#include "bench/kit/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vfs/preload.h"

#define CHILD "--child"

/* A replay that goes on behind the session's back would do so within this time. */
#define REST_NS 100000000L

/* --child ARM ROWS HALF SEED DATABASE */
enum { ARG_SELF, ARG_CHILD, ARG_ARM, ARG_ROWS, ARG_HALF, ARG_SEED, ARG_DATABASE, ARG_COUNT };

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

bool harm_trial_is_child(int argc, char *const *argv)
{
    return argc == ARG_COUNT && strcmp(argv[ARG_CHILD], CHILD) == 0;
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
#define PRINT_FIELD(name) printf("%" PRIu64 " ", found.name);
    HARM_FOUND(PRINT_FIELD)
#undef PRINT_FIELD
    puts("end");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- the parent ---- */

/* Every number, and the word that says that the line is whole. */
static int parse_line(char *at, struct harm_found *out)
{
#define PARSE_FIELD(name) out->name = strtoull(at, &at, 10);
    HARM_FOUND(PARSE_FIELD)
#undef PARSE_FIELD
    return strcmp(at, " end\n") == 0 ? HARM_OK : HARM_FAILED;
}

static void become_child(const void *data)
{
    const struct harm_trial *trial = data;
    char numbers[4][24];
    char self[] = "/proc/self/exe";
    char child[] = CHILD;
    char *database = strdup(trial->database);
    char *argv[ARG_COUNT + 1] = { self,       child,      numbers[0], numbers[1],
                                  numbers[2], numbers[3], database,   NULL };

    snprintf(numbers[0], sizeof(numbers[0]), "%d", (int)trial->arm);
    snprintf(numbers[1], sizeof(numbers[1]), "%" PRIu32, trial->session.rows);
    snprintf(numbers[2], sizeof(numbers[2]), "%d", (int)trial->session.half);
    snprintf(numbers[3], sizeof(numbers[3]), "%" PRIu64, trial->session.seed);
    if (database != NULL) execv(self, argv);
    _exit(127);
}

int harm_trial_run(const struct harm_trial *trial, struct harm_found *out)
{
    char line[CHILD_LINE_BYTES];
    int rc;

    *out = (struct harm_found){ 0 };
    rc = child_hear(become_child, trial, line, NULL);
    return rc == HARM_OK ? parse_line(line, out) : rc;
}
