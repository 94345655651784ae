"""A database of root's that another user reads. Runs as root."""
import os
import stat
import tempfile
import unittest

import host

NOBODY = 65534
READ = """
db = connect(path)
wait_for_replay(db)
text = session(db)
found = stats(db)
db.close()
answer(text=text, stats=found)
"""


@unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
class OtherUser(host.Case):
    place = tempfile.gettempdir()

    def setUp(self):
        super().setUp()
        os.chmod(self.path, 0o644)

    def read_as_nobody(self):
        logs = os.path.join(self.home, "answers")
        os.mkdir(logs)
        os.chmod(logs, 0o777)
        self.log = os.path.join(logs, "log")
        done = self.python(READ, user=NOBODY)
        self.assertEqual(done["text"], self.expected)
        return done["stats"]

    def test_without_hints(self):
        found = self.read_as_nobody()
        self.assertEqual((found["state"], self.names(), self.messages()), ("none", [], []))

    def test_with_hints_of_roots(self):
        self.learn()
        before = os.stat(self.sidecar)
        found = self.read_as_nobody()
        self.assertEqual(found["state"], "done")
        for name in ("issued_pages", "used_pages"):
            self.assertGreater(found[name], 0, name)
        after = os.stat(self.sidecar)
        self.assertEqual((after.st_ino, after.st_mtime_ns, after.st_uid), (before.st_ino, before.st_mtime_ns, 0))

    def test_hints_that_may_not_be_read(self):
        self.learn()
        os.chmod(self.sidecar, 0o600)
        found = self.read_as_nobody()
        self.assertEqual(found["state"], "none")
        self.assertRegex(self.messages()[0], "hints not used: Permission denied: ")
        self.assertTrue(host.Show(self.sidecar).good)

    def test_root_gives_the_sidecar_to_the_databases_owner(self):
        for mode, wanted in ((0o644, 0o644), (0o600, 0o600), (0o660, 0o660), (0o755, 0o644)):
            with self.subTest(mode=oct(mode)):
                os.chown(self.path, NOBODY, NOBODY)
                os.chmod(self.path, mode)
                self.learn()
                found = os.stat(self.sidecar)
                self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (NOBODY, NOBODY, wanted))
                os.unlink(self.sidecar)
        self.assert_quiet()

    def test_the_owner_replaces_what_root_gave_him(self):
        os.chown(self.path, NOBODY, NOBODY)
        os.chmod(self.home, 0o777)
        self.learn()
        self.python(READ.replace("text =", "db.execute('SELECT sum(kind) FROM item')\ntext ="), user=NOBODY)
        self.assertEqual(host.Show(self.sidecar).folded, 2)


host.main()
