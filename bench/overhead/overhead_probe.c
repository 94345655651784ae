/* Parent and child of a probe, and the line between them. */
#include "bench/overhead/overhead_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/kit/child.h"
#include "bench/overhead/overhead_child.h"

#define CHILD      "--child"
#define PATH_BYTES 4400

/* The status of a child that could not become the emulator. */
#define STATUS_ABSENT 127

enum {
    ARG_SELF,
    ARG_CHILD,
    ARG_KIND,
    ARG_WORK,
    ARG_OURS,
    ARG_ROWS,
    ARG_DIRECTORY,
    ARG_POINTS,
    ARG_STORE,
    ARG_COUNT
};

/* ---- the child ---- */

int probe_is_child(int argc, char *const *argv)
{
    return argc == ARG_COUNT && strcmp(argv[ARG_CHILD], CHILD) == 0;
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
#define PRINT_FIELD(name) printf("%" PRIu64 " ", found.name);
    PROBE_FOUND(PRINT_FIELD)
#undef PRINT_FIELD
    puts("end");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* ---- the parent ---- */

/* The child's line: every number, and the word that says that it is whole. */
static int parse_line(char *at, struct probe_found *out)
{
#define PARSE_FIELD(name) out->name = strtoull(at, &at, 10);
    PROBE_FOUND(PARSE_FIELD)
#undef PARSE_FIELD
    return strcmp(at, " end\n") == 0 ? PROBE_OK : PROBE_FAILED;
}

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

/* What the emulator says of its own goes nowhere; what the child says stays on standard error. */
static void become_emulator(const struct probe *probe, char *const *argv)
{
    static char options[][32] = { "valgrind", "-q", "--tool=callgrind", "--collect-atstart=no",
                                  CHILD_COLLECT };
    enum { OPTIONS = sizeof(options) / sizeof(options[0]) };
    char *emulated[OPTIONS + 1 + ARG_COUNT + 1];
    char counts[PATH_BYTES];
    char out[PATH_BYTES + 32];

    counts_path(counts, sizeof(counts), probe);
    (void)snprintf(out, sizeof(out), "--callgrind-out-file=%s", counts);
    for (size_t i = 0; i < OPTIONS; i++)
        emulated[i] = options[i];
    emulated[OPTIONS] = out;
    for (size_t i = 0; i <= ARG_COUNT; i++)
        emulated[OPTIONS + 1 + i] = argv[i];
    (void)execvp(emulated[0], emulated);
}

static void become_child(const void *data)
{
    const struct probe *probe = data;
    char self[PATH_BYTES] = "";
    char child[] = CHILD;
    char kind[16];
    char rows[16];
    char ours[2] = { probe->ours ? '1' : '0', '\0' };
    char *work = strdup(probe->work ? probe->work->name : "-");
    char *directory = strdup(probe->directory);
    char *points = strdup(probe->points);
    char *store = strdup(probe->store);
    char *argv[ARG_COUNT + 1] = { self, child,     kind,   work,  ours,
                                  rows, directory, points, store, NULL };

    (void)snprintf(kind, sizeof(kind), "%d", (int)probe->kind);
    (void)snprintf(rows, sizeof(rows), "%u", probe->rows);
    /* The emulator wants the program's own name. */
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) _exit(1);
    if (!work || !directory || !points || !store) _exit(1);
    if (probe->kind == PROBE_COUNT) become_emulator(probe, argv);
    if (probe->kind != PROBE_COUNT) (void)execv(self, argv);
    _exit(errno == ENOENT ? STATUS_ABSENT : 1);
}

int probe_run(const struct probe *probe, struct probe_found *out)
{
    char line[CHILD_LINE_BYTES];
    int exit_status;
    int rc;

    *out = (struct probe_found){ 0 };
    rc = child_hear(become_child, probe, line, &exit_status);
    if (rc == PROBE_FAILED && exit_status == STATUS_ABSENT) rc = PROBE_ABSENT;
    if (rc == PROBE_OK) rc = parse_line(line, out);
    if (rc == PROBE_OK && probe->kind == PROBE_COUNT) rc = read_counts(probe, out);
    return rc;
}
