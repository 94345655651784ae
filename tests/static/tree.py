"""What the static tests share: the files of the source tree, and how a test ends."""
import os
import re
import subprocess
import sys

import source

INCLUDE = re.compile(r"\s*#\s*include\b\s*(.*)")


def tracked(root):
    """Paths of the files in git, relative to the root; where that is no clone, of all files but those of a build."""
    if os.path.exists(os.path.join(root, ".git")):
        listing = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\0")
    else:
        listing = [os.path.relpath(os.path.join(folder, name), root)
                   for folder, _, names in os.walk(root) for name in names]
        listing = [path for path in listing if not path.startswith("build/")]
    return sorted(path for path in set(listing) if path and os.path.isfile(os.path.join(root, path)))


def lines_of(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


class Sources:
    """The C sources under some folders. `generated`: names of headers that the build makes for proto/."""

    def __init__(self, root, folders, generated=()):
        self.generated = generated
        self.paths = [path for path in tracked(root) if path.split("/")[0] in folders and path.endswith((".c", ".h"))]
        self.text = {path: "\n".join(lines_of(root, path)) for path in self.paths}
        self.code = {path: source.code_of(text) for path, text in self.text.items()}
        self.items = {path: source.items_of(code) for path, code in self.code.items()}

    def includes_of(self, path):
        """(line, operand, path of the header, `sqlite3`, None for another header of the system, "" if it is unknown)"""
        for number, line in enumerate(source.without_comments(self.text[path]).split("\n"), 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), self.header_of(path, match.group(1))

    def header_of(self, path, operand):
        if operand.startswith("<"):
            return "sqlite3" if operand.startswith("<sqlite3") else None
        name = operand.split('"')[1] if operand.startswith('"') else ""
        beside = os.path.join(os.path.dirname(path), name)
        if "/" not in name and beside in self.code:
            return beside
        if name in self.code and ".." not in name:
            return name
        return "proto/" + name if name in self.generated else ""


def finish(faults, checked):
    """Ends the test: every fault on a line of its own. A test that checked nothing has failed, too."""
    for fault in faults:
        print(fault)
    if not checked:
        print("nothing was checked")
    print(f"{checked} checked, {len(faults)} faults")
    sys.exit(1 if faults or not checked else 0)
