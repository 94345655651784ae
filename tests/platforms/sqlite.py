"""Makes SQLite's one file out of its sources, once. A third argument: where those are."""
import os
import shutil
import sys

from platforms import SCRATCH, SQLITE, run_logged, skip

SOURCE = sys.argv[3]
FILES = ("sqlite3.h", "sqlite3ext.h", "sqlite3.c")


def make(folder):
    def run(name, *command):
        run_logged(command, os.path.join(SCRATCH, name + ".log"), cwd=folder)

    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run("configure", os.path.join(SOURCE, "configure"), "--disable-shared")
    run("make", "make", "sqlite3.c")


def main():
    if not os.path.isdir(SOURCE):
        skip("SQLite's sources are not here; suite_source of ./dev test --long fetches them")
    for tool in ("make", "tclsh"):
        if not shutil.which(tool):
            skip(f"there is no {tool}")
    if not all(os.path.exists(os.path.join(SQLITE, name)) for name in FILES):
        build = os.path.join(SCRATCH, "sqlite_build")
        make(build)
        os.makedirs(SQLITE, exist_ok=True)
        for name in FILES:
            shutil.copy(os.path.join(build, name), SQLITE)
    print(f"{os.path.getsize(os.path.join(SQLITE, 'sqlite3.c'))} bytes: sqlite3.c")


main()
