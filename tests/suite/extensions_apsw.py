"""A host of extensions.py's: a VFS in Python that inherits from another and turns over the bits of every byte of a database.

usage: extensions_apsw.py ORDER EXTENSION PATH, ORDER being alone, above us, or below us. Prints one line of JSON.
"""
import hashlib
import json
import os
import sys

import apsw

ORDER, EXTENSION, PATH = sys.argv[1:4]


def turn(data):
    return bytes(byte ^ 0xa5 for byte in data)


class TurnedFile(apsw.VFSFile):
    def __init__(self, base, name, flags):
        self.is_turned = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        super().__init__(base, name, flags)

    def xRead(self, amount, offset):
        data = super().xRead(amount, offset)
        return turn(data) if self.is_turned else data

    def xWrite(self, data, offset):
        super().xWrite(turn(data) if self.is_turned else data, offset)


class Turned(apsw.VFS):
    def __init__(self, base, is_default):
        self.base_name = base
        super().__init__("turned", base, is_default)

    def xOpen(self, name, flags):
        return TurnedFile(self.base_name, name, flags)


def load():
    db = apsw.Connection(":memory:")
    db.enableloadextension(True)
    db.loadextension(EXTENSION)


def arrange():
    """The name of the VFS on top."""
    if ORDER == "above":
        load()
    vfs = Turned("preload" if ORDER == "above" else "unix", ORDER == "below")
    if ORDER == "below":
        load()
    return vfs, "preload" if ORDER == "below" else "turned"


def read(db):
    rows = list(db.cursor().execute("SELECT * FROM item ORDER BY name"))
    return [hashlib.sha256(repr(rows).encode()).hexdigest(), len(rows), list(db.cursor().execute("PRAGMA integrity_check"))]


def main():
    vfs, name = arrange()
    found = []
    if not os.path.exists(PATH):
        db = apsw.Connection(PATH, vfs=name)
        db.cursor().execute("BEGIN; CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT)")
        db.cursor().executemany("INSERT INTO item VALUES(?, ?, ?)", ((i, f"name {i * 37 % 400}", "x" * 400) for i in range(400)))
        db.cursor().execute("COMMIT; UPDATE item SET body = upper(name) || body WHERE id % 7 = 0")
        found.append(read(db))
        db.close()
    db = apsw.Connection(PATH, vfs=name)
    found.append(read(db))
    state = None
    if ORDER != "alone":
        state = list(db.cursor().execute("SELECT value FROM preload_stats WHERE name = 'state' AND NOT EXISTS"
                                         " (SELECT 1 FROM preload_stats WHERE name = 'reason' AND value = 'vfs')"))
    db.close()
    del vfs
    with open(PATH, "rb") as file:
        print(json.dumps({"read": found, "digest": hashlib.sha256(file.read()).hexdigest(), "states": state}))


main()
