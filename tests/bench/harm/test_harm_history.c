/* Hints that name every page, and preload takes them for its own. */
#include "bench/harm/harm_data.h"
#include "bench/harm/harm_history.h"
#include "tests/bench/kit/small_go.h"
#include "vfs/preload.h"
#include "vfs/store/sidecar_format.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROWS 4000u

static char directory[256];
static char database[300];
static char sidecar[320];
static uint32_t pages;

static sqlite3 *open_with_preload(void)
{
    sqlite3 *db = NULL;

    cr_assert_eq(preload_register(&(struct preload_config){ .base = "unix" }), SQLITE_OK);
    cr_assert_eq(sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE, "preload"), SQLITE_OK);
    return db;
}

static void start(void)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    cr_assert_eq(small_go_directory(directory), 0);
    snprintf(database, sizeof(database), "%s/harm.db", directory);
    snprintf(sidecar, sizeof(sidecar), "%s-preload", database);
    cr_assert_eq(harm_data_make(database, ROWS), SQLITE_OK);
    cr_assert_eq(sqlite3_open(database, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA page_count", -1, &statement, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    pages = (uint32_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void stop(void)
{
    preload_unregister();
    small_go_remove(directory);
}

TestSuite(harm_history, .init = start, .fini = stop, .timeout = 100);

static void learn(void)
{
    const struct harm_session session = { .rows = ROWS, .seed = 1 };
    struct harm_answers answers;
    sqlite3 *db = open_with_preload();

    cr_assert_eq(harm_data_run(db, session, &answers), SQLITE_OK);
    sqlite3_close(db);
    cr_assert_eq(access(sidecar, F_OK), 0);
}

static struct hint_book read_book(void)
{
    static uint8_t bytes[SIDECAR_BYTES_MAX];
    struct hint_book book = { 0 };
    uint64_t generation;
    const char *fault;
    size_t len;
    FILE *in = fopen(sidecar, "r");

    cr_assert_not_null(in, "%s", sidecar);
    len = fread(bytes, 1, sizeof(bytes), in);
    fclose(in);
    fault = preload_sidecar_decode(&book, &generation, bytes, len, 1 << 20);
    cr_assert_null(fault, "%s", fault);
    return book;
}

/* What a session is told, which waits until the hints are loaded. */
static struct preload_stats stats_of_session(void)
{
    struct preload_stats stats = { 0 };
    sqlite3 *db = open_with_preload();

    do {
        usleep(1000);
        cr_assert_eq(preload_stats_of(db, "main", &stats), SQLITE_OK);
    } while (stats.state == PRELOAD_STATE_LOADING && stats.history_pages == 0);
    sqlite3_close(db);
    return stats;
}

static void expect_every_page(const struct hint_history *history)
{
    cr_assert_eq(history->len, pages, "%zu of %u pages", history->len, pages);
    for (uint32_t i = 0; i < pages; i++)
        cr_expect_eq(history->pages[i].pgno, i + 1);
}

Test(harm_history, poison_names_every_page_in_an_order_drawn_by_lot)
{
    bool *seen = calloc(pages, sizeof(*seen));
    struct hint_evidence learnt;
    struct hint_book book;
    uint32_t in_place = 0;

    learn();
    book = read_book();
    learnt = book.evidence;
    hint_book_free(&book);
    cr_assert_eq(harm_history_poison(sidecar, 1), HARM_HISTORY_OK);
    book = read_book();
    expect_every_page(&book.shared);
    for (uint32_t i = 0; i < pages; i++) {
        const uint32_t rank = book.shared.pages[i].rank;

        cr_assert_lt(rank, pages);
        cr_expect_not(seen[rank], "place %u is given twice", rank);
        seen[rank] = true;
        in_place += rank == i;
        cr_expect_eq(book.shared.pages[i].seen, 255U);
    }
    cr_expect_lt(in_place, 20, "%u of %u pages in their own places", in_place, pages);
    cr_expect_eq(book.evidence.schema_hash, learnt.schema_hash);
    cr_expect_eq(book.evidence.page_count, pages);
    hint_book_free(&book);
    free(seen);
}

Test(harm_history, poison_is_replayed_as_if_it_were_learnt)
{
    struct preload_stats stats;

    learn();
    cr_assert_eq(harm_history_poison(sidecar, 1), HARM_HISTORY_OK);
    stats = stats_of_session();
    cr_expect_eq(stats.history_pages, pages);
    cr_expect_gt(stats.planned_pages, pages / 2, "%lld", (long long)stats.planned_pages);
}

Test(harm_history, poison_needs_a_sidecar)
{
    FILE *out;

    cr_expect_eq(harm_history_poison(sidecar, 1), HARM_HISTORY_IO);
    out = fopen(sidecar, "w");
    fputs("somebody else's file", out);
    fclose(out);
    cr_expect_eq(harm_history_poison(sidecar, 1), HARM_HISTORY_IO);
}

Test(harm_history, imports_name_every_page)
{
    struct hint_book book;
    struct preload_stats stats;

    cr_assert_eq(harm_history_import_all(database, pages), HARM_HISTORY_OK);
    book = read_book();
    expect_every_page(&book.shared);
    cr_expect_geq(book.shared.session_count, 4);
    cr_expect_eq(book.shared.pages[pages - 1].seen & 14U, 14U, "one of the imports left it out");
    hint_book_free(&book);
    stats = stats_of_session();
    cr_expect_eq(stats.history_pages, pages);
}

Test(harm_history, what_preload_refuses_is_said)
{
    cr_expect_eq(harm_history_import_all("/nowhere/harm.db", pages), HARM_HISTORY_REFUSED);
    cr_expect_str_eq(harm_history_message(HARM_HISTORY_REFUSED), "preload did not take it");
}
