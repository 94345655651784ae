/* A host sets variables on one thread while others open, learn and close. */
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hosts/host.h"

#define OPENERS 3
#define OPENS   500

static atomic_uint opening;

/* Each new name makes the table of variables grow, and move; clearing it frees the table. */
static void *set_variables(void *unused)
{
    char name[64];

    for (unsigned i = 0; atomic_load(&opening) > 0; i++) {
        (void)snprintf(name, sizeof name, "HOST_VARIABLE_%u", i % 200);
        if (i % 200 == 0) HOST_CHECK(clearenv() == 0, "clears");
        HOST_CHECK(setenv(name, "some value of some length", 1) == 0, "%s", name);
    }
    return unused;
}

static void *open_and_close(void *name)
{
    for (int i = 0; i < OPENS; i++) {
        sqlite3 *db = host_open(name, NULL);

        host_run(db, "CREATE TABLE IF NOT EXISTS t(x); SELECT count(*) FROM t;"
                     "SELECT preload_config('mode'), preload_flush()");
        host_close(db);
    }
    atomic_fetch_sub(&opening, 1);
    return NULL;
}

static void run_threads(void)
{
    char names[OPENERS][16];
    pthread_t threads[OPENERS + 1];

    /* What is freed is overwritten, so that who reads on there is found. */
    (void)mallopt(M_PERTURB, 0x55);
    atomic_store(&opening, OPENERS);
    for (size_t i = 0; i < OPENERS; i++) {
        (void)snprintf(names[i], sizeof names[i], "%zu.db", i);
        HOST_CHECK(pthread_create(&threads[i], NULL, open_and_close, names[i]) == 0, "%zu", i);
    }
    HOST_CHECK(pthread_create(&threads[OPENERS], NULL, set_variables, NULL) == 0, "setter");
    for (size_t i = 0; i < OPENERS + 1; i++)
        HOST_CHECK(pthread_join(threads[i], NULL) == 0, "%zu", i);
}

static void load(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
}

static void variables_are_set_while_databases_are_opened(void)
{
    load();
    run_threads();
}

/* In a locale of its own: words for errors are translated by what the environment says. */
static void variables_are_set_while_nothing_can_be_saved(void)
{
    HOST_CHECK(setlocale(LC_ALL, "C.UTF-8"), "no such locale");
    HOST_CHECK(setenv("SQLITE_PRELOAD_STORE", "sidecar:/proc/self/nowhere", 1) == 0, "setenv");
    load();
    run_threads();
}

/* What was said when we were loaded holds. */
static void variables_that_are_set_later_change_nothing(void)
{
    sqlite3 *db;

    HOST_CHECK(setenv("SQLITE_PRELOAD_SAVE_MS", "777", 1) == 0, "setenv");
    load();
    HOST_CHECK(setenv("SQLITE_PRELOAD_SAVE_MS", "888", 1) == 0, "setenv");
    HOST_CHECK(setenv("SQLITE_PRELOAD", "off", 1) == 0, "setenv");
    load();
    db = host_open("x.db", NULL);
    HOST_CHECK(strcmp(host_text(db, "SELECT preload_config('save_ms')"), "777") == 0, "%s",
               host_text(db, "SELECT preload_config('save_ms')"));
    HOST_CHECK(strcmp(host_text(db, "SELECT preload_config('mode')"), "on") == 0, "%s",
               host_text(db, "SELECT preload_config('mode')"));
    host_close(db);
}

static const struct host_case cases[] = {
    { "variables_are_set_while_databases_are_opened",
      variables_are_set_while_databases_are_opened },
    { "variables_are_set_while_nothing_can_be_saved",
      variables_are_set_while_nothing_can_be_saved },
    { "variables_that_are_set_later_change_nothing", variables_that_are_set_later_change_nothing },
};

HOST_MAIN(cases)
