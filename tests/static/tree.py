"""What the static tests share: the files of the source tree, and how a test ends."""
import os
import subprocess
import sys


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


def finish(faults, checked):
    """Ends the test: every fault on a line of its own. A test that checked nothing has failed, too."""
    for fault in faults:
        print(fault)
    if not checked:
        print("nothing was checked")
    print(f"{checked} checked, {len(faults)} faults")
    sys.exit(1 if faults or not checked else 0)
