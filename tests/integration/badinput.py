"""Bad input: whatever lies under our names, or stands in the environment, costs the hints and nothing else. Each case
says one line with its reason, answers every query, and leaves what is not ours as it is."""
import os
import shutil
import stat

import host

READ = """
db = connect(path, **parameters)
found = wait_for_replay(db)
text = session(db)
db.close()
answer(text=text, stats=found)
"""

HEADER_BYTES = 40
PLACES = {"sidecar": lambda case: case.sidecar, "temporary": lambda case: case.sidecar + "-tmp"}
FOREIGN = b"This is somebody's file, and it is longer than a magic number.\n"


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class BadInput(host.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_python("db = connect(path)\nsession(db)\ndb.close()\nanswer()", path=cls.template)
        cls.good = read(cls.template + "-preload")
        cls.larger = os.path.join(cls.folder, "larger.db")
        host.make_database(cls.larger, rows=20000)
        cls.run_python("db = connect(path)\nfor i in range(0, 20000, 100):\n"
                       "    db.execute('SELECT length(body) FROM item WHERE id = ?', (i,)).fetchone()\n"
                       "db.close()\nanswer()", path=cls.larger)

    def prepare(self, name):
        """The database and its sidecar anew."""
        self.home = os.path.join(self.folder, "".join(c if c.isalnum() else "-" for c in name))
        os.mkdir(self.home)
        self.path = os.path.join(self.home, "app.db")
        self.sidecar = self.path + "-preload"
        self.log = os.path.join(self.home, "log")
        shutil.copy(self.template, self.path)
        write(self.sidecar, self.good)

    def session(self, env=None, code=READ, **parameters):
        """One session, and the only line that it logged. What it fetches comes from hints and from nowhere else."""
        before = len(self.messages())
        done = self.python(code, env={"SQLITE_PRELOAD_WALK": "0", **(env or {})}, parameters=parameters)
        self.assertEqual(done["text"], self.expected)
        messages = self.messages()[before:]
        self.assertEqual(len(messages), 1, messages)
        self.assertTrue(messages[0].startswith("sqlite-preload: "), messages[0])
        return messages[0], done["stats"]

    def assert_replaced(self):
        """By a sidecar of the session that was run; the one after it finds it."""
        show = host.Show(self.sidecar)
        self.assertTrue(show.good, show.why)
        self.assertEqual((show.page_size, self.names()), (4096, ["app.db-preload"]))
        before = len(self.messages())
        done = self.python(READ, parameters={})
        self.assertEqual((done["text"], done["stats"]["state"]), (self.expected, "done"))
        self.assertEqual(len(self.messages()), before)

    # A damaged sidecar of ours

    def check_damaged(self, name, content, reason):
        with self.subTest(sidecar=name):
            self.prepare(name)
            write(self.sidecar, content)
            message, found = self.session()
            self.assertRegex(message, "hints not used: " + reason + ".*app.db-preload$")
            self.assertEqual((found["state"], found["issued_pages"]), ("none", 0))
            self.assert_replaced()

    def test_a_truncated_sidecar(self):
        for length in (16, 17, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, HEADER_BYTES + 9,
                       len(self.good) // 2, len(self.good) - 4, len(self.good) - 1):
            self.check_damaged(f"{length} bytes", self.good[:length], "(truncated|no zstd frame)")

    def test_a_sidecar_torn_before_its_magic_is_complete(self):
        """After a power cut a file may be there and its bytes may not: nobody else's file is empty under this name."""
        for length in (0, 1, 15):
            self.check_damaged(f"{length} bytes", self.good[:length], "(not a sidecar|truncated)")

    def test_a_sidecar_of_another_version(self):
        for version in (0, 3, 255, 2**32 - 1):
            self.check_damaged(f"version {version}", self.good[:16] + version.to_bytes(4, "little") + self.good[20:],
                               "of another format version")

    def test_a_flipped_byte_in_the_frame(self):
        for at in (HEADER_BYTES, HEADER_BYTES + 5, HEADER_BYTES + 12, len(self.good) // 2, len(self.good) - 2):
            content = bytearray(self.good)
            content[at] ^= 0x10
            self.check_damaged(f"flipped at {at}", bytes(content), ".")

    def test_bytes_left_over(self):
        self.check_damaged("left over", self.good + b"\0", "truncated, or bytes left over")
        self.check_damaged("two frames", self.good + self.good[HEADER_BYTES:], "truncated, or bytes left over")

    def test_an_impossible_page_size(self):
        for size in (0, 256, 1000, 131072):
            self.check_damaged(f"page size {size}", self.good[:20] + size.to_bytes(4, "little") + self.good[24:],
                               "no such page size")

    def test_a_sidecar_larger_than_any(self):
        self.check_damaged("9 MiB", self.good[:HEADER_BYTES] + bytes(9 << 20), "File too large")

    def test_another_page_size(self):
        for size in (512, 8192, 65536):
            with self.subTest(page_size=size):
                self.prepare(f"pages of {size}")
                write(self.sidecar, self.good[:20] + size.to_bytes(4, "little") + self.good[24:])
                message, found = self.session()
                self.assertRegex(message, f"hints not used: pages are 4096 bytes, the hints are for {size}: ")
                self.assertEqual(found["issued_pages"], 0)
                self.assert_replaced()

    def test_pages_past_the_end_are_clipped(self):
        self.prepare("past the end")
        os.remove(self.sidecar)
        message = self.run_python("db = connect(path)\nanswer(hex=db.execute('SELECT hex(preload_export())').fetchone()[0])",
                                  path=self.larger)["hex"]
        self.python(f"connect(path).execute(\"SELECT preload_import(x'{message}')\").fetchone()\nanswer()")
        pages = os.path.getsize(self.path) // 4096
        hinted = host.Show(self.sidecar).pages
        inside = sum(page <= pages for page in hinted)
        self.assertLess(inside, len(hinted))
        message, found = self.session(env={"SQLITE_PRELOAD_PACE": "0"})
        self.assertRegex(message, r"past the end.*app.db")
        self.assertEqual(found["state"], "done")
        self.assertGreaterEqual(found["planned_pages"], inside)
        self.assertLess(found["planned_pages"], len(hinted))
        self.assertLessEqual(found["issued_pages"], found["planned_pages"])
        self.assertGreater(found["tenth_10_us"], 0, "the session has read what was not fetched")
        self.assertEqual(host.Show(self.sidecar).folded, 2)

    # Something else under one of our names

    def check_foreign(self, name, make, path, reason, is_same):
        with self.subTest(there=name):
            self.prepare(name)
            if path(self) == self.sidecar:
                os.unlink(self.sidecar)
            make(self, path(self))
            before = os.lstat(path(self))
            for _ in range(2):
                message, _ = self.session()
                self.assertRegex(message, reason)
            after = os.lstat(path(self))
            self.assertEqual((after.st_ino, after.st_mode, after.st_size, after.st_mtime_ns, after.st_nlink),
                             (before.st_ino, before.st_mode, before.st_size, before.st_mtime_ns, before.st_nlink))
            self.assertTrue(is_same(self, path(self)))

    def test_a_foreign_file_is_left_alone(self):
        same = lambda case, path: read(path) == FOREIGN
        for name, path in PLACES.items():
            self.check_foreign(f"foreign {name}", lambda case, at: write(at, FOREIGN), path, "not ours", same)

    def test_a_symlink_is_not_followed(self):
        def make(case, at):
            write(case.path + ".target", case.good)
            os.symlink(case.path + ".target", at)

        same = lambda case, at: os.path.islink(at) and read(case.path + ".target") == case.good
        for name, path in PLACES.items():
            self.check_foreign(f"{name} symlink", make, path, "symbolic links|not ours", same)

    def test_a_dangling_symlink_makes_nothing(self):
        self.check_foreign("dangling", lambda case, at: os.symlink(case.path + ".nowhere", at),
                           lambda case: case.sidecar + "-tmp", "symbolic links|not ours",
                           lambda case, at: not os.path.exists(case.path + ".nowhere"))

    def test_a_directory(self):
        for name, path in PLACES.items():
            self.check_foreign(f"{name} directory", lambda case, at: os.mkdir(at), path, "not ours|directory",
                               lambda case, at: os.listdir(at) == [])

    def test_a_fifo_hangs_nobody(self):
        for name, path in PLACES.items():
            self.check_foreign(f"{name} fifo", lambda case, at: os.mkfifo(at), path, "not ours|not supported",
                               lambda case, at: stat.S_ISFIFO(os.lstat(at).st_mode))

    def test_a_sidecar_with_a_second_name_is_not_replaced(self):
        """A hard link may be somebody's way to have root overwrite a file."""
        def make(case, at):
            write(case.path + ".target", case.good)
            os.link(case.path + ".target", at)

        self.check_foreign("hard link", make, lambda case: case.sidecar, "not ours",
                           lambda case, at: read(case.path + ".target") == case.good)

    # Options

    def check_option(self, name, reason, env=None, **parameters):
        with self.subTest(option=name):
            self.prepare(name)
            message, found = self.session(env, **parameters)
            self.assertRegex(message, reason)
            return found

    def test_an_unknown_mode_is_the_default(self):
        for name, env, parameters in (("environment", {"SQLITE_PRELOAD": "banana"}, {}),
                                      ("uri", {}, {"preload": "banana"}),
                                      ("empty", {"SQLITE_PRELOAD": ""}, {})):
            found = self.check_option(f"mode by {name}", "is not a value for mode", env, **parameters)
            self.assertEqual(found["state"], "done")

    def test_a_budget_that_is_not_a_number_is_the_default(self):
        for value in ("lots", "-1", "1.5", "12Q", "99999999999999999999", " 7"):
            found = self.check_option(f"budget {value}", "is not a value for budget", {"SQLITE_PRELOAD_BUDGET": value})
            self.assertGreater(found["issued_pages"], 40)
            found = self.check_option(f"budget {value} by URI", "is not a value for budget", {}, preload_budget=value)
            self.assertGreater(found["issued_pages"], 40)

    def test_a_value_past_its_cap_is_the_cap(self):
        self.check_option("budget past its cap", "lies outside", {"SQLITE_PRELOAD_BUDGET": "2G"})
        self.check_option("workers past their cap", "lies outside", {"SQLITE_PRELOAD_WORKERS": "1000"})

    def test_an_unknown_store_is_no_store(self):
        found = self.check_option("store", "store=carrier-pigeon: no such store", {}, preload_store="carrier-pigeon")
        self.assertEqual(found["state"], "none")

    def test_a_small_budget_binds(self):
        """Not bad input, but what shows that a budget is read at all."""
        self.prepare("small budget")
        done = self.python(READ, parameters={"preload_budget": "40K"})
        self.assertEqual((done["text"], done["stats"]["planned_pages"] <= 10), (self.expected, True))
        self.assert_quiet()


host.main()
