"""PROJ puts the default VFS's methods into a struct of its own. Real programs with it run beside us: mod_spatialite in
Python, and projinfo.

usage: proj.py BUILD_DIR SCRATCH_DIR INJECTED_LIBRARY
"""
import glob
import os
import shutil
import subprocess
import sys

BUILD, SCRATCH, INJECTED = (os.path.abspath(path) for path in sys.argv[1:4])
PYTHON = "/usr/bin/python3"
SECONDS = 60

SPATIAL = """
import sqlite3, sys
def connect(extension=None):
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    if extension: db.load_extension(extension)
    return db
extension, when = sys.argv[1:]
if when == "before": connect(extension).close()
db = connect("mod_spatialite")
print(db.execute("SELECT InitSpatialMetaData(1)").fetchone())
print(db.execute("SELECT AsText(Transform(MakePoint(11, 49, 4326), 3857))").fetchone())
if when == "after": connect(extension).close()
print(db.execute("SELECT AsText(Transform(MakePoint(12, 50, 4326), 32632))").fetchone())
db.close()
print("closed")
"""


def run(command, **environment):
    """What a program prints, and how it ended."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SQLITE_PRELOAD")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False,
                          env={**clean, "PROJ_DATA": SCRATCH,
                               "SQLITE_PRELOAD_STORE": f"sidecar:{SCRATCH}/hints", **environment})
    return done.returncode, done.stdout, done.stderr


def expect(faults, what, got, want):
    print(f"{what}: {'passed' if got == want else 'FAILED'}")
    if got != want:
        faults.append(f"{what}: {got}, not {want}")


def main():
    if not shutil.which("projinfo") or not glob.glob("/usr/lib/*/mod_spatialite.so"):
        print("skipped: there is no projinfo, or no mod_spatialite")
        sys.exit(77)
    # PROJ only reads its database, and who only reads writes nothing beside it: the host names the store.
    hints = os.path.join(SCRATCH, "hints")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(hints)
    shutil.copy("/usr/share/proj/proj.db", SCRATCH)
    faults = []

    spatial = [PYTHON, "-c", SPATIAL, os.path.join(BUILD, "preloaddefault.so")]
    want = run([*spatial, "never"])
    expect(faults, "plain mod_spatialite", (want[0], want[1].splitlines()[-1:], want[2]), (0, ["closed"], ""))
    for when in ("before", "after"):
        for mode in ("on", "off"):
            expect(faults, f"mod_spatialite, loaded {when}, {mode}", run([*spatial, when], SQLITE_PRELOAD=mode), want)
    expect(faults, "hints were learnt", len(os.listdir(hints)), 1)

    for name in os.listdir(hints):
        os.remove(os.path.join(hints, name))
    info = ["projinfo", "-s", "EPSG:4326", "-t", "EPSG:32632"]
    want = run(info)
    expect(faults, "plain projinfo", (want[0], "PROJ string" in want[1], want[2]), (0, True, ""))
    for mode in ("on", "off"):
        expect(faults, f"projinfo, {mode}", run(info, LD_PRELOAD=INJECTED, SQLITE_PRELOAD=mode), want)
    expect(faults, "hints were learnt", len(os.listdir(hints)), 1)

    print("\n".join(faults))
    sys.exit(1 if faults else 0)


main()
