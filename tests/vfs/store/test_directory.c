#include "vfs/store/directory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hints/memory.h"
#include "tests/vfs/stored.h"
#include "vfs/process/log.h"
#include "vfs/store/directory_tidy.h"
#include "vfs/store/sidecar.h"
#include "vfs/store/sidecar_format.h"

#define DAY_S      86400
#define AT_DEVICE  SIDECAR_HEADER_BYTES
#define AT_PATH    (SIDECAR_HEADER_BYTES + 20)
#define FILES      20
#define FILES_KEPT 8

static struct path folder;
static struct identity identity;

static void begin(void)
{
    stored_begin();
    folder = scratch("hints");
    cr_assert_eq(mkdir(folder.s, 0700), 0);
    (void)snprintf(config.store, sizeof config.store, "sidecar:%s", folder.s);
    cr_assert(preload_identity_of_path(&identity, database.s));
}

TestSuite(store_directory, .init = begin, .fini = scratch_end);

/* The file that the database has there; `suffix` tells it from another one of that inode. */
static struct path file_with(const char *suffix)
{
    char name[128];

    (void)snprintf(name, sizeof name, "hints/%jx%s-preload", (uintmax_t)identity.inode, suffix);
    return scratch(name);
}

/* Changes a byte of the file's owner. */
static void change(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    cr_assert(fd >= 0);
    cr_assert_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void age(const char *path, unsigned days)
{
    struct timespec times[2];

    cr_assert_eq(clock_gettime(CLOCK_REALTIME, &times[0]), 0);
    times[0].tv_sec -= (time_t)days * DAY_S;
    times[1] = times[0];
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static time_t used(const char *path)
{
    struct stat st;

    cr_assert_eq(stat(path, &st), 0);
    return st.st_mtime;
}

Test(store_directory, a_file_says_whose_it_is)
{
    struct path file = file_with("");
    struct sidecar_owner owner;
    size_t len;
    uint8_t *bytes;

    cr_expect_eq(save('a', "1"), STORE_OK);
    bytes = file_read(file.s, &len);
    cr_assert_not_null(bytes);
    cr_assert(preload_sidecar_owner(&owner, bytes, len));
    cr_expect_eq(owner.device, (uint64_t)identity.device);
    cr_expect_eq(owner.inode, (uint64_t)identity.inode);
    cr_expect_eq(owner.path_len, strlen(database.s));
    cr_expect_arr_eq(owner.path, database.s, owner.path_len);
    expect_text(0, stored(), "1:1@0");
    free(bytes);
}

Test(store_directory, a_database_that_was_renamed_has_its_file)
{
    struct path moved = scratch("moved.db");

    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(rename(database.s, moved.s), 0);
    database = moved;
    expect_text(0, stored(), "1:1@0");
    cr_expect_eq(save('b', "1"), STORE_OK);
    expect_text(1, stored(), "1:11@0");
    cr_expect_not(file_exists(file_with("-1").s));
}

/* Its inode number may be a removed file's: what was learnt is tried first. */
Test(store_directory, a_file_of_another_path_is_doubted)
{
    const struct hint_evidence of = { 4096, 50, 7, 99 };
    struct path moved = scratch("moved.db");
    struct hint_book book = { 0 };
    uint64_t generation;
    struct store *store;

    cr_expect_eq(save_of(&of, 'a', "1"), STORE_OK);
    for (unsigned i = 0; i < 2; i++) {
        store = open_store();
        cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
        cr_expect_eq(hint_trust_of(&book.evidence, &of),
                     i == 0 ? HINT_TRUST_FULL : HINT_TRUST_TRIAL);
        hint_book_free(&book);
        store->verbs->free(store);
        if (i == 0) cr_assert_eq(rename(database.s, moved.s), 0);
        database = moved;
    }
}

/* A file system that is mounted again may get another device number. */
Test(store_directory, a_database_on_another_device_number_has_its_file)
{
    struct path file = file_with("");

    cr_expect_eq(save('a', "1"), STORE_OK);
    change(file.s, AT_DEVICE);
    expect_text(0, stored(), "1:1@0");
    cr_expect_eq(save('b', "1"), STORE_OK);
    expect_text(1, stored(), "1:11@0");
    cr_expect_not(file_exists(file_with("-1").s));
}

Test(store_directory, two_databases_of_one_inode_number_have_two_files)
{
    struct path file = file_with("");
    size_t len;
    size_t len_after;
    uint8_t *bytes;
    uint8_t *after;

    cr_expect_eq(save('a', "1"), STORE_OK);
    change(file.s, AT_DEVICE);
    change(file.s, AT_PATH);
    bytes = file_read(file.s, &len);
    expect_text(0, stored(), "none");
    cr_expect_eq(save('b', "2"), STORE_OK);
    expect_text(1, stored(), "2:1@0");
    cr_expect(file_exists(file_with("-1").s));
    after = file_read(file.s, &len_after);
    cr_assert(bytes && after && len == len_after);
    cr_expect_arr_eq(bytes, after, len);
    free(bytes);
    free(after);
}

/* Between a look at the names and the lock another database may have come. */
Test(store_directory, a_file_is_not_written_for_another_database)
{
    const struct named_file other = { "/other.db", { identity.device + 1, identity.inode } };
    struct named_file file = { database.s, identity };
    char *path = preload_directory_find(folder.s, &file);

    cr_assert_not_null(path);
    cr_expect(preload_directory_is_for(path, &file));
    cr_expect(preload_directory_is_for(path, &other));
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_expect(preload_directory_is_for(path, &file));
    cr_expect_not(preload_directory_is_for(path, &other));
    hint_free(path);
}

Test(store_directory, what_is_no_file_of_ours_is_passed_over)
{
    struct path file = file_with("");
    size_t len;
    uint8_t *bytes;

    file_write(file.s, "mine", 4);
    cr_expect_eq(save('a', "1"), STORE_OK);
    expect_text(0, stored(), "1:1@0");
    bytes = file_read(file.s, &len);
    cr_expect_eq(len, 4);
    free(bytes);
    cr_expect_eq(preload_log_errors(), 0);
}

Test(store_directory, where_each_name_is_taken_hints_stay_in_memory)
{
    char suffix[8] = "";

    for (unsigned i = 0; i < 8; i++) {
        if (i > 0) (void)snprintf(suffix, sizeof suffix, "-%u", i);
        file_write(file_with(suffix).s, "mine", 4);
    }
    expect_text(0, stored(), "none");
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    cr_expect_eq(preload_log_errors(), 2); /* of the load, and of the save */
}

Test(store_directory, a_torn_file_is_replaced)
{
    struct path file = file_with("");
    size_t len;
    uint8_t *bytes;

    cr_expect_eq(save('a', "1"), STORE_OK);
    bytes = file_read(file.s, &len);
    for (size_t torn = 0; torn < AT_PATH + 4; torn++) {
        file_write(file.s, bytes, torn);
        cr_expect_eq(save('b', "2"), STORE_OK, "%zu bytes", torn);
        expect_text(torn, stored(), "2:1@0");
    }
    cr_expect_not(file_exists(file_with("-1").s));
    free(bytes);
}

Test(store_directory, a_file_that_is_loaded_counts_as_used_once_a_day)
{
    struct path file = file_with("");
    time_t before;

    cr_expect_eq(save('a', "1"), STORE_OK);
    age(file.s, 30);
    before = used(file.s);
    expect_text(0, stored(), "1:1@0");
    cr_expect_geq(used(file.s), before + 29 * DAY_S);
    age(file.s, 0);
    before = used(file.s);
    sleep_ms(1100);
    expect_text(1, stored(), "1:1@0");
    cr_expect_eq(used(file.s), before);
}

/* A file of a database with that inode number, which was used so long ago. */
static struct path put(unsigned inode, unsigned days)
{
    const struct sidecar_owner owner = { 1, inode, "/x", 2 };
    struct hint_book book = { .evidence = evidence };
    struct path path;
    uint8_t *bytes;
    size_t len;
    char name[64];

    (void)snprintf(name, sizeof name, "hints/%x-preload", inode);
    path = scratch(name);
    cr_assert(preload_sidecar_encode_in(&bytes, &len, &book, 0, &owner));
    file_write(path.s, bytes, len);
    hint_free(bytes);
    age(path.s, days);
    return path;
}

Test(store_directory, what_was_not_used_for_long_is_removed)
{
    struct path young = put(1, DIRECTORY_UNUSED_DAYS - 1);
    struct path old = put(2, DIRECTORY_UNUSED_DAYS + 2);
    struct path left = scratch("hints/3-preload-tmp");

    file_write(left.s, "", 0);
    age(left.s, DIRECTORY_UNUSED_DAYS + 2);
    cr_expect_eq(preload_directory_remove(folder.s, FILES), 2);
    cr_expect(file_exists(young.s));
    cr_expect_not(file_exists(old.s));
    cr_expect_not(file_exists(left.s));
}

Test(store_directory, of_too_many_those_unused_for_longest_are_removed)
{
    struct path files[FILES];

    for (unsigned i = 0; i < FILES; i++)
        files[i] = put(i + 1, i);
    cr_expect_eq(preload_directory_remove(folder.s, FILES), 0);
    cr_expect_eq(preload_directory_remove(folder.s, FILES_KEPT),
                 FILES - FILES_KEPT + FILES_KEPT / 8);
    for (unsigned i = 0; i < FILES; i++)
        cr_expect_eq(file_exists(files[i].s), i < FILES_KEPT - FILES_KEPT / 8, "file %u", i);
}

/* Names that are not ours, and files that do not say that they are. */
Test(store_directory, what_does_not_say_that_it_is_ours_stays)
{
    static const char *const names[] = { "abc",        "app.db-preload",
                                         "-preload",   "12-preload-journal",
                                         "12-preload", "13-preload-tmp" };
    struct path files[COUNT(names)];
    struct hint_book book = { .evidence = evidence };
    struct path beside = scratch("hints/abc-preload");
    uint8_t *bytes;
    size_t len;

    for (size_t i = 0; i < COUNT(names); i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "hints/%s", names[i]);
        files[i] = scratch(name);
        file_write(files[i].s, "mine", 4);
        age(files[i].s, 1000);
    }
    /* Beside a database that is called abc. */
    cr_assert(preload_sidecar_encode(&bytes, &len, &book, 0));
    file_write(beside.s, bytes, len);
    hint_free(bytes);
    age(beside.s, 1000);
    cr_expect_eq(preload_directory_remove(folder.s, 0), 0);
    for (size_t i = 0; i < COUNT(names); i++)
        cr_expect(file_exists(files[i].s), "%s", names[i]);
    cr_expect(file_exists(beside.s));
}

Test(store_directory, a_save_that_adds_a_file_removes_what_is_old)
{
    struct path old = put(1, 1000);

    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_expect_not(file_exists(old.s));
}
