#include "hints/format/journal.h"

#include "tests/hints/common.h"

/* As SQLite 3.40 begins one. */
Test(journal, one_that_may_be_hot_has_the_magic)
{
    static const uint8_t real[] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7 };
    uint8_t bytes[HINT_JOURNAL_MAGIC_BYTES] = { 0 };

    cr_expect_not(hint_journal_may_be_hot(bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        memcpy(bytes, real, sizeof bytes);
        cr_expect(hint_journal_may_be_hot(bytes));
        bytes[i] ^= 1;
        cr_expect_not(hint_journal_may_be_hot(bytes), "byte %zu", i);
    }
}
