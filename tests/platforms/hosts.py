"""Hosts of the amalgamation learn and replay on a platform, what it takes compiled there; pages beyond 2 and 4 GiB, too."""
import json
import os
import sqlite3
import subprocess
import sys

from platforms import (AMALGAMATION, HERE, INCLUDES, LIBRARIES, NAME, PLACE, clean_environment, compile_log,
                       need_libraries)

# Those of the house but two, which one file is too large for: -Wshadow and -Wnull-dereference.
STRICT = ["-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wundef", "-Wvla", "-Wcast-align",
          "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wwrite-strings", "-Wformat=2", "-Wswitch-enum",
          "-Wduplicated-cond", "-Wduplicated-branches", "-Wlogical-op", "-Wno-psabi", "-Werror"]
LIBRARY = os.path.join(AMALGAMATION, "preload.c")
EXTENSION = os.path.join(PLACE, "preload.so")
SECONDS = 120
DONE = 3  # PRELOAD_STATE_DONE
KEYS = "SELECT sum(length(body)) FROM t WHERE id IN (3, 700, 1500, 2900)"

# A database of pages of 64 KiB, the largest, whose tables lie where offsets have 31 bits, 32 and more.
FAR_PAGE = 65536
FAR_ROOTS = {"near": 9, "beyond_2": 32770, "last_of_4": 65536, "beyond_4": 65537, "beyond_5": 90000}
FAR_SESSIONS = 4  # after which pages of that size are worth a fetch
AFTER_2038 = 2500000000
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print("failed:", what)


# ---- the hosts ----

def build():
    """How each arm's program is called, by its name."""
    include = INCLUDES + ["-I" + AMALGAMATION]
    main = os.path.join(HERE, "host.c")
    compile_log("library", *STRICT, *include, "-c", LIBRARY, "-o", "preload.o")
    compile_log("asserting", *STRICT, *include, "-DPRELOAD_DEBUG", "-c", LIBRARY, "-o", "asserting.o")
    compile_log("loadable", *STRICT, *include, "-fPIC", "-shared", "-DPRELOAD_LOADABLE", LIBRARY, *LIBRARIES, "-o", EXTENSION)
    compile_log("linking", *STRICT, *include, "-DHOST_LOADS=0", main, "preload.o", *LIBRARIES, "-o", "linking")
    compile_log("assert", *STRICT, *include, "-DHOST_LOADS=0", main, "asserting.o", *LIBRARIES, "-o", "asserting")
    compile_log("loading", *STRICT, *include, "-DHOST_LOADS=1", main, *LIBRARIES, "-o", "loading")
    arms = {"linking": [], "asserting": [], "loading": [EXTENSION]}
    if NAME == "musl":  # programs of one file are what many use it for
        compile_log("static", *STRICT, *include, "-DHOST_LOADS=0", "-static", main, "preload.o", *LIBRARIES, "-o", "static")
        arms["static"] = []
    return arms


def run(arm, arguments, database, sql):
    """(rows, statistics) of one session. Without hints nothing is fetched."""
    settings = {"SQLITE_PRELOAD_LOG": "stderr", "SQLITE_PRELOAD_WALK": "0"}
    command = [os.path.join(PLACE, arm), database, sql] + arguments
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False,
                          env=clean_environment(**settings))
    if done.returncode != 0 or done.stderr:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return [value for name, value in lines if name == "row"], {name: int(value) for name, value in lines if name != "row"}


# ---- the databases ----

def fresh(name):
    path = os.path.join(PLACE, name)
    for tail in ("", "-wal", "-shm", "-journal", "-preload"):
        if os.path.exists(path + tail):
            os.remove(path + tail)
    return path


def make_database(journal):
    path = fresh(journal + ".db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)")
    db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
               " INSERT INTO t SELECT i, randomblob(900) FROM n")
    db.close()
    return path


def make_far_database():
    """Each table is one page, which is put where it belongs; what lies between is a hole."""
    path = fresh("far.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA page_size = {FAR_PAGE}")
    moved = []
    for name, root in FAR_ROOTS.items():
        db.execute(f"CREATE TABLE {name}(id INTEGER PRIMARY KEY, body TEXT)")
        db.execute(f"INSERT INTO {name} VALUES(1, '{name}')")
        moved.append((db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0], root))
    db.execute("PRAGMA writable_schema = ON")
    for name, root in FAR_ROOTS.items():
        db.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = ?", (root, name))
    db.close()
    with open(path, "r+b") as file:
        for old, root in moved:
            page = os.pread(file.fileno(), FAR_PAGE, (old - 1) * FAR_PAGE)
            os.pwrite(file.fileno(), page, (root - 1) * FAR_PAGE)
        os.pwrite(file.fileno(), max(FAR_ROOTS.values()).to_bytes(4, "big"), 28)  # of the header: the database's pages
        os.fsync(file.fileno())
    os.utime(path, (AFTER_2038, AFTER_2038))
    return path


# ---- what is shown ----

def expect_replay(what, learnt, replayed, pages):
    check(learnt[0] == replayed[0], f"{what}: {learnt[0]}, and replayed {replayed[0]}")
    first, second = learnt[1], replayed[1]
    check(first["history_pages"] == 0 and first["issued_pages"] == 0, f"{what}: the first session knows nothing: {first}")
    check(second["state"] == DONE and second["history_pages"] >= pages, f"{what}: the second knows them: {second}")
    check(second["issued_pages"] >= pages and second["used_pages"] >= pages, f"{what}: and fetches them: {second}")
    check(first["errors"] == 0 and second["errors"] == 0, f"{what}: errors: {first}, {second}")


def check_sessions(arm, arguments):
    for journal in ("delete", "wal"):
        database = make_database(journal)
        learnt, replayed = (run(arm, arguments, database, KEYS) for _ in range(2))
        check(learnt[0] == ["3600"], f"{arm}, {journal}: {learnt[0]}")
        expect_replay(f"{arm}, {journal}", learnt, replayed, 5)


def residency(verb, path):
    script = os.path.join(HERE, "..", "integration", "residency.py")
    done = subprocess.run([sys.executable, script, verb, path], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def check_far_pages(arm, arguments, database):
    select = " UNION ALL ".join(f"SELECT body FROM {name}" for name in FAR_ROOTS)
    sessions = [run(arm, arguments, database, select) for _ in range(FAR_SESSIONS)]
    check(sessions[0][0] == list(FAR_ROOTS), f"{arm}, far: {sessions[0][0]}")
    expect_replay(f"{arm}, far", sessions[0], sessions[-1], len(FAR_ROOTS) + 1)
    # What is fetched is what was read, and nothing at those places modulo 4 GiB.
    begins = {(root - 1) * FAR_PAGE // 4096 + 1 for root in FAR_ROOTS.values()}
    if begins & residency("evict", database):
        print(f"{arm}, far: the file system lets nothing out of memory, so what is fetched is not looked at")
        return
    run(arm, arguments, database, "SELECT count(*) FROM sqlite_schema")
    missing = begins - residency("show", database)
    check(not missing, f"{arm}, far: pages of 4 KiB that were not fetched: {sorted(missing)}")


def main():
    need_libraries()
    for arm, arguments in build().items():
        check_sessions(arm, arguments)
        check_far_pages(arm, arguments, make_far_database())
        print(arm, "looked at")
    fresh("far.db")
    sys.exit(1 if failures else 0)


main()
