#!/usr/bin/env -S python3 -B
"""Looks at the text of the files in git: length, tabs, and what has no place in them.

usage: sizes.py SOURCE_DIR
"""
import re
import sys

import tree

LINES_MAX = 600
# Paths of one machine, and where packages come from: the system knows that, the sources need not. The patterns are
# written so that they do not match themselves.
FORBIDDEN = re.compile(r"/[w]ork/|/[h]ome/\w|[d]eb\.debian\.org|[s]napshot\.debian\.org|[a]rchive\.ubuntu\.com"
                       r"|[p]ypi\.org|[f]iles\.pythonhosted\.org|[r]egistry\.npmjs\.org|[c]rates\.io")


def main(root):
    faults, checked = [], 0
    for path in tree.tracked(root):
        lines = tree.lines_of(root, path)
        checked += 1
        is_source = path.endswith((".c", ".h"))
        if is_source and len(lines) > LINES_MAX:
            faults.append(f"{path}: {len(lines)} lines, at most {LINES_MAX}: is it one noun?")
        if any("\0" in line for line in lines):
            continue # golden bytes
        for number, line in enumerate(lines, 1):
            if FORBIDDEN.search(line):
                faults.append(f"{path}:{number}: a path of one machine, or a package host")
            if is_source and "\t" in line:
                faults.append(f"{path}:{number}: a tab")
    tree.finish(faults, checked)


main(sys.argv[1])
