/* The rollback journal (https://www.sqlite.org/fileformat2.html, "The Rollback Journal"). Pure. */
#ifndef HINTS_FORMAT_JOURNAL_H
#define HINTS_FORMAT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HINT_JOURNAL_MAGIC_BYTES 8

/* Whether these first bytes are a journal's that may have to be played back. One that stays after
 * its transaction (journal_mode=PERSIST) has zeros there. */
static inline bool hint_journal_may_be_hot(const uint8_t bytes[HINT_JOURNAL_MAGIC_BYTES])
{
    static const uint8_t magic[HINT_JOURNAL_MAGIC_BYTES] = { 0xd9, 0xd5, 0x05, 0xf9,
                                                             0x20, 0xa1, 0x63, 0xd7 };

    return memcmp(bytes, magic, sizeof magic) == 0;
}

#endif
