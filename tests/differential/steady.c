/* fsync and fdatasync are defined here, in the program, so that libsqlite3 finds these first. */
#include "tests/differential/steady.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/rng.h"

#define NOON_JULIAN_MS (INT64_C(212501664000000) + 43200000)
#define DAY_MS         86400000.0

#define PROGRAM_WIDE __attribute__((visibility("default")))

static struct rng chance;
static atomic_uint syncs;

PROGRAM_WIDE int fsync(int fd)
{
    (void)fd;
    atomic_fetch_add(&syncs, 1);
    return 0;
}

PROGRAM_WIDE int fdatasync(int fd)
{
    return fsync(fd);
}

static int randomness(sqlite3_vfs *vfs, int len, char *out)
{
    (void)vfs;
    for (int i = 0; i < len; i++)
        out[i] = (char)rng_below(&chance, 256);
    return len;
}

static int no_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int current_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = (double)NOON_JULIAN_MS / DAY_MS;
    return SQLITE_OK;
}

static int current_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = NOON_JULIAN_MS;
    return SQLITE_OK;
}

void steady_install(void)
{
    static const char *const family[] = { "unix", "unix-none", "unix-dotfile", "unix-excl" };

    for (size_t i = 0; i < sizeof family / sizeof family[0]; i++) {
        sqlite3_vfs *vfs = sqlite3_vfs_find(family[i]);

        if (!vfs) continue;
        vfs->xRandomness = randomness;
        vfs->xSleep = no_sleep;
        vfs->xCurrentTime = current_time;
        vfs->xCurrentTimeInt64 = current_time_ms;
    }
}

void steady_begin(uint64_t seed)
{
    chance = (struct rng){ seed, seed };
    sqlite3_randomness(0, NULL);
    atomic_store(&syncs, 0);
}

unsigned steady_syncs(void)
{
    return atomic_load(&syncs);
}
