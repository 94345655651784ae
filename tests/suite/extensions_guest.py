"""A host of extensions.py's: loads extensions in the order given, and works with one database through each VFS named.

usage: extensions_guest.py JOB, in JSON: `load`, files; `names`, of VFSs, null for the default; `folder`, of the databases;
`journal`, their mode; `memory`, whether they lie in memory of ours (memvfs). Prints one line of JSON: for each name what was
read, a digest of the database, and whether it came through us; and under `log` what SQLite's log heard.
"""
import ctypes
import hashlib
import json
import os
import sys

LOG = []
CONFIG_LOG = 16
SCHEMA = 17  # a statement is prepared again: SQLite's own affair


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
def hear(_, code, text):
    if code != SCHEMA:
        LOG.append([code, text.decode(errors="replace")])


# Before the module that initializes SQLite.
assert ctypes.CDLL("libsqlite3.so.0").sqlite3_config(CONFIG_LOG, hear, None) == 0
import sqlite3

JOB = json.loads(sys.argv[1])
ROWS = 400
PREFIX = b"before the database " * 300
MEMORY_BYTES = 1 << 20


class Store:
    """Where a database lies, and how it is opened."""

    def __init__(self, name):
        self.name = name
        self.path = os.path.join(JOB["folder"], f"{name or 'default'}.db")
        self.memory = ctypes.create_string_buffer(MEMORY_BYTES) if JOB["memory"] else None
        self.bytes = 0
        self.is_new = not os.path.exists(self.path)
        if self.is_new and "apndvfs" in (name, os.environ.get("SQLITE_PRELOAD_BASE")):
            with open(self.path, "wb") as file:
                file.write(PREFIX)

    def uri(self):
        place = f"ptr={ctypes.addressof(self.memory)}&sz={self.bytes}&max={MEMORY_BYTES}&" if self.memory else ""
        return f"file:{self.path}?{place}" + (f"vfs={self.name}" if self.name else "")

    def open(self):
        db = sqlite3.connect(self.uri(), uri=True, isolation_level=None)
        if self.memory:
            db.execute("PRAGMA journal_mode = memory").fetchall()
        return db

    def close(self, db):
        self.bytes = db.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
        db.close()

    def digest(self):
        if self.memory:
            return hashlib.sha256(self.memory.raw[:self.bytes]).hexdigest()
        with open(self.path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()


def has(db, function):
    return db.execute("SELECT count(*) FROM pragma_function_list WHERE name = ?", (function,)).fetchone()[0] > 0


def fill(db):
    if has(db, "initialize_cksumvfs"):
        db.execute("SELECT initialize_cksumvfs('main')").fetchall()
    if not JOB["memory"]:
        db.execute("PRAGMA journal_mode = " + JOB["journal"]).fetchall()
    db.execute("BEGIN")
    db.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT)")
    db.executemany("INSERT INTO item VALUES(?, ?, ?)", ((i, f"name {i * 37 % ROWS}", f"{i:04}" * 100) for i in range(ROWS)))
    db.execute("COMMIT")


def change(db):
    db.execute("UPDATE item SET body = upper(name) || body WHERE id % 7 = 0")
    db.execute("DELETE FROM item WHERE id % 11 = 0")
    db.execute("PRAGMA cache_size = 10")
    db.execute("BEGIN")
    db.execute("UPDATE item SET body = 'never' || body")
    db.execute("ROLLBACK")


def look(db):
    rows = db.execute("SELECT * FROM item ORDER BY name").fetchall()
    return [hashlib.sha256(repr(rows).encode()).hexdigest(), len(rows), db.execute("PRAGMA integrity_check").fetchall()]


def state(db):
    """What we say of the main database; None where it is not ours."""
    if not has(db, "preload_version"):
        return None
    rows = dict(db.execute("SELECT name, value FROM preload_stats('main')").fetchall())
    return None if rows.get("reason") in ("vfs", "opened before", "file") else rows.get("state")


def session(store, *steps):
    db = store.open()
    found = [step(db) for step in steps]
    found = [step for step in found if step is not None]
    through = state(db)
    store.close(db)
    return found, through


def work(name):
    """Three sessions of a new database, or one more of an old one."""
    store = Store(name)
    plan = [(fill,), (look, change, look), (look,)] if store.is_new else [(look,)]
    sessions = [session(store, *steps) for steps in plan]
    return {"read": [found for found, _ in sessions], "digest": store.digest(),
            "states": [through for _, through in sessions]}


def main():
    first = sqlite3.connect(":memory:")
    first.enable_load_extension(True)
    for path in JOB["load"]:
        first.load_extension(path)
    found = {name or "default": work(name) for name in JOB["names"]}
    print(json.dumps({**found, "log": LOG}))


main()
