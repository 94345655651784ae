"""SQLCipher encrypts above the VFS, so that of its files nothing can be learnt: its real shell is told so, and works.

usage: sqlcipher.py BUILD_DIR SCRATCH_DIR
"""
import os
import shutil
import subprocess
import sys

BUILD, SCRATCH = (os.path.abspath(path) for path in sys.argv[1:3])
SECONDS = 60
STATE = "SELECT group_concat(name || '=' || value) FROM preload_stats WHERE name IN ('state', 'reason');"
MAKE = """CREATE TABLE t(id INTEGER PRIMARY KEY, body);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, randomblob(100) FROM n;
"""


def shell(name, sql):
    """What the shell prints for the statements, over our VFS."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SQLITE_PRELOAD")}
    done = subprocess.run(["sqlcipher", "-cmd", f".load {BUILD}/preload", "-cmd", f".open file:{name}?vfs=preload"],
                          input=sql, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=SCRATCH, env=clean)
    return (done.stdout + done.stderr).split("\n")[:-1]


def main():
    if not shutil.which("sqlcipher"):
        print("skipped: there is no sqlcipher")
        sys.exit(77)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(SCRATCH)
    key = "PRAGMA key='secret';\n"
    rows = "SELECT count(*), sum(length(body)) FROM t;\nPRAGMA integrity_check;\n"
    want = ["3000|300000", "ok", "state=off,reason=no header"]
    got = {
        "made": shell("x.db", key + MAKE + rows + STATE),
        "opened again": shell("x.db", key + rows + STATE),
        "without encryption": shell("plain.db", MAKE + rows + STATE)[:2],
    }
    wanted = {"made": want, "opened again": want, "without encryption": want[:2]}
    for what, lines in got.items():
        # Whether it prints "ok" for its key differs between versions.
        lines = lines[1:] if lines[:1] == ["ok"] else lines
        print(f"{what}: {'passed' if lines == wanted[what] else 'FAILED: ' + repr(lines)}")
        got[what] = lines
    names = sorted(os.listdir(SCRATCH))
    print(f"files: {' '.join(names)}")
    sys.exit(0 if got == wanted and names == ["plain.db", "plain.db-preload", "x.db"] else 1)


main()
