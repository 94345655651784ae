/* Items and questions. */
#include "bench/harm/harm_data.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/kit/clock.h"
#include "bench/kit/random.h"

#define BODY_BYTES_MIN   300u
#define BODY_BYTES_RANGE 201u
#define NAME_BYTES       24u
#define ITEMS_AN_OWNER   8u

static const char schema[] =
    "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
    "CREATE TABLE item(id INTEGER PRIMARY KEY, owner INTEGER, name TEXT, body BLOB);"
    "BEGIN;";

static const char indexes[] = "CREATE INDEX item_name ON item(name);"
                              "CREATE INDEX item_owner ON item(owner);"
                              "COMMIT;";

/* Ids are 1..rows; the first half of them, of names and of owners is the first half's. */
struct item {
    sqlite3_int64 id;
    sqlite3_int64 owner;
    char name[NAME_BYTES];
};

static void describe_item(struct item *out, uint32_t id, uint32_t rows)
{
    const uint64_t mixed = random_mix(id, 1);
    const uint32_t owners = rows / 2 / ITEMS_AN_OWNER;
    const bool is_second = id > rows / 2;

    assert(owners > 0);
    out->id = id;
    out->owner = (sqlite3_int64)(mixed % owners) + (is_second ? owners : 0);
    (void)snprintf(out->name, sizeof(out->name), "%c-%016" PRIx64, is_second ? 'b' : 'a', mixed);
}

static int insert_items(sqlite3_stmt *insert, uint32_t rows)
{
    unsigned char body[BODY_BYTES_MIN + BODY_BYTES_RANGE] = { 0 };
    struct random random = { 2 };
    struct item item;
    int rc = SQLITE_DONE;

    for (uint32_t id = 1; id <= rows && rc == SQLITE_DONE; id++) {
        const uint32_t len = BODY_BYTES_MIN + random_below(&random, BODY_BYTES_RANGE);
        const uint64_t head = random_next(&random);

        memcpy(body, &head, sizeof(head));
        describe_item(&item, id, rows);
        sqlite3_bind_int64(insert, 1, item.id);
        sqlite3_bind_int64(insert, 2, item.owner);
        sqlite3_bind_text(insert, 3, item.name, -1, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 4, body, (int)len, SQLITE_STATIC);
        rc = sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int harm_data_make(const char *path, uint32_t rows)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    sqlite3_stmt *insert = NULL;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, flags, "unix");

    if (rc == SQLITE_OK) rc = sqlite3_exec(db, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "INSERT INTO item VALUES(?, ?, ?, ?)", -1, &insert, NULL);
    if (rc == SQLITE_OK) rc = insert_items(insert, rows);
    sqlite3_finalize(insert);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, indexes, NULL, NULL, NULL);
    sqlite3_close(db);
    return rc;
}

/* ---- the session ---- */

enum question { BY_ID, BY_NAME, BY_OWNER, QUESTION_COUNT };

static const char *const questions[QUESTION_COUNT] = {
    [BY_ID] = "SELECT owner, name, body FROM item WHERE id = ?",
    [BY_NAME] = "SELECT id, owner, body FROM item WHERE name = ?",
    [BY_OWNER] = "SELECT id, name, body FROM item WHERE owner = ? ORDER BY id LIMIT 4",
};

/* In turn: the first row of a session costs one path through the table. */
static const enum question turns[] = { BY_ID, BY_NAME, BY_ID, BY_OWNER };

static void bind_key(sqlite3_stmt *statement, enum question question, const struct item *item)
{
    switch (question) {
    case BY_ID:
        sqlite3_bind_int64(statement, 1, item->id);
        break;
    case BY_NAME:
        sqlite3_bind_text(statement, 1, item->name, -1, SQLITE_STATIC);
        break;
    case BY_OWNER:
        sqlite3_bind_int64(statement, 1, item->owner);
        break;
    case QUESTION_COUNT:
        break;
    }
}

static void take_row(sqlite3_stmt *statement, struct harm_answers *out)
{
    if (out->rows++ == 0) out->first_row_ns = clock_now_ns();
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
        const unsigned char *bytes = sqlite3_column_blob(statement, column);
        const int len = sqlite3_column_bytes(statement, column);

        for (int i = 0; i < len; i++) {
            out->checksum = (out->checksum ^ bytes[i]) * UINT64_C(0x100000001b3);
        }
    }
}

static int ask(sqlite3_stmt *statement, enum question question, const struct item *item,
               struct harm_answers *out)
{
    int rc;

    bind_key(statement, question, item);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        take_row(statement, out);
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int ask_all(sqlite3_stmt *const *statements, struct harm_session session,
                   struct harm_answers *out)
{
    const uint32_t half = session.rows / 2;
    struct random random = { session.seed };
    struct item item;
    int rc = SQLITE_OK;

    for (uint32_t i = 0; i < HARM_STATEMENTS && rc == SQLITE_OK; i++) {
        const enum question question = turns[i % (sizeof(turns) / sizeof(turns[0]))];
        const uint32_t id = random_below(&random, half) + 1;

        describe_item(&item, session.half == HARM_SECOND_HALF ? id + half : id, session.rows);
        rc = ask(statements[question], question, &item, out);
        if (i + 1 == HARM_STATEMENTS / 10) out->tenth_ns = clock_now_ns();
    }
    out->end_ns = clock_now_ns();
    return rc;
}

int harm_data_run(sqlite3 *db, struct harm_session session, struct harm_answers *out)
{
    sqlite3_stmt *statements[QUESTION_COUNT] = { NULL };
    int rc = SQLITE_OK;

    *out = (struct harm_answers){ .checksum = UINT64_C(0xcbf29ce484222325) };
    for (int i = 0; i < QUESTION_COUNT && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v2(db, questions[i], -1, &statements[i], NULL);
    }
    if (rc == SQLITE_OK) rc = ask_all(statements, session, out);
    for (int i = 0; i < QUESTION_COUNT; i++) {
        sqlite3_finalize(statements[i]);
    }
    return rc;
}
