"""The real sqlite3 shell loads the extension."""
import itertools
import subprocess
import time

import host
from guest import SESSION


class Shell(host.Case):
    def lines(self, query):
        return (f".load {host.BUILD}/preload", f".open file:{self.path}?{query}", *(sql + ";" for sql in SESSION))

    def test_results_are_those_of_the_base(self):
        plain = self.shell(f".open file:{self.path}", *(sql + ";" for sql in SESSION))
        self.assertGreater(len(plain), 200)
        for _ in range(3):
            self.assertEqual(self.shell(*self.lines("vfs=preload")), plain)
        self.assert_quiet()

    def test_the_whole_database_reads_as_under_the_base(self):
        dump = f".open file:{self.path}", ".dump"
        self.assertEqual(self.shell(f".load {host.BUILD}/preload", dump[0] + "?vfs=preload", dump[1]),
                         self.shell(*dump))

    def test_hints_are_written_beside_the_database(self):
        self.shell(*self.lines("vfs=preload"))
        self.assertEqual(self.names(), ["app.db-preload"])
        show = host.Show(self.sidecar)
        self.assertTrue(show.good, show.why)
        self.assertEqual((show.folded, show.page_size), (1, 4096))
        self.assertGreater(len(show.pages), 40)

    def test_the_vfs_is_named_above_its_base(self):
        named = self.shell(f".load {host.BUILD}/preload", f".open file:{self.path}?vfs=preload", ".vfsname")
        self.assertEqual(named.strip(), "preload/unix")

    def statistics_at_the_end(self, *lines):
        """Of a shell that is asked for them until its replay has ended, as a person would ask."""
        ask = "SELECT name || '=' || value FROM preload_stats UNION ALL SELECT 'end=';\n"
        shell = subprocess.Popen(["sqlite3", "-batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                 cwd=self.home, env=self.environment({"SQLITE_PRELOAD_LOG": self.log}, self.home))
        until = time.monotonic() + host.SECONDS
        shell.stdin.write("\n".join(lines) + "\n")
        stats = {"state": "loading"}
        while stats.get("state") == "loading" and time.monotonic() < until:
            shell.stdin.write(ask)
            shell.stdin.flush()
            answers = itertools.takewhile(lambda line: line != "end=\n", shell.stdout)
            stats = dict(line.rstrip().split("=") for line in answers if line.count("=") == 1)
            time.sleep(0.01)
        shell.communicate(timeout=host.SECONDS)
        return stats

    def test_the_second_open_prefetches(self):
        self.shell(*self.lines("vfs=preload"))
        stats = self.statistics_at_the_end(*self.lines("vfs=preload&preload_sync=30000"))
        self.assertEqual(stats["state"], "done")
        for name in ("planned_pages", "issued_pages", "used_pages", "history_pages"):
            self.assertGreater(int(stats[name]), 0, name)
        self.assertGreater(int(stats["used_pages"]), int(stats["demand_pages"]))
        self.assertEqual(stats["errors"], "0")


host.main()
