"""kill -9 in the middle of saves: the database opens, and its hints are good or ignored."""
import os
import random
import time

import host

ROUNDS = 25

# Writes, learns something new, and saves, as fast as it can.
BUSY = """
db = connect(path, preload_save_ms=10)
db.execute("PRAGMA synchronous = OFF")
answer()
i = 0
while True:
    i += 1
    db.execute("UPDATE kind SET label = 'saved ' || ? WHERE id = 5", (i,))
    db.execute("SELECT length(body) FROM item WHERE id = ?", (i * 7 % 8000,)).fetchone()
    db.execute("SELECT preload_flush()").fetchone()
"""

# Not paced: a session that rests would leave late pages unfetched, and the replay unfinished.
CHECK = """
db = connect(path, preload_pace=0)
found = wait_for_replay(db)
whole = db.execute("PRAGMA integrity_check").fetchone()[0]
label = db.execute("SELECT label FROM kind WHERE id = 5").fetchone()[0]
text = session(db)
db.close()
answer(state=found["state"], whole=whole, label=label, text=text)
"""


class Killed(host.Case):
    def test_kill_in_the_middle_of_saves(self):
        seed = int(os.environ.get("TEST_SEED", time.time_ns() // 1000 % 1000000))
        numbers = random.Random(seed)
        print(f"\n  TEST_SEED={seed}")
        torn = 0
        for journal in ("delete", "wal"):
            self.python("connect(path, None).execute('PRAGMA journal_mode = ' + mode)", extension=None, mode=journal)
            for _ in range(ROUNDS // 2):
                process = self.start_python(BUSY, path=self.path, env={"SQLITE_PRELOAD_LOG": self.log})
                process.stdout.readline()
                time.sleep(numbers.uniform(0.005, 0.08))
                host.kill(process)
                torn += os.path.exists(self.sidecar + "-tmp")
                show = host.Show(self.sidecar)
                self.assertTrue(show.good or not os.path.exists(self.sidecar), show.why)
                done = self.python(CHECK)
                self.assertEqual(done["whole"], "ok")
                self.assertRegex(done["label"], "^(saved|kind)")
                self.assertIn(done["state"], ("done", "none"))
                # The temporary file of a killed save is in nobody's way.
                self.assertNotIn("app.db-preload-tmp", self.names())
                self.assertTrue(host.Show(self.sidecar).good)
        print(f"  {ROUNDS // 2 * 2} hosts killed, {torn} of them inside of a save", end=" ... ")
        self.assert_quiet()

    def test_a_temporary_file_of_a_killed_save_is_taken_over(self):
        self.learn()
        good = open(self.sidecar, "rb").read()
        for name, content in (("empty", b""), ("half", good[:len(good) // 2]), ("magic", good[:16])):
            with self.subTest(content=name):
                with open(self.sidecar + "-tmp", "wb") as file:
                    file.write(content)
                self.learn()
                self.assertEqual(self.names(), ["app.db-preload"])
        self.assertEqual(host.Show(self.sidecar).folded, 4)
        self.assert_quiet()


host.main()
