#!/usr/bin/env -S python3 -B
"""Looks at the text of the files in git: how long files, functions and structs are, tabs, and what has no place there.

usage: sizes.py SOURCE_DIR
"""
import re
import sys

import source
import tree

LINES_MAX = {"vfs": 500}  # of a source, by its folder
LINES_MAX_ELSE = 600
FUNCTION_LINES_MAX = 60  # with its signature
FIELDS_MAX = 15
OF_FUNCTIONS = ("hints", "proto", "vfs", "bench")
OF_STRUCTS = ("hints", "vfs")
# Structs that may be longer: (file, struct).
TABLES = [("vfs/process/config.h", "config"),  # a field an option, by the table of options
          ("vfs/preload.h", "preload_stats")]  # a field a statistic, as hosts know them
# Paths of one machine, and where packages come from: the system knows that, the sources need not. The patterns are
# written so that they do not match themselves.
FORBIDDEN = re.compile(r"/[w]ork/|/[h]ome/\w|[d]eb\.debian\.org|[s]napshot\.debian\.org|[a]rchive\.ubuntu\.com"
                       r"|[p]ypi\.org|[f]iles\.pythonhosted\.org|[r]egistry\.npmjs\.org|[c]rates\.io")


def text_faults(path, lines):
    is_source = path.endswith((".c", ".h"))
    lines_max = LINES_MAX.get(path.split("/")[0], LINES_MAX_ELSE)
    if is_source and len(lines) > lines_max:
        yield f"{path}: {len(lines)} lines, at most {lines_max}: is it one noun?"
    if any("\0" in line for line in lines):
        return  # golden bytes
    for number, line in enumerate(lines, 1):
        if FORBIDDEN.search(line):
            yield f"{path}:{number}: a path of one machine, or a package host"
        if is_source and "\t" in line:
            yield f"{path}:{number}: a tab"


def code_faults(path, lines):
    folder, code = path.split("/")[0], source.code_of("\n".join(lines))
    for item in source.items_of(code) if folder in OF_FUNCTIONS else ():
        length = item.lines[1] - item.lines[0] + 1
        if item.kind == "function" and length > FUNCTION_LINES_MAX:
            yield f"{path}:{item.lines[0]}: {item.name}: {length} lines, at most {FUNCTION_LINES_MAX}"
    for number, name, fields in source.structs_of(code) if folder in OF_STRUCTS else ():
        if (path, name) in TABLES:
            continue
        name = name or "without a name"
        if fields is None:
            yield f"{path}:{number}: struct {name}: a macro makes its fields, which only a table may do"
        elif fields > FIELDS_MAX:
            yield f"{path}:{number}: struct {name}: {fields} fields, at most {FIELDS_MAX}"


def main(root):
    faults, checked = [], 0
    for path in tree.tracked(root):
        lines = tree.lines_of(root, path)
        checked += 1
        faults += text_faults(path, lines)
        if path.endswith((".c", ".h")):
            faults += code_faults(path, lines)
    tree.finish(faults, checked)


if __name__ == "__main__":
    main(sys.argv[1])
