#include "tests/hosts/initialize.h"

#include <dlfcn.h>
#include <sqlite3.h>
#include <string.h>

static int (*extra_init)(const char *);
static bool initialized, came;
static int depth; /* while it initializes itself SQLite calls what does that */

static int call_next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    int (*next)(void);

    memcpy(&next, &found, sizeof next);
    return next();
}

__attribute__((visibility("default"))) int sqlite3_initialize(void)
{
    int rc;

    came = true;
    depth++;
    rc = call_next("sqlite3_initialize");
    depth--;
    if (rc != SQLITE_OK || depth > 0 || initialized || !extra_init) return rc;
    initialized = true;
    return extra_init(NULL);
}

__attribute__((visibility("default"))) int sqlite3_shutdown(void)
{
    int rc = call_next("sqlite3_shutdown");

    initialized = false;
    return rc;
}

bool initialize_calls(int (*extra)(const char *))
{
    came = false;
    (void)sqlite3_vfs_find(NULL);
    (void)sqlite3_shutdown();
    extra_init = extra;
    return came;
}
