#!/usr/bin/env -S python3 -B
"""What may run on a worker takes its memory by hints/memory.h: no file of these rooms calls the C library's allocator, nor
what uses that unseen.

usage: memory.py SOURCE_DIR
"""
import re
import sys

import tree

ROOMS = ("hints/", "vfs/file/", "vfs/session/", "vfs/store/", "vfs/replay/")
HEAP = "hints/memory.c"
CALL = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup|asprintf|qsort|fopen|opendir|getline|strerror_r)\s*\(")


def main(root):
    faults, checked = [], 0
    for path in tree.tracked(root):
        if not path.startswith(ROOMS) or not path.endswith((".c", ".h")) or path == HEAP:
            continue
        checked += 1
        for number, line in enumerate(tree.lines_of(root, path), 1):
            code = line.split("/*")[0]
            match = None if line.lstrip().startswith("*") else CALL.search(code)
            if match:
                faults.append(f"{path}:{number}: {match.group(1)}: a worker's memory comes from hints/memory.h")
    tree.finish(faults, checked)


main(sys.argv[1])
