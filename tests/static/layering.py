#!/usr/bin/env -S python3 -B
"""Reads every #include of the sources: the arrows of docs and CMake, locked a second time.

usage: layering.py SOURCE_DIR [GENERATED_DIR]

GENERATED_DIR is where the build lays the headers that it makes for proto/.
"""
import os
import re
import sys

import tree

LIBC = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time uchar wchar wctype""".split()
# hints/ has no I/O, no clock and no signals, so it needs none of their headers either.
PURE = [name for name in LIBC if name not in ("locale", "setjmp", "signal", "stdio", "time")]

# folder: (folders whose headers it may include, headers of the system; None: any). Not listed: no rule (tests, bench).
RULES = {
    "hints": (("hints/",), PURE),
    "proto": (("proto/",), LIBC),
    "vfs": (("vfs/", "hints/", "proto/", "config.h"), None),
}
BRIDGE = "vfs/store/message.c"

INCLUDE = re.compile(r'\s*#\s*include\b\s*(.*)')


def generated_in(folder):
    """Names by which headers under the folder can be included."""
    names = set()
    for parent, _, files in os.walk(folder):
        parts = os.path.relpath(parent, folder).split(os.sep)
        names |= {"/".join(parts[i:] + [name]) for name in files for i in range(len(parts) + 1)}
    return names


def fault_of(root, path, operand, generated):
    """Why a file of a folder with a rule may not include this; None if it may."""
    folder = path.split("/")[0]
    folders, system = RULES[folder]
    if operand.startswith("<"):
        name = operand[1:operand.find(">")]
        if system is not None and not (name.endswith(".h") and name[:-2] in system):
            return "a header that this folder may not see"
        return None
    if not operand.startswith('"'):
        return "an include that cannot be read off the line"
    name = operand.split('"')[1]
    if "/" not in name and os.path.exists(os.path.join(root, os.path.dirname(path), name)):
        return None  # its neighbour
    if name in generated and (folder == "proto" or path == BRIDGE):
        return None
    if not name.startswith(folders) or ".." in name:
        return "may include only " + " ".join(folders)
    return None


def main(root, generated):
    faults, checked = [], 0
    for path in tree.tracked(root):
        if path.split("/")[0] not in RULES or not path.endswith((".c", ".h")):
            continue
        checked += 1
        seen = set()
        for number, line in enumerate(tree.lines_of(root, path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            operand = match.group(1)
            fault = fault_of(root, path, operand, generated)
            if fault:
                faults.append(f"{path}:{number}: {operand}: {fault}")
            seen |= {folder for folder in ("hints/", "proto/") if operand.startswith('"' + folder)}
        if len(seen) == 2 and path != BRIDGE:
            faults.append(f"{path}: includes both hints/ and proto/, which only {BRIDGE} may")
    tree.finish(faults, checked)


main(sys.argv[1], generated_in(sys.argv[2]) if len(sys.argv) > 2 else set())
