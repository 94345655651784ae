/* fork, read, and the numbers through a pipe. */
#include "bench/replay/fetch_trial.h"

#include "bench/kit/clock.h"
#include "bench/replay/fetch_door.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a replay may take to say that it has hints, behind the session. */
#define HINTS_WAIT_US 5000000u
#define HINTS_LOOK_US 1000u

/* The file in the session's hands, and in those of the method that works beside it. */
struct session {
    const struct fetch_trial *trial;
    struct fetch_door door;
    struct fetch_job job;
    struct fetch_work *work;
    uint64_t began_ns;
};

struct answer {
    int status;
    struct fetch_found found;
};

static double ms_since_start(const struct session *session)
{
    return (double)(clock_now_ns() - session->began_ns) / 1e6;
}

static int read_page(const struct session *session, uint32_t pgno)
{
    char page[FETCH_PAGE_BYTES];

    return fetch_door_read(&session->door, pgno, page) == SQLITE_OK ? FETCH_OK : FETCH_FAILED;
}

static int read_pages(const struct session *session, struct fetch_found *out)
{
    int rc = read_page(session, 1);

    for (uint32_t i = 0; i < FETCH_PAGES && rc == FETCH_OK; i++) {
        rc = read_page(session, session->trial->set->wanted[i]);
        if (i == 0) out->first_ms = ms_since_start(session);
        if (i + 1 == FETCH_PAGES / 10) out->tenth_ms = ms_since_start(session);
    }
    out->end_ms = ms_since_start(session);
    return rc;
}

/* ---- without preload ---- */

/* The method has a descriptor of its own, and begins before the session does. */
static int start_method(struct session *session)
{
    session->job.fd = open(session->trial->path, O_RDONLY | O_CLOEXEC);
    if (session->job.fd < 0) return FETCH_FAILED;
    return fetch_method_start(&session->work, &session->job) == 0 ? FETCH_OK : FETCH_DENIED;
}

static int run_plainly(struct session *session, struct fetch_found *out)
{
    bool opened = false;
    int rc;

    if (sqlite3_initialize() != SQLITE_OK) return FETCH_FAILED;
    session->began_ns = clock_now_ns();
    rc = start_method(session);
    if (rc == FETCH_OK) {
        opened = fetch_door_open(&session->door, "unix", session->trial->path) == SQLITE_OK;
        rc = opened ? read_pages(session, out) : FETCH_FAILED;
    }
    if (fetch_method_end(session->work, &out->fetched) != 0 && rc == FETCH_OK) rc = FETCH_DENIED;
    if (opened && fetch_door_close(&session->door) != SQLITE_OK && rc == FETCH_OK)
        rc = FETCH_FAILED;
    if (session->job.fd >= 0) close(session->job.fd);
    return rc;
}

/* ---- through preload ---- */

/* The counts are those of the session's end. Hints that were not loaded by then, on a slow disk,
 * are waited for: without any the measurement would be of nothing. */
static int look_at_replay(const struct session *session, struct fetch_found *out)
{
    struct preload_stats stats;
    int rc = fetch_door_stats(&session->door, &stats);

    out->fetched =
        (struct fetch_fetched){ (uint64_t)stats.issued_pages, (uint64_t)stats.issued_requests };
    for (unsigned us = 0; rc == SQLITE_OK && us < HINTS_WAIT_US; us += HINTS_LOOK_US) {
        if (stats.state != PRELOAD_STATE_LOADING || stats.history_pages > 0) break;
        usleep(HINTS_LOOK_US);
        rc = fetch_door_stats(&session->door, &stats);
    }
    if (rc != SQLITE_OK) return FETCH_FAILED;
    return stats.history_pages > 0 && stats.state != PRELOAD_STATE_FAILED ? FETCH_OK
                                                                          : FETCH_UNHINTED;
}

static int run_behind_door(struct session *session, struct fetch_found *out)
{
    const bool is_off = session->trial->method == FETCH_OFF;
    int rc;

    if (fetch_door_register(is_off ? "off" : "on") != SQLITE_OK) return FETCH_FAILED;
    session->began_ns = clock_now_ns();
    if (fetch_door_open(&session->door, "preload", session->trial->path) != SQLITE_OK)
        return FETCH_FAILED;
    rc = read_pages(session, out);
    if (rc == FETCH_OK && !is_off) rc = look_at_replay(session, out);
    if (fetch_door_close(&session->door) != SQLITE_OK && rc == FETCH_OK) rc = FETCH_FAILED;
    return rc;
}

static int run_session(const struct fetch_trial *trial, struct fetch_found *out)
{
    struct session session = {
        .trial = trial,
        .job = { .method = trial->method, .set = trial->set, .file_bytes = trial->file_bytes },
    };

    return trial->method >= FETCH_PRELOAD ? run_behind_door(&session, out)
                                          : run_plainly(&session, out);
}

int fetch_trial_run(const struct fetch_trial *trial, struct fetch_found *out)
{
    struct answer answer = { .status = FETCH_SYSTEM };
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) return FETCH_SYSTEM;
    pid = fork();
    if (pid == 0) {
        answer.status = run_session(trial, &answer.found);
        _exit(write(ends[1], &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
    }
    close(ends[1]);
    if (pid > 0 && read(ends[0], &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
        answer.status = FETCH_SYSTEM;
    close(ends[0]);
    if (pid > 0) waitpid(pid, NULL, 0);
    *out = answer.found;
    return answer.status;
}

const char *fetch_message(int status)
{
    switch (status) {
    case FETCH_OK:
        return "it went well";
    case FETCH_FAILED:
        return "the file cannot be read";
    case FETCH_DENIED:
        return "the kernel denies it";
    case FETCH_UNHINTED:
        return "the hints were not found, or not replayed";
    default:
        return "no process";
    }
}
