"""Attached, temporary, nameless and in-memory databases."""
import os

import host


class Attached(host.Case):
    def test_an_attached_database_has_hints_of_its_own(self):
        second = os.path.join(self.home, "second.db")
        host.make_database(second, rows=2000, seed=2)
        code = """
db = connect(path)
db.execute("ATTACH ? AS other", (uri(second),))
wait_for_replay(db)
wait_for_replay(db, "other")
text = session(db)
count = db.execute("SELECT sum(id) FROM other.item WHERE id % 100 = 1").fetchone()
found = [stats(db, "main"), stats(db, "other")]
db.close()
answer(text=text, count=count, stats=found)
"""
        first, again = (self.python(code, second=second) for _ in range(2))
        self.assertEqual((first["text"], again["text"], first["count"]), (self.expected, self.expected, again["count"]))
        self.assertEqual(self.names(), ["app.db-preload", "second.db", "second.db-preload"])
        self.assertEqual([found["state"] for found in again["stats"]], ["done", "done"])
        for found in again["stats"]:
            self.assertGreater(found["used_pages"], 0)
        self.assertNotEqual(again["stats"][0]["planned_pages"], again["stats"][1]["planned_pages"])
        self.assert_quiet()

    def test_what_has_no_file_of_its_own_leaves_none_behind(self):
        code = """
texts = []
for name in (":memory:", "", "file::memory:?vfs=preload", "file:shared?mode=memory&cache=shared&vfs=preload",
             "file:?vfs=preload"):
    db = sqlite3.connect(name, uri=True)
    db.execute("CREATE TABLE t(a)")
    db.executemany("INSERT INTO t VALUES(?)", ((i,) for i in range(1000)))
    db.execute("PRAGMA temp_store = FILE")
    db.execute("CREATE TEMP TABLE u AS SELECT a FROM t ORDER BY a DESC")
    texts.append(db.execute("SELECT sum(a) FROM t").fetchone() + db.execute("SELECT count(*) FROM temp.u").fetchone())
    texts.append(db.execute("SELECT preload_flush(), preload_flush('temp'), preload_flush('nothing')").fetchone())
    stats(db), stats(db, "temp"), stats(db, "nothing")
    db.commit()
    db.close()
answer(texts=texts, left=sorted(os.listdir(".")))
"""
        os.mkdir(folder := os.path.join(self.home, "empty"))
        for extension in ("preload", "preloaddefault"):
            with self.subTest(extension=extension):
                done = self.python(f"os.chdir({folder!r})\n" + code, extension=extension)
                self.assertEqual(done["texts"][0::2], [[499500, 1000]] * 5)
                self.assertEqual(done["left"], [])
        self.assert_quiet()

    def test_sorts_and_temporary_tables_spill_as_under_the_base(self):
        code = ("db = connect(path, vfs)\n"
                "db.execute('PRAGMA temp_store = FILE')\ndb.execute('PRAGMA cache_size = 10')\n"
                "db.execute('CREATE TEMP TABLE u AS SELECT * FROM item ORDER BY body')\n"
                "answer(rows=db.execute('SELECT id FROM temp.u LIMIT 100').fetchall())")
        self.assertEqual(self.python(code, vfs="preload"), self.python(code, vfs=None))
        self.assertEqual(self.names(), ["app.db-preload"])

    def test_a_database_that_does_not_exist_is_an_error_as_before(self):
        code = ("try:\n    connect(path + '.none', vfs, mode='rw').execute('SELECT 1 FROM t')\n    error = None\n"
                "except sqlite3.Error as e:\n    error = repr(e)\nanswer(error=error)")
        plain, ours = self.python(code, vfs=None), self.python(code, vfs="preload")
        self.assertEqual(ours, plain)
        self.assertIn("unable to open database file", ours["error"])
        self.assertEqual(self.names(), [])

    def test_a_new_database_is_learnt_once_it_has_pages(self):
        fresh = os.path.join(self.home, "fresh.db")
        code = ("db = connect(path)\ndb.execute('CREATE TABLE t(a)')\n"
                "db.execute('WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM c LIMIT 2000) "
                "INSERT INTO t SELECT randomblob(500) FROM c')\n"
                "answer(count=db.execute('SELECT count(*) FROM t').fetchone()[0])\ndb.close()")
        self.assertEqual(self.python(code, path=fresh)["count"], 2000)
        again = self.python("db = connect(path)\nfound = db.execute('SELECT count(*) FROM t').fetchone()[0]\n"
                            "db.close()\nanswer(count=found)", path=fresh)
        self.assertEqual(again["count"], 2000)
        self.assertTrue(host.Show(fresh + "-preload").good)
        self.assert_quiet()


host.main()
