/* The results of one policy over the sessions of one trace on one device: a row of a table and of
 * a JSON list. Figures are means over the tested sessions. One thread at a time; names are
 * borrowed and outlive the rows. */
#ifndef BENCH_POLICY_ROW_H
#define BENCH_POLICY_ROW_H

#include <stddef.h>
#include <stdio.h>

enum policy_row_status { POLICY_ROW_OK = 0, POLICY_ROW_NOMEM = -1, POLICY_ROW_IO = -2 };

/* NAN is a figure that does not exist: the precision of nothing, a share of nothing. A page is
 * covered if it was fetched before the session touched it, or was due and overtaken by the
 * foreground. */
struct policy_row {
    const char *trace;
    const char *policy;
    size_t sessions; /* tested */
    double recall;   /* share of a session's pages that were covered */
    double recall_worst;
    double precision;    /* share of the covered pages in them and those fetched in vain, over the
                            sessions that have either */
    double requests;     /* to the device, the foreground's and the prefetcher's */
    double bytes;        /* that all these requests read */
    double wasted_bytes; /* fetched and never touched */
    double ms;           /* that a session took */
    double ms_worst;
    double ratio;        /* to the time of `none` */
    double oracle_share; /* of the time that the oracle saves */
};

/* Zeroed is an empty table. */
struct policy_rows {
    struct policy_row *items;
    size_t len;
    size_t cap;
};

/* POLICY_ROW_NOMEM. */
int policy_rows_add(struct policy_rows *rows, const struct policy_row *row);

/* Sets ratio and oracle_share of the rows from `first` on, of which one is called none and one
 * oracle. */
void policy_rows_compare(struct policy_rows *rows, size_t first);

/* A block for each trace, its heading first. */
void policy_rows_print(const struct policy_rows *rows, FILE *out);

/* A JSON list of objects with the keys trace, policy, sessions, recall, precision, requests, bytes,
 * wasted_bytes, ms, oracle_share; NAN is null. */
void policy_rows_print_json(const struct policy_rows *rows, FILE *out);

/* The same into a file, `-` being standard output. POLICY_ROW_IO. */
int policy_rows_save_json(const struct policy_rows *rows, const char *path);

void policy_rows_free(struct policy_rows *rows);

#endif
