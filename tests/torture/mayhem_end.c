/* What is left when all processes have ended. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/torture/mayhem.h"
#include "vfs/store/sidecar_format.h"

static int keep_first(void *number, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    if (values[0]) *(int64_t *)number = strtoll(values[0], NULL, 10);
    return 0;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    int64_t number = -1;

    if (sqlite3_exec(db, sql, keep_first, &number, NULL) != SQLITE_OK)
        mayhem_fail("%s: %s", sql, sqlite3_errmsg(db));
    return number;
}

static bool is_content(sqlite3 *db)
{
    sqlite3_stmt *statement;
    bool content =
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;

    (void)sqlite3_finalize(statement);
    return content;
}

static bool has_row(sqlite3 *db, size_t slot, int64_t sequence)
{
    char sql[MAYHEM_TEXT];

    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM log WHERE writer = %zu AND sequence = %" PRId64, slot,
                   sequence);
    return number_of(db, sql) == 1;
}

/* Every acknowledged commit is there; returns how many are not, and how many rows nobody began. */
static unsigned check_notes(sqlite3 *db, size_t slot)
{
    char sql[MAYHEM_TEXT];
    unsigned wrong = 0;
    int64_t begun = 0;
    int64_t number;
    int fd = mayhem_open_notes(slot);

    for (off_t at = 0; pread(fd, &number, sizeof number, at) == (ssize_t)sizeof number;
         at += (off_t)sizeof number) {
        if (number > begun) begun = number;
        if (number < 0 && !has_row(db, slot, -number)) wrong++;
    }
    close(fd);
    (void)snprintf(sql, sizeof sql, "SELECT ifnull(max(sequence), 0) FROM log WHERE writer = %zu",
                   slot);
    return wrong + (number_of(db, sql) > begun);
}

bool mayhem_check_databases(void)
{
    bool good = true;

    for (size_t i = 0; i < MAYHEM_DATABASES; i++) {
        sqlite3 *db = mayhem_open(&mayhem_targets[i], "unix");
        unsigned wrong = 0;

        for (size_t slot = 0; slot < (size_t)MAYHEM_SLOTS; slot++) {
            if (mayhem_slots[slot].role == WRITER && mayhem_slots[slot].target == (int)i)
                wrong += check_notes(db, slot);
        }
        if (wrong) fprintf(stderr, "mayhem: %s: %u commits lost\n", mayhem_targets[i].path, wrong);
        if (!is_content(db)) {
            fprintf(stderr, "mayhem: %s: integrity_check\n", mayhem_targets[i].path);
            good = false;
        }
        good = good && wrong == 0;
        (void)sqlite3_close(db);
    }
    return good;
}

/* Valid, or absent; *pages gets the pages of its shared history. */
static bool check_sidecar(const struct mayhem_target *target, size_t *pages)
{
    struct hint_book book = { 0 };
    uint64_t generation;
    char path[MAYHEM_TEXT];
    uint8_t *bytes = malloc(SIDECAR_BYTES_MAX);
    const char *why = NULL;
    struct stat st;
    FILE *file;

    if (!bytes || stat(target->path, &st) != 0)
        mayhem_fail("%s: %s", target->path, strerror(errno));
    (void)snprintf(path, sizeof path, "hints/%jx-preload", (uintmax_t)st.st_ino);
    file = fopen(path, "rb");
    if (file) {
        size_t len = fread(bytes, 1, SIDECAR_BYTES_MAX, file);

        why = preload_sidecar_decode(&book, &generation, bytes, len, UINT32_C(1) << 21);
        fclose(file);
    }
    if (why) fprintf(stderr, "mayhem: the sidecar of %s: %s\n", target->path, why);
    *pages += book.shared.len;
    hint_book_free(&book);
    free(bytes);
    return why == NULL;
}

bool mayhem_check_sidecars(void)
{
    size_t pages = 0;
    bool good = true;

    for (size_t i = 0; i < MAYHEM_DATABASES; i++)
        good = check_sidecar(&mayhem_targets[i], &pages) && good;
    printf("mayhem: %zu pages in the sidecars\n", pages);
    return good;
}
