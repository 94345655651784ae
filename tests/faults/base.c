/* Every I/O method of a base of every version fails, gives short reads or is busy, and SQLite sees
 * under preload what it sees without: the same results, the same files, the same calls to the base.
 * Then the calls that preload makes for itself fail, and SQLite sees nothing.
 *
 * A fault is put at the first, the second, the middle and the last call of its kind; with an
 * argument, at every call.
 *
 * usage: faults_base [all] */
#include <stdio.h>
#include <string.h>

#include "tests/faults/scene.h"

#define ONCE  1U
#define STORM 1000000U

#define PLACES 4
#define EVERY  (PLACES + 1)

static const struct fault_row {
    enum io_method method;
    int code;
    unsigned times;
    const char *text;
} rows[] = {
    { IO_OPEN, SQLITE_CANTOPEN, ONCE, "cannot open" },
    { IO_OPEN, SQLITE_IOERR, ONCE, "I/O error" },
    { IO_DELETE, SQLITE_IOERR_DELETE, ONCE, "I/O error" },
    { IO_DELETE, SQLITE_IOERR_DELETE_NOENT, ONCE, "no such file" },
    { IO_ACCESS, SQLITE_IOERR_ACCESS, ONCE, "I/O error" },
    { IO_FULL_PATHNAME, SQLITE_CANTOPEN, ONCE, "cannot open" },
    { IO_CLOSE, SQLITE_IOERR_CLOSE, ONCE, "I/O error" },
    { IO_READ, SQLITE_IOERR_READ, ONCE, "I/O error" },
    { IO_READ, SQLITE_IOERR_READ, STORM, "I/O error, lasting" },
    { IO_READ, SQLITE_IOERR_SHORT_READ, ONCE, "short" },
    { IO_WRITE, SQLITE_IOERR_WRITE, ONCE, "I/O error" },
    { IO_WRITE, SQLITE_FULL, ONCE, "disk full" },
    { IO_WRITE, SQLITE_FULL, STORM, "disk full, lasting" },
    { IO_TRUNCATE, SQLITE_IOERR_TRUNCATE, ONCE, "I/O error" },
    { IO_SYNC, SQLITE_IOERR_FSYNC, ONCE, "I/O error" },
    { IO_FILE_SIZE, SQLITE_IOERR_FSTAT, ONCE, "I/O error" },
    { IO_LOCK, SQLITE_BUSY, ONCE, "busy" },
    { IO_LOCK, SQLITE_BUSY, 20, "busy, a storm" },
    { IO_LOCK, SQLITE_BUSY, STORM, "busy, lasting" },
    { IO_LOCK, SQLITE_IOERR_LOCK, ONCE, "I/O error" },
    { IO_UNLOCK, SQLITE_IOERR_UNLOCK, ONCE, "I/O error" },
    { IO_CHECK_RESERVED_LOCK, SQLITE_IOERR_CHECKRESERVEDLOCK, ONCE, "I/O error" },
    { IO_FILE_CONTROL, SQLITE_NOTFOUND, ONCE, "not found" },
    { IO_FILE_CONTROL, SQLITE_IOERR, ONCE, "I/O error" },
    { IO_SHM_MAP, SQLITE_IOERR_SHMMAP, ONCE, "I/O error" },
    { IO_SHM_MAP, SQLITE_READONLY_CANTINIT, ONCE, "read-only" },
    { IO_SHM_LOCK, SQLITE_BUSY, ONCE, "busy" },
    { IO_SHM_LOCK, SQLITE_BUSY, 20, "busy, a storm" },
    { IO_SHM_LOCK, SQLITE_IOERR_SHMLOCK, ONCE, "I/O error" },
    { IO_SHM_UNMAP, SQLITE_IOERR, ONCE, "I/O error" },
    { IO_FETCH, SQLITE_IOERR_MMAP, ONCE, "I/O error" },
    { IO_FETCH, FAULT_DECLINE, ONCE, "no mapping" },
    { IO_UNFETCH, SQLITE_IOERR, ONCE, "I/O error" },
};

/* What preload asks for itself. */
static const struct fault_row own_rows[] = {
    { IO_OPEN, SQLITE_CANTOPEN, ONCE, "cannot open" },
    { IO_OPEN, SQLITE_CANTOPEN, STORM, "cannot open, lasting" },
    { IO_FILE_CONTROL, SQLITE_NOTFOUND, ONCE, "not found" },
    { IO_FILE_SIZE, SQLITE_IOERR_FSTAT, ONCE, "I/O error" },
    { IO_READ, SQLITE_IOERR_READ, ONCE, "I/O error" },
    { IO_READ, SQLITE_IOERR_READ, STORM, "I/O error, lasting" },
    { IO_READ, SQLITE_IOERR_SHORT_READ, ONCE, "short" },
    { IO_CLOSE, SQLITE_IOERR_CLOSE, ONCE, "I/O error" },
};

static const struct arm {
    struct scene scene;
    unsigned places; /* of the four, without `all` */
    unsigned errors; /* statements that are busy without a fault: two writers; without a log also a
                        writer beside a reader */
} arms[] = {
    { { .name = "version 3", .plain = "plain-fault", .preload = "under-fault" }, 4, 1 },
    { { .name = "version 2", .plain = "plain-fault2", .preload = "under-fault2" }, 2, 1 },
    { { .name = "version 1", .plain = "plain-fault1", .preload = "under-fault1" }, 2, 2 },
};

/* What came of the faults of one row. */
struct tally {
    unsigned calls; /* in a run without faults */
    unsigned faults;
    unsigned seen; /* changed something for SQLite; the others it absorbed */
    unsigned same;
};

static struct outcome clean;   /* plain, without a fault */
static struct outcome clean_p; /* under preload, without a fault */
static struct outcome want;
static struct outcome got;

/* Fault `i` of a row without `all`: its place among `count` calls. False: there is no such call, or
 * an earlier fault has that place. */
static bool choose_place(unsigned *place, unsigned count, unsigned i)
{
    const unsigned wanted[PLACES] = { 0, count - 1, 1, count / 2 };
    bool chosen = count > 0 && wanted[i] < count;

    for (unsigned j = 0; chosen && j < i; j++)
        chosen = wanted[j] != wanted[i];
    if (chosen) *place = wanted[i];
    return chosen;
}

/* Both arms under a fault; a call of preload's own has the run without a fault to be compared with.
 */
static void run_arms(const struct scene *scene, const struct fault *fault)
{
    for (int i = 0; i < SCENE_TRIES; i++) {
        if (!fault->own) scene_run(&want, scene, false, fault);
        scene_run(&got, scene, true, fault);
        if (scene_equal(fault->own ? &clean : &want, &got)) return;
    }
}

static void run_fault(struct tally *tally, const struct scene *scene, const struct fault *fault,
                      const struct fault_row *row)
{
    char what[160];

    (void)snprintf(what, sizeof what, "%s%s of the %s, %s at %u", fault->own ? "own " : "",
                   io_method_name(fault->method), io_kind_name(fault->kind), row->text, fault->at);
    run_arms(scene, fault);
    if (!fault->own && (want.watch.failed == 0 || got.watch.failed != want.watch.failed))
        scene_fail("%s, %s: failed %u calls, under preload %u", scene->name, what,
                   want.watch.failed, got.watch.failed);
    tally->faults++;
    if (!fault->own) tally->seen += strcmp(want.transcript.text, clean.transcript.text) != 0;
    tally->same += scene_same(scene, what, fault->own ? &clean : &want, &got);
}

static void run_row(struct tally *tally, const struct scene *scene, const struct fault_row *row,
                    bool own, unsigned places)
{
    const struct watch *watch = own ? &clean_p.watch : &clean.watch;

    for (enum io_kind kind = 0; kind < IO_KINDS; kind++) {
        unsigned count = atomic_load(&watch->counts[own][kind][row->method]);

        tally->calls += count;
        for (unsigned i = 0; i < (places == EVERY ? count : places); i++) {
            struct fault fault = {
                .method = row->method,
                .kind = kind,
                .own = own,
                .at = i,
                .times = row->times,
                .code = row->code,
            };

            if (places == EVERY || choose_place(&fault.at, count, i))
                run_fault(tally, scene, &fault, row);
        }
    }
}

static void print_tally(const struct tally *tally, const struct fault_row *row, bool own)
{
    if (tally->faults == 0) return;
    printf("%s%-*s %-20s %7u %7u %7u %7u %7u\n", own ? "own " : "", own ? 18 : 22,
           io_method_name(row->method), row->text, tally->calls, tally->faults, tally->seen,
           tally->faults - tally->seen, tally->same);
}

static void run_rows(const struct scene *scene, const struct fault_row *table, size_t count,
                     bool own, unsigned places)
{
    for (size_t i = 0; i < count; i++) {
        struct tally tally = { 0 };

        run_row(&tally, scene, &table[i], own, places);
        print_tally(&tally, &table[i], own);
    }
}

/* Without a fault: the same, and preload did its work, so that there is something to disturb. */
static void run_clean(const struct arm *arm)
{
    const struct scene *scene = &arm->scene;

    scene_run(&clean, scene, false, NULL);
    scene_run(&clean_p, scene, true, NULL);
    (void)scene_same(scene, "without a fault", &clean, &clean_p);
    if (clean_p.transcript.replays == 0 || clean_p.watch.own_good[IO_READ] == 0)
        scene_fail("%s: nothing was replayed", scene->name);
    if (clean_p.hints.pages == 0) scene_fail("%s: nothing was learnt", scene->name);
    if (clean.transcript.errors != arm->errors)
        scene_fail("%s: %u statements fail without a fault, not %u", scene->name,
                   clean.transcript.errors, arm->errors);
}

static void register_layers(void)
{
    static const char *const bases[] = { "fault", "fault2", "fault1", NULL };
    bool good = watch_register_base("fault", 3) && watch_register_base("fault2", 2) &&
                watch_register_base("fault1", 1);

    scene_start("faults_base", bases);
    good = good && watch_register_top("plain-fault", "fault", true) &&
           watch_register_top("plain-fault2", "fault2", true) &&
           watch_register_top("plain-fault1", "fault1", true) &&
           watch_register_top("under-fault", "preload-fault", true) &&
           watch_register_top("under-fault2", "preload-fault2", true) &&
           watch_register_top("under-fault1", "preload-fault1", true);
    if (!good) scene_fail("the layers cannot be registered");
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;

    if (sqlite3_initialize() != SQLITE_OK) return 1;
    register_layers();
    for (size_t i = 0; i < COUNT(arms); i++) {
        const struct scene *scene = &arms[i].scene;

        run_clean(&arms[i]);
        printf("\nbase of %s: %zu calls\n", scene->name, clean.watch.call_count);
        printf("%-22s %-20s %7s %7s %7s %7s %7s\n", "call", "answer", "calls", "faults", "seen",
               "masked", "same");
        run_rows(scene, rows, COUNT(rows), false, all ? EVERY : arms[i].places);
        run_rows(scene, own_rows, COUNT(own_rows), true, arms[i].places);
    }
    return scene_finish();
}
