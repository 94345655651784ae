/* pipe, fork, a line, wait. */
#include "bench/kit/child.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 1024
#define SELF       "/proc/self/exe"

bool child_is_called(int argc, char *const *argv, int count)
{
    return argc == CHILD_FIRST + count && strcmp(argv[CHILD_FIRST - 1], CHILD_FLAG) == 0;
}

/* ---- the line: every number, and a word that says that it is whole ---- */

int child_say(const uint64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%" PRIu64 " ", numbers[i]);
    }
    puts("end");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int parse_line(uint64_t *const *numbers, size_t count, char *at)
{
    for (size_t i = 0; i < count; i++) {
        *numbers[i] = strtoull(at, &at, 10);
        if (*at++ != ' ') return CHILD_FAILED;
    }
    return strcmp(at, "end\n") == 0 ? CHILD_OK : CHILD_FAILED;
}

static int read_line(int fd, char *line)
{
    FILE *in = fdopen(fd, "r");
    int rc;

    if (in == NULL) {
        close(fd);
        return CHILD_SYSTEM;
    }
    rc = fgets(line, LINE_BYTES, in) != NULL ? CHILD_OK : CHILD_FAILED;
    (void)fclose(in);
    return rc;
}

/* ---- the process ---- */

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

int child_hear(uint64_t *const *numbers, size_t count, int *exit_status,
               void (*become)(const void *data), const void *data)
{
    char line[LINE_BYTES] = "";
    int ends[2];
    int status = 0;
    int rc;
    pid_t pid;

    if (exit_status != NULL) *exit_status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0) return CHILD_SYSTEM;
    pid = fork();
    if (pid == 0) be_child(become, data, ends);
    close(ends[1]);
    rc = read_line(ends[0], line);
    if (pid < 0) return CHILD_SYSTEM;
    if (waitpid(pid, &status, 0) != pid) return CHILD_FAILED;
    if (exit_status != NULL && WIFEXITED(status)) *exit_status = WEXITSTATUS(status);
    if (status != 0) return CHILD_FAILED;
    return rc == CHILD_OK ? parse_line(numbers, count, line) : rc;
}

/* ---- what it becomes ---- */

void child_add_text(struct child_call *call, const char *text)
{
    assert(call->count < CHILD_ARGUMENTS_MAX);
    call->arguments[call->count] = strdup(text != NULL ? text : "");
    if (call->arguments[call->count++] == NULL) _exit(EXIT_FAILURE);
}

void child_add_number(struct child_call *call, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    child_add_text(call, text);
}

void child_become_self(const struct child_call *call)
{
    char self[] = SELF;
    char flag[] = CHILD_FLAG;
    char *argv[CHILD_FIRST + CHILD_ARGUMENTS_MAX + 1] = { self, flag };

    memcpy(argv + CHILD_FIRST, call->arguments, call->count * sizeof(argv[0]));
    execv(SELF, argv);
    _exit(127);
}
