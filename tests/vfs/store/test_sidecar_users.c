/* Saves among several users, and where owner, mode or locks are refused. Most tests want root, who
 * can become two others. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vfs/stored.h"
#include "vfs/entry/say.h"
#include "vfs/process/log.h"

#define SAVER 1000
#define OTHER 1234
#define GROUP 4321

TestSuite(sidecar_users, .init = stored_begin, .fini = scratch_end);

/* ---- what a file system refuses: the linker puts these in the place of the calls ---- */

static struct {
    int flock, fchmod, fchown; /* an errno; 0: it works */
    time_t later_s;            /* the clock is ahead of the files' */
} refused;

static int refuse(int error)
{
    errno = error;
    return -1;
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
    return refused.flock ? refuse(refused.flock) : __real_flock(fd, operation);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return refused.fchmod ? refuse(refused.fchmod) : __real_fchmod(fd, mode);
}

int __real_fchown(int fd, uid_t user, gid_t group);
int __wrap_fchown(int fd, uid_t user, gid_t group);
int __wrap_fchown(int fd, uid_t user, gid_t group)
{
    return refused.fchown ? refuse(refused.fchown) : __real_fchown(fd, user, group);
}

time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
    return __real_time(out) + refused.later_s;
}

/* ---- users ---- */

static void want_root(void)
{
    if (geteuid() != 0) cr_skip("only root can become another user");
    log_listen();
}

/* The capability of giving files away, for this process. */
static void drop_chown(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 } };

    cr_assert_eq(syscall(SYS_capget, &header, data), 0);
    data[0].effective &= ~(1U << CAP_CHOWN);
    cr_assert_eq(syscall(SYS_capset, &header, data), 0);
}

static void become(uid_t user)
{
    cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(setgroups(0, NULL), 0);
    cr_assert_eq(setegid(user), 0);
    cr_assert_eq(seteuid(user), 0);
}

/* A folder where everybody makes files, with a database of SAVER's. */
static void share_folder(mode_t mode)
{
    cr_assert_eq(chmod(scratch("").s, mode), 0);
    cr_assert_eq(chown(database.s, SAVER, SAVER), 0);
}

static struct path own_tmp(void)
{
    return scratch("x.db-preload-tmp-3e8");
}

static void expect_saved(size_t row, char name)
{
    cr_expect_eq(save(name, "1"), STORE_OK, "row %zu", row);
    preload_say();
    expect_text(row, stored(), "1:1@0");
    cr_expect_str_eq(log_heard(), "", "row %zu", row);
    cr_expect_not(file_exists(own_tmp().s), "row %zu: a file is left", row);
}

/* ---- owner and mode ---- */

static const struct mode_case {
    mode_t database, want;
} mode_cases[] = {
    { 0644, 0644 }, { 0666, 0666 }, { 0640, 0600 }, { 0660, 0600 },
    { 0600, 0600 }, { 0664, 0644 }, { 0604, 0600 }, { 0646, 0644 },
};

Test(sidecar_users, without_the_right_to_give_files_away_hints_are_saved_and_read_by_no_more)
{
    want_root();
    drop_chown();
    for (size_t i = 0; i < COUNT(mode_cases); i++) {
        struct stat st;

        (void)remove(database.s);
        file_write(database.s, "database", 8);
        cr_assert_eq(chmod(database.s, mode_cases[i].database), 0);
        cr_assert_eq(setgroups(1, (gid_t[]){ GROUP }), 0);
        cr_assert_eq(chown(database.s, (uid_t)-1, GROUP), 0);
        cr_assert_eq(setgroups(0, NULL), 0);
        expect_saved(i, 'a');
        cr_assert_eq(stat(sidecar.s, &st), 0);
        cr_expect_eq(st.st_gid, 0, "row %zu", i);
        cr_expect_eq(st.st_mode & 07777, mode_cases[i].want, "row %zu: got %o", i,
                     st.st_mode & 07777);
        cr_assert_eq(remove(sidecar.s), 0);
    }
}

Test(sidecar_users, a_sidecar_of_another_owner_is_saved_without_the_right_to_give_it_away)
{
    struct stat st;

    want_root();
    cr_assert_eq(chown(database.s, OTHER, GROUP), 0);
    cr_assert_eq(chmod(database.s, 0644), 0);
    drop_chown();
    expect_saved(0, 'a');
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_uid, 0);
    cr_expect_eq(st.st_mode & 07777, 0644);
}

Test(sidecar_users, a_sidecar_has_the_databases_group_where_the_saver_is_one_of_it)
{
    struct stat st;

    want_root();
    share_folder(0777);
    cr_assert_eq(chown(database.s, OTHER, GROUP), 0);
    cr_assert_eq(chmod(database.s, 0660), 0);
    become(SAVER);
    cr_assert_eq(seteuid(0), 0);
    cr_assert_eq(setgroups(1, (gid_t[]){ GROUP }), 0);
    cr_assert_eq(seteuid(SAVER), 0);
    expect_saved(0, 'a');
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_uid, SAVER);
    cr_expect_eq(st.st_gid, GROUP);
    cr_expect_eq(st.st_mode & 07777, 0660);
    become(0);
}

/* FAT, a squashed root. */
Test(sidecar_users, where_mode_and_owner_are_refused_the_narrower_mode_is_kept)
{
    struct stat st;

    log_listen();
    refused.fchmod = EPERM;
    refused.fchown = EPERM;
    cr_assert_eq(chmod(database.s, 0644), 0);
    expect_saved(0, 'a');
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0600);
}

Test(sidecar_users, where_a_wider_mode_cannot_be_narrowed_nothing_is_saved)
{
    log_listen();
    refused.fchmod = EPERM;
    file_write(tmp.s, "", 0);
    cr_assert_eq(chmod(tmp.s, 0644), 0);
    cr_assert_eq(chmod(database.s, 0600), 0);
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    preload_say();
    cr_expect_eq(log_times("not saved: Operation not permitted"), 1, "%s", log_heard());
    cr_expect_not(file_exists(tmp.s));
    cr_expect_eq(save('a', "1"), STORE_OK);
}

/* ---- what others leave ---- */

static const char torn[] = "sqlite-preload\n\0\2\0\0\0 and half of the rest";

static void put_torn(const char *path)
{
    file_write(path, torn, sizeof torn);
}

static void put_empty(const char *path)
{
    file_write(path, "", 0);
}

static void put_letter(const char *path)
{
    file_write(path, "a letter to my mother", 21);
}

static void put_link(const char *path)
{
    put_torn(scratch("second").s);
    cr_assert_eq(link(scratch("second").s, path), 0);
}

static void put_symlink(const char *path)
{
    cr_assert_eq(symlink("nowhere", path), 0);
}

static void put_fifo(const char *path)
{
    cr_assert_eq(mkfifo(path, 0666), 0);
}

static void put_folder(const char *path)
{
    cr_assert_eq(mkdir(path, 0777), 0);
}

static const struct leftover_case {
    void (*put)(const char *path);
    mode_t mode; /* 0: as it is */
    mode_t folder;
    bool stays;
} leftover_cases[] = {
    { put_torn, 0644, 0777, false },   { put_empty, 0644, 0777, false },
    { put_torn, 0666, 0777, false },   { put_torn, 0600, 0777, true },
    { put_empty, 0600, 0777, true },   { put_torn, 0644, 01777, true },
    { put_empty, 0666, 01777, true },  { put_letter, 0644, 0777, true },
    { put_letter, 0666, 01777, true }, { put_link, 0644, 0777, true },
    { put_symlink, 0, 0777, true },    { put_symlink, 0, 01777, true },
    { put_fifo, 0666, 0777, true },    { put_folder, 0777, 0777, true },
};

Test(sidecar_users, what_another_user_left_keeps_nobody_from_saving)
{
    want_root();
    for (size_t i = 0; i < COUNT(leftover_cases); i++) {
        const struct leftover_case *row = &leftover_cases[i];
        struct stat before;
        struct stat after = { 0 };

        share_folder(row->folder);
        become(OTHER);
        row->put(tmp.s);
        if (row->mode) cr_assert_eq(chmod(tmp.s, row->mode), 0);
        cr_assert_eq(lstat(tmp.s, &before), 0);
        become(SAVER);
        expect_saved(i, 'a');
        cr_expect_eq(lstat(tmp.s, &after) == 0, row->stays, "row %zu", i);
        if (row->stays) {
            cr_expect_eq(after.st_ino, before.st_ino, "row %zu", i);
            cr_expect_eq(after.st_size, before.st_size, "row %zu", i);
        }
        become(0);
        (void)remove(tmp.s);
        (void)remove(sidecar.s);
        (void)remove(scratch("second").s);
    }
}

Test(sidecar_users, root_takes_over_what_another_user_left)
{
    want_root();
    share_folder(0777);
    become(OTHER);
    put_torn(tmp.s);
    cr_assert_eq(chmod(tmp.s, 0600), 0);
    become(0);
    expect_saved(0, 'a');
    cr_expect_not(file_exists(tmp.s));
}

/* On a file system without owners all files are root's. */
Test(sidecar_users, what_is_anothers_is_removed_and_not_written_to)
{
    struct stat st;

    want_root();
    share_folder(0777);
    put_torn(tmp.s);
    cr_assert_eq(chmod(tmp.s, 0666), 0);
    become(SAVER);
    expect_saved(0, 'a');
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_uid, SAVER);
    become(0);
}

Test(sidecar_users, a_save_waits_for_the_save_of_another_user)
{
    int fd;

    want_root();
    share_folder(0777);
    become(OTHER);
    put_torn(tmp.s);
    cr_assert_eq(chmod(tmp.s, 0644), 0);
    fd = open(tmp.s, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    cr_assert(fd >= 0 && flock(fd, LOCK_EX) == 0);
    become(SAVER);
    config.lock_ms = 20;
    cr_expect_eq(save('a', "1"), STORE_BUSY);
    cr_expect(file_exists(tmp.s));
    close(fd);
    expect_saved(0, 'a');
    cr_expect_not(file_exists(tmp.s));
    become(0);
}

Test(sidecar_users, what_stands_under_both_names_is_left_alone)
{
    want_root();
    share_folder(01777);
    become(OTHER);
    put_letter(tmp.s);
    put_letter(own_tmp().s);
    become(SAVER);
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    preload_say();
    cr_expect_eq(log_times("that file is not ours; it is left alone: "), 1, "%s", log_heard());
    become(0);
    cr_expect(file_exists(tmp.s));
    cr_expect(file_exists(own_tmp().s));
    cr_expect_not(file_exists(sidecar.s));
}

/* ---- without locks ---- */

static const int no_locks[] = { ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL, EPERM };

Test(sidecar_users, where_there_are_no_locks_hints_are_saved_and_nothing_is_left)
{
    log_listen();
    for (size_t i = 0; i < COUNT(no_locks); i++) {
        refused.flock = no_locks[i];
        expect_saved(i, 'a');
        cr_expect_not(file_exists(tmp.s), "row %zu", i);
        cr_assert_eq(remove(sidecar.s), 0);
    }
}

Test(sidecar_users, without_locks_a_file_is_another_saves_until_it_is_old)
{
    log_listen();
    refused.flock = ENOLCK;
    config.lock_ms = 20;
    put_torn(tmp.s);
    cr_expect_eq(save('a', "1"), STORE_BUSY);
    refused.later_s = 50;
    cr_expect_eq(save('a', "1"), STORE_BUSY);
    cr_expect(file_exists(tmp.s));
    refused.later_s = 120;
    expect_saved(0, 'a');
    cr_expect_not(file_exists(tmp.s));
}

/* Reports by its exit status. */
static void save_often(int process)
{
    for (int i = 0; i < 4; i++) {
        struct store *store = open_store();
        struct hint_session session = session_on(&evidence, (char)(1 + process * 4 + i), "1");
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

Test(sidecar_users, without_locks_saves_at_once_wait_for_each_other)
{
    struct store *store;
    struct hint_book book = { 0 };
    uint64_t generation;
    pid_t children[4];

    refused.flock = ENOLCK;
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
    cr_expect_eq(book.shared.folded, 16, "got %ju", (uintmax_t)book.shared.folded);
    hint_book_free(&book);
    store->verbs->free(store);
}
