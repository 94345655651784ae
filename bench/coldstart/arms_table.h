/* Prints the arms of a section as a table, one line an arm, and the verdict: the time of preload
 * beside the time of the oracle. One thread at a time. */
#ifndef BENCH_ARMS_TABLE_H
#define BENCH_ARMS_TABLE_H

#include "bench/coldstart/section.h"

#include <stdbool.h>

#define ARMS_OF_ORACLE_WANTED 1.3
#define ARMS_ORACLE_GAIN_MIN  1.1

enum arms_verdict {
    ARMS_KEPT,   /* ours takes at most ARMS_OF_ORACLE_WANTED times what the oracle takes */
    ARMS_MISSED, /* it takes longer */
    ARMS_NO_GAIN /* the oracle is less than ARMS_ORACLE_GAIN_MIN times faster than plain: whatever
                    is fetched, the time goes elsewhere, and the bound says nothing */
};

/* Of a finished section in which every arm was run, by the medians of the end of the session. */
enum arms_verdict arms_verdict_of(struct section *section);

/* Medians; of the end of the session with its spread. What an arm has none of is a dash. */
void arms_table_print(const struct section *section, FILE *out);

/* The verdict in a sentence, and where the time goes. */
void arms_verdict_print(struct section *section, FILE *out);

#endif
