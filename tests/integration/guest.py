"""What runs inside a host: the distribution's Python with the extension loaded. The tests copy this file and the
extension into a folder of their own, so that another user can read them, and run code with `from guest import *` in
front."""
import json
import os
import sqlite3
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name="preload"):
    """Loads the extension into the process; it stays."""
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    db.load_extension(os.path.join(HERE, name))
    db.close()


def uri(path, vfs="preload", **parameters):
    if vfs:
        parameters = {"vfs": vfs, **parameters}
    query = urllib.parse.urlencode({name.replace("preload__", "preload_"): value for name, value in parameters.items()})
    return f"file:{urllib.parse.quote(path)}?{query}"


def connect(path, vfs="preload", **parameters):
    """A connection in autocommit mode, so that Python begins no transaction of its own."""
    return sqlite3.connect(uri(path, vfs, **parameters), uri=True, isolation_level=None)


def stats(db, schema="main"):
    return dict(db.execute("SELECT name, value FROM preload_stats(?)", (schema,)))


def wait_for_replay(db, schema="main", seconds=20):
    """Statistics as soon as the replay has ended. They touch the schema and nothing else."""
    until = time.monotonic() + seconds
    found = stats(db, schema)
    while found.get("state") == "loading" and time.monotonic() < until:
        time.sleep(0.01)
        found = stats(db, schema)
    return found


SESSION = (
    "SELECT count(*), min(name), max(name) FROM sqlite_master",
    "SELECT id, name, length(body), hex(substr(body, 1, 8)) FROM item WHERE id % 1000 = 7 AND id IN "
    "(WITH RECURSIVE c(i) AS (VALUES(7) UNION ALL SELECT i + 1000 FROM c WHERE i < 8000) SELECT i FROM c)",
    "SELECT id, kind FROM item WHERE name BETWEEN 'name-00100' AND 'name-00140' ORDER BY name",
    "SELECT k.label, count(*) FROM kind AS k JOIN item AS i ON i.kind = k.id WHERE i.id < 60 GROUP BY k.id",
)


def session(db):
    """A small session of lookups and a join; what it answers, as text."""
    return json.dumps([db.execute(sql).fetchall() for sql in SESSION])


def answer(**values):
    print(json.dumps(values), flush=True)
