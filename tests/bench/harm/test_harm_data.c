/* The same seed asks the same; the halves have hardly a page in common. */
#include "bench/harm/harm_data.h"
#include "tests/bench/kit/small_go.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ROWS 30000u

static char directory[256];
static char path[300];
static sqlite3 *db;

static void open_again(void)
{
    sqlite3_close(db);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "PRAGMA cache_size = -65536", NULL, NULL, NULL), SQLITE_OK);
}

static void start(void)
{
    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(path, sizeof(path), "%s/harm.db", directory);
    cr_assert_eq(harm_data_make(path, ROWS), SQLITE_OK);
    open_again();
}

static void stop(void)
{
    sqlite3_close(db);
    small_go_remove(directory);
}

TestSuite(harm_data, .init = start, .fini = stop, .timeout = 100);

static struct harm_answers run(enum harm_half half, uint64_t seed)
{
    const struct harm_session session = { .rows = ROWS, .half = half, .seed = seed };
    struct harm_answers answers;

    cr_assert_eq(harm_data_run(db, session, &answers), SQLITE_OK);
    return answers;
}

/* Pages that were read since the last time. */
static int pages_read(void)
{
    int now = 0;
    int most = 0;

    cr_assert_eq(sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &now, &most, 1), SQLITE_OK);
    return now;
}

Test(harm_data, a_seed_asks_the_same_again_and_another_one_does_not)
{
    const struct harm_answers first = run(HARM_FIRST_HALF, 1);
    const struct harm_answers again = run(HARM_FIRST_HALF, 1);
    const struct harm_answers other = run(HARM_FIRST_HALF, 2);

    cr_expect_eq(first.rows, again.rows);
    cr_expect_eq(first.checksum, again.checksum);
    cr_expect_neq(first.checksum, other.checksum);
}

Test(harm_data, every_question_has_an_answer)
{
    const struct harm_answers answers = run(HARM_SECOND_HALF, 3);

    cr_expect_geq(answers.rows, HARM_STATEMENTS);
    cr_expect_leq(answers.rows, HARM_STATEMENTS * 7 / 4, "one of four has four rows: %u",
                  (unsigned)answers.rows);
    cr_expect_leq(answers.first_row_ns, answers.tenth_ns);
    cr_expect_leq(answers.tenth_ns, answers.end_ns);
}

Test(harm_data, the_halves_need_other_pages)
{
    int alone;
    int after;

    run(HARM_SECOND_HALF, 4);
    alone = pages_read();
    open_again();
    run(HARM_FIRST_HALF, 4);
    pages_read();
    run(HARM_SECOND_HALF, 4);
    after = pages_read();
    cr_expect_gt(alone, 1000, "%d pages", alone);
    cr_expect_gt(after, alone - alone / 50, "%d of %d pages", after, alone);
}

Test(harm_data, a_database_that_is_not_ours_is_an_error)
{
    const struct harm_session session = { .rows = ROWS };
    struct harm_answers answers;

    cr_assert_eq(sqlite3_exec(db, "DROP TABLE item", NULL, NULL, NULL), SQLITE_OK);
    cr_expect_eq(harm_data_run(db, session, &answers), SQLITE_ERROR);
}
