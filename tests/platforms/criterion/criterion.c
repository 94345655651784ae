/* Runs the tests that were linked, each in a child. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 120
#define SKIPPED 77

static struct criterion_test *tests;
static bool failed; /* of the child */

void criterion_add(struct criterion_test *test)
{
    test->next = tests;
    tests = test;
}

static void say(struct criterion_place place, const char *format, va_list args)
{
    (void)fprintf(stderr, "  %s:%d: %s:", place.file, place.line, place.text);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

void criterion_expect(bool holds, struct criterion_place place, const char *format, ...)
{
    va_list args;

    if (holds) return;
    va_start(args, format);
    say(place, format, args);
    va_end(args);
    failed = true;
}

void criterion_assert(bool holds, struct criterion_place place, const char *format, ...)
{
    va_list args;

    if (holds) return;
    va_start(args, format);
    say(place, format, args);
    va_end(args);
    _exit(EXIT_FAILURE);
}

void criterion_skip(const char *why)
{
    (void)fprintf(stderr, "  skipped: %s\n", why);
    _exit(SKIPPED);
}

void criterion_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

/* A test's own options come before those of its suite. */
static struct criterion_options options_of(const struct criterion_test *test)
{
    struct criterion_options options = test->options;

    for (const struct criterion_test *suite = tests; suite; suite = suite->next) {
        if (suite->name || strcmp(suite->suite, test->suite) != 0) continue;
        if (!options.init) options.init = suite->options.init;
        if (!options.fini) options.fini = suite->options.fini;
        if (!options.signal) options.signal = suite->options.signal;
        if (options.timeout <= 0) options.timeout = suite->options.timeout;
    }
    return options;
}

static void run_child(const struct criterion_test *test, const struct criterion_options *options)
{
    alarm(options->timeout > 0 ? (unsigned)options->timeout : SECONDS);
    if (options->init) options->init();
    test->run();
    if (options->fini) options->fini();
    _exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

static bool passes(const struct criterion_test *test, unsigned *skipped)
{
    const struct criterion_options options = options_of(test);
    pid_t child;
    int status = 0;
    bool good;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) run_child(test, &options);
    if (child < 0 || waitpid(child, &status, 0) != child) return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        ++*skipped;
        return true;
    }
    good = options.signal ? WIFSIGNALED(status) && WTERMSIG(status) == options.signal
                          : WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
    if (!good) (void)fprintf(stderr, "%s::%s fails, status %d\n", test->suite, test->name, status);
    return good;
}

/* Red, too, when nothing was tested. */
int main(void)
{
    unsigned count = 0;
    unsigned skipped = 0;
    unsigned bad = 0;

    for (const struct criterion_test *test = tests; test; test = test->next) {
        if (!test->name) continue;
        count++;
        if (!passes(test, &skipped)) bad++;
    }
    (void)printf("%u tests, %u failed, %u skipped\n", count, bad, skipped);
    return bad == 0 && skipped < count ? EXIT_SUCCESS : EXIT_FAILURE;
}
