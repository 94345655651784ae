/* The lock of the sidecar store: processes that save at once. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vfs/stored.h"
#include "vfs/process/log.h"

TestSuite(store_sidecar_lock, .init = stored_begin, .fini = scratch_end);

/* Another process holds the lock until it is told to leave. */
struct holder {
    pid_t pid;
    int leave;
};

static struct holder hold_lock(void)
{
    struct holder holder;
    int held[2];
    int leave[2];
    char byte;

    cr_assert(pipe(held) == 0 && pipe(leave) == 0);
    holder.pid = fork();
    if (holder.pid == 0) {
        int fd = open(tmp.s, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        close(leave[1]);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(held[1], "x", 1) != 1) _exit(1);
        _exit(read(leave[0], &byte, 1) == 0 ? 0 : 1);
    }
    cr_assert_eq(read(held[0], &byte, 1), 1);
    close(held[0]);
    close(held[1]);
    close(leave[0]);
    holder.leave = leave[1];
    return holder;
}

static void release_lock(struct holder holder)
{
    int status;

    close(holder.leave);
    cr_assert_eq(waitpid(holder.pid, &status, 0), holder.pid);
    cr_expect_eq(status, 0);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

Test(store_sidecar_lock, a_save_waits_for_another_process_and_no_longer_than_allowed)
{
    struct holder holder = hold_lock();
    uint64_t began;

    config.lock_ms = 100;
    began = now_ms();
    cr_expect_eq(save('a', "1"), STORE_BUSY);
    cr_expect(now_ms() - began >= 100);
    config.lock_ms = 0;
    cr_expect_eq(save('a', "1"), STORE_BUSY);
    release_lock(holder);
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_expect_eq(preload_log_errors(), 0);
}

struct saver {
    pthread_t thread;
    struct store *store;
    atomic_bool cancelled;
    enum store_result result;
};

static void *save_in_thread(void *ctx)
{
    struct saver *saver = ctx;
    struct hint_session session = session_on(&evidence, 'a', "1");
    struct hint_book book = { 0 };

    saver->result =
        saver->store->verbs->save(saver->store, &book, &session, terms, &saver->cancelled);
    hint_book_free(&book);
    hint_session_free(&session);
    return NULL;
}

static void start_saver(struct saver *saver)
{
    config.lock_ms = 10000;
    saver->store = open_store();
    cr_assert_eq(pthread_create(&saver->thread, NULL, save_in_thread, saver), 0);
    sleep_ms(20);
}

static enum store_result end_saver(struct saver *saver)
{
    cr_assert_eq(pthread_join(saver->thread, NULL), 0);
    saver->store->verbs->free(saver->store);
    return saver->result;
}

Test(store_sidecar_lock, a_save_that_waits_can_be_cancelled)
{
    struct holder holder = hold_lock();
    struct saver saver = { 0 };
    uint64_t began;

    start_saver(&saver);
    began = now_ms();
    atomic_store(&saver.cancelled, true);
    cr_expect_eq(end_saver(&saver), STORE_BUSY);
    cr_expect(now_ms() - began < 5000);
    release_lock(holder);
    expect_text(0, stored(), "none");
}

Test(store_sidecar_lock, a_save_that_waits_goes_on_when_the_other_ends)
{
    struct holder holder = hold_lock();
    struct saver saver = { 0 };

    start_saver(&saver);
    release_lock(holder);
    cr_expect_eq(end_saver(&saver), STORE_OK);
    expect_text(0, stored(), "1:1@0");
}

/* Reports by its exit status: Criterion's checks do not work in a forked child. */
static void save_often(int process)
{
    for (int i = 0; i < 8; i++) {
        struct store *store = open_store();
        struct hint_session session = session_on(&evidence, (char)(1 + process * 8 + i), "1");
        struct hint_book book = { 0 };
        enum store_result result =
            store->verbs->save(store, &book, &session, terms, &not_cancelled);

        hint_book_free(&book);
        hint_session_free(&session);
        store->verbs->free(store);
        if (result != STORE_OK) _exit(1);
    }
    _exit(0);
}

Test(store_sidecar_lock, four_processes_that_save_at_once_keep_all_they_learnt)
{
    struct hint_book book = { 0 };
    uint64_t generation;
    struct store *store;
    pid_t children[4];

    config.lock_ms = 10000;
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) save_often(i);
    }
    for (int i = 0; i < 4; i++) {
        int status;

        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect_eq(status, 0);
    }
    store = open_store();
    cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
    cr_expect_eq(book.shared.session_count, 32);
    cr_expect_eq(book.shared.folded, 32);
    cr_expect_eq(book.shared.pages[0].seen, UINT32_MAX);
    hint_book_free(&book);
    store->verbs->free(store);
}

/* A save that is killed anywhere leaves a sidecar that is whole, and the next save works. */
Test(store_sidecar_lock, a_save_may_be_killed_at_any_moment)
{
    cr_expect_eq(save('z', "1 2 3"), STORE_OK);
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        int status;

        if (child == 0)
            for (;;) {
                struct store *store = open_store();
                struct hint_session session = session_on(&evidence, 'a', "1 2 3 4 5 6 7 8 9");
                struct hint_book book = { 0 };

                (void)store->verbs->save(store, &book, &session, terms, &not_cancelled);
                hint_book_free(&book);
                hint_session_free(&session);
                store->verbs->free(store);
            }
        sleep_ms((unsigned)round);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect_neq(stored().s[0], 'b', "round %d", round);
        cr_expect_eq(save('z', "1 2 3"), STORE_OK, "round %d", round);
    }
}
