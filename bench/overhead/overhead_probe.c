/* Parent and child of a probe, and the line between them. */
#include "bench/overhead/overhead_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/kit/child.h"
#include "bench/kit/emulator.h"
#include "bench/overhead/overhead_child.h"

#define PATH_BYTES 4400

/* The arguments of a child. */
enum {
    ARG_KIND = CHILD_FIRST,
    ARG_WORK,
    ARG_OURS,
    ARG_ROWS,
    ARG_DIRECTORY,
    ARG_POINTS,
    ARG_STORE,
    ARG_END
};

/* ---- the child ---- */

int probe_is_child(int argc, char *const *argv)
{
    return child_is_called(argc, argv, ARG_END - CHILD_FIRST);
}

static int say(const struct probe_found *found)
{
#define PROBE_VALUE(name) found->name,
    const uint64_t numbers[] = { PROBE_FOUND(PROBE_VALUE) };
#undef PROBE_VALUE

    return child_say(numbers, sizeof(numbers) / sizeof(numbers[0]));
}

int probe_child(char *const *argv)
{
    const struct probe probe = {
        .kind = (enum probe_kind)strtoul(argv[ARG_KIND], NULL, 10),
        .work = work_find(argv[ARG_WORK]),
        .ours = argv[ARG_OURS][0] == '1',
        .rows = (unsigned)strtoul(argv[ARG_ROWS], NULL, 10),
        .directory = argv[ARG_DIRECTORY],
        .points = argv[ARG_POINTS],
        .store = argv[ARG_STORE],
    };
    struct probe_found found = { 0 };
    int rc = child_run(&probe, &found);

    if (rc != SQLITE_OK) {
        fprintf(stderr, "overhead: %s: %s\n", argv[ARG_WORK], sqlite3_errstr(rc));
        return 1;
    }
    return say(&found);
}

/* ---- the parent ---- */

static void counts_path(char *out, size_t size, const struct probe *probe)
{
    (void)snprintf(out, size, "%s/counts", probe->directory);
}

/* The emulator's file has a line `totals: N`, of the thread and the function that it collected. */
static int read_counts(const struct probe *probe, struct probe_found *out)
{
    static const char key[] = "totals: ";
    char path[PATH_BYTES + 8];
    char line[1024];
    FILE *in;

    counts_path(path, sizeof(path), probe);
    in = fopen(path, "re");
    if (in == NULL) return PROBE_FAILED;
    while (fgets(line, sizeof(line), in) != NULL) {
        if (strncmp(line, key, sizeof(key) - 1) == 0)
            out->instructions = strtoull(line + sizeof(key) - 1, NULL, 10);
    }
    (void)fclose(in);
    (void)unlink(path);
    return out->instructions > 0 ? PROBE_OK : PROBE_FAILED;
}

static void become_child(const void *data)
{
    static const char *const no_options[] = { NULL };
    const struct probe *probe = data;
    struct child_call call = { .count = 0 };
    char counts[PATH_BYTES];

    child_add_number(&call, probe->kind);
    child_add_text(&call, probe->work ? probe->work->name : "-");
    child_add_number(&call, probe->ours);
    child_add_number(&call, probe->rows);
    child_add_text(&call, probe->directory);
    child_add_text(&call, probe->points);
    child_add_text(&call, probe->store);
    if (probe->kind != PROBE_COUNT) child_become_self(&call);
    counts_path(counts, sizeof(counts), probe);
    emulator_become(&call, CHILD_FUNCTION, counts, no_options);
}

int probe_run(const struct probe *probe, struct probe_found *out)
{
#define PROBE_PLACE(name) &out->name,
    uint64_t *const numbers[] = { PROBE_FOUND(PROBE_PLACE) };
#undef PROBE_PLACE
    const size_t count = sizeof(numbers) / sizeof(numbers[0]);
    const bool is_counted = probe->kind == PROBE_COUNT;
    int exit_status;
    int rc;

    *out = (struct probe_found){ 0 };
    rc = child_hear(numbers, count, &exit_status, become_child, probe);
    if (rc == PROBE_FAILED && is_counted && exit_status == EMULATOR_ABSENT) rc = PROBE_ABSENT;
    if (rc == PROBE_OK && is_counted) rc = read_counts(probe, out);
    return rc;
}
