/* fork, read, and the numbers through a pipe. */
#include "bench/fetch_trial.h"

#include "bench/fetch_door.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DIRECT_ALIGNMENT 4096u
#define HEADER_BYTES     100u

/* How long a replay may take to say that it has hints, behind the session. */
#define HINTS_WAIT_US 5000000u
#define HINTS_LOOK_US 1000u

const char *const fetch_load_names[FETCH_LOAD_COUNT] = {
    [FETCH_QUIET] = "quiet",
    [FETCH_DISK_LOAD] = "disk load",
    [FETCH_CPU_LOAD] = "CPU load",
};

/* The file in the session's hands: behind the door, or a descriptor. */
struct session {
    const struct fetch_trial *trial;
    struct fetch_door door;
    struct fetch_job job;
    struct fetch_work *work;
    double began_ms;
};

struct answer {
    int status;
    struct fetch_found found;
};

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool is_behind_door(const struct session *session)
{
    return session->trial->method == FETCH_PRELOAD;
}

static int read_page(const struct session *session, uint32_t pgno)
{
    char page[FETCH_PAGE_BYTES];
    const off_t offset = (off_t)(pgno - 1) * FETCH_PAGE_BYTES;

    if (is_behind_door(session))
        return fetch_door_read(&session->door, pgno, page) == SQLITE_OK ? FETCH_OK : FETCH_FAILED;
    return pread(session->job.fd, page, sizeof(page), offset) == (ssize_t)sizeof(page)
               ? FETCH_OK
               : FETCH_FAILED;
}

static int read_pages(const struct session *session, struct fetch_found *out)
{
    int rc = read_page(session, 1);

    for (uint32_t i = 0; i < FETCH_PAGES && rc == FETCH_OK; i++) {
        rc = read_page(session, session->trial->set->wanted[i]);
        if (i == 0) out->first_ms = now_ms() - session->began_ms;
        if (i + 1 == FETCH_PAGES / 10) out->tenth_ms = now_ms() - session->began_ms;
    }
    out->end_ms = now_ms() - session->began_ms;
    return rc;
}

/* ---- by pread ---- */

static int open_plainly(struct session *session)
{
    char header[HEADER_BYTES];

    session->job.fd = open(session->trial->path, O_RDONLY | O_CLOEXEC);
    if (session->job.fd < 0) return FETCH_FAILED;
    if (fetch_method_start(&session->work, &session->job) != 0) return FETCH_DENIED;
    return pread(session->job.fd, header, sizeof(header), 0) == (ssize_t)sizeof(header)
               ? FETCH_OK
               : FETCH_FAILED;
}

static int run_plainly(struct session *session, struct fetch_found *out)
{
    int rc;

    session->began_ms = now_ms();
    rc = open_plainly(session);
    if (rc == FETCH_OK) rc = read_pages(session, out);
    if (fetch_method_end(session->work, &out->fetched) != 0 && rc == FETCH_OK) rc = FETCH_DENIED;
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
    int rc;

    if (fetch_door_register("on") != SQLITE_OK) return FETCH_FAILED;
    session->began_ms = now_ms();
    if (fetch_door_open(&session->door, session->trial->path) != SQLITE_OK) return FETCH_FAILED;
    rc = read_pages(session, out);
    if (rc == FETCH_OK) rc = look_at_replay(session, out);
    if (fetch_door_close(&session->door) != SQLITE_OK && rc == FETCH_OK) rc = FETCH_FAILED;
    return rc;
}

static int run_session(const struct fetch_trial *trial, struct fetch_found *out)
{
    struct session session = {
        .trial = trial,
        .job = { .method = trial->method, .set = trial->set, .file_bytes = trial->file_bytes },
    };

    return is_behind_door(&session) ? run_behind_door(&session, out) : run_plainly(&session, out);
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

/* ---- the load ---- */

static _Noreturn void read_for_ever(const char *path, uint64_t file_bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    void *page = aligned_alloc(DIRECT_ALIGNMENT, FETCH_PAGE_BYTES);
    uint64_t x = 88172645463325252u;

    if (fd < 0 || page == NULL) _exit(1);
    for (;;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        if (pread(fd, page, FETCH_PAGE_BYTES,
                  (off_t)(x % (file_bytes / FETCH_PAGE_BYTES) * FETCH_PAGE_BYTES)) < 0)
            _exit(1);
    }
}

static _Noreturn void compute_for_ever(void)
{
    for (volatile uint64_t x = 0;; x++) {
    }
}

static pid_t start_process(enum fetch_load load, const char *path, uint64_t file_bytes)
{
    const pid_t pid = fork();

    if (pid != 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (load == FETCH_DISK_LOAD) read_for_ever(path, file_bytes);
    compute_for_ever();
}

int fetch_load_start(enum fetch_load load, const char *path, uint64_t file_bytes, pid_t *out)
{
    long wanted = load == FETCH_CPU_LOAD ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
    int count = 0;

    if (load == FETCH_QUIET) return 0;
    if (wanted > FETCH_LOAD_PROCESSES_MAX) wanted = FETCH_LOAD_PROCESSES_MAX;
    while (count < wanted) {
        out[count] = start_process(load, path, file_bytes);
        if (out[count] < 0) {
            (void)fetch_load_stop(out, count);
            return FETCH_SYSTEM;
        }
        count++;
    }
    return count;
}

int fetch_load_stop(const pid_t *processes, int count)
{
    int rc = FETCH_OK;

    for (int i = 0; i < count; i++) {
        int status = 0;

        kill(processes[i], SIGKILL);
        if (waitpid(processes[i], &status, 0) != processes[i] || WIFEXITED(status))
            rc = FETCH_FAILED;
    }
    return rc;
}
