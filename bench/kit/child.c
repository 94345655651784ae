/* pipe, fork, a line, wait. */
#include "bench/kit/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void child_clear_environment(void)
{
    static const char ours[] = "SQLITE_PRELOAD";
    char **to = environ;

    for (char **from = environ; *from != NULL; from++) {
        if (strncmp(*from, ours, sizeof(ours) - 1) != 0) *to++ = *from;
    }
    *to = NULL;
}

static _Noreturn void be_child(void (*become)(const void *data), const void *data,
                               const int ends[2])
{
    close(ends[0]);
    child_clear_environment();
    if (dup2(ends[1], STDOUT_FILENO) >= 0) become(data);
    _exit(127);
}

static int read_line(int fd, char *line)
{
    FILE *in = fdopen(fd, "r");
    int rc;

    if (in == NULL) {
        close(fd);
        return CHILD_SYSTEM;
    }
    rc = fgets(line, CHILD_LINE_BYTES, in) != NULL ? CHILD_OK : CHILD_FAILED;
    (void)fclose(in);
    return rc;
}

int child_hear(void (*become)(const void *data), const void *data, char *line, int *exit_status)
{
    int ends[2];
    int status = 0;
    int rc;
    pid_t pid;

    line[0] = '\0';
    if (exit_status != NULL) *exit_status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) return CHILD_SYSTEM;
    pid = fork();
    if (pid == 0) be_child(become, data, ends);
    close(ends[1]);
    rc = read_line(ends[0], line);
    if (pid < 0) return CHILD_SYSTEM;
    if (waitpid(pid, &status, 0) != pid) return CHILD_FAILED;
    if (exit_status != NULL && WIFEXITED(status)) *exit_status = WEXITSTATUS(status);
    return status != 0 ? CHILD_FAILED : rc;
}
