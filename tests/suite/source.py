"""Fetches the sources that the distribution builds a package from, once: SQLite's, or those of a third argument.

The machine's own apt configuration is read and not changed: the same places are asked for sources, in lists of our own.
"""
import glob
import os
import re
import shutil
import sys

from suite import SCRATCH, SOURCE, run_logged, skip

PLACE = os.path.join(SCRATCH, "source")
PACKAGE = sys.argv[3] if len(sys.argv) > 3 else "sqlite3"
PARTS = "/etc/apt/sources.list.d"


def as_source_entries(text):
    """Binary entries of a .list or a .sources file, asked for sources instead."""
    return re.sub(r"(?m)^Types:.*$", "Types: deb-src", re.sub(r"(?m)^\s*deb(?=\s)", "deb-src", text))


def write_configuration():
    for folder in ("parts", "lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(PLACE, "apt", folder))
    for path in glob.glob(PARTS + "/*.list") + glob.glob(PARTS + "/*.sources") + glob.glob("/etc/apt/sources.list"):
        with open(path, encoding="utf-8") as file:
            text = as_source_entries(file.read())
        with open(os.path.join(PLACE, "apt", "parts", os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text)


def apt_get(*arguments):
    apt = os.path.join(PLACE, "apt")
    options = {"Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": f"{apt}/parts", "Dir::State::Lists":
               f"{apt}/lists", "Dir::Cache": f"{apt}/cache", "APT::Sandbox::User": "root"}
    command = ["apt-get", "-q"] + [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    run_logged(command + list(arguments), os.path.join(PLACE, "log"), cwd=PLACE)


def fetch():
    shutil.rmtree(PLACE, ignore_errors=True)
    write_configuration()
    apt_get("update")
    apt_get("source", PACKAGE)
    [tree] = glob.glob(f"{PLACE}/{PACKAGE}-*/")
    os.rename(tree, SOURCE)


def main():
    for tool in ("apt-get", "dpkg-source"):
        if not shutil.which(tool):
            skip(f"there is no {tool}")
    if not os.path.isdir(SOURCE):
        fetch()
    with open(glob.glob(f"{PLACE}/*.dsc")[0], encoding="utf-8") as file:
        print(PACKAGE, *(line.strip() for line in file if line.startswith("Version:")))


main()
