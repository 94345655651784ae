"""Off, from whichever source: no file, no thread, and the same results."""
import host

CODE = """
before = len(os.listdir("/proc/self/task"))
db = connect(path, vfs, **parameters)
text = session(db)
time.sleep(0.1)
during = len(os.listdir("/proc/self/task"))
vfs_found = stats(db)
db.close()
answer(text=text, threads=[before, during, len(os.listdir("/proc/self/task"))], stats=vfs_found)
"""


class Off(host.Case):
    def check_off(self, env=None, extension="preload", vfs="preload", code=CODE, **parameters):
        done = self.python(code, env=env, extension=extension, vfs=vfs, parameters=parameters)
        self.assertEqual(done["text"], self.expected)
        self.assertEqual(done["threads"], [1, 1, 1])
        self.assertEqual((done["stats"]["state"], done["stats"]["reason"]), ("off", "mode"))
        self.assertEqual(self.names(), [])
        self.assert_quiet()

    def test_off_in_the_environment(self):
        self.check_off({"SQLITE_PRELOAD": "off"})

    def test_off_in_the_uri(self):
        self.check_off(preload="off")

    def test_off_in_sql(self):
        configure = "sqlite3.connect(':memory:').execute('SELECT preload_config(?, ?)', ('mode', 'off')).fetchone()\n"
        self.check_off(code=configure + CODE)

    def test_off_wins_over_on_elsewhere(self):
        self.check_off({"SQLITE_PRELOAD": "off"}, preload="on")
        self.check_off({"SQLITE_PRELOAD": "on"}, preload="off")

    def test_off_under_preloaddefault(self):
        self.check_off({"SQLITE_PRELOAD": "off"}, extension="preloaddefault", vfs=None)

    def test_on_is_not_off(self):
        """What the cases above do not find is there otherwise."""
        done = self.python(CODE, vfs="preload", parameters={})
        self.assertEqual((done["text"], done["threads"][0], self.names()), (self.expected, 1, ["app.db-preload"]))
        self.assertGreater(done["threads"][1], 1)
        self.assertIn("state", done["stats"])

    def test_record_learns_and_does_not_replay(self):
        self.learn()
        done = self.python(CODE, vfs="preload", parameters={"preload": "record"})
        found = done["stats"]
        self.assertEqual((done["text"], found["state"], found["issued_pages"]), (self.expected, "off", 0))
        self.assertEqual(host.Show(self.sidecar).folded, 2)

    def test_replay_replays_and_does_not_learn(self):
        self.learn()
        done = self.python("db = connect(path, preload='replay')\nfound = wait_for_replay(db)\ntext = session(db)\n"
                           "db.close()\nanswer(text=text, stats=found)")
        self.assertEqual((done["text"], done["stats"]["state"]), (self.expected, "done"))
        self.assertGreater(done["stats"]["issued_pages"], 0)
        self.assertEqual(host.Show(self.sidecar).folded, 1)


host.main()
