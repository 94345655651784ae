/* Parent and child, and the file between them. */
#include "bench/recorder/recorder_count.h"

#include "bench/kit/child.h"
#include "bench/kit/emulator.h"
#include "bench/kit/workdir.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4400

/* The arguments of a child. */
enum { ARG_KIND = CHILD_FIRST, ARG_ORDER, ARG_END };

/* ---- the child ---- */

bool count_is_child(int argc, char *const *argv)
{
    return child_is_called(argc, argv, ARG_END - CHILD_FIRST);
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
        status = child_say(NULL, 0);
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

/* What a child is to count, and where its counts go. */
struct counting {
    const char *path;
    enum loop_kind kind;
    enum loop_order order;
};

static void become_child(const void *data)
{
    static const char *const options[] = { "--collect-systime=yes", "--compress-strings=no",
                                           "--compress-pos=no", NULL };
    const struct counting *counting = data;
    struct child_call call = { .count = 0 };

    child_add_number(&call, counting->kind);
    child_add_number(&call, counting->order);
    emulator_become(&call, LOOP_FUNCTION, counting->path, options);
}

int count_run(struct counted *out, enum loop_kind kind, enum loop_order order)
{
    char path[PATH_BYTES];
    const struct counting counting = { path, kind, order };
    int exit_status;
    int file;
    int rc;

    *out = (struct counted){ 0 };
    (void)snprintf(path, sizeof(path), "%s/recorder-XXXXXX", workdir_parent());
    file = mkstemp(path);
    if (file < 0) return COUNT_SYSTEM;
    close(file);
    rc = child_hear(NULL, 0, &exit_status, become_child, &counting);
    if (rc == COUNT_FAILED && exit_status == EMULATOR_ABSENT) rc = COUNT_ABSENT;
    if (rc == COUNT_OK) rc = read_counts(path, out);
    (void)unlink(path);
    return rc;
}
