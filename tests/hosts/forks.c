/* Hosts that fork while their threads work, with fork handlers of their own. Those that a host
 * registers before ours run after ours on the way into fork() and before ours in the child. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hosts/host.h"

#define FORKS         150
#define CHILD_SECONDS 30
#define ROWS          400

/* What a child inherits from their allocators beside threads is another matter. */
#if defined(__SANITIZE_ADDRESS__)
#define CHILD_MAY_ALLOCATE false
#else
#define CHILD_MAY_ALLOCATE true
#endif

static pthread_mutex_t sqlite_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;
static atomic_uint rounds;

static void take_lock(void)
{
    pthread_mutex_lock(&sqlite_lock);
}

static void give_lock(void)
{
    pthread_mutex_unlock(&sqlite_lock);
}

static void expect_rows(sqlite3 *db)
{
    const char *text = host_text(db, "SELECT count(body) FROM t");

    HOST_CHECK(atoi(text) == ROWS, "%s", text);
}

/* All that this thread does with SQLite it does under the host's lock. */
static void *work_under_lock(void *unused)
{
    (void)unused;
    while (!atomic_load(&is_over)) {
        sqlite3 *db;

        take_lock();
        db = host_open("file:x.db?preload_save_ms=10", "preload");
        expect_rows(db);
        host_close(db);
        give_lock();
        atomic_fetch_add(&rounds, 1);
        (void)usleep(20); /* the one who forks is to have it, too */
    }
    return NULL;
}

static void begin_thread(pthread_t *thread, void *(*run)(void *))
{
    int error = pthread_create(thread, NULL, run, NULL);

    HOST_CHECK(error == 0, "errno %d", error);
}

static void end_thread(pthread_t thread)
{
    atomic_store(&is_over, true);
    (void)pthread_join(thread, NULL);
}

/* `run` in a child that must end well. */
static void fork_and_wait(void (*run)(void))
{
    pid_t child = fork();
    int status = -1;

    HOST_CHECK(child >= 0, "errno %d", errno);
    if (child == 0) {
        (void)alarm(CHILD_SECONDS);
        if (run) run();
        _exit(0);
    }
    HOST_CHECK(waitpid(child, &status, 0) == child, "errno %d", errno);
    HOST_CHECK(status == 0, "status %x", (unsigned)status);
}

static void a_lock_of_the_hosts_is_held_while_it_forks(void)
{
    pthread_t thread;
    unsigned before;

    HOST_CHECK(pthread_atfork(take_lock, give_lock, give_lock) == 0, "no memory");
    host_learn();
    begin_thread(&thread, work_under_lock);
    for (int i = 0; i < FORKS; i++)
        fork_and_wait(NULL);
    before = atomic_load(&rounds);
    while (atomic_load(&rounds) < before + 3)
        (void)usleep(100);
    end_thread(thread);
}

static sqlite3 *kept;

static void close_kept(void)
{
    host_close(kept);
}

static void open_kept(void)
{
    kept = host_open("file:x.db?preload_save_ms=10", "preload");
    expect_rows(kept);
}

static void use_opened(void)
{
    expect_rows(kept);
    HOST_CHECK(preload_flush(kept, NULL) == SQLITE_OK, "not saved");
    close_kept();
}

static void use_inherited(void)
{
    expect_rows(kept);
    HOST_CHECK(preload_flush(kept, NULL) == SQLITE_NOTFOUND, "it is the parent's");
    close_kept();
}

/* No connection may be carried over fork(), so a host closes and opens it again. */
static void handlers_of_the_hosts_close_and_open_databases(void)
{
    if (!CHILD_MAY_ALLOCATE) return;
    HOST_CHECK(pthread_atfork(close_kept, open_kept, open_kept) == 0, "no memory");
    host_learn();
    open_kept();
    for (int i = 0; i < FORKS / 10; i++)
        fork_and_wait(use_opened);
    close_kept();
    HOST_CHECK(preload_unregister() == SQLITE_OK, "something is still open");
}

#define TEXT_BYTES 1000

/* No lock of the host's: options, messages. */
static void *work_without_lock(void *unused)
{
    char text[TEXT_BYTES + 1] = "";

    (void)unused;
    for (unsigned i = 0; !atomic_load(&is_over); i++) {
        memset(text, i % 2 ? 'a' : 'b', TEXT_BYTES);
        HOST_CHECK(preload_configure("profile", text) == SQLITE_OK, "not configured");
        (void)snprintf(text, sizeof text, "none %u", i);
        (void)preload_configure("budget", text);
    }
    return NULL;
}

static void expect_whole(sqlite3 *db)
{
    const char *text = host_text(db, "SELECT preload_config('profile')");

    HOST_CHECK(strlen(text) == TEXT_BYTES, "%s", text);
    HOST_CHECK(strspn(text, "a") == TEXT_BYTES || strspn(text, "b") == TEXT_BYTES, "%s", text);
}

static void use_all_in_child(void)
{
    sqlite3 *db = host_open("file:x.db?preload_save_ms=10&preload_sync=100", "preload");

    expect_whole(db);
    HOST_CHECK(preload_configure("budget", "none") == SQLITE_ERROR, "taken");
    expect_rows(db);
    (void)preload_flush(db, NULL);
    host_close(db);
    HOST_CHECK(preload_configure("mode", "on") == SQLITE_OK, "not configured");
    use_inherited();
}

static void a_child_finds_everything_whole(void)
{
    char text[TEXT_BYTES + 1] = "";
    pthread_t with;
    pthread_t without;

    if (!CHILD_MAY_ALLOCATE) return;
    HOST_CHECK(pthread_atfork(take_lock, give_lock, give_lock) == 0, "no memory");
    host_learn();
    memset(text, 'a', TEXT_BYTES);
    HOST_CHECK(preload_configure("profile", text) == SQLITE_OK, "not configured");
    open_kept();
    begin_thread(&with, work_under_lock);
    begin_thread(&without, work_without_lock);
    for (int i = 0; i < FORKS; i++)
        fork_and_wait(use_all_in_child);
    end_thread(with);
    end_thread(without);
    use_opened();
}

static const struct host_case cases[] = {
    { "a_lock_of_the_hosts_is_held_while_it_forks", a_lock_of_the_hosts_is_held_while_it_forks },
    { "handlers_of_the_hosts_close_and_open_databases",
      handlers_of_the_hosts_close_and_open_databases },
    { "a_child_finds_everything_whole", a_child_finds_everything_whole },
};

HOST_MAIN(cases)
