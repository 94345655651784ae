/* Both signals are noted and neither ends the process. Each test is a process: what came stays. */
#include "bench/kit/signals.h"

#include <criterion/criterion.h>
#include <signal.h>

static void expect_noted(int number)
{
    struct sigaction action;

    signals_watch();
    cr_expect_not(signals_came(), "none came yet");
    cr_assert_eq(raise(number), 0);
    cr_expect(signals_came(), "%d", number);
    cr_expect(signals_came(), "%d: it stays so", number);
    cr_assert_eq(sigaction(number, NULL, &action), 0);
    cr_expect(action.sa_flags & SA_RESTART, "%d: a system call goes on", number);
}

Test(bench_signals, an_interrupt_is_noted)
{
    expect_noted(SIGINT);
}

Test(bench_signals, a_termination_is_noted)
{
    expect_noted(SIGTERM);
}
