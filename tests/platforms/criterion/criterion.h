/* As much of Criterion as our suites use, for platforms that have none: Test and TestSuite with
 * .init, .fini and .signal, assertions, and skips. As there, each test is a process of its own.
 * A failed check says what it checked, and its message. */
#ifndef CRITERION_H
#define CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct criterion_options {
    void (*init)(void);
    void (*fini)(void);
    int signal;     /* that the test ends with */
    double timeout; /* seconds; 0: the runner's */
};

struct criterion_test {
    const char *suite;
    const char *name; /* NULL: the options of a suite */
    void (*run)(void);
    struct criterion_options options;
    struct criterion_test *next;
};

struct criterion_place {
    const char *file;
    int line;
    const char *text; /* of the check */
};

void criterion_add(struct criterion_test *test);

/* Goes on in any case, or only when it holds. */
void criterion_expect(bool holds, struct criterion_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void criterion_assert(bool holds, struct criterion_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
__attribute__((noreturn)) void criterion_skip(const char *why);
void criterion_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CRITERION_ADD(id, suite_, name_, run_, ...)                                                \
    static struct criterion_test id = {                                                            \
        .suite = suite_, .name = name_, .run = run_, .options = { __VA_ARGS__ }                    \
    };                                                                                             \
    __attribute__((constructor)) static void id##_add(void)                                        \
    {                                                                                              \
        criterion_add(&id);                                                                        \
    }

#define Test(suite_, name_, ...)                                                                   \
    static void criterion_run_##suite_##_##name_(void);                                            \
    CRITERION_ADD(criterion_##suite_##_##name_, #suite_, #name_, criterion_run_##suite_##_##name_, \
                  __VA_ARGS__)                                                                     \
    static void criterion_run_##suite_##_##name_(void)

#define TestSuite(suite_, ...)                                                                     \
    CRITERION_ADD(criterion_suite_##suite_, #suite_, NULL, NULL, __VA_ARGS__)                      \
    struct criterion_test

#define CRITERION_CHECK(how, holds, text_, ...)                                                    \
    criterion_##how((holds), (struct criterion_place){ __FILE__, __LINE__, text_ }, " " __VA_ARGS__)

#define cr_assert(a, ...)      CRITERION_CHECK(assert, (a), #a, __VA_ARGS__)
#define cr_assert_not(a, ...)  CRITERION_CHECK(assert, !(a), "not " #a, __VA_ARGS__)
#define cr_assert_null(a, ...) CRITERION_CHECK(assert, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...)                                                                 \
    CRITERION_CHECK(assert, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_assert_eq(a, b, ...)  CRITERION_CHECK(assert, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) CRITERION_CHECK(assert, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)  CRITERION_CHECK(assert, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) CRITERION_CHECK(assert, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)  CRITERION_CHECK(assert, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) CRITERION_CHECK(assert, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                                                \
    CRITERION_CHECK(assert, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)                                                               \
    CRITERION_CHECK(assert, strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                          \
    CRITERION_CHECK(assert, memcmp(a, b, size) == 0, #a " is " #b, __VA_ARGS__)

#define cr_expect(a, ...)      CRITERION_CHECK(expect, (a), #a, __VA_ARGS__)
#define cr_expect_not(a, ...)  CRITERION_CHECK(expect, !(a), "not " #a, __VA_ARGS__)
#define cr_expect_null(a, ...) CRITERION_CHECK(expect, (a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_expect_not_null(a, ...)                                                                 \
    CRITERION_CHECK(expect, (a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_expect_eq(a, b, ...)  CRITERION_CHECK(expect, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) CRITERION_CHECK(expect, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)  CRITERION_CHECK(expect, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) CRITERION_CHECK(expect, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)  CRITERION_CHECK(expect, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) CRITERION_CHECK(expect, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)                                                                \
    CRITERION_CHECK(expect, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)                                                               \
    CRITERION_CHECK(expect, strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                          \
    CRITERION_CHECK(expect, memcmp(a, b, size) == 0, #a " is " #b, __VA_ARGS__)

#define cr_skip(...)      criterion_skip("" __VA_ARGS__)
#define cr_skip_test(...) criterion_skip("" __VA_ARGS__)
#define cr_log_info(...)  criterion_note(__VA_ARGS__)

#endif
