/* What the file system lets out of memory differs (a tmpfs lets nothing), so these tests ask the
 * same question in another way and compare. */
#include "vfs/file/residency.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/common.h"

#define PAGES 64

static struct path path;
static int fd;

static void begin(void)
{
    static uint8_t bytes[PAGES * 4096];

    scratch_begin();
    path = scratch("file");
    file_write(path.s, bytes, sizeof bytes);
    fd = open(path.s, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0);
}

static void end(void)
{
    close(fd);
    scratch_end();
}

TestSuite(residency, .init = begin, .fini = end);

Test(residency, what_was_just_written_is_resident)
{
    struct residency residency;

    cr_assert(preload_residency_open(&residency, fd, path.s));
    cr_expect(preload_residency_holds(&residency, 0, 4096));
    cr_expect(preload_residency_holds(&residency, 4096 * 31, 128 << 10));
    cr_expect(preload_residency_holds(&residency, 512, 512), "a part of a page");
    preload_residency_close(&residency);
    preload_residency_close(&residency);
    cr_expect_not(preload_residency_holds(&residency, 0, 4096));
}

Test(residency, what_was_evicted_is_not)
{
    struct residency residency;
    char byte;

    cr_assert_eq(fsync(fd), 0);
    cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    cr_assert(preload_residency_open(&residency, fd, path.s));
    if (!preload_residency_holds(&residency, 0, 128 << 10)) {
        cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
        cr_assert_eq(pread(fd, &byte, 1, 4096 * 40), 1);
        cr_expect(preload_residency_holds(&residency, 4096 * 40, 4096));
    }
    preload_residency_close(&residency);
}

Test(residency, a_file_is_cold_when_half_of_the_places_are)
{
    uint64_t offsets[RESIDENCY_PLACES];
    struct residency residency = { 0 };
    struct path hole = scratch("hole");
    int hole_fd = open(hole.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    for (uint64_t i = 0; i < RESIDENCY_PLACES; i++)
        offsets[i] = i * 65536;
    cr_expect_not(preload_residency_is_cold(&residency, offsets), "nothing is known");
    cr_assert(hole_fd >= 0);
    cr_assert_eq(ftruncate(hole_fd, RESIDENCY_PLACES * 65536), 0);
    cr_assert(preload_residency_open(&residency, hole_fd, hole.s));
    for (unsigned i = 0; i < RESIDENCY_PLACES / 2; i++) {
        cr_expect(preload_residency_is_cold(&residency, offsets), "%u places", i);
        cr_assert_eq(pwrite(hole_fd, "x", 1, (off_t)offsets[2 * i]), 1);
    }
    cr_expect(preload_residency_is_cold(&residency, offsets));
    cr_assert_eq(pwrite(hole_fd, "x", 1, (off_t)offsets[1]), 1);
    cr_expect_not(preload_residency_is_cold(&residency, offsets));
    preload_residency_close(&residency);
    close(hole_fd);
}

Test(residency, nothing_is_resident_past_the_end)
{
    struct residency residency;

    cr_assert(preload_residency_open(&residency, fd, path.s));
    cr_expect_not(preload_residency_holds(&residency, PAGES * 4096, 4096));
    cr_expect_not(preload_residency_holds(&residency, (PAGES - 1) * 4096, 8192));
    cr_expect_not(preload_residency_holds(&residency, UINT64_C(1) << 60, 4096));
    preload_residency_close(&residency);
}

static long peak_kib(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    cr_assert(status);
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "VmPeak:", 7) == 0) kib = strtol(line + 7, NULL, 10);
    (void)fclose(status);
    return kib;
}

#define LARGE_BYTES ((uint64_t)1 << 30)
#define MARK_BYTES  ((uint32_t)64 << 10)

/* Every other piece of a large file is written, the rest is a hole. */
static int make_large(const char *name)
{
    static const uint8_t bytes[MARK_BYTES] = { 1 };
    int large = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    cr_assert(large >= 0);
    cr_assert_eq(ftruncate(large, (off_t)LARGE_BYTES - 100), 0);
    for (uint64_t at = 0; at < LARGE_BYTES; at += LARGE_BYTES / 64)
        cr_assert_eq(pwrite(large, bytes, sizeof bytes, (off_t)at), sizeof bytes);
    return large;
}

Test(residency, a_large_file_takes_little_address_space)
{
    struct path name = scratch("large");
    const int large = make_large(name.s);
    struct residency residency;
    struct rng rng = rng_start();
    long before_kib;

    cr_assert(preload_residency_open(&residency, large, name.s));
    before_kib = peak_kib();
    for (unsigned i = 0; i < 5000; i++) {
        const uint32_t bytes = rng_below(&rng, MARK_BYTES) + 1;
        const uint32_t within = rng_below(&rng, MARK_BYTES - bytes + 1);
        const uint64_t piece = rng_below(&rng, 64) * (LARGE_BYTES / 64) + within;

        cr_assert(preload_residency_holds(&residency, piece, bytes), "%" PRIu64, piece);
        cr_assert_not(preload_residency_holds(&residency, piece + 2 * MARK_BYTES, bytes));
        cr_assert_not(preload_residency_holds(&residency, piece + MARK_BYTES - within, bytes));
        cr_assert_not(preload_residency_holds(&residency, LARGE_BYTES - 100 - bytes, bytes));
    }
    cr_expect(peak_kib() - before_kib < 4096, "%ld KiB", peak_kib() - before_kib);
    preload_residency_close(&residency);
    (void)preload_residency_file_is_cold(large, name.s, LARGE_BYTES - 100);
    cr_expect(peak_kib() - before_kib < 4096, "%ld KiB", peak_kib() - before_kib);
    close(large);
}

/* Nothing is known then; above all it is not cold. */
Test(residency, without_address_space_nothing_is_known)
{
    struct residency residency;
    uint64_t offsets[RESIDENCY_PLACES] = { 0 };
    struct path hole = scratch("hole");
    int hole_fd = open(hole.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct rlimit limit;

    cr_assert(hole_fd >= 0);
    cr_assert_eq(ftruncate(hole_fd, (off_t)LARGE_BYTES), 0);
    cr_assert(preload_residency_open(&residency, hole_fd, hole.s));
    cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
    cr_assert_eq(setrlimit(RLIMIT_AS, &(struct rlimit){ 1 << 20, limit.rlim_max }), 0);
    cr_expect_not(preload_residency_is_cold(&residency, offsets));
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    preload_residency_close(&residency);
    cr_assert(preload_residency_open(&residency, hole_fd, hole.s));
    cr_expect(preload_residency_is_cold(&residency, offsets));
    preload_residency_close(&residency);
    close(hole_fd);
}

/* A file that shrinks under the mapping is no SIGBUS: nothing is read from it. */
Test(residency, a_file_that_shrinks_is_harmless)
{
    struct residency residency;

    cr_assert(preload_residency_open(&residency, fd, path.s));
    cr_assert_eq(ftruncate(fd, 4096), 0);
    (void)preload_residency_holds(&residency, 4096 * 40, 4096);
    preload_residency_close(&residency);
}

Test(residency, an_empty_file_is_not_asked)
{
    struct residency residency;

    cr_assert_eq(ftruncate(fd, 0), 0);
    cr_expect_not(preload_residency_open(&residency, fd, path.s));
    cr_expect_not(preload_residency_holds(&residency, 0, 0));
}

/* There mincore answers "all". */
Test(residency, a_file_of_somebody_else_is_not_asked)
{
    struct residency residency;

    if (geteuid() != 0) cr_skip_test("only root can give a file away");
    cr_assert_eq(chmod(path.s, 0644), 0);
    cr_assert_eq(chown(path.s, 1, 1), 0);
    obey_permissions();
    cr_expect_not(preload_residency_open(&residency, fd, path.s));
}
