"""The distribution's Python loads the extension; its module sqlite3 knows nothing of it."""
import host


class Python(host.Case):
    def test_a_plain_connect_runs_under_preloaddefault(self):
        code = ("db = sqlite3.connect(path)\ntext = session(db)\nfound = wait_for_replay(db)\ndb.close()\n"
                "answer(text=text, stats=found)")
        first = self.python(code, extension="preloaddefault")
        second = self.python(code.replace("text =", "wait_for_replay(db)\ntext ="), extension="preloaddefault")
        self.assertEqual((first["text"], second["text"]), (self.expected, self.expected))
        # Without hints it is the walk that fetches.
        self.assertEqual(first["stats"]["state"], "none")
        self.assertLess(first["stats"]["planned_pages"], 20)
        self.assertGreater(first["stats"]["touched_pages"], 0)
        self.assertEqual(second["stats"]["state"], "done")
        self.assertGreater(second["stats"]["used_pages"], 0)
        self.assertEqual(self.names(), ["app.db-preload"])
        self.assert_quiet()

    def test_preload_alone_leaves_plain_connections_alone(self):
        code = ("db = sqlite3.connect(path)\ntext = session(db)\nfound = stats(db)\ndb.close()\n"
                "answer(text=text, stats=found)")
        done = self.python(code)
        self.assertEqual((done["text"], done["stats"]["state"], done["stats"]["reason"]), (self.expected, "off", "vfs"))
        self.assertEqual(self.names(), [])

    def test_a_uri_names_the_vfs_and_the_options(self):
        code = ("db = connect(path, preload_window_pages=10)\ntext = session(db)\nfound = stats(db)\ndb.close()\n"
                "answer(text=text, touched=found['touched_pages'])")
        done = self.python(code)
        self.assertEqual((done["text"], done["touched"]), (self.expected, 10))
        self.assertEqual(len(host.Show(self.sidecar).pages), 10)

    def test_a_read_only_connection_learns_where_the_host_says_so(self):
        self.learn(mode="ro")
        self.assertEqual(self.names(), [])
        code = "db = connect(path, mode='ro')\ntext = session(db)\ndb.close()\nanswer(text=text)"
        self.assertEqual(self.python(code, env={"SQLITE_PRELOAD_STORE": "sidecar"})["text"], self.expected)
        self.assertEqual(self.names(), ["app.db-preload"])

    def test_loading_twice_and_both_names_is_harmless(self):
        for order in (("preload", "preloaddefault", "preload"), ("preloaddefault", "preload", "preloaddefault")):
            with self.subTest(order=order):
                done = self.python("for name in order:\n    load(name)\ndb = sqlite3.connect(path)\n"
                                   "answer(text=session(db), stats=stats(db))", extension=None, order=order)
                self.assertEqual(done["text"], self.expected)
                self.assertIn("state", done["stats"], "a plain connect is not under preload")

    def test_sql_functions_are_on_every_connection(self):
        code = ("db = sqlite3.connect(':memory:')\n"
                "answer(version=db.execute('SELECT preload_version()').fetchone()[0],\n"
                "       mode=db.execute(\"SELECT preload_config('mode')\").fetchone()[0],\n"
                "       flush=db.execute('SELECT preload_flush()').fetchone()[0])")
        done = self.python(code)
        self.assertRegex(done["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual((done["mode"], done["flush"]), ("on", None))

    def test_a_flush_saves_while_the_database_is_open(self):
        code = ("db = connect(path)\ntext = session(db)\nsaved = db.execute('SELECT preload_flush()').fetchone()[0]\n"
                "answer(text=text, saved=saved, there=os.path.exists(path + '-preload'), stats=stats(db))")
        done = self.python(code)
        self.assertEqual((done["saved"], done["there"], done["stats"]["saves"]), (1, True, 1))

    def test_what_is_not_committed_is_not_seen(self):
        code = """
a = sqlite3.connect(uri(path), uri=True, isolation_level='DEFERRED')
b = connect(path)
a.execute("UPDATE item SET kind = 99 WHERE id = 3")
before = b.execute("SELECT kind FROM item WHERE id = 3").fetchone()[0]
a.rollback()
undone = b.execute("SELECT kind FROM item WHERE id = 3").fetchone()[0]
a.execute("UPDATE item SET kind = 99 WHERE id = 3")
a.commit()
after = b.execute("SELECT kind FROM item WHERE id = 3").fetchone()[0]
try:
    a.execute("BEGIN IMMEDIATE")
    b.execute("PRAGMA busy_timeout = 0")
    b.execute("BEGIN IMMEDIATE")
    busy = "no"
except sqlite3.OperationalError as error:
    busy = str(error)
answer(seen=[before, undone, after], busy=busy)
"""
        for journal in ("delete", "wal"):
            with self.subTest(journal=journal):
                self.python("connect(path, None).execute('PRAGMA journal_mode = ' + mode)", extension=None,
                            mode=journal)
                done = self.python(code)
                self.assertEqual((done["seen"], done["busy"]), ([3, 3, 99], "database is locked"))
                self.python("connect(path, None).execute('UPDATE item SET kind = 3 WHERE id = 3')", extension=None)

    def test_threads_read_and_write(self):
        """Each thread with a connection of its own, and one connection handed round."""
        code = """
shared = sqlite3.connect(uri(path), uri=True, isolation_level=None, check_same_thread=False)
lock = threading.Lock()
texts, faults = [], []

def work(number):
    try:
        db = connect(path)
        db.execute("PRAGMA busy_timeout = 20000")
        for i in range(20):
            db.execute("UPDATE kind SET label = label || '+' WHERE id = ?", (number,))
            texts.append(db.execute("SELECT count(*), max(body) FROM item WHERE id % 97 = ?", (number,)).fetchone())
            with lock:
                shared.execute("SELECT label FROM kind WHERE id = ?", (number,)).fetchone()
        db.close()
    except Exception as fault:
        faults.append(repr(fault))

threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
labels = [row[0] for row in shared.execute("SELECT label FROM kind WHERE id < 6 ORDER BY id")]
whole = shared.execute("PRAGMA integrity_check").fetchone()[0]
found = stats(shared)
shared.close()
answer(faults=faults, labels=labels, whole=whole, texts=len(texts), errors=found["errors"])
"""
        done = self.python(code)
        self.assertEqual((done["faults"], done["whole"], done["texts"], done["errors"]), ([], "ok", 120, 0))
        self.assertEqual(done["labels"], [f"kind-{i}" + "+" * 20 for i in range(6)])
        self.assertEqual(self.names(), ["app.db-preload"])

    def test_vacuum_backup_and_integrity_check(self):
        code = """
db = connect(path)
before = session(db)
db.execute("DELETE FROM item WHERE id > 7900")
db.execute("VACUUM")
copy = connect(path + ".copy")
db.backup(copy)
same = session(copy) == session(db)
whole = [c.execute("PRAGMA integrity_check").fetchone()[0] for c in (db, copy)]
db.close()
copy.close()
answer(before=before, same=same, whole=whole)
"""
        done = self.python(code)
        self.assertEqual((done["before"], done["same"], done["whole"]), (self.expected, True, ["ok", "ok"]))
        self.assert_quiet()


host.main()
