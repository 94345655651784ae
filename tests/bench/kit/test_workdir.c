/* The copy, the hints that are kept and put back, and nothing left behind. */
#include "bench/kit/workdir.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[256];

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    setenv("TMPDIR", directory, 1);
}

static void stop(void)
{
    small_go_remove(directory);
}

static void put(const char *in, const char *name, const char *text)
{
    char path[5000];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    out = fopen(path, "w");
    cr_assert_not_null(out, "%s", path);
    fputs(text, out);
    fclose(out);
}

static const char *get(const char *in, const char *name)
{
    static char text[64];
    char path[5000];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    memset(text, 0, sizeof(text));
    file = fopen(path, "r");
    if (file == NULL) return "missing";
    cr_assert_geq(fread(text, 1, sizeof(text) - 1, file), 0);
    fclose(file);
    return text;
}

TestSuite(workdir, .init = start, .fini = stop);

Test(workdir, the_database_is_copied_and_everything_removed)
{
    char original[300];
    struct workdir workdir = { 0 };

    snprintf(original, sizeof(original), "%s/a.db", directory);
    put(directory, "a.db", "bytes");
    cr_assert_eq(workdir_make(&workdir, original), 0);
    cr_expect_str_eq(get(workdir.directory, "a.db"), "bytes");
    cr_expect_str_eq(workdir.database + strlen(workdir.directory), "/a.db");
    cr_expect_eq(strncmp(workdir.path, directory, strlen(directory)), 0);
    put(workdir.directory, "a.db", "other");
    cr_expect_str_eq(get(directory, "a.db"), "bytes");
    workdir_remove(&workdir);
    cr_expect_neq(access(workdir.path, F_OK), 0);
}

Test(workdir, a_database_can_be_made_in_it)
{
    struct workdir workdir = { 0 };

    cr_assert_eq(workdir_begin(&workdir, "b.db"), 0);
    cr_expect_str_eq(workdir.database + strlen(workdir.directory), "/b.db");
    cr_expect_str_eq(get(workdir.directory, "b.db"), "missing");
    put(workdir.directory, "b.db", "made");
    workdir_remove(&workdir);
    cr_expect_neq(access(workdir.path, F_OK), 0);
}

Test(workdir, files_of_one_kind_are_kept_and_put_back)
{
    char original[300];
    char kept[WORKDIR_PATH_BYTES];
    struct workdir workdir = { 0 };

    snprintf(original, sizeof(original), "%s/a.db", directory);
    put(directory, "a.db", "bytes");
    cr_assert_eq(workdir_make(&workdir, original), 0);
    cr_assert_eq(workdir_add(&workdir, "kept", kept), 0);
    put(workdir.directory, "a.db-preload", "learnt");
    cr_expect_eq(workdir_copy_files(workdir.directory, kept, "-preload"), 1);
    cr_expect_str_eq(get(kept, "a.db"), "missing");

    put(workdir.directory, "a.db-preload", "changed since");
    workdir_evict_files(workdir.directory, "-preload");
    cr_expect_eq(workdir_copy_files(kept, workdir.directory, ""), 1);
    cr_expect_str_eq(get(workdir.directory, "a.db-preload"), "learnt");
    workdir_remove(&workdir);
}

Test(workdir, what_cannot_be_copied_is_an_error)
{
    struct workdir workdir = { 0 };

    cr_expect_eq(workdir_make(&workdir, "/nowhere/at/all.db"), -1);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(workdir_copy_files("/nowhere", workdir.path, ""), -1);
    workdir_remove(&workdir);
}

Test(workdir, files_go_where_tmpdir_says_and_never_to_a_default_in_memory)
{
    setenv("TMPDIR", "/somewhere", 1);
    cr_expect_str_eq(workdir_parent(), "/somewhere");
    setenv("TMPDIR", "", 1);
    cr_expect_str_eq(workdir_parent(), "/var/tmp");
    unsetenv("TMPDIR");
    cr_expect_str_eq(workdir_parent(), "/var/tmp");
}
