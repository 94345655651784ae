/* Keys come from the seed, half of them popular; an answer is read whole, and its end is told. */
#include "bench/coldstart/talk.h"

#include <criterion/criterion.h>

static const char *const questions[] = {
    "SELECT 7, 'one' UNION ALL SELECT 9, 'a text that is longer than thirty-one bytes'",
    "SELECT ?1 * 2, NULL",
    "SELECT length(?1), ?1 || '!'",
    "SELECT 1, 2 WHERE ?1 = 0",
    "SELECT * FROM none",
};

enum { TWO_ROWS, DOUBLE, LENGTH, NOTHING, WRONG };

static sqlite3 *db;
static struct session session;
static struct talk talk;

static void start(void)
{
    cr_assert_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    talk_init(&talk, db, questions, 1, &session);
}

static void stop(void)
{
    talk_free(&talk);
    talk_free(&talk);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

TestSuite(talk, .init = start, .fini = stop);

Test(talk, the_last_row_of_an_answer_is_told)
{
    struct talk_last last = { 0 };

    cr_assert_eq(talk_ask_about(&talk, TWO_ROWS, 0, &last), SQLITE_RANGE, "it has no ?1");
    cr_assert_eq(talk_ask_about(&talk, DOUBLE, 21, &last), SQLITE_OK);
    cr_expect_eq(last.id, 42);
    cr_expect_str_eq(last.text, "");
    cr_assert_eq(talk_ask_by_text(&talk, LENGTH, "seven", &last), SQLITE_OK);
    cr_expect_eq(last.id, 5);
    cr_expect_str_eq(last.text, "seven!");
    cr_assert_eq(talk_ask_about(&talk, NOTHING, 1, &last), SQLITE_OK);
    cr_expect_eq(last.id, 5, "no rows leave it as it was");
    cr_expect_eq(session.rows, 2);
}

Test(talk, rows_are_counted_and_hashed)
{
    const uint64_t before = session.checksum;

    cr_assert_eq(talk_ask(&talk, TWO_ROWS), SQLITE_OK);
    cr_expect_eq(session.rows, 2);
    cr_expect_neq(session.checksum, before);
    cr_expect_gt(session.first_row_ns, 0);
    cr_expect_eq(talk_ask(&talk, WRONG), SQLITE_ERROR);
}

Test(talk, keys_depend_on_the_seed_and_half_of_them_are_popular)
{
    struct session ignored;
    struct talk same;
    unsigned seen[1000] = { 0 };
    unsigned repeated = 0;

    talk_init(&same, db, questions, 1, &ignored);
    for (int i = 0; i < 1000; i++) {
        const unsigned key = talk_draw_key(&talk, 1000000);

        cr_assert_lt(key, 1000000);
        cr_assert_eq(key, talk_draw_key(&same, 1000000));
        for (int j = 0; j < i; j++) {
            if (seen[j] == key) {
                repeated++;
                break;
            }
        }
        seen[i] = key;
    }
    cr_expect_gt(repeated, 300, "%u of 1000: of a million keys alone, one would repeat", repeated);
    cr_expect_lt(repeated, 500);
    talk_free(&same);
}
