"""Rollback journals and write-ahead logs, whole ones and those of killed writers."""
import os
import subprocess

import host

COUNT = "SELECT sum(length(body)), sum(kind), count(*) FROM item"
CHANGES = [f"UPDATE item SET kind = kind + 1000 WHERE id = {i}" for i in range(500, 8000, 1000)]


class Journals(host.Case):
    def both(self, code):
        """The answers under the base and under preload, each on a copy of the files as they are."""
        answers = []
        for vfs in (None, "preload"):
            folder = os.path.join(self.home, f"copy-{vfs}")
            os.mkdir(folder)
            subprocess.run(["cp", "--", *(os.path.join(self.home, name) for name in os.listdir(self.home)
                                          if name.startswith("app.db")), folder], check=True)
            answers.append(self.python(code, path=os.path.join(folder, "app.db"), vfs=vfs))
        return answers

    def test_each_journal_mode_works_as_under_the_base(self):
        code = """
db = connect(path, vfs)
mode = db.execute("PRAGMA journal_mode = " + journal).fetchone()[0]
db.execute("PRAGMA synchronous = OFF")
text = session(db)
for i in range(5):
    db.execute("UPDATE item SET kind = kind + 1 WHERE id % 1000 = ?", (i,))
db.execute("BEGIN")
db.execute("DELETE FROM item")
db.execute("ROLLBACK")
found = db.execute(count).fetchall()
whole = db.execute("PRAGMA integrity_check").fetchone()[0]
db.close()
answer(mode=mode, text=text, found=found, whole=whole)
"""
        for journal in ("delete", "truncate", "persist", "memory", "wal", "off"):
            with self.subTest(journal=journal):
                extra = f"journal = {journal!r}\ncount = {COUNT!r}\n"
                # Without a journal ROLLBACK is undefined.
                plain, ours = self.both(extra + (code.replace("ROLLBACK", "COMMIT") if journal == "off" else code))
                self.assertEqual(ours, plain)
                self.assertEqual((ours["mode"], ours["whole"]), (journal, "ok"))
                subprocess.run(["rm", "-r", *(os.path.join(self.home, f"copy-{vfs}") for vfs in (None, "preload"))],
                               check=True)

    def test_the_log_of_a_killed_writer_is_recovered(self):
        self.set_journal("wal")
        self.learn()
        host.kill(self.write_and_stay(*CHANGES))
        self.assertTrue(os.path.getsize(self.path + "-wal") > 0)
        plain, ours = self.both(f"db = connect(path, vfs)\nanswer(found=db.execute({COUNT!r}).fetchall())")
        self.assertEqual(ours, plain)
        self.assertGreater(ours["found"][0][1], 1000 * len(CHANGES))
        # It reads the whole table, of which the hints name little.
        self.assertEqual([line for line in self.messages() if "hardly any" not in line], [])

    def test_a_hot_journal_is_played_back(self):
        self.learn()
        host.kill(self.write_and_stay("UPDATE item SET body = zeroblob(700) WHERE id < 2000", commit=False))
        self.assertTrue(os.path.getsize(self.path + "-journal") > 0)
        plain, ours = self.both(f"db = connect(path, vfs)\nfound = db.execute({COUNT!r}).fetchall()\n"
                                "answer(text=session(db), found=found)")
        self.assertEqual((ours, ours["text"]), (plain, self.expected))
        self.assert_quiet()

    def test_another_process_reads_and_writes_meanwhile(self):
        for journal in ("delete", "wal"):
            with self.subTest(journal=journal):
                self.set_journal(journal)
                code = ("db = connect(path, vfs)\ndb.execute('PRAGMA busy_timeout = 20000')\n"
                        "db.execute('PRAGMA synchronous = OFF')\n"
                        "for i in range(30):\n"
                        "    db.execute('UPDATE kind SET label = label || ? WHERE id = 1', (mark,))\n"
                        "    db.execute('SELECT count(*) FROM item WHERE id % 100 = ?', (i,)).fetchone()\n")
                hosts = [self.start_python(code, path=self.path, vfs=vfs, mark=mark)
                         for vfs, mark in (("preload", "a"), (None, "b"), ("preload", "c"))]
                for process in hosts:
                    self.assertEqual((process.communicate(timeout=host.SECONDS)[1], process.returncode), ("", 0))
                label = self.python("answer(label=connect(path, None).execute("
                                    "'SELECT label FROM kind WHERE id = 1').fetchone()[0])")["label"]
                self.assertEqual([label.count(mark) for mark in "abc"], [30] * 3 if journal == "delete" else [60] * 3)


host.main()
