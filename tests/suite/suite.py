"""What the scripts of this folder share: their arguments, skips, and the ordinary user.

Each is run as: FILE.py BUILD_DIR SCRATCH_DIR [ARGUMENT...]. It prints `skipped: <reason>` and exits with 77 where it
cannot run here.
"""
import os
import subprocess
import sys

BUILD, SCRATCH = (os.path.abspath(folder) for folder in sys.argv[1:3])
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(SCRATCH, "source", "tree")  # of SQLite; fetched by source.py
TESTFIXTURE = os.path.join(SCRATCH, "testfixture", "testfixture")  # made by testfixture.py
NOBODY = 65534


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need_source():
    if not os.path.isdir(SOURCE):
        skip("SQLite's sources are not here; suite_source of ./dev test --long fetches them")


def ordinary_user():
    """How subprocess becomes one: SQLite's tests expect that permissions hold."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def is_reachable(path):
    """Whether the ordinary user can read `path`: a clone may lie in a folder of root's own."""
    return subprocess.run(["test", "-r", path], check=False, **ordinary_user()).returncode == 0


def clean_environment(**settings):
    """No option of ours but those named."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("SQLITE_PRELOAD")}, **settings}


def run_logged(command, log, **how):
    """Runs a command; what it said is shown when it fails."""
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False, **how)
    if done.returncode != 0:
        with open(log, encoding="utf-8", errors="replace") as file:
            print("".join(file.readlines()[-40:]))
        sys.exit(f"{command[0]} failed; all of it is in {log}")
