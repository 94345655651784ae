/* Runs a script over one VFS, in the current folder, and writes down what each step gave. */
#ifndef TESTS_DIFFERENTIAL_ARM_H
#define TESTS_DIFFERENTIAL_ARM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/differential/script.h"
#include "tests/differential/transcript.h"

/* What really happened, over all scripts of the arm: a feature counts when its step succeeded. */
struct arm_counts {
    uint64_t features[FEATURE_COUNT];
    uint64_t results[256]; /* steps by primary result code */
    uint64_t statements;   /* SQL statements that ran, to whatever end */
};

struct arm_connection {
    sqlite3 *db; /* NULL: could not be opened */
    sqlite3_stmt *held;
};

struct arm {
    const char *vfs; /* NULL: the default */
    bool is_preload;
    const struct script *script;
    struct arm_counts *counts;
    struct arm_connection connections[2];
    /* The database is, as by a rollback without a journal. What SQLite reads in it may be memory
     * that nobody wrote, the same in no two runs: the steps that are left begin with a new one. */
    bool is_spoilt;
};

/* Runs the script from an empty folder to the last close. */
void arm_run(struct arm *arm, struct transcript *out);

/* For the steps' own use (arm_calls.c). */

/* Opens the script's database, with parameters as a URI has them behind the name ("" for none). */
int arm_open(const struct arm *arm, sqlite3 **out, const char *name, const char *parameters);

/* Runs SQL; what it returns goes to `text`, row by row. A result code. */
int arm_sql(const struct arm *arm, sqlite3 *db, const char *sql, sqlite3_str *text);

/* Closes a connection, its held statement first. */
void arm_close(struct arm_connection *connection);

/* Runs a step that is more than SQL. */
int arm_call(struct arm *arm, const struct op *op, sqlite3_str *text);

/* Writes down bytes, short. */
void arm_write_bytes(sqlite3_str *text, const void *bytes, size_t len);

#endif
