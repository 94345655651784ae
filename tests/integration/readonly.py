"""A folder in which nothing can be written."""
import os
import stat
import tempfile

import host

NOBODY = 65534


class ReadOnly(host.Case):
    """As root the host runs under another user's id: root may write everywhere."""
    place = tempfile.gettempdir()
    user = NOBODY if os.geteuid() == 0 else None

    def setUp(self):
        super().setUp()
        # The log lies elsewhere.
        self.logs = os.path.join(self.folder, "logs-" + os.path.basename(self.home))
        os.mkdir(self.logs)
        os.chmod(self.logs, 0o777)
        self.log = os.path.join(self.logs, "log")
        os.chmod(self.path, 0o644)
        os.chmod(self.home, 0o555)
        self.addCleanup(os.chmod, self.home, 0o755)

    def test_nothing_is_written_and_nothing_fails(self):
        done = self.python("db = connect(path)\ntext = session(db)\ndb.close()\nanswer(text=text)", user=self.user)
        self.assertEqual(done["text"], self.expected)
        self.assertEqual(self.names(), [])

    def test_where_the_host_says_so_it_is_logged_once(self):
        code = ("for i in range(5):\n    db = connect(path)\n    text = session(db)\n"
                "    db.execute('SELECT preload_flush()').fetchone()\n    db.close()\nanswer(text=text)")
        done = self.python(code, user=self.user, env={"SQLITE_PRELOAD_STORE": "sidecar"})
        self.assertEqual(done["text"], self.expected)
        messages = self.messages()
        self.assertEqual(len(messages), 1, messages)
        self.assertRegex(messages[0], r"hints are kept in memory only: Permission denied: .*app\.db-preload$")

    def test_the_process_keeps_its_hints_in_memory(self):
        code = """
found = []
for i in range(3):
    db = connect(path)
    wait_for_replay(db)
    text = session(db)
    found.append(stats(db))
    db.close()
answer(text=text, stats=found)
"""
        done = self.python(code, user=self.user)
        self.assertEqual(done["text"], self.expected)
        self.assertEqual([found["state"] for found in done["stats"]], ["none", "done", "done"])
        self.assertEqual([found["history_sessions"] for found in done["stats"]], [0, 1, 2])
        for found in done["stats"][1:]:
            self.assertGreater(found["issued_pages"], 0)
            self.assertGreater(found["used_pages"], 0)
        self.assertEqual(self.names(), [])

    def test_a_folder_for_sidecars_takes_its_place(self):
        store = os.path.join(self.logs, "store")
        os.mkdir(store)
        os.chmod(store, 0o777)
        code = """
db = connect(path, preload_store="sidecar:" + store)
found = wait_for_replay(db)
text = session(db)
db.close()
answer(text=text, state=found["state"])
"""
        states = [self.python(code, user=self.user, store=store)["state"] for _ in range(2)]
        self.assertEqual(states, ["none", "done"])
        self.assertEqual(len(os.listdir(store)), 1)
        self.assertEqual(self.messages(), [])

    def test_a_missing_folder_for_sidecars_is_logged(self):
        code = ("db = connect(path, preload_store='sidecar:/nowhere/at/all')\ntext = session(db)\ndb.close()\n"
                "answer(text=text)")
        self.assertEqual(self.python(code, user=self.user)["text"], self.expected)
        self.assertEqual(len(self.messages()), 1, self.messages())
        self.assertIn("No such file or directory", self.messages()[0])

    def test_a_write_protected_database_in_a_writable_folder(self):
        """Who may not write it writes nothing beside it, unless the host says so."""
        os.chmod(self.home, 0o777)
        os.chmod(self.path, 0o444)
        for env, names in (({}, []), ({"SQLITE_PRELOAD_STORE": "sidecar"}, ["app.db-preload"])):
            done = self.python("db = connect(path)\ntext = session(db)\ndb.close()\nanswer(text=text)", user=self.user,
                               env=env)
            self.assertEqual((done["text"], self.names()), (self.expected, names))
        self.assertEqual(stat.S_IMODE(os.stat(self.sidecar).st_mode), 0o444)
        self.assertEqual(self.messages(), [])


host.main()
