/* The sessions. Keys come from a generator whose seed never changes. */
#include "bench/overhead/overhead_work.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SEED          UINT64_C(0x9e3779b97f4a7c15)
#define BODY_BYTES    3500
#define LOGGED_ROWS   1000u
#define POINTS_A_LOOP 1000u

static int exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* xorshift64*; its bias is the same in both arms. */
static unsigned draw(uint64_t *state, unsigned below)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (unsigned)((*state * UINT64_C(0x2545f4914f6cdd1d) >> 33) % below);
}

/* ---- points ---- */

static int make_items(sqlite3 *db, unsigned count)
{
    char sql[256];

    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
                   "INSERT INTO item SELECT i, zeroblob(%d) FROM n;",
                   count, BODY_BYTES);
    return exec(db, sql);
}

int work_make_points(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix");

    if (rc == SQLITE_OK) rc = exec(db, "PRAGMA synchronous = OFF; PRAGMA page_size = 4096;");
    if (rc == SQLITE_OK) rc = make_items(db, WORK_ROWS);
    sqlite3_close(db);
    return rc;
}

static int look_up(sqlite3_stmt *statement, unsigned id)
{
    int rc = sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);

    if (rc == SQLITE_OK) rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW && sqlite3_column_bytes(statement, 0) < BODY_BYTES) rc = SQLITE_CORRUPT;
    if (rc != SQLITE_ROW) return rc;
    return sqlite3_reset(statement);
}

/* Keys 1..below. */
static int look_up_many(sqlite3 *db, unsigned count, unsigned below)
{
    uint64_t state = SEED;
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT body FROM item WHERE id = ?1", -1, &statement, NULL);

    for (unsigned i = 0; i < count && rc == SQLITE_OK; i++)
        rc = look_up(statement, 1 + draw(&state, below));
    sqlite3_finalize(statement);
    return rc;
}

int work_read_rows(sqlite3 *db, unsigned count)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT body FROM item WHERE id = ?1", -1, &statement, NULL);

    /* 7919 is a prime that does not divide the number of rows, so that no key comes twice. */
    for (unsigned i = 0; i < count && rc == SQLITE_OK; i++)
        rc = look_up(statement, 1 + (unsigned)((uint64_t)i * 7919 % WORK_ROWS));
    sqlite3_finalize(statement);
    return rc;
}

static int run_points(sqlite3 *db, unsigned loops)
{
    return look_up_many(db, loops * POINTS_A_LOOP, WORK_ROWS);
}

static int run_points_in_transaction(sqlite3 *db, unsigned loops)
{
    int rc = exec(db, "BEGIN");

    if (rc == SQLITE_OK) rc = run_points(db, loops);
    return rc == SQLITE_OK ? exec(db, "COMMIT") : rc;
}

/* The rows that are read live in the log. */
static int run_points_from_log(sqlite3 *db, unsigned loops)
{
    return look_up_many(db, loops * POINTS_A_LOOP, LOGGED_ROWS);
}

static int touch_all(sqlite3 *db)
{
    return look_up_many(db, 4 * WORK_ROWS, WORK_ROWS);
}

/* A new database that lives in its log alone. */
static int make_log(sqlite3 *db)
{
    int rc = make_items(db, LOGGED_ROWS);

    return rc == SQLITE_OK ? look_up_many(db, 4 * LOGGED_ROWS, LOGGED_ROWS) : rc;
}

/* ---- mix ---- */

static const char mix_schema[] =
    "CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, spent INT "
    "DEFAULT 0);"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INT REFERENCES customer, status TEXT,"
    "  at INT, note TEXT);"
    "CREATE TABLE item(orders INT, line INT, price INT, PRIMARY KEY(orders, line)) WITHOUT ROWID;"
    "CREATE TABLE trail(what TEXT, id INT);"
    "CREATE INDEX orders_customer ON orders(customer);"
    "CREATE INDEX orders_at ON orders(at) WHERE status = 'open';"
    "CREATE VIEW total AS SELECT orders, sum(price) AS price FROM item GROUP BY orders;"
    "CREATE TRIGGER orders_gone AFTER DELETE ON orders BEGIN"
    "  INSERT INTO trail VALUES('gone', old.id); DELETE FROM item WHERE orders = old.id; END;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    "  INSERT INTO customer(id, name, city) SELECT i, 'name ' || (i * 7919 % 2003), 'city ' || (i "
    "% 37) FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    "  INSERT INTO orders SELECT i, 1 + i * 104729 % 2000, CASE i % 4 WHEN 0 THEN 'open' ELSE "
    "'done' END,"
    "  i * 60, printf('%.*c', 20 + i % 200, 'x') FROM n;"
    "INSERT INTO item SELECT id, 0, id % 97 FROM orders UNION ALL SELECT id, 1, id % 89 FROM "
    "orders;";

static const char *const mix_statements[] = {
    /* reads */
    "SELECT count(*), max(name) FROM customer WHERE city = 'city 11'",
    "SELECT c.name, count(*), sum(i.price) FROM customer c JOIN orders o ON o.customer = c.id"
    " JOIN item i ON i.orders = o.id WHERE c.id BETWEEN 100 AND 160 GROUP BY c.id ORDER BY 3 DESC",
    "SELECT id, note FROM orders WHERE status = 'open' AND at > 200000 ORDER BY at LIMIT 50",
    "SELECT status, count(*), avg(length(note)) FROM orders GROUP BY status",
    "SELECT id, row_number() OVER (PARTITION BY city ORDER BY name) FROM customer WHERE id < 200",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
    " SELECT sum(i) FROM n WHERE i NOT IN (SELECT id FROM orders WHERE customer < 100)",
    "SELECT name FROM customer WHERE name LIKE '%99%' ORDER BY name COLLATE NOCASE",
    "SELECT * FROM total WHERE orders IN (17, 1700, 4999)",
    "SELECT json_group_array(json_object('id', id, 'city', city)) FROM customer WHERE id < 50",
    "SELECT id FROM customer EXCEPT SELECT customer FROM orders",
    /* writes, each a transaction */
    "INSERT INTO orders(customer, status, at, note) VALUES(7, 'open', 400000, 'one more')",
    "UPDATE customer SET spent = spent + 1 WHERE id % 50 = 3",
    "INSERT INTO customer(id, name) VALUES(5, 'again') ON CONFLICT(id) DO UPDATE SET spent = spent "
    "+ 10",
    "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)",
    "REPLACE INTO item SELECT orders, line, price + 1 FROM item WHERE orders BETWEEN 200 AND 220",
    /* transactions, savepoints, schema */
    "BEGIN; SAVEPOINT a; DELETE FROM customer WHERE id > 1000; ROLLBACK TO a;"
    "UPDATE orders SET note = note || '.' WHERE id BETWEEN 1000 AND 1100; RELEASE a; COMMIT",
    "BEGIN IMMEDIATE; UPDATE orders SET status = 'done' WHERE at < 5000; ROLLBACK",
    "CREATE TEMP TABLE t AS SELECT * FROM orders WHERE customer < 50; DROP TABLE t",
    "CREATE TABLE extra(a, b UNIQUE); INSERT INTO extra SELECT id, name || id FROM customer WHERE "
    "id < 300;"
    "ALTER TABLE extra ADD COLUMN c DEFAULT 1; DROP TABLE extra",
    "ANALYZE",
    "PRAGMA quick_check",
};

static int make_mix(sqlite3 *db)
{
    int rc = exec(db, "BEGIN");

    if (rc == SQLITE_OK) rc = exec(db, mix_schema);
    return rc == SQLITE_OK ? exec(db, "COMMIT") : rc;
}

static int run_mix(sqlite3 *db, unsigned loops)
{
    int rc = SQLITE_OK;

    for (unsigned i = 0; i < loops; i++) {
        for (size_t j = 0; j < sizeof mix_statements / sizeof mix_statements[0]; j++)
            if (rc == SQLITE_OK) rc = exec(db, mix_statements[j]);
    }
    return rc;
}

/* ---- the table ---- */

#define SMALL_CACHE "PRAGMA cache_size = 1;"

#define WAL     "PRAGMA journal_mode = WAL;"
#define NO_SYNC "PRAGMA synchronous = OFF;"
#define MAP     "PRAGMA mmap_size = 268435456;"
#define STAY    "PRAGMA wal_autocheckpoint = 0;"
#define POINTS  POINTS_A_LOOP

/* clang-format off */
const struct work works[] = {
    /* name, on points, repeated, alone, lookups a loop, pragmas, prepare, run, loops counted and timed, limits */
    { "mix, rollback", false, false, false, 0, NO_SYNC, make_mix, run_mix, 3, 5, 1.005, 1.01 },
    { "mix, wal", false, false, false, 0, WAL NO_SYNC, make_mix, run_mix, 3, 5, 1.005, 1.01 },
    { "points", true, true, false, POINTS, SMALL_CACHE, touch_all, run_points, 20, 20, 1.02, 1.02 },
    { "points, one transaction", true, true, false, POINTS, SMALL_CACHE, touch_all, run_points_in_transaction,
      20, 20, 1.02, 1.02 },
    { "points, mapped", true, true, false, 0, SMALL_CACHE MAP, touch_all, run_points, 20, 20, 1.02, 1.02 },
    { "points, from the log", false, true, false, POINTS, SMALL_CACHE WAL NO_SYNC STAY, make_log, run_points_from_log,
      20, 20, 1.02, 1.02 },
    { "points, first touch", true, false, false, POINTS, SMALL_CACHE, NULL, run_points, 5, 5, 0, 0 },
    { "points, host without threads", true, true, true, POINTS, SMALL_CACHE, touch_all, run_points, 20, 20, 0, 0 },
};
/* clang-format on */
const unsigned work_count = sizeof works / sizeof works[0];

const struct work *work_find(const char *name)
{
    for (unsigned i = 0; i < work_count; i++)
        if (strcmp(works[i].name, name) == 0) return &works[i];
    return NULL;
}
