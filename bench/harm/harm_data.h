/* The database of the benchmark `harm`, and the sessions of lookups in it.
 *
 * A table of items with two indexes; an item's name and owner follow from its id. The items are two
 * halves, and so are names and owners: sessions of one half need other pages than those of the
 * other, the interior pages and a few at the seams left out. A session takes its keys from a seed:
 * the same seed asks the same questions and gets the same rows. One thread at a time. */
#ifndef BENCH_HARM_DATA_H
#define BENCH_HARM_DATA_H

#include <sqlite3.h>
#include <stdint.h>

/* Items of a database of 206 MB. */
#define HARM_ROWS 413500u

/* Of a session. With so many rows it needs some 2,000 pages. */
#define HARM_STATEMENTS 920u

enum harm_half { HARM_FIRST_HALF, HARM_SECOND_HALF };

struct harm_session {
    uint32_t rows; /* that the database was made with; at least 1,000 */
    enum harm_half half;
    uint64_t seed;
};

/* Times of CLOCK_MONOTONIC. */
struct harm_answers {
    uint64_t first_row_ns; /* when the first row was there */
    uint64_t tenth_ns;     /* after a tenth of the statements */
    uint64_t end_ns;
    uint64_t rows;
    uint64_t checksum; /* of every value of every row, in order */
};

/* Makes the database, always the same bytes in the same rows, at least 1,000. An SQLite result
 * code. */
int harm_data_make(const char *path, uint32_t rows);

/* Runs the session. An SQLite result code. */
int harm_data_run(sqlite3 *db, struct harm_session session, struct harm_answers *out);

#endif
