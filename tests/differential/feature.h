/* What a script may do: one row for each feature. Data alone. */
#ifndef TESTS_DIFFERENTIAL_FEATURE_H
#define TESTS_DIFFERENTIAL_FEATURE_H

/* How an operation runs: SQL text, or calls of the C API (arm_calls.c). */
enum op_kind {
    OP_SQL,
    OP_HOLD,
    OP_RELEASE,
    OP_BLOB,
    OP_BACKUP_OUT,
    OP_BACKUP_IN,
    OP_SERIALIZE,
    OP_CONTROL,
    OP_FLUSH,
    OP_INTERRUPT,
    OP_CRASH,
    OP_REOPEN,
    OP_PERSIST, /* the log stays behind */
    OP_EPISODE,
};

/* Name, weight, kind, text. For SQL the text's lines are alternatives, and script.c fills in its
 * placeholders; for a reopening it is what follows the name in the URI; elsewhere it is SQL that
 * goes with the calls. */

/* What a schema is made of. */
#define FEATURES_SCHEMA(X)                                                                         \
    X(create_table, 20, OP_SQL,                                                                    \
      "CREATE TABLE IF NOT EXISTS %t(a INTEGER PRIMARY KEY, b, c)\n"                               \
      "CREATE TABLE n%q(x, y UNIQUE)\n"                                                            \
      "CREATE TABLE n%q AS SELECT * FROM %t")                                                      \
    X(drop_table, 3, OP_SQL, "DROP TABLE IF EXISTS w%d\nDROP TABLE %t")                            \
    X(without_rowid, 8, OP_SQL,                                                                    \
      "CREATE TABLE IF NOT EXISTS w%d(a TEXT PRIMARY KEY, b) WITHOUT ROWID; INSERT OR "            \
      "REPLACE INTO w%d %m SELECT hex(randomblob(3)), randomblob(%r) FROM n")                      \
    X(create_index, 15, OP_SQL,                                                                    \
      "CREATE INDEX IF NOT EXISTS i%d ON %t(b)\n"                                                  \
      "CREATE INDEX IF NOT EXISTS j%d ON %t(c, b)\n"                                               \
      "CREATE UNIQUE INDEX IF NOT EXISTS k%d ON %t(a, b) WHERE b > %k")                            \
    X(drop_index, 5, OP_SQL, "DROP INDEX IF EXISTS i%d\nDROP INDEX j%d")                           \
    X(create_view, 4, OP_SQL, "CREATE VIEW IF NOT EXISTS v%d AS SELECT a, b FROM %t WHERE b > %k") \
    X(create_trigger, 4, OP_SQL,                                                                   \
      "CREATE TRIGGER IF NOT EXISTS g%d AFTER DELETE ON %t BEGIN UPDATE t0 SET b = b + 1 "         \
      "WHERE a = old.a; END")                                                                      \
    X(alter_table, 5, OP_SQL,                                                                      \
      "ALTER TABLE %t ADD COLUMN d%q DEFAULT %i\n"                                                 \
      "ALTER TABLE t%d RENAME TO r%q; ALTER TABLE r%q RENAME TO t%d")                              \
    X(reindex, 5, OP_SQL, "REINDEX\nREINDEX %t")                                                   \
    X(analyze, 5, OP_SQL, "ANALYZE\nANALYZE %t\nPRAGMA optimize")

/* Reading and writing rows. */
#define FEATURES_ROWS(X)                                                                           \
    X(insert, 40, OP_SQL, "INSERT INTO %t(b, c) VALUES(%i, randomblob(%r))")                       \
    X(insert_many, 25, OP_SQL,                                                                     \
      "INSERT INTO %t(b, c) %m SELECT abs(random() %% 200), randomblob(%r) FROM n")                \
    X(insert_select, 8, OP_SQL, "INSERT INTO %t(b, c) SELECT b, c FROM %t WHERE a < %k")           \
    X(replace, 15, OP_SQL, "REPLACE INTO %t(a, b, c) VALUES(%i, %i, randomblob(%r))")              \
    X(upsert, 10, OP_SQL,                                                                          \
      "INSERT INTO %t(a, b) VALUES(%i, 1) ON CONFLICT(a) DO UPDATE SET b = b + 1")                 \
    X(constraint_abort, 6, OP_SQL,                                                                 \
      "INSERT OR FAIL INTO %t(a, b) VALUES(%i, 1), (%i, 2), (1, 3), (2, 4)\n"                      \
      "INSERT OR ROLLBACK INTO %t(a, b) VALUES(%i, 1), (1, 3)\n"                                   \
      "UPDATE %t SET a = a + 1 WHERE a > %i")                                                      \
    X(update, 20, OP_SQL, "UPDATE %t SET c = randomblob(%r) WHERE a = %i")                         \
    X(update_range, 15, OP_SQL, "UPDATE %t SET b = b + 1, c = zeroblob(%r) WHERE b < %k")          \
    X(delete, 15, OP_SQL, "DELETE FROM %t WHERE a = %i")                                           \
    X(delete_range, 12, OP_SQL, "DELETE FROM %t WHERE b BETWEEN %k AND %i")                        \
    X(delete_all, 3, OP_SQL, "DELETE FROM %t")                                                     \
    X(overflow_pages, 8, OP_SQL,                                                                   \
      "INSERT INTO %t(b, c) VALUES(%i, zeroblob(%r * 30))\n"                                       \
      "INSERT INTO %t(b, c) VALUES(%i, randomblob(%r * 20))")                                      \
    X(returning, 5, OP_SQL, "UPDATE %t SET b = b + 1 WHERE a < %k RETURNING a, b")                 \
    X(select_point, 25, OP_SQL, "SELECT a, b, c FROM %t WHERE a = %i")                             \
    X(select_range, 20, OP_SQL, "SELECT a, b, length(c) FROM %t WHERE b BETWEEN %k AND %i")        \
    X(select_join, 10, OP_SQL,                                                                     \
      "SELECT count(*), sum(x.b) FROM %t x JOIN %t y ON x.a = y.a WHERE x.b < %i")                 \
    X(select_aggregate, 10, OP_SQL,                                                                \
      "SELECT b, count(*), total(length(c)) FROM %t GROUP BY b ORDER BY 2 DESC, 1 LIMIT %k\n"      \
      "SELECT count(*), max(a), min(b) FROM %t")                                                   \
    X(scan_all, 6, OP_SQL, "SELECT * FROM %t\nSELECT c FROM %t ORDER BY c DESC")                   \
    X(fts, 5, OP_SQL,                                                                              \
      "CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts4(x); INSERT INTO f "                         \
      "VALUES(hex(randomblob(%k))), ('alpha %i beta'); SELECT docid FROM f WHERE f MATCH "         \
      "'alpha'\n"                                                                                  \
      "INSERT INTO f(f) VALUES('optimize')")

/* Transactions, and how pages come to lie in files. */
#define FEATURES_FILES(X)                                                                          \
    X(begin, 14, OP_SQL, "BEGIN\nBEGIN IMMEDIATE\nBEGIN EXCLUSIVE")                                \
    X(commit, 22, OP_SQL, "COMMIT")                                                                \
    X(rollback, 9, OP_SQL, "ROLLBACK")                                                             \
    X(savepoint, 20, OP_SQL, "SAVEPOINT s%e")                                                      \
    X(release_savepoint, 20, OP_SQL, "RELEASE s%e")                                                \
    X(rollback_to, 16, OP_SQL, "ROLLBACK TO s%e\nROLLBACK TO s%e; RELEASE s%e")                    \
    X(vacuum, 10, OP_SQL, "VACUUM")                                                                \
    X(vacuum_into, 4, OP_SQL, "VACUUM INTO 'into%q.db'")                                           \
    X(incremental_vacuum, 8, OP_SQL,                                                               \
      "PRAGMA incremental_vacuum(%k)\n"                                                            \
      "DELETE FROM %t WHERE b < %i; PRAGMA incremental_vacuum")                                    \
    X(auto_vacuum_none, 3, OP_SQL, "PRAGMA auto_vacuum = 0; VACUUM")                               \
    X(auto_vacuum_full, 4, OP_SQL, "PRAGMA auto_vacuum = 1; VACUUM")                               \
    X(auto_vacuum_incremental, 5, OP_SQL, "PRAGMA auto_vacuum = 2; VACUUM")                        \
    X(page_size, 6, OP_SQL,                                                                        \
      "PRAGMA page_size = %p; VACUUM\n"                                                            \
      "PRAGMA journal_mode = delete; PRAGMA page_size = %p; VACUUM")                               \
    X(journal_delete, 6, OP_SQL, "PRAGMA journal_mode = delete")                                   \
    X(journal_truncate, 5, OP_SQL, "PRAGMA journal_mode = truncate")                               \
    X(journal_persist, 5, OP_SQL, "PRAGMA journal_mode = persist")                                 \
    X(journal_memory, 3, OP_SQL, "PRAGMA journal_mode = memory")                                   \
    X(journal_off, 3, OP_SQL, "PRAGMA journal_mode = off")                                         \
    X(journal_wal, 14, OP_SQL, "PRAGMA journal_mode = wal")                                        \
    X(locking_exclusive, 4, OP_SQL,                                                                \
      "PRAGMA locking_mode = exclusive; SELECT count(*) FROM %t\n"                                 \
      "PRAGMA locking_mode = exclusive; UPDATE %t SET b = 1 WHERE a = %i")                         \
    X(locking_normal, 8, OP_SQL, "PRAGMA locking_mode = normal; SELECT count(*) FROM %t")          \
    X(attach, 26, OP_SQL,                                                                          \
      "ATTACH 'aux%e.db' AS aux%e; CREATE TABLE IF NOT EXISTS aux%e.x(a INTEGER PRIMARY KEY, "     \
      "b)\n"                                                                                       \
      "ATTACH ':memory:' AS aux%e; CREATE TABLE aux%e.x(a, b)")                                    \
    X(detach, 14, OP_SQL, "DETACH aux%e")                                                          \
    X(attached_write, 25, OP_SQL,                                                                  \
      "CREATE TABLE IF NOT EXISTS aux%e.x(a INTEGER PRIMARY KEY, b); INSERT INTO aux%e.x(b) "      \
      "%m SELECT randomblob(%r) FROM n")                                                           \
    X(attached_read, 15, OP_SQL, "SELECT count(*), total(length(b)) FROM aux%e.x")                 \
    X(commit_of_many_files, 8, OP_SQL,                                                             \
      "ATTACH 'many%e.db' AS m%q; CREATE TABLE IF NOT EXISTS m%q.x(a INTEGER PRIMARY KEY, "        \
      "b); BEGIN; INSERT INTO m%q.x(b) VALUES(%i); UPDATE main.%t SET b = %i WHERE a = %i; "       \
      "COMMIT; DETACH m%q")

/* What tunes a connection, or looks at it. */
#define FEATURES_PRAGMAS(X)                                                                        \
    X(temp_table, 6, OP_SQL,                                                                       \
      "CREATE TEMP TABLE IF NOT EXISTS z%d(a, b); INSERT INTO z%d %m SELECT i, "                   \
      "randomblob(%r) FROM n; SELECT count(*), sum(a) FROM z%d")                                   \
    X(temp_store, 3, OP_SQL, "PRAGMA temp_store = 1\nPRAGMA temp_store = 2")                       \
    X(mmap_on, 8, OP_SQL, "PRAGMA mmap_size = 65536\nPRAGMA mmap_size = 10000000")                 \
    X(mmap_off, 5, OP_SQL, "PRAGMA mmap_size = 0")                                                 \
    X(integrity_check, 6, OP_SQL, "PRAGMA integrity_check")                                        \
    X(quick_check, 4, OP_SQL, "PRAGMA quick_check\nPRAGMA foreign_key_check")                      \
    X(user_version, 5, OP_SQL,                                                                     \
      "PRAGMA user_version = %i; PRAGMA user_version\n"                                            \
      "PRAGMA application_id = %i")                                                                \
    X(secure_delete, 4, OP_SQL,                                                                    \
      "PRAGMA secure_delete = 1\n"                                                                 \
      "PRAGMA secure_delete = 0\n"                                                                 \
      "PRAGMA secure_delete = fast")                                                               \
    X(cache_size, 10, OP_SQL, "PRAGMA cache_size = %d\nPRAGMA cache_size = 10")                    \
    X(cache_spill, 3, OP_SQL, "PRAGMA cache_spill = 0\nPRAGMA cache_spill = %k")                   \
    X(shrink_memory, 4, OP_SQL, "PRAGMA shrink_memory")                                            \
    X(synchronous, 4, OP_SQL, "PRAGMA synchronous = %d")                                           \
    X(checkpoint_passive, 6, OP_SQL, "PRAGMA wal_checkpoint(passive)")                             \
    X(checkpoint_full, 5, OP_SQL, "PRAGMA wal_checkpoint(full)")                                   \
    X(checkpoint_restart, 5, OP_SQL, "PRAGMA wal_checkpoint(restart)")                             \
    X(checkpoint_truncate, 5, OP_SQL, "PRAGMA wal_checkpoint(truncate)")                           \
    X(wal_autocheckpoint, 4, OP_SQL,                                                               \
      "PRAGMA wal_autocheckpoint = 0\n"                                                            \
      "PRAGMA wal_autocheckpoint = %k")                                                            \
    X(size_limits, 3, OP_SQL,                                                                      \
      "PRAGMA max_page_count = %i\n"                                                               \
      "PRAGMA max_page_count = 1000000\n"                                                          \
      "PRAGMA journal_size_limit = %r")                                                            \
    X(statistics, 5, OP_SQL,                                                                       \
      "PRAGMA page_count; PRAGMA freelist_count; PRAGMA schema_version; PRAGMA "                   \
      "database_list\n"                                                                            \
      "SELECT name, pageno, pagetype, ncell FROM dbstat")                                          \
    X(busy_timeout, 3, OP_SQL, "PRAGMA busy_timeout = %k\nPRAGMA busy_timeout = 0")

/* More than SQL: see arm_calls.c. */
#define FEATURES_CALLS(X)                                                                          \
    X(held_statement, 12, OP_HOLD, "SELECT a, b, c FROM %t")                                       \
    X(finished_statement, 14, OP_RELEASE, "")                                                      \
    X(blob_io, 12, OP_BLOB, "")                                                                    \
    X(backup_from, 5, OP_BACKUP_OUT, "INSERT INTO %t(b) VALUES(%i)")                               \
    X(backup_into, 4, OP_BACKUP_IN, "")                                                            \
    X(serialize, 4, OP_SERIALIZE, "")                                                              \
    X(file_control, 10, OP_CONTROL, "")                                                            \
    X(cache_flush, 5, OP_FLUSH, "UPDATE %t SET b = b + 1 WHERE a < %k")                            \
    X(interrupt, 5, OP_INTERRUPT, "UPDATE %t SET c = randomblob(%r)\nVACUUM")                      \
    X(crash_and_recover, 4, OP_CRASH, "UPDATE %t SET c = randomblob(%r) WHERE a < 60")             \
    X(reopen, 16, OP_REOPEN, "")                                                                   \
    X(reopen_persistent_log, 4, OP_PERSIST, "")                                                    \
    X(reopen_readonly, 4, OP_REOPEN, "?mode=ro")                                                   \
    X(reopen_shared_cache, 3, OP_REOPEN, "?cache=shared")                                          \
    X(reopen_no_psow, 3, OP_REOPEN, "?psow=0")                                                     \
    X(immutable, 4, OP_EPISODE, "?immutable=1")                                                    \
    X(nolock, 4, OP_EPISODE, "?nolock=1")                                                          \
    X(readonly_alone, 3, OP_EPISODE, "?mode=ro")

#define FEATURES(X)                                                                                \
    FEATURES_SCHEMA(X)                                                                             \
    FEATURES_ROWS(X)                                                                               \
    FEATURES_FILES(X)                                                                              \
    FEATURES_PRAGMAS(X)                                                                            \
    FEATURES_CALLS(X)

enum feature {
#define FEATURE_ID(name, weight, kind, text) FEATURE_##name,
    FEATURES(FEATURE_ID)
#undef FEATURE_ID
        FEATURE_COUNT
};

#endif
