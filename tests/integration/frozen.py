"""Serverless hosts are frozen, not closed: what was learnt is saved without another call."""
import os
import time

import host

READ_AND_STAY = "db = connect(path)\ntext = session(db)\nanswer(text=text)\ninput()"

# The record window settles a second after the first touch at the earliest.
SAVED_AFTER_S = 1.0
SAVED_BEFORE_S = 20.0  # on a busy machine; seen: 1.0 to 1.5


class Frozen(host.Case):
    def test_a_host_that_only_sleeps_has_saved(self):
        process = self.start_python(READ_AND_STAY, path=self.path)
        self.addCleanup(host.kill, process)
        process.stdout.readline()
        began = time.monotonic()
        while not os.path.exists(self.sidecar) and time.monotonic() < began + SAVED_BEFORE_S:
            time.sleep(0.02)
        took = time.monotonic() - began
        print(f"\n  saved {took:.2f} s after the last statement", end=" ... ")
        self.assertTrue(os.path.exists(self.sidecar), "nothing was saved")
        self.assertGreater(took, SAVED_AFTER_S / 2)
        self.assertIsNone(process.poll())
        self.assertGreater(len(host.Show(self.sidecar).pages), 40)

    def test_what_is_learnt_later_is_saved_at_the_interval(self):
        process = self.start_python(
            "db = connect(path, preload_save_ms=200)\ntext = session(db)\nanswer(text=text)\ninput()\n"
            "[db.execute('SELECT length(body) FROM item WHERE id = ?', (i,)).fetchone() for i in range(1, 8000, 200)]\n"
            "answer()\ninput()", path=self.path)
        self.addCleanup(host.kill, process)
        process.stdout.readline()
        first = self.saved_pages(1)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        second = self.saved_pages(first + 1)
        self.assertGreater(second, first)
        self.assertEqual(host.Show(self.sidecar).folded, 1, "one session is folded once")

    def saved_pages(self, least):
        until = time.monotonic() + SAVED_BEFORE_S
        while (pages := len(host.Show(self.sidecar).pages)) < least and time.monotonic() < until:
            time.sleep(0.05)
        return pages

    def test_a_killed_host_leaves_what_it_saved(self):
        process = self.start_python(READ_AND_STAY, path=self.path)
        process.stdout.readline()
        self.saved_pages(1)
        host.kill(process)
        done = self.python("db = connect(path)\nfound = wait_for_replay(db)\ntext = session(db)\ndb.close()\n"
                           "answer(text=text, state=found['state'])")
        self.assertEqual((done["text"], done["state"]), (self.expected, "done"))
        self.assert_quiet()


host.main()
