/* The command of valgrind. */
#include "bench/kit/emulator.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4400

#define ARGUMENTS_MAX (16 + EMULATOR_OPTIONS_MAX + CHILD_ARGUMENTS_MAX)

/* A command of copies; without memory the process ends. */
struct command {
    char *argv[ARGUMENTS_MAX + 1];
    size_t count;
};

static void add(struct command *command, const char *before, const char *text)
{
    assert(command->count < ARGUMENTS_MAX);
    if (asprintf(&command->argv[command->count++], "%s%s", before, text) < 0) _exit(EXIT_FAILURE);
}

void emulator_become(const struct child_call *call, const char *function, const char *counts,
                     const char *const *options)
{
    struct command command = { .count = 0 };
    char self[PATH_BYTES] = "";

    /* The emulator wants the program's own name. */
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) _exit(EXIT_FAILURE);
    add(&command, "valgrind", "");
    add(&command, "-q", "");
    add(&command, "--tool=callgrind", "");
    add(&command, "--collect-atstart=no", "");
    add(&command, "--toggle-collect=", function);
    add(&command, "--callgrind-out-file=", counts);
    for (size_t i = 0; options[i] != NULL; i++)
        add(&command, options[i], "");
    add(&command, self, "");
    add(&command, CHILD_FLAG, "");
    for (size_t i = 0; i < call->count; i++)
        add(&command, call->arguments[i], "");
    (void)execvp(command.argv[0], command.argv);
    _exit(errno == ENOENT ? EMULATOR_ABSENT : EXIT_FAILURE);
}
