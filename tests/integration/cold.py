"""Cold databases: mincore says what the open alone has fetched. Skipped where the file system evicts nothing."""
import os
import struct
import time

import host

STEP = 500     # rows: far enough apart that neither read-ahead nor a bridged gap reaches the next
ROWS = 8000
LOOKUPS = [f"SELECT id, kind, length(body), hex(body) FROM item WHERE id = {i}" for i in range(STEP, ROWS, STEP)]
# Every other looked-up row is changed.
CHANGES = [f"UPDATE item SET kind = kind + 1000 WHERE id = {i}" for i in range(STEP, ROWS, 2 * STEP)]
OPEN_AND_STAY = "db = connect(path)\nanswer()\ninput()"
# The statistics touch the schema and nothing else.
OPEN_AND_LOOK = "db = connect(path)\nanswer(**wait_for_replay(db))\ninput()"


def pages_of_log(path):
    with open(path, "rb") as file:
        header = file.read(32)
        size = struct.unpack(">I", header[8:12])[0]
        pages = set()
        while len(frame := file.read(24 + size)) == 24 + size and frame[8:16] == header[16:24]:
            pages.add(struct.unpack(">I", frame[:4])[0])
    return pages


class Cold(host.Case):
    def lookups(self, vfs):
        return self.python("db = connect(path, vfs)\nfound = [db.execute(sql).fetchall() for sql in lookups]\n"
                           "db.close()\nanswer(found=found)", vfs=vfs, lookups=LOOKUPS)["found"]

    def opened(self, code, wanted, seconds=10, env=None):
        """Resident pages of the evicted database as soon as all that are wanted are, by an open alone."""
        self.evict(self.path)
        process = self.start_python(code, path=self.path, env=env)
        self.addCleanup(host.kill, process)
        process.stdout.readline()
        until = time.monotonic() + seconds
        found = self.resident(self.path)
        while not found >= wanted and time.monotonic() < until:
            time.sleep(0.02)
            found |= self.resident(self.path)
        # What comes late would come now; what came and went again (the kernel reclaims) has come.
        time.sleep(0.2)
        return found | self.resident(self.path)

    def test_what_the_last_session_read_is_resident_after_the_open(self):
        self.learn()
        learnt = set(host.Show(self.sidecar).pages)
        without = self.opened(OPEN_AND_LOOK, learnt, seconds=0.5, env={"SQLITE_PRELOAD": "off"})
        found = self.opened(OPEN_AND_LOOK, learnt)
        print(f"\n  {len(learnt)} pages learnt, {len(found & learnt)} of them resident after the open; "
              f"with preload off {len(without & learnt)}", end=" ... ")
        self.assertEqual(learnt - found, set())
        self.assertLess(len(without & learnt), len(learnt) // 2)
        # The kernel reads ahead what is read; the whole file it is not.
        self.assertLess(len(found), os.path.getsize(self.path) // 4096 // 2)

    def test_a_page_in_the_log_is_not_fetched_from_the_file(self):
        self.set_journal("wal")
        self.lookups("preload")
        learnt = set(host.Show(self.sidecar).pages)
        writer = self.write_and_stay(*CHANGES)
        self.addCleanup(host.kill, writer)
        stale = pages_of_log(self.path + "-wal") & learnt
        fresh = learnt - stale
        self.assertGreater(len(stale), 5)
        self.assertGreater(len(fresh), 5)
        found = self.opened(OPEN_AND_STAY, fresh)
        print(f"\n  {len(learnt)} pages learnt; of {len(fresh)} in the file {len(fresh & found)} resident, "
              f"of {len(stale)} in the log {len(stale & found)}", end=" ... ")
        self.assertEqual((fresh - found, stale & found), (set(), set()))
        self.assertEqual(self.lookups("preload"), self.lookups(None))

    def test_a_checkpointed_page_is_fetched_again(self):
        """The same pages, once they are in the file."""
        self.set_journal("wal")
        self.lookups("preload")
        learnt = set(host.Show(self.sidecar).pages)
        host.kill(self.write_and_stay(*CHANGES))
        self.python("connect(path, None).execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()", extension=None)
        self.assertEqual(learnt - self.opened(OPEN_AND_STAY, learnt), set())


host.main()
