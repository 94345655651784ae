/* Children that work until they are killed. */
#include "bench/kit/load.h"

#include "bench/kit/random.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_BYTES 4096u

const char *const load_names[LOAD_KIND_COUNT] = {
    [LOAD_QUIET] = "quiet",
    [LOAD_DISK] = "disk load",
    [LOAD_CPU] = "CPU load",
};

static _Noreturn void read_for_ever(const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    void *bytes = aligned_alloc(READ_BYTES, READ_BYTES);
    struct random random = { 1 };
    struct stat found;
    uint32_t blocks;

    if (file < 0 || bytes == NULL || fstat(file, &found) != 0) _exit(1);
    blocks = (uint32_t)((uint64_t)found.st_size / READ_BYTES);
    while (blocks > 0 &&
           pread(file, bytes, READ_BYTES, (off_t)random_below(&random, blocks) * READ_BYTES) > 0) {
    }
    _exit(1);
}

static _Noreturn void compute_for_ever(void)
{
    for (volatile uint64_t x = 0;; x++) {
    }
}

static pid_t start_process(enum load_kind kind, const char *path)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid != 0) return pid;
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    if (kind == LOAD_DISK) read_for_ever(path);
    compute_for_ever();
}

int load_start(struct load *load, enum load_kind kind, const char *path)
{
    long wanted = 0;

    if (kind == LOAD_DISK) wanted = 1;
    if (kind == LOAD_CPU) wanted = sysconf(_SC_NPROCESSORS_ONLN);
    if (wanted > LOAD_PROCESSES_MAX) wanted = LOAD_PROCESSES_MAX;
    load->count = 0;
    while (load->count < wanted) {
        const pid_t pid = start_process(kind, path);

        if (pid < 0) {
            load_stop(load);
            return LOAD_SYSTEM;
        }
        load->processes[load->count++] = pid;
    }
    return LOAD_OK;
}

int load_stop(struct load *load)
{
    int rc = LOAD_OK;

    for (int i = 0; i < load->count; i++) {
        int status = 0;

        if (waitpid(load->processes[i], &status, WNOHANG) == 0) {
            kill(load->processes[i], SIGKILL);
            waitpid(load->processes[i], &status, 0);
        } else {
            rc = LOAD_ENDED;
        }
    }
    load->count = 0;
    return rc;
}
