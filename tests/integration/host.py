"""What the integration tests share: databases, hosts that are started in a known environment, and what they leave.

Each test file is run as: FILE.py BUILD_DIR SCRATCH_DIR [CASE...]. It prints the name of every case that it runs, and
`skipped: <reason>` for those that cannot run here; when all are skipped it exits with 77.
"""
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PYTHON = "/usr/bin/python3"
SECONDS = 60  # that one host may take
ROWS = 8000
ITEM_BYTES = 700

BUILD, SCRATCH = (os.path.abspath(folder) for folder in sys.argv[1:3])
HERE = os.path.dirname(os.path.abspath(__file__))


def make_database(path, rows=ROWS, page_size=4096, journal="delete", seed=1):
    """About 7 MB at 8,000 rows: item(id, name, kind, body) with an index by name, kind(id, label)."""
    numbers = random.Random(seed)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA page_size = {page_size}")
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    db.execute("CREATE TABLE kind(id INTEGER PRIMARY KEY, label TEXT)")
    db.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, kind INTEGER REFERENCES kind, body BLOB)")
    db.executemany("INSERT INTO kind VALUES(?, ?)", ((i, f"kind-{i}") for i in range(20)))
    db.executemany("INSERT INTO item VALUES(?, ?, ?, ?)",
                   ((i, f"name-{i * 37 % rows:05}", i % 20, numbers.randbytes(ITEM_BYTES)) for i in range(rows)))
    db.execute("CREATE INDEX item_name ON item(name)")
    db.execute("COMMIT")
    db.close()


class Show:
    """What the tool says of a sidecar."""

    def __init__(self, path):
        done = subprocess.run([os.path.join(BUILD, "sqlite-preload"), "show", path], capture_output=True, text=True,
                              timeout=SECONDS)
        self.good = done.returncode == 0
        self.why = done.stderr.strip()
        lines = [line.split() for line in done.stdout.splitlines()]
        self.folded = next((int(words[1].rstrip(",")) for words in lines if words[0] == "sessions"), 0)
        self.page_size = next((int(words[2].rstrip(",")) for words in lines if words[:2] == ["page", "size"]), 0)
        self.pages = {int(words[1]): float(words[3]) for words in lines if words[0] == "page" and words[1] != "size"}


class Case(unittest.TestCase):
    """A test with a folder of its own, in which the extension lies, too."""
    place = SCRATCH

    @classmethod
    def setUpClass(cls):
        os.makedirs(cls.place, exist_ok=True)
        cls.folder = tempfile.mkdtemp(prefix="case-", dir=cls.place)
        os.chmod(cls.folder, 0o755)
        for source in (os.path.join(BUILD, "preload.so"), os.path.join(BUILD, "preloaddefault.so"),
                       os.path.join(HERE, "guest.py")):
            shutil.copy(source, cls.folder)
        cls.template = os.path.join(cls.folder, "template.db")
        make_database(cls.template)
        cls.expected = cls.run_python("answer(text=session(connect(path, vfs=None)))", path=cls.template)["text"]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="test-", dir=self.folder)
        os.chmod(self.home, 0o755)
        self.path = os.path.join(self.home, "app.db")
        self.sidecar = self.path + "-preload"
        self.log = os.path.join(self.home, "log")
        shutil.copy(self.template, self.path)

    # Hosts

    @classmethod
    def environment(cls, env, home):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SQLITE_PRELOAD")}
        return {**clean, "HOME": home, "SQLITE_PRELOAD_URI_PATHS": "1", "PYTHONPATH": cls.folder,
                "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}

    @classmethod
    def start_python(cls, code, env=None, user=None, extension="preload", **names):
        """A host that runs `code`, with `names` as its variables and the extension loaded."""
        lines = ["from guest import *"]
        lines += [f"{name} = {value!r}" for name, value in names.items()]
        lines += [f"load({extension!r})"] if extension else []
        if isinstance(user, int):
            options = {"user": user, "group": user, "extra_groups": []}
        else:
            options = {}
        return subprocess.Popen([PYTHON, "-c", "\n".join(lines) + "\n" + code], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cls.folder,
                                env=cls.environment(env, cls.folder), **options)

    @classmethod
    def run_python(cls, code, **how):
        """The last line that the host printed, from JSON. A host that fails, or says something on stderr, fails the
        test."""
        host = cls.start_python(code, **how)
        out, err = host.communicate(timeout=SECONDS)
        if host.returncode != 0 or err:
            raise AssertionError(f"the host's exit status is {host.returncode}\n{out}{err}")
        return json.loads(out.splitlines()[-1]) if out else None

    def python(self, code, env=None, **how):
        """run_python with the messages kept in self.log, and `path` as the database."""
        return self.run_python(code, env={"SQLITE_PRELOAD_LOG": self.log, **(env or {})},
                               **{"path": self.path, **how})

    def learn(self, **parameters):
        """One session under preload, from open to close; its answers are compared with the base's."""
        done = self.python(f"db = connect(path, **{parameters!r})\ntext = session(db)\ndb.close()\nanswer(text=text)")
        self.assertEqual(done["text"], self.expected)

    def set_journal(self, mode):
        self.python("connect(path, None).execute('PRAGMA journal_mode = ' + mode)", extension=None, mode=mode)

    def write_and_stay(self, *statements, commit=True):
        """A writer under the base that has committed to the log, or not yet to the file, and is still there."""
        writer = self.start_python(
            "db = connect(path, vfs=None)\ndb.execute('PRAGMA wal_autocheckpoint = 0')\n"
            "db.execute('PRAGMA synchronous = OFF')\ndb.execute('PRAGMA cache_size = 5')\ndb.execute('BEGIN')\n"
            "[db.execute(sql) for sql in statements]\n" + ("db.execute('COMMIT')\n" if commit else "") +
            "answer()\ninput()", path=self.path, statements=statements, extension=None)
        writer.stdout.readline()
        return writer

    def shell(self, *lines, env=None):
        """What the sqlite3 shell prints for these lines."""
        done = subprocess.run(["sqlite3", "-batch"], input="\n".join(lines) + "\n", capture_output=True, text=True,
                              timeout=SECONDS, cwd=self.home,
                              env=self.environment({"SQLITE_PRELOAD_LOG": self.log, **(env or {})}, self.home))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    # What hosts leave behind

    def messages(self, path=None):
        try:
            with open(path or self.log, encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def names(self, folder=None):
        """Files beside the database, without it and the log."""
        return sorted(set(os.listdir(folder or self.home)) - {"app.db", "log", "answers"})

    def assert_quiet(self):
        self.assertEqual(self.messages(), [])

    def resident(self, path, evict=False):
        """Numbers, from 1, of the file's pages of 4,096 bytes that are in the page cache. Another process looks, so
        that no descriptor of this one's is closed on a database that is in use."""
        done = subprocess.run([PYTHON, "-B", os.path.join(HERE, "residency.py"), "evict" if evict else "show", path],
                              check=True, capture_output=True, text=True, timeout=SECONDS)
        return set(json.loads(done.stdout))

    def evict(self, path):
        """Skips the test where the file system keeps pages whatever it is told."""
        left = self.resident(path, evict=True)
        if left:
            self.skipTest(f"{len(left)} pages stay in the page cache of this file system")


def kill(process):
    """Ends a host as kill -9 does, and waits for it."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)


class Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.stream.writeln(f"skipped: {test.id()}: {reason}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is None:
            self.stream.writeln(f"  {subtest._subDescription()} ... ok")


def main():
    for tool, option in (("sqlite3", "-version"), (PYTHON, "--version")):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}")
            sys.exit(77)
        subprocess.run([tool, option], check=True)
    if not hasattr(sqlite3.connect(":memory:"), "enable_load_extension"):
        print(f"skipped: {PYTHON} loads no extensions")
        sys.exit(77)
    sys.stdout.flush()
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result)
    done = unittest.main(module="__main__", argv=sys.argv[:1] + sys.argv[3:], testRunner=runner, exit=False).result
    if done.wasSuccessful() and done.testsRun and len(done.skipped) >= done.testsRun:
        sys.exit(77)
    sys.exit(0 if done.wasSuccessful() and done.testsRun else 1)
