#include "vfs/store/sidecar.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vfs/stored.h"
#include "vfs/entry/say.h"
#include "vfs/process/log.h"
#include "vfs/store/sidecar_format.h"

TestSuite(store_sidecar, .init = stored_begin, .fini = scratch_end);

Test(store_sidecar, a_session_is_there_for_the_next_one)
{
    struct store *store = open_store();

    cr_expect_str_eq(preload_sidecar_path(store), sidecar.s);
    store->verbs->free(store);
    expect_text(0, stored(), "none");
    cr_expect_eq(save('a', "1i 9l 4"), STORE_OK);
    expect_text(1, stored(), "1i:1@0 4:1@2 9l:1@1");
    cr_expect_not(file_exists(tmp.s));
    cr_expect_eq(preload_log_errors(), 0);
}

Test(store_sidecar, evidence_is_kept)
{
    const struct hint_evidence of = { 512, 7, 99, UINT64_C(0x123456789abcdef0) };
    struct store *store = open_store();
    struct hint_book book = { 0 };
    uint64_t generation = 0;

    terms.generation = 3;
    cr_expect_eq(save_of(&of, 'a', "1"), STORE_OK);
    cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
    cr_expect_eq(book.evidence.page_size, 512);
    cr_expect_eq(book.evidence.page_count, 7);
    cr_expect_eq(book.evidence.schema_cookie, 99);
    cr_expect_eq(book.evidence.schema_hash, UINT64_C(0x123456789abcdef0));
    cr_expect_eq(generation, 3);
    hint_book_free(&book);
    store->verbs->free(store);
}

Test(store_sidecar, a_profile_is_kept_beside_what_is_shared)
{
    struct store *store = open_store();
    struct hint_book book = { 0 };
    uint64_t generation;

    cr_expect_eq(save('a', "1 2"), STORE_OK);
    terms.profile = "shop";
    cr_expect_eq(save('b', "2 3"), STORE_OK);
    cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
    expect_text(0, history_text(&book.shared), "1:01@0 2:11@0 3:10@1");
    cr_assert_eq(book.profile_count, 1);
    cr_expect_str_eq(book.profiles[0].name, "shop");
    expect_text(1, history_text(&book.profiles[0].history), "2:1@0 3:1@1");
    hint_book_free(&book);
    store->verbs->free(store);
}

/* The last one that learnt stays. */
Test(store_sidecar, profiles_are_kept_to_their_cap)
{
    struct store *store = open_store();
    struct hint_book book = { 0 };
    uint64_t generation;

    terms.cap.profiles_max = 2;
    for (char name = 'a'; name < 'f'; name++) {
        const char profile[2] = { name };

        terms.profile = profile;
        cr_expect_eq(save(name, "1 2"), STORE_OK);
    }
    cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
    cr_assert_eq(book.profile_count, 2);
    cr_expect_str_eq(book.profiles[0].name, "e");
    cr_expect_str_eq(book.profiles[1].name, "d");
    hint_book_free(&book);
    store->verbs->free(store);
}

/* A session of scattered pages, whose columns hardly compress. */
static struct hint_session scattered_session(struct rng *rng, uint8_t name, size_t pages)
{
    struct hint_session session = session_on(&evidence, (char)name, "");

    session.touches = realloc(session.touches, pages * sizeof *session.touches);
    cr_assert_not_null(session.touches);
    for (; session.len < pages; session.len++)
        session.touches[session.len] =
            (struct hint_touch){ 1 + (uint32_t)session.len * 4000 + rng_below(rng, 4000), 0 };
    for (size_t i = pages - 1; i > 0; i--) {
        size_t j = rng_below(rng, (uint32_t)i);
        struct hint_touch touch = session.touches[i];

        session.touches[i] = session.touches[j];
        session.touches[j] = touch;
    }
    return session;
}

Test(store_sidecar, a_book_that_is_too_large_loses_the_profiles_that_learnt_longest_ago)
{
    struct store *store = open_store();
    struct rng rng = rng_start();
    struct hint_book book = { 0 };
    uint64_t generation;

    terms.cap.pages_max = 1 << 20;
    for (uint8_t name = 1; name <= 3; name++) {
        const char profile[2] = { (char)('a' + name) };
        struct hint_session session = scattered_session(&rng, name, 450000);

        terms.profile = profile;
        cr_expect_eq(store->verbs->save(store, &book, &session, terms, &not_cancelled), STORE_OK,
                     "session %u: %s", name, log_heard());
        hint_session_free(&session);
    }
    cr_expect_eq(store->verbs->load(store, &book, &generation), STORE_OK);
    cr_assert_geq(book.profile_count, 1);
    cr_expect_lt(book.profile_count, 3, "got %zu", book.profile_count);
    cr_expect_str_eq(book.profiles[0].name, "d");
    cr_expect_eq(book.shared.session_count, 3);
    hint_book_free(&book);
    store->verbs->free(store);
}

/* A loss of power may leave a file's length without its bytes. */
Test(store_sidecar, a_file_of_zeros_is_a_torn_one)
{
    static const uint8_t zeros[5000];
    size_t len;
    uint8_t *bytes;

    file_write(sidecar.s, zeros, sizeof zeros);
    file_write(tmp.s, zeros, sizeof zeros);
    expect_text(0, stored(), "bad");
    cr_expect_eq(save('a', "1"), STORE_OK);
    expect_text(1, stored(), "1:1@0");
    cr_expect_not(file_exists(tmp.s));
    /* Zeros and something else are somebody's. */
    bytes = calloc(1, 5000);
    cr_assert_not_null(bytes);
    bytes[4999] = 1;
    file_write(sidecar.s, bytes, 5000);
    free(bytes);
    cr_expect_eq(save('b', "1"), STORE_FAILED);
    bytes = file_read(sidecar.s, &len);
    cr_assert(bytes && len == 5000);
    cr_expect_eq(bytes[4999], 1);
    free(bytes);
}

/* Its name was another's, which was removed, or moved without its hints. */
Test(store_sidecar, a_new_database_inherits_nothing_from_its_name)
{
    struct store *first;
    struct store *second;

    cr_expect_eq(save('a', "1i 9l 4"), STORE_OK);
    file_write(database.s, "", 0);
    expect_text(0, stored(), "none");
    first = open_store();
    second = open_store();
    file_write(database.s, "database", 8);
    cr_expect_eq(save_in(first, &evidence, 'b', "2"), STORE_OK);
    expect_text(1, stored(), "2:1@0");
    cr_expect_eq(save_in(second, &evidence, 'c', "2 3"), STORE_OK);
    expect_text(2, stored(), "2:11@0 3:10@1");
    cr_expect_eq(save_in(first, &evidence, 'd', "2"), STORE_OK);
    expect_text(3, stored(), "2:111@0 3:010@1");
    first->verbs->free(first);
    second->verbs->free(second);
}

/* Until it is replaced the fence holds. */
Test(store_sidecar, a_new_database_keeps_to_the_fence_of_its_name)
{
    terms.generation = 7;
    cr_expect_eq(save('a', "1"), STORE_OK);
    terms.generation = 0;
    file_write(database.s, "", 0);
    cr_expect_eq(save('b', "2"), STORE_FENCED);
}

Test(store_sidecar, two_stores_lose_nothing_of_each_other)
{
    struct store *a = open_store();
    struct store *b = open_store();

    cr_expect_eq(save_in(a, &evidence, 'a', "1 2"), STORE_OK);
    cr_expect_eq(save_in(b, &evidence, 'b', "2 3"), STORE_OK);
    expect_text(0, stored(), "1:01@0 2:11@0 3:10@1");
    a->verbs->free(a);
    b->verbs->free(b);
}

Test(store_sidecar, a_later_save_of_a_session_replaces_the_earlier_one)
{
    cr_expect_eq(save('a', "1 2"), STORE_OK);
    cr_expect_eq(save('b', "7"), STORE_OK);
    cr_expect_eq(save('a', "1 2 3"), STORE_OK);
    expect_text(0, stored(), "1:01@0 2:01@1 3:01@2 7:10@0");
}

Test(store_sidecar, a_history_is_kept_to_its_cap)
{
    terms.cap.pages_max = 2;
    cr_expect_eq(save('a', "5 6 7 8"), STORE_OK);
    cr_expect_eq(save('b', "8"), STORE_OK);
    expect_text(0, stored(), "5:01@0 8:10@0");
}

Test(store_sidecar, hints_for_another_page_size_count_for_nothing)
{
    const struct hint_evidence of = { .page_size = 8192 };

    cr_expect_eq(save('a', "1 2"), STORE_OK);
    cr_expect_eq(save_of(&of, 'b', "7"), STORE_OK);
    expect_text(0, stored(), "7:1@0");
}

Test(store_sidecar, a_higher_generation_is_never_replaced)
{
    terms.generation = 5;
    cr_expect_eq(save('a', "1"), STORE_OK);
    terms.generation = 4;
    cr_expect_eq(save('b', "2"), STORE_FENCED);
    terms.generation = 0;
    cr_expect_eq(save('c', "3"), STORE_FENCED);
    expect_text(0, stored(), "1:1@0");
    cr_expect_not(file_exists(tmp.s));
    terms.generation = 5;
    cr_expect_eq(save('d', "4"), STORE_OK);
    terms.generation = 6;
    cr_expect_eq(save('e', "5"), STORE_OK);
    expect_text(1, stored(), "1:001@0 4:010@0 5:100@0");
}

/* What else may stand under one of our names. */
static void put_symlink(const char *path)
{
    cr_assert_eq(symlink("target", path), 0);
}

static void put_dangling(const char *path)
{
    cr_assert_eq(symlink("nowhere", path), 0);
}

static void put_fifo(const char *path)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
}

static void put_folder(const char *path)
{
    cr_assert_eq(mkdir(path, 0700), 0);
}

static void put_text(const char *path)
{
    file_write(path, "a letter to my mother", 21);
}

static void put_short_text(const char *path)
{
    file_write(path, "sqlite-preface", 14);
}

static void put_empty(const char *path)
{
    file_write(path, "", 0);
}

static void put_linked(const char *path)
{
    struct path other = scratch("other name");

    file_write(path, "sqlite-preload\n\0 of an earlier save", 35);
    cr_assert_eq(link(path, other.s), 0);
}

static void put_linked_empty(const char *path)
{
    struct path other = scratch("other name");

    file_write(path, "", 0);
    cr_assert_eq(link(path, other.s), 0);
}

static const struct foreign_case {
    void (*put)(const char *path);
    bool under_sidecar, under_tmp; /* where it counts as foreign */
} foreign_cases[] = {
    { put_symlink, true, true }, { put_dangling, true, true },     { put_fifo, true, true },
    { put_folder, true, true },  { put_text, true, true },         { put_short_text, true, true },
    { put_linked, true, true },  { put_linked_empty, true, true },
};

static void expect_untouched(size_t row, const char *path, const struct stat *before)
{
    struct stat after;

    cr_expect_eq(lstat(path, &after), 0, "row %zu: gone", row);
    cr_expect_eq(after.st_ino, before->st_ino, "row %zu: replaced", row);
    cr_expect_eq(after.st_mode, before->st_mode, "row %zu: mode", row);
    cr_expect_eq(after.st_size, before->st_size, "row %zu: size", row);
    cr_expect_eq(after.st_mtim.tv_nsec, before->st_mtim.tv_nsec, "row %zu: written to", row);
}

static void expect_refusal(size_t row, const char *path, void (*put)(const char *))
{
    struct path target = scratch("target");
    struct stat target_before;
    struct stat before;

    file_write(target.s, "keep", 4);
    put(path);
    cr_assert_eq(lstat(path, &before), 0);
    cr_assert_eq(lstat(target.s, &target_before), 0);
    cr_expect_eq(save('a', "1"), STORE_FAILED, "row %zu", row);
    expect_untouched(row, path, &before);
    expect_untouched(row, target.s, &target_before);
    (void)remove(path);
    (void)remove(scratch("other name").s);
}

Test(store_sidecar, nothing_foreign_is_followed_written_to_or_replaced)
{
    for (size_t i = 0; i < COUNT(foreign_cases); i++) {
        const struct foreign_case *row = &foreign_cases[i];

        if (row->under_tmp) expect_refusal(i, tmp.s, row->put);
        cr_expect_not(file_exists(sidecar.s), "row %zu", i);
        if (row->under_sidecar) expect_refusal(i, sidecar.s, row->put);
        cr_expect_not(file_exists(tmp.s), "row %zu: the temporary file stays", i);
    }
}

Test(store_sidecar, nothing_foreign_is_loaded)
{
    for (size_t i = 0; i < COUNT(foreign_cases); i++) {
        struct path target = scratch("target");

        file_write(target.s, "keep", 4);
        foreign_cases[i].put(sidecar.s);
        if (foreign_cases[i].put != put_linked) expect_text(i, stored(), "bad");
        (void)remove(sidecar.s);
        (void)remove(scratch("other name").s);
    }
}

Test(store_sidecar, a_symlink_to_a_good_sidecar_is_not_followed)
{
    struct path moved = scratch("moved");

    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(rename(sidecar.s, moved.s), 0);
    cr_assert_eq(symlink("moved", sidecar.s), 0);
    expect_text(0, stored(), "bad");
    cr_expect_eq(save('b', "2"), STORE_FAILED);
    cr_assert_eq(remove(sidecar.s), 0);
    cr_assert_eq(rename(moved.s, sidecar.s), 0);
    expect_text(1, stored(), "1:1@0");
}

Test(store_sidecar, what_a_killed_save_left_behind_is_used_again)
{
    static const char torn[] = "sqlite-preload\n\0\1\0\0\0 and half of the rest";

    put_empty(tmp.s);
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_expect_not(file_exists(tmp.s));
    file_write(tmp.s, torn, sizeof torn);
    cr_expect_eq(save('b', "2"), STORE_OK);
    cr_expect_not(file_exists(tmp.s));
    expect_text(0, stored(), "1:01@0 2:10@0");
}

Test(store_sidecar, a_damaged_sidecar_is_no_history_and_the_next_save_replaces_it)
{
    uint8_t *bytes;
    size_t len;

    log_listen();
    cr_expect_eq(save('a', "1 2 3"), STORE_OK);
    bytes = file_read(sidecar.s, &len);
    bytes[len - 1] ^= 1;
    file_write(sidecar.s, bytes, len);
    free(bytes);
    expect_text(0, stored(), "bad");
    preload_say();
    cr_expect_eq(log_times("hints not used: wrong checksum or damaged frame: "), 1, "%s",
                 log_heard());
    cr_expect_eq(save('b', "7"), STORE_OK);
    expect_text(1, stored(), "7:1@0");
}

Test(store_sidecar, a_sidecar_of_another_version_is_replaced)
{
    cr_expect_eq(save('a', "1"), STORE_OK);
    file_write(sidecar.s, "sqlite-preload\n\0\2\0\0\0 of the future", 34);
    expect_text(0, stored(), "bad");
    cr_expect_eq(save('b', "7"), STORE_OK);
    expect_text(1, stored(), "7:1@0");
}

Test(store_sidecar, a_file_past_the_cap_is_not_read)
{
    log_listen();
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(truncate(sidecar.s, (off_t)SIDECAR_BYTES_MAX + 1), 0);
    expect_text(0, stored(), "bad");
    preload_say();
    cr_expect_eq(log_times("hints not used: File too large"), 1, "%s", log_heard());
}

Test(store_sidecar, a_folder_that_may_not_be_written_keeps_hints_in_memory)
{
    struct path folder = scratch("");

    log_listen();
    obey_permissions();
    cr_assert_eq(chmod(folder.s, 0555), 0);
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    preload_say();
    cr_expect_eq(log_times("hints are kept in memory only: Permission denied"), 1, "%s",
                 log_heard());
    cr_assert_eq(chmod(folder.s, 0755), 0);
    cr_expect_eq(save('a', "1"), STORE_OK);
}

Test(store_sidecar, a_sidecar_that_may_not_be_read_is_not_replaced)
{
    struct stat before;

    obey_permissions();
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(chmod(sidecar.s, 0), 0);
    cr_assert_eq(lstat(sidecar.s, &before), 0);
    expect_text(0, stored(), "bad");
    cr_expect_eq(save('b', "2"), STORE_FAILED);
    expect_untouched(0, sidecar.s, &before);
}

Test(store_sidecar, nothing_is_saved_for_a_database_that_is_gone)
{
    struct store *store = open_store();
    struct path other = scratch("other.db");
    int fd = open(database.s, O_RDONLY | O_CLOEXEC); /* as SQLite has it: the inode stays taken */

    cr_assert(fd >= 0);
    cr_assert_eq(remove(database.s), 0);
    cr_expect_eq(save_in(store, &evidence, 'a', "1"), STORE_GONE);
    cr_expect_not(file_exists(sidecar.s));
    cr_expect_not(file_exists(tmp.s));
    file_write(other.s, "new", 3);
    cr_assert_eq(rename(other.s, database.s), 0);
    cr_expect_eq(save_in(store, &evidence, 'a', "1"), STORE_GONE);
    cr_expect_not(file_exists(sidecar.s));
    store->verbs->free(store);
    close(fd);
}

static const mode_t modes[] = { 0600, 0640, 0644, 0660, 0666, 0444, 0400 };

Test(store_sidecar, a_sidecar_is_as_readable_as_its_database)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct stat st;

        cr_assert_eq(chmod(database.s, modes[i]), 0);
        cr_expect_eq(save((char)('a' + i), "1"), STORE_OK, "row %zu", i);
        cr_assert_eq(stat(sidecar.s, &st), 0);
        cr_expect_eq(st.st_mode & 07777, modes[i], "row %zu: got %o", i, st.st_mode & 07777);
    }
}

Test(store_sidecar, an_executable_database_has_a_plain_sidecar)
{
    struct stat st;

    cr_assert_eq(chmod(database.s, 04755), 0);
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0644);
}

Test(store_sidecar, root_gives_the_sidecar_to_the_databases_owner)
{
    struct stat st;

    if (geteuid() != 0) cr_skip("only root can give files away");
    cr_assert_eq(chown(database.s, 1234, 4321), 0);
    cr_expect_eq(save('a', "1"), STORE_OK);
    cr_assert_eq(stat(sidecar.s, &st), 0);
    cr_expect_eq(st.st_uid, 1234);
    cr_expect_eq(st.st_gid, 4321);
}

Test(store_sidecar, a_missing_directory_keeps_hints_in_memory)
{
    (void)snprintf(config.store, sizeof config.store, "sidecar:%s", scratch("nowhere").s);
    expect_text(0, stored(), "none");
    cr_expect_eq(save('a', "1"), STORE_FAILED);
    cr_expect_eq(preload_log_errors(), 1);
}

static const char *const unknown_stores[] = { "", "sidecar:", "Sidecar", "host", "sidecars:/tmp" };

Test(store_sidecar, an_unknown_store_is_none_and_logged)
{
    for (size_t i = 0; i < COUNT(unknown_stores); i++) {
        (void)snprintf(config.store, sizeof config.store, "%s", unknown_stores[i]);
        cr_expect_null(open_store(), "row %zu", i);
        cr_expect_eq(preload_log_errors(), i + 1);
    }
}

Test(store_sidecar, nothing_is_put_beside_a_file_of_a_foreign_base)
{
    struct named_file file = { .path = database.s };

    cr_assert(preload_identity_of_path(&file.identity, database.s));
    cr_expect_null(preload_store_open(&file, &config, false));
    cr_expect_eq(preload_log_errors(), 0);
}

/* Out of memory is no reason to lose what others have learnt. */
Test(store_sidecar, without_memory_the_stored_book_stays)
{
    enum store_result result;

    cr_expect_eq(save('a', "1 2"), STORE_OK);
    for (size_t n = 0;; n++) {
        struct store *store = open_store();
        struct hint_session session = session_on(&evidence, 'b', "2 3");
        struct hint_book book = { 0 };

        heap_fail_at(n);
        result = store->verbs->save(store, &book, &session, terms, &not_cancelled);
        hint_book_free(&book);
        hint_session_free(&session);
        store->verbs->free(store);
        if (!heap_restore()) break;
        cr_expect_eq(result, STORE_FAILED, "n %zu: got %d", n, (int)result);
        expect_text(n, stored(), "1:1@0 2:1@1");
        cr_expect_not(file_exists(tmp.s), "n %zu", n);
    }
    cr_expect_eq(result, STORE_OK);
    expect_text(0, stored(), "1:01@0 2:11@0 3:10@1");
}

Test(store_sidecar, without_memory_there_is_no_store_and_nothing_is_loaded)
{
    struct store *store;

    for (size_t n = 0;; n++) {
        heap_fail_at(n);
        store = open_store();
        if (!heap_restore()) break;
        cr_expect_null(store, "n %zu", n);
    }
    cr_assert_not_null(store);
    cr_expect_eq(save('a', "1 2"), STORE_OK);
    for (size_t n = 0;; n++) {
        struct hint_book book = { 0 };
        enum store_result result;
        uint64_t generation;

        heap_fail_at(n);
        result = store->verbs->load(store, &book, &generation);
        hint_book_free(&book);
        if (!heap_restore()) {
            cr_expect_eq(result, STORE_OK);
            break;
        }
        cr_expect_eq(result, STORE_BAD, "n %zu", n);
    }
    store->verbs->free(store);
}
