#!/usr/bin/env -S python3 -B
"""The tests of the rooms can fail: each runs over a small clean house, then with one fault planted in it.

usage: planted_rooms.py SCRATCH_DIR
"""
import os
import shutil
import subprocess
import sys

import planted_house

HERE = os.path.dirname(os.path.abspath(__file__))
ONLY_HERE = "int only_here(void) { return 1; }"
GONE, EMPTY, LEFT_OUT = "gone", "empty", "left out of the build"

# test: (what it says, {file: lines added to it, or one of the three above})
FAULTS = {
    "layering": [
        ("hints may not see vfs/entry", {"hints/hints.c": ['#include "vfs/entry/entry.h"']}),
        ("hints may not see proto", {"hints/hints.c": ['#include "proto/proto.h"']}),
        ("hints may not see sqlite3", {"hints/hints.c": ["#include <sqlite3.h>"]}),
        ("header of the system", {"hints/hints.c": ["#  include <sys/mman.h>"]}),
        ("header of the system", {"hints/hints.c": ["#include <time.h>"]}),
        ("leads to no room", {"hints/hints.c": ['#include "hints/../vfs/entry/entry.h"']}),
        ("leads to no room", {"hints/hints.c": ["#include HEADER"]}),
        ("hints/format may not see hints", {"hints/format/format.c": ['#include "hints/hints.h"']}),
        ("proto may not see hints", {"proto/proto.c": ['#include "hints/hints.h"']}),
        ("proto may not see sqlite3", {"proto/proto.c": ["#include <sqlite3ext.h>"]}),
        ("header of the system", {"proto/proto.c": ["#include <pthread.h>"]}),
        ("leads to no room", {"proto/proto.c": ['#include "hints.h"']}),
        ("leads to no room", {"vfs/entry/entry.c": ['#include "tests/support/support.h"']}),
        ("both hints/ and proto/", {"vfs/cli/proto_commands.c": ['#include "hints/hints.h"']}),
        ("vfs/process may not see hints", {"vfs/process/process.h": ['#include "hints/hints.h"']}),
        ("vfs/store may not see vfs/session", {"vfs/store/store.c": ['#include "vfs/session/session.h"']}),
        ("vfs/session may not see vfs/store", {"vfs/session/session.c": ['#include "vfs/store/store.h"']}),
        ("vfs/database may not see vfs/entry", {"vfs/database/any.h": ['#include "vfs/entry/entry.h"']}),
        ("vfs/cli may not see vfs/database", {"vfs/cli/cli.c": ['#include "vfs/database/database.h"']}),
        ("vfs/process may not see vfs/sqlite.h", {"vfs/process/any.c": ['#include "vfs/sqlite.h"']}),
        ("vfs/file may not see sqlite3", {"vfs/file/any.c": ["#include <sqlite3.h>"]}),
        ("vfs/store may not see vfs/sqlite.h, and names of it: sqlite3_sleep:1",
         {"vfs/store/any.c": ["int sqlite3_sleep(int);"]}),
        ("vfs/replay may not see vfs/sqlite.h", {"vfs/replay/course.c": ['#include "vfs/sqlite.h"']}),
        ("vfs/store may not see proto", {"vfs/store/store.c": ['#include "proto/proto.h"']}),
        ("vfs/store may not see proto", {"build/made.h": [], "vfs/store/store.c": ['#include "made.h"']}),
        ("bench/example may not see bench/other",
         {"bench/other/other.h": [], "bench/example/any.c": ['#include "bench/other/other.h"']}),
        ("bench/kit may not see bench/example", {"bench/kit/any.c": ['#include "bench/example/example.h"']}),
        # Names that come without an include of their own.
        ("may not see vfs/session/session.h, and names of it: vfs_session_one:1",
         {"vfs/store/any.c": ["extern int vfs_session_one(void);", "int any(void) { return vfs_session_one(); }"]}),
        ("names of it: vfs_session_one:1", {"vfs/store/any.c": ["int vfs_session_one(void) { return 2; }"]}),
        ("names of it: entry_count:1",
         {"vfs/file/any.c": ["extern int entry_count[];"], "vfs/entry/entry.h": ["extern int entry_count[];"]}),
        ("names of it: ENTRY_MANY:1",
         {"vfs/store/any.c": ["enum { ANY = ENTRY_MANY };"], "vfs/entry/entry.h": ["enum { ENTRY_FEW, ENTRY_MANY };"]}),
        ("names of it: ENTRY_MAX:1",
         {"vfs/store/any.c": ["enum { ANY = ENTRY_MAX };"], "vfs/entry/entry.h": ["#define ENTRY_MAX 3"]}),
        ("names of it: thing:1",
         {"vfs/process/any.h": ["struct thing;"], "vfs/database/database.h": ["struct thing {", "    int one;", "};"]}),
        # The table itself.
        ("vfs: in no room: loose.c", {"vfs/loose.c": []}),
        ("vfs/attic: in no room: any.c", {"vfs/attic/any.c": []}),
        ("vfs/cli: may see proto:proto_commands.c, and no file does", {"vfs/cli/proto_commands.c": EMPTY}),
        ("hints/format: a room without a file", {"hints/format/format.c": GONE, "hints/format/format.h": GONE}),
    ],
    "calls": [
        ("includes vfs/file/a.h",
         {"vfs/file/a.h": ['#include "vfs/file/b.h"'], "vfs/file/b.h": ['#include "vfs/file/a.h"']}),
        ("a circle of 3: hints/a hints/b hints/c",
         {"hints/a.c": ["int b(void);", "int a(void) { return b(); }"],
          "hints/b.c": ["int c(void);", "int b(void) { return c(); }"],
          "hints/c.c": ["int a(void);", "int c(void) { return a(); }"]}),
        ("a circle of 2: vfs/store/a vfs/store/b",
         {"vfs/store/a.h": ["#pragma once", "int b(void);", "static inline int a(void) { return b(); }"],
          "vfs/store/b.c": ['#include "vfs/store/a.h"', "int b(void) { return 1; }", "int (*b_too)(void) = a;"]}),
        ("a circle of 2: vfs/replay/a vfs/replay/b",
         {"vfs/replay/a.c": ['#include "vfs/replay/b.h"', "const int many = 2;"],
          "vfs/replay/b.h": ["#pragma once"],
          "vfs/replay/b.c": ["extern const int many;", "int b(void) { return many; }"]}),
        ("vfs/store/any.c: calls only_here, and may not see vfs/session/any.c",
         {"vfs/session/any.c": [ONLY_HERE],
          "vfs/store/any.c": ["int only_here(void);", "int any(void) { return only_here(); }"]}),
        ("vfs/store/any.c: calls only_here, and may not see vfs/session/any.c",
         {"vfs/session/any.c": [ONLY_HERE],
          "vfs/store/any.h": ["int only_here(void);"],
          "vfs/store/any.c": ['#include "vfs/store/any.h"', "int any(void) { return only_here(); }"]}),
        ("vfs/store/any.h: calls only_here, and may not see vfs/session/any.c",
         {"vfs/session/any.c": [ONLY_HERE],
          "vfs/store/any.h": ["int only_here(void);", "static inline int any(void) { return only_here(); }"],
          "vfs/store/any.c": ['#include "vfs/store/any.h"', "int (*any_too)(void) = any;"]}),
        ("vfs/store/any.c: no object of it is built", {"vfs/store/any.c": LEFT_OUT}),
    ],
}
# What is no fault: what the build makes for proto/.
CLEAN = {"build/made.h": [], "vfs/store/message.c": ['#include "made.h"']}


class Planter:
    def __init__(self, scratch):
        self.scratch, self.planted, self.failures = os.path.abspath(scratch), 0, 0

    def build(self, files, built):
        """Writes the clean house with these files planted; returns its root."""
        root = os.path.join(self.scratch, "house")
        shutil.rmtree(root, ignore_errors=True)
        house = planted_house.clean(root)
        for path, lines in files.items():
            if lines == GONE:
                del house.files[path]
                continue
            if lines in (EMPTY, LEFT_OUT):
                house.files[path] = []
            else:
                house.files.setdefault(path, []).extend(lines)
            if lines == LEFT_OUT:
                house.left_out.add(path)
        house.write(built)
        return root

    def expect(self, test, report, files):
        """`report`: what the test says when it fails; None: it passes."""
        root = self.build(files, built=test == "calls")
        second = os.path.join(root, "build") if test == "layering" else root
        done = subprocess.run([os.path.join(HERE, test + ".py"), root, second], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.planted += 1
        is_right = done.returncode == 0 if report is None else done.returncode == 1 and report in done.stdout
        if not is_right:
            self.failures += 1
            print(f"{test} ends with {done.returncode}, wanted: {report or 'no fault'}\n{files}\n{done.stdout}")


def main(scratch):
    planter = Planter(scratch)
    for test, faults in FAULTS.items():
        planter.expect(test, None, {})
        planter.expect(test, None, CLEAN)
        for report, files in faults:
            planter.expect(test, report, files)
    print(f"{planter.planted} houses, {planter.failures} not seen as they are")
    sys.exit(1 if planter.failures else 0)


if __name__ == "__main__":
    main(sys.argv[1])
