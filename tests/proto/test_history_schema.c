/* The stored record has two descriptions: the code of hints/ and our schema. */
#include "tests/proto/common.h"

#include "hints/record.h"
#include "hints/status.h"
#include "proto/codec.h"
#include "proto_gen/history.h"

Test(history_schema, what_the_schema_writes_hints_read_and_write_again)
{
    static const uint32_t steps[] = { 1, 300 }, seen[] = { 1, 3 }, ranks[] = { 7, 0 };
    static const uint8_t classes[] = { 1, 2 };
    struct stored_session_mark marks[2] = { { .began = 407, .pages = 2 },
                                            { .began = -1, .pages = 1 } };
    const struct stored_history stored = { 5,           { marks, 2 }, { steps, 2 },
                                           { seen, 2 }, { ranks, 2 }, { classes, 2 } };
    const struct bare_type *type = bare_schema_find(&stored_schema, "History");
    struct hint_history history = { 0 };
    struct bare_writer w = { 0 };
    struct bare_fault fault;
    uint8_t *again;

    marks[1].id.bytes[15] = 9;
    cr_assert_eq(bare_encode(&w, type, &stored, &fault), BARE_OK);
    cr_assert_eq(hint_record_decode(&history, w.buf, w.len, 100), HINT_OK);
    cr_expect_eq(history.folded, 5);
    cr_expect_eq(history.session_count, 2);
    cr_expect_eq(history.sessions[0].began_s, 407);
    cr_assert_eq(history.len, 2);
    cr_expect_eq(history.pages[1].pgno, 301);
    cr_expect_eq(history.pages[1].seen, 3);
    cr_expect_eq(history.pages[0].rank, 7);
    again = malloc(hint_record_bound(&history));
    cr_assert(again);
    cr_expect_eq(hint_record_encode(again, &history), w.len);
    cr_expect_eq(memcmp(again, w.buf, w.len), 0);
    free(again);
    hint_history_free(&history);
    bare_writer_free(&w);
}
