/* Signals that our own writes cause do not reach the host, whatever it does about them. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/hosts/host.h"

static volatile sig_atomic_t caught;

static void count(int signal)
{
    (void)signal;
    caught++;
}

/* As a program starts; a test runner may have them ignored. */
static void let_signals_kill(void)
{
    HOST_CHECK(signal(SIGXFSZ, SIG_DFL) != SIG_ERR && signal(SIGPIPE, SIG_DFL) != SIG_ERR,
               "signal");
}

static void load(void)
{
    sqlite3 *db = host_open(":memory:", NULL);

    host_load(db, true);
    host_close(db);
}

static void make_database(void)
{
    sqlite3 *db = host_open("x.db", "unix");

    host_run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(randomblob(90000))");
    host_close(db);
}

/* From here on no file may grow. */
static void limit_files(void)
{
    const struct rlimit none = { 0, 0 };

    HOST_CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0, "limit");
}

static void *read_and_close(void *unused)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_run(db, "SELECT sum(length(x)) FROM t; SELECT preload_flush()");
    host_close(db);
    return unused;
}

static void expect_nothing_waits(void)
{
    sigset_t waiting;
    sigset_t mask;

    HOST_CHECK(sigpending(&waiting) == 0 && pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0, "mask");
    HOST_CHECK(!sigismember(&waiting, SIGXFSZ) && !sigismember(&waiting, SIGPIPE), "waits");
    HOST_CHECK(!sigismember(&mask, SIGXFSZ) && !sigismember(&mask, SIGPIPE), "blocked");
    HOST_CHECK(caught == 0, "%d caught", (int)caught);
}

static bool is_empty_or_absent(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 || st.st_size == 0;
}

/* Hints, the trace and the log all go to files. */
static void read_under_a_limit(void)
{
    make_database();
    HOST_CHECK(setenv("SQLITE_PRELOAD_TRACE", "trace", 1) == 0, "setenv");
    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "log", 1) == 0, "setenv");
    load();
    limit_files();
    (void)read_and_close(NULL);
    HOST_CHECK(is_empty_or_absent("x.db-preload") && is_empty_or_absent("trace") &&
                   is_empty_or_absent("log"),
               "something was written");
    HOST_CHECK(access("x.db-preload-tmp", F_OK) != 0, "left behind");
    expect_nothing_waits();
}

static void a_reader_outlives_a_limit_for_files(void)
{
    let_signals_kill();
    read_under_a_limit();
}

static void a_handler_of_the_host_is_not_called(void)
{
    HOST_CHECK(signal(SIGXFSZ, count) != SIG_ERR, "signal");
    read_under_a_limit();
}

static void what_the_host_ignores_stays_ignored(void)
{
    HOST_CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR, "signal");
    read_under_a_limit();
    HOST_CHECK(signal(SIGXFSZ, SIG_DFL) == SIG_IGN, "no longer ignored");
}

static void a_thread_outlives_a_limit_for_files(void)
{
    pthread_t threads[4];

    let_signals_kill();
    make_database();
    load();
    limit_files();
    for (size_t i = 0; i < 4; i++)
        HOST_CHECK(pthread_create(&threads[i], NULL, read_and_close, NULL) == 0, "%zu", i);
    for (size_t i = 0; i < 4; i++)
        HOST_CHECK(pthread_join(threads[i], NULL) == 0, "%zu", i);
    expect_nothing_waits();
}

/* Standard error leads to a pipe that nobody reads. */
static void break_stderr(void)
{
    int ends[2];

    HOST_CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO, "pipe");
    HOST_CHECK(close(ends[0]) == 0 && close(ends[1]) == 0, "pipe");
}

/* Something to say: a value that is none. */
static void say(const char *sql)
{
    sqlite3 *db = host_open("x.db", NULL);

    host_run(db, "CREATE TABLE IF NOT EXISTS t(x)");
    HOST_CHECK(strncmp(host_text(db, sql), "error", 5) == 0, "%s", sql);
    host_run(db, "SELECT * FROM t");
    host_close(db);
}

static void a_log_that_nobody_reads_kills_nobody(void)
{
    let_signals_kill();
    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "stderr", 1) == 0, "setenv");
    load();
    break_stderr();
    say("SELECT preload_config('pace', 'one')");
    say("SELECT preload_config('pace', 'two')");
    expect_nothing_waits();
}

static void a_log_without_a_stderr_kills_nobody(void)
{
    let_signals_kill();
    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "stderr", 1) == 0, "setenv");
    load();
    HOST_CHECK(close(STDERR_FILENO) == 0, "close");
    say("SELECT preload_config('pace', 'one')");
    expect_nothing_waits();
    break_stderr();
}

static void what_waits_for_the_host_goes_on_waiting(void)
{
    const struct timespec no_time = { 0 };
    sigset_t broken;

    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "stderr", 1) == 0, "setenv");
    load();
    break_stderr();
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    HOST_CHECK(pthread_sigmask(SIG_BLOCK, &broken, NULL) == 0 && raise(SIGPIPE) == 0, "raise");
    say("SELECT preload_config('pace', 'one')");
    HOST_CHECK(sigtimedwait(&broken, NULL, &no_time) == SIGPIPE, "taken away");
    HOST_CHECK(sigtimedwait(&broken, NULL, &no_time) < 0 && errno == EAGAIN, "once more");
    say("SELECT preload_config('pace', 'two')");
    HOST_CHECK(sigtimedwait(&broken, NULL, &no_time) < 0 && errno == EAGAIN, "ours");
}

/* In the background of a terminal that stops who writes. */
static void write_in_background(const char *terminal)
{
    struct termios modes;
    int fd;
    pid_t child;
    int status = -1;

    HOST_CHECK(setsid() >= 0, "session");
    fd = open(terminal, O_RDWR);
    HOST_CHECK(fd >= 0 && tcgetattr(fd, &modes) == 0, "%s", terminal);
    modes.c_lflag |= TOSTOP;
    HOST_CHECK(tcsetattr(fd, TCSANOW, &modes) == 0, "%s", terminal);
    child = fork();
    if (child == 0) {
        HOST_CHECK(setpgid(0, 0) == 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO, "group");
        say("SELECT preload_config('pace', 'one')");
        _exit(0);
    }
    HOST_CHECK(waitpid(child, &status, WUNTRACED) == child && status == 0, "%x", (unsigned)status);
    _exit(0);
}

static void a_log_on_a_terminal_stops_nobody(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    int status = -1;
    pid_t child;

    HOST_CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "terminal");
    HOST_CHECK(setenv("SQLITE_PRELOAD_LOG", "stderr", 1) == 0, "setenv");
    load();
    child = fork();
    if (child == 0) write_in_background(ptsname(master));
    HOST_CHECK(waitpid(child, &status, 0) == child && status == 0, "%x", (unsigned)status);
    close(master);
}

static const struct host_case cases[] = {
    { "a_reader_outlives_a_limit_for_files", a_reader_outlives_a_limit_for_files },
    { "a_handler_of_the_host_is_not_called", a_handler_of_the_host_is_not_called },
    { "what_the_host_ignores_stays_ignored", what_the_host_ignores_stays_ignored },
    { "a_thread_outlives_a_limit_for_files", a_thread_outlives_a_limit_for_files },
    { "a_log_that_nobody_reads_kills_nobody", a_log_that_nobody_reads_kills_nobody },
    { "a_log_without_a_stderr_kills_nobody", a_log_without_a_stderr_kills_nobody },
    { "what_waits_for_the_host_goes_on_waiting", what_waits_for_the_host_goes_on_waiting },
    { "a_log_on_a_terminal_stops_nobody", a_log_on_a_terminal_stops_nobody },
};

HOST_MAIN(cases)
