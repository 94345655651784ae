/* The file gets a copy of its own method table with one slot changed. */
#include "bench/coldstart/read_clock.h"

#include "bench/kit/clock.h"

#include <stdlib.h>

#define READS_MAX  1000000u
#define PAGE_BYTES 512

static struct {
    const sqlite3_io_methods *base;
    sqlite3_io_methods methods;
    uint64_t *took_ns;
    size_t len;
    size_t cap;
} clock_of_reads;

/* What finds no memory is left out. */
static void remember(uint64_t took_ns)
{
    if (clock_of_reads.len == clock_of_reads.cap && clock_of_reads.cap < READS_MAX) {
        const size_t cap = clock_of_reads.cap == 0 ? 4096 : clock_of_reads.cap * 2;
        uint64_t *more = realloc(clock_of_reads.took_ns, cap * sizeof(*more));

        if (more == NULL) return;
        clock_of_reads.took_ns = more;
        clock_of_reads.cap = cap;
    }
    if (clock_of_reads.len < clock_of_reads.cap) {
        clock_of_reads.took_ns[clock_of_reads.len++] = took_ns;
    }
}

static int timed_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 offset)
{
    const uint64_t begin_ns = clock_now_ns();
    const int rc = clock_of_reads.base->xRead(file, out, amount, offset);

    if (amount >= PAGE_BYTES) remember(clock_now_ns() - begin_ns);
    return rc;
}

int read_clock_start(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int rc;

    read_clock_stop();
    rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK) return rc;
    if (file->pMethods == NULL) return SQLITE_CANTOPEN;
    clock_of_reads.base = file->pMethods;
    clock_of_reads.methods = *file->pMethods;
    clock_of_reads.methods.xRead = timed_read;
    file->pMethods = &clock_of_reads.methods;
    return SQLITE_OK;
}

static int by_time(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t read_clock_quantile(unsigned per_mille)
{
    const size_t len = clock_of_reads.len;

    if (len == 0) return 0;
    qsort(clock_of_reads.took_ns, len, sizeof(*clock_of_reads.took_ns), by_time);
    return clock_of_reads.took_ns[(len - 1) * per_mille / 1000];
}

void read_clock_stop(void)
{
    free(clock_of_reads.took_ns);
    clock_of_reads.took_ns = NULL;
    clock_of_reads.len = 0;
    clock_of_reads.cap = 0;
}
