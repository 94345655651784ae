/* Two children, and a file copied. */
#include "bench/replay/fetch_hints.h"

#include "bench/replay/fetch_door.h"
#include "bench/replay/fetch_set.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SESSIONS   2
#define PATH_BYTES 4352

static int path_of(char *out, const char *path, const char *suffix)
{
    const int len = snprintf(out, PATH_BYTES, "%s-preload%s", path, suffix);

    return len > 0 && len < PATH_BYTES ? 0 : -1;
}

static int read_session(const char *path, const uint32_t *pages, uint32_t count)
{
    char page[FETCH_PAGE_BYTES];
    struct fetch_door door;
    int rc = fetch_door_register("record");
    int closed;

    if (rc == SQLITE_OK) rc = fetch_door_open(&door, "preload", path);
    if (rc != SQLITE_OK) return rc;
    rc = fetch_door_read(&door, 1, page);
    for (uint32_t i = 0; i < count && rc == SQLITE_OK; i++)
        rc = fetch_door_read(&door, pages[i], page);
    closed = fetch_door_close(&door);
    return rc != SQLITE_OK ? rc : closed;
}

static int run_session(const char *path, const uint32_t *pages, uint32_t count)
{
    int status = -1;
    const pid_t pid = fork();

    if (pid == 0) _exit(read_session(path, pages, count) == SQLITE_OK ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int read_all(struct fetch_hints *hints, int fd)
{
    struct stat found;

    if (fstat(fd, &found) != 0 || found.st_size <= 0) return -1;
    hints->bytes = malloc((size_t)found.st_size);
    if (hints->bytes == NULL) return -1;
    hints->len = (size_t)found.st_size;
    return pread(fd, hints->bytes, hints->len, 0) == (ssize_t)hints->len ? 0 : -1;
}

static int take_copy(struct fetch_hints *hints, const char *path)
{
    char sidecar[PATH_BYTES];
    int fd = -1;
    int rc = -1;

    fetch_hints_free(hints);
    if (path_of(sidecar, path, "") == 0) fd = open(sidecar, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) rc = read_all(hints, fd);
    if (fd >= 0) close(fd);
    return rc;
}

int fetch_hints_learn(struct fetch_hints *hints, const char *path, const uint32_t *pages,
                      uint32_t count)
{
    int rc = 0;

    fetch_hints_remove(path);
    for (int i = 0; i < SESSIONS && rc == 0; i++)
        rc = run_session(path, pages, count);
    return rc == 0 ? take_copy(hints, path) : rc;
}

int fetch_hints_put_back(const struct fetch_hints *hints, const char *path)
{
    char sidecar[PATH_BYTES];
    int fd = -1;
    int rc = 0;

    if (path_of(sidecar, path, "") == 0)
        fd = open(sidecar, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    if (write(fd, hints->bytes, hints->len) != (ssize_t)hints->len || fsync(fd) != 0) rc = -1;
    return close(fd) == 0 ? rc : -1;
}

void fetch_hints_remove(const char *path)
{
    char name[PATH_BYTES];

    if (path_of(name, path, "") == 0) unlink(name);
    if (path_of(name, path, "-tmp") == 0) unlink(name);
}

void fetch_hints_free(struct fetch_hints *hints)
{
    free(hints->bytes);
    *hints = (struct fetch_hints){ 0 };
}
