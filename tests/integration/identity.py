"""Which database hints belong to, where they lie, and with what rights."""
import os
import re
import shutil
import stat

import host


class Identity(host.Case):
    def session_on(self, path, **parameters):
        code = (f"db = connect(path, **{parameters!r})\nfound = wait_for_replay(db)\ntext = session(db)\ndb.close()\n"
                "answer(text=text, state=found['state'])")
        done = self.python(code, path=path)
        self.assertEqual(done["text"], self.expected)
        return done["state"]

    def test_the_sidecar_has_the_databases_mode(self):
        for mode, wanted in ((0o644, 0o644), (0o600, 0o600), (0o640, 0o640), (0o666, 0o666), (0o700, 0o600)):
            with self.subTest(mode=oct(mode)):
                os.chmod(self.path, mode)
                self.learn()
                self.assertEqual(stat.S_IMODE(os.stat(self.sidecar).st_mode), wanted)
        self.assertEqual(os.stat(self.sidecar).st_uid, os.stat(self.path).st_uid)

    def test_a_folder_for_sidecars_names_them_by_identity(self):
        store = os.path.join(self.home, "store")
        os.mkdir(store)
        second = os.path.join(self.home, "second.db")
        shutil.copy(self.path, second)
        for path in (self.path, second):
            states = [self.session_on(path, preload_store="sidecar:" + store) for _ in range(2)]
            self.assertEqual(states, ["none", "done"])
        wanted = sorted(f"{st.st_ino:x}-preload" for st in map(os.stat, (self.path, second)))
        self.assertEqual((sorted(os.listdir(store)), self.names()), (wanted, ["second.db", "store"]))
        # By any name, and after it was renamed.
        moved = os.path.join(self.home, "moved.db")
        os.rename(second, moved)
        self.assertEqual(self.session_on(moved, preload_store="sidecar:" + store), "done")
        self.assertEqual(sorted(os.listdir(store)), wanted)
        self.assert_quiet()

    def test_symlinks_and_hard_links_lead_to_one_state(self):
        symlink, hardlink = os.path.join(self.home, "symlink.db"), os.path.join(self.home, "hardlink.db")
        os.symlink(self.path, symlink)
        os.link(self.path, hardlink)
        code = """
first = connect(path)
session(first)
touched = stats(first)["touched_pages"]
others = [connect(name) for name in names]
found = [stats(db)["touched_pages"] for db in others]
[db.execute("SELECT sum(kind) FROM item").fetchone() for db in others]
again = [stats(db)["touched_pages"] for db in [first] + others]
[db.close() for db in others]
first.close()
answer(touched=touched, found=found, again=again)
"""
        done = self.python(code, names=[symlink, hardlink, os.path.join(self.home, ".", "app.db")])
        for found in done["found"]:
            self.assertGreaterEqual(found, done["touched"])
        self.assertEqual(len(set(done["again"])), 1)
        self.assertGreater(done["again"][0], done["touched"])
        # One session, one file; whichever name opened it first gave it its place.
        self.assertEqual(self.names(), ["app.db-preload", "hardlink.db", "symlink.db"])
        self.assertEqual(host.Show(self.sidecar).folded, 1)

    def test_a_symlink_finds_its_targets_hints(self):
        self.learn()
        symlink = os.path.join(self.home, "symlink.db")
        os.symlink(self.path, symlink)
        self.assertEqual(self.session_on(symlink), "done")
        self.assertEqual(self.names(), ["app.db-preload", "symlink.db"])

    def test_a_deleted_database_is_not_saved(self):
        self.python("db = connect(path)\nsession(db)\nos.unlink(path)\n"
                    "db.execute('SELECT preload_flush()').fetchone()\ndb.close()\nanswer()")
        self.assertEqual(self.names(), [])

    def test_a_replaced_database_is_not_saved(self):
        other = os.path.join(self.home, "other.db")
        host.make_database(other, rows=100)
        self.python("db = connect(path)\nsession(db)\nos.replace(other, path)\n"
                    "db.execute('SELECT preload_flush()').fetchone()\ndb.close()\nanswer()", other=other)
        self.assertEqual(self.names(), [])

    def test_hints_of_another_database_under_the_same_name_do_no_harm(self):
        """As after `cp new.db app.db`: what is not there is clipped, what is elsewhere is fetched in vain."""
        self.learn()
        host.make_database(fresh := os.path.join(self.home, "fresh.db"), rows=3000, seed=7)
        shutil.copyfile(fresh, self.path)
        code = "db = connect(path, vfs)\ntext = session(db)\ndb.close()\nanswer(text=text)"
        self.assertEqual(self.python(code, vfs="preload"), self.python(code, vfs=None))

    def test_no_file_of_ours_stays_beside_but_the_sidecar(self):
        for _ in range(3):
            self.learn()
        self.assertEqual(self.names(), ["app.db-preload"])
        self.assertTrue(re.match(rb"sqlite-preload\n\0", open(self.sidecar, "rb").read(16)))


host.main()
