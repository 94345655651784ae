/* Parent and child, and the file between them. */
#include "bench/recorder/recorder_count.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD      "--child"
#define PATH_BYTES 4400

/* The status of a child that could not become the emulator. */
#define STATUS_ABSENT 127

enum { ARG_SELF, ARG_CHILD, ARG_KIND, ARG_ORDER, ARG_COUNT };

/* ---- the child ---- */

bool count_is_child(int argc, char *const *argv)
{
    return argc == ARG_COUNT && strcmp(argv[ARG_CHILD], CHILD) == 0;
}

int count_child(char *const *argv)
{
    const unsigned long kind = strtoul(argv[ARG_KIND], NULL, 10);
    const unsigned long order = strtoul(argv[ARG_ORDER], NULL, 10);
    struct loop loop = { 0 };
    int status = EXIT_FAILURE;

    if (kind >= LOOP_KIND_COUNT || order >= LOOP_ORDER_COUNT) return EXIT_FAILURE;
    if (loop_init(&loop, (enum loop_kind)kind, (enum loop_order)order) &&
        loop_measured(&loop) == loop_wants(loop.kind))
        status = EXIT_SUCCESS;
    loop_free(&loop);
    return status;
}

/* ---- the parent ---- */

/* The emulator's file names a function, `fn=NAME`, and goes on with lines `LINE INSTRUCTIONS
 * SYSTEM-CALLS ...`, where trailing zeroes are left out; the line behind `calls=` is what a callee
 * took. */
struct reader {
    struct counted *out;
    char function[COUNT_NAME_MAX + 1];
    bool is_callee;
};

/* The number behind the first word, 0 where there is none. */
static uint64_t second_number(const char *line)
{
    const char *at = strchr(line, ' ');

    return at ? strtoull(at, NULL, 10) : 0;
}

static int note_function(struct counted *out, const char *name)
{
    for (size_t i = 0; i < out->function_count; i++)
        if (strcmp(out->functions[i], name) == 0) return COUNT_OK;
    if (out->function_count == COUNT_FUNCTIONS_MAX) return COUNT_FAILED;
    memcpy(out->functions[out->function_count++], name, COUNT_NAME_MAX + 1);
    return COUNT_OK;
}

static int read_line(struct reader *reader, const char *line)
{
    static const char totals[] = "totals: ";
    const bool is_callee = reader->is_callee;

    reader->is_callee = strncmp(line, "calls=", 6) == 0;
    if (strncmp(line, "fn=", 3) == 0)
        (void)snprintf(reader->function, sizeof(reader->function), "%.*s", COUNT_NAME_MAX,
                       line + 3);
    if (strncmp(line, totals, sizeof(totals) - 1) == 0) {
        reader->out->instructions = strtoull(line + sizeof(totals) - 1, NULL, 10);
        reader->out->system_calls = second_number(line + sizeof(totals) - 1);
    }
    if (!isdigit((unsigned char)line[0]) || is_callee || second_number(line) == 0) return COUNT_OK;
    return note_function(reader->out, reader->function);
}

static int read_counts(const char *path, struct counted *out)
{
    struct reader reader = { .out = out };
    char line[1024];
    int rc = COUNT_OK;
    FILE *in = fopen(path, "re");

    if (in == NULL) return COUNT_FAILED;
    while (rc == COUNT_OK && fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        rc = read_line(&reader, line);
    }
    (void)fclose(in);
    return rc == COUNT_OK && out->instructions > 0 ? COUNT_OK : COUNT_FAILED;
}

static void become_emulator(const char *path, enum loop_kind kind, enum loop_order order)
{
    char self[PATH_BYTES] = "";
    char out[PATH_BYTES + 32];
    char kind_text[16];
    char order_text[16];
    char options[][40] = { "valgrind",
                           "-q",
                           "--tool=callgrind",
                           "--collect-atstart=no",
                           LOOP_COLLECT,
                           "--collect-systime=yes",
                           "--compress-strings=no",
                           "--compress-pos=no",
                           CHILD };
    char *argv[] = { options[0], options[1], options[2], options[3], options[4],
                     options[5], options[6], options[7], out,        self,
                     options[8], kind_text,  order_text, NULL };

    /* The emulator wants the program's own name. */
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) _exit(EXIT_FAILURE);
    (void)snprintf(out, sizeof(out), "--callgrind-out-file=%s", path);
    (void)snprintf(kind_text, sizeof(kind_text), "%d", (int)kind);
    (void)snprintf(order_text, sizeof(order_text), "%d", (int)order);
    (void)execvp(argv[0], argv);
    _exit(errno == ENOENT ? STATUS_ABSENT : EXIT_FAILURE);
}

int count_run(struct counted *out, enum loop_kind kind, enum loop_order order)
{
    const char *tmp = secure_getenv("TMPDIR");
    char path[PATH_BYTES];
    int status = 0;
    int rc = COUNT_SYSTEM;
    int file;
    pid_t pid;

    *out = (struct counted){ 0 };
    (void)snprintf(path, sizeof(path), "%s/recorder-XXXXXX", tmp ? tmp : "/var/tmp");
    file = mkstemp(path);
    if (file < 0) return COUNT_SYSTEM;
    close(file);
    pid = fork();
    if (pid == 0) become_emulator(path, kind, order);
    if (pid > 0 && waitpid(pid, &status, 0) == pid) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_ABSENT)
            rc = COUNT_ABSENT;
        else
            rc = status == 0 ? read_counts(path, out) : COUNT_FAILED;
    }
    (void)unlink(path);
    return rc;
}
