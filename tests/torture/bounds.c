/* /proc, and the wrapped allocator. */
#include "tests/torture/bounds.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define FOREIGN_THREADS_MAX 8
#define PAUSE_US            200
#define PAUSES              50000

static struct {
    long threads[FOREIGN_THREADS_MAX]; /* that were there before ours */
    size_t count;
    size_t descriptors;
    size_t heap;
} foreign;

/* ---- allocations ---- */

static atomic_size_t held;
static atomic_size_t most_held;

static void *taken(void *memory)
{
    const size_t bytes = malloc_usable_size(memory);
    const size_t now = atomic_fetch_add(&held, bytes) + bytes;
    size_t most = atomic_load(&most_held);

    while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now)) {
    }
    return memory;
}

static void given_back(size_t bytes)
{
    atomic_fetch_sub(&held, bytes);
}

/* The linker chose these names.
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    return taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return taken(__real_calloc(count, size));
}

/* Both blocks exist for a moment, unless it grows where it is. */
void *__wrap_realloc(void *memory, size_t size)
{
    const size_t before = malloc_usable_size(memory);
    void *now = __real_realloc(memory, size);

    if (now == NULL) return NULL;
    taken(now);
    given_back(before);
    return now;
}

char *__wrap_strdup(const char *text)
{
    return taken(__real_strdup(text));
}

void __wrap_free(void *memory)
{
    given_back(malloc_usable_size(memory));
    __real_free(memory);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,readability-identifier-naming) */

size_t bounds_heap(void)
{
    return atomic_load(&held);
}

size_t bounds_heap_most(void)
{
    return atomic_load(&most_held);
}

void bounds_heap_restart(void)
{
    atomic_store(&most_held, atomic_load(&held));
}

/* ---- threads and descriptors ---- */

/* Calls back for each number that is a name in a directory; false when there is no such directory.
 */
static bool each_number(const char *path, void (*call)(long number, void *ctx), void *ctx)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;

    if (!directory) return false;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads this stream */
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.') call(strtol(entry->d_name, NULL, 10), ctx);
    (void)closedir(directory);
    return true;
}

static void count_one(long number, void *ctx)
{
    size_t *count = ctx;

    (void)number;
    ++*count;
}

static void note_foreign(long thread, void *ctx)
{
    (void)ctx;
    if (foreign.count == FOREIGN_THREADS_MAX) torture_fail("too many threads at the start");
    foreign.threads[foreign.count++] = thread;
}

static bool is_foreign(long thread)
{
    for (size_t i = 0; i < foreign.count; i++)
        if (foreign.threads[i] == thread) return true;
    return false;
}

/* Of a thread that is gone: none. */
static size_t count_descriptors(long thread)
{
    char path[64];
    size_t count = 0;

    torture_print(path, sizeof path, "/proc/self/task/%ld/fd", thread);
    (void)each_number(path, count_one, &count);
    return count;
}

struct look {
    struct bounds found;
    size_t worker_max;
};

static void look_at_thread(long thread, void *ctx)
{
    struct look *look = ctx;
    size_t count = 0;

    if (is_foreign(thread)) return;
    look->found.threads++;
    if (look->worker_max == 0) return;
    count = count_descriptors(thread);
    for (int i = 0; i < PAUSES && count > look->worker_max; i++) {
        (void)usleep(PAUSE_US);
        count = count_descriptors(thread);
    }
    if (count > look->found.worker_descriptors) look->found.worker_descriptors = count;
}

/* The directory that is being read is one of the descriptors. */
static struct bounds look_at_all(size_t worker_max)
{
    struct look look = { .found = { .heap = bounds_heap() }, .worker_max = worker_max };

    if (!each_number("/proc/self/task", look_at_thread, &look) ||
        !each_number("/proc/self/fd", count_one, &look.found.descriptors))
        torture_fail("/proc cannot be read: %s", strerror(errno));
    look.found.descriptors--;
    return look.found;
}

static void *do_nothing(void *unused)
{
    return unused;
}

/* A sanitizer's own thread comes with the first one that the program starts. */
static void have_had_a_thread(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0) torture_fail("no thread");
    (void)pthread_join(thread, NULL);
}

void bounds_begin(void)
{
    have_had_a_thread();
    foreign.count = 0;
    foreign.heap = bounds_heap();
    (void)each_number("/proc/self/task", note_foreign, NULL);
    foreign.descriptors = bounds_look(BOUNDS_WORKER_IDLE).descriptors;
}

struct bounds bounds_look(size_t worker_max)
{
    return look_at_all(worker_max);
}

struct bounds bounds_look_shared(void)
{
    return look_at_all(0);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RESIDENCE_TELLS false
#else
#define RESIDENCE_TELLS true
#endif

size_t bounds_resident_most(void)
{
    static const char name[] = "VmHWM:";
    char line[256];
    size_t kib = 0;
    FILE *status = RESIDENCE_TELLS ? fopen("/proc/self/status", "re") : NULL;

    while (status && kib == 0 && fgets(line, sizeof line, status))
        if (strncmp(line, name, sizeof name - 1) == 0)
            kib = strtoul(line + sizeof name - 1, NULL, 10);
    if (status) (void)fclose(status);
    return kib << 10;
}

size_t bounds_resident_growth(size_t before)
{
    const size_t most = bounds_resident_most();

    return most > before ? most - before : 0;
}

/* A thread that the pool has let go of is in the kernel for a moment more. */
void bounds_expect_nothing(void)
{
    struct bounds found = bounds_look(BOUNDS_WORKER_IDLE);

    for (int i = 0; i < PAUSES && found.threads > 0; i++) {
        (void)usleep(PAUSE_US);
        found = bounds_look(BOUNDS_WORKER_IDLE);
    }
    bounds_expect("threads in the end", found.threads, 0);
    bounds_expect("descriptors in the end", found.descriptors, foreign.descriptors);
    bounds_expect("bytes in the end", found.heap, foreign.heap);
}

void bounds_expect(const char *what, size_t value, size_t most)
{
    if (value > most) torture_fail("%s: %zu, at most %zu wanted", what, value, most);
}

bool bounds_allow_descriptors(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}
