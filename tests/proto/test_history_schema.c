/* The stored record has two descriptions: the code of hints/ and our schema. */
#include "tests/proto/common.h"

#include "hints/record.h"
#include "hints/status.h"
#include "proto/codec.h"
#include "proto_gen/history.h"

Test(history_schema, what_the_schema_writes_in_format_1_hints_read)
{
    static const uint32_t steps[] = { 1, 300 }, seen[] = { 1, 3 }, ranks[] = { 7, 0 };
    static const uint8_t classes[] = { 1, 2 };
    struct stored_session_mark marks[2] = { { .began = 407, .pages = 2 },
                                            { .began = -1, .pages = 1 } };
    const struct stored_history stored = { 5,           { marks, 2 }, { steps, 2 },
                                           { seen, 2 }, { ranks, 2 }, { classes, 2 } };
    const struct bare_type *type = bare_schema_find(&stored_schema, "History");
    struct hint_book book = { 0 };
    struct bare_writer w = { 0 };
    struct bare_fault fault;

    marks[1].id.bytes[15] = 9;
    cr_assert_eq(bare_encode(&w, type, &stored, &fault), BARE_OK);
    cr_assert_eq(hint_record_decode(&book, 1, w.buf, w.len, 100), HINT_OK);
    cr_expect_eq(book.shared.folded, 5);
    cr_expect_eq(book.shared.session_count, 2);
    cr_expect_eq(book.shared.sessions[0].began_s, 407);
    cr_assert_eq(book.shared.len, 2);
    cr_expect_eq(book.shared.pages[1].pgno, 301);
    cr_expect_eq(book.shared.pages[1].seen, 3);
    cr_expect_eq(book.shared.pages[0].rank, 7);
    hint_book_free(&book);
    bare_writer_free(&w);
}

Test(history_schema, what_the_schema_writes_in_format_2_hints_read_and_write_again)
{
    static const uint32_t steps[] = { 1, 300 }, seen[] = { 1, 3 }, fetched[] = { 2, 1 },
                          ranks[] = { 7, 0 };
    static const uint8_t classes[] = { 1, 2 };
    struct stored_book_session marks[2] = {
        { .began = 407,
          .sessions = 1,
          .pages = 2,
          .db_pages = 40,
          .tail_pages = 3,
          .tail_used = 2 },
        { .began = -1, .sessions = 8, .pages = 1, .tail_rank = 9 },
    };
    const struct stored_book_history history = {
        5, { marks, 2 }, { steps, 2 }, { seen, 2 }, { fetched, 2 }, { ranks, 2 }, { classes, 2 }
    };
    const struct stored_book_profile profile = { bare_slice_of("shop"), history };
    const struct stored_book stored = { 77, history, { &profile, 1 } };
    const struct bare_type *type = bare_schema_find(&stored_schema, "Book");
    struct hint_book book = { 0 };
    struct bare_writer w = { 0 };
    struct bare_fault fault;
    uint8_t *again;

    marks[1].id.bytes[15] = 9;
    cr_assert_eq(bare_encode(&w, type, &stored, &fault), BARE_OK);
    cr_assert_eq(hint_record_decode(&book, 2, w.buf, w.len, 100), HINT_OK);
    cr_expect_eq(book.evidence.schema_hash, 77);
    cr_expect_eq(book.shared.sessions[0].db_pages, 40);
    cr_expect_eq(book.shared.sessions[0].tail_used, 2);
    cr_expect_eq(book.shared.sessions[1].sessions, 8);
    cr_expect_eq(book.shared.sessions[1].tail_rank, 9);
    cr_assert_eq(book.shared.len, 2);
    cr_expect_eq(book.shared.pages[0].fetched, 2);
    cr_assert_eq(book.profile_count, 1);
    cr_expect_str_eq(book.profiles[0].name, "shop");
    cr_expect_eq(book.profiles[0].history.pages[1].pgno, 301);
    again = malloc(hint_record_bound(&book));
    cr_assert(again);
    cr_expect_eq(hint_record_encode(again, &book), w.len);
    cr_expect_eq(memcmp(again, w.buf, w.len), 0);
    free(again);
    hint_book_free(&book);
    bare_writer_free(&w);
}
