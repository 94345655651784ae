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
ABOVE = "static void above(void) {}"
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
    "pointers": [
        ("verbs.run of vfs/file/any.h receives above of vfs/entry/any.c: a call upwards",
         {"vfs/file/any.h": ["struct verbs { int one; void (*run)(void); };"],
          "vfs/entry/any.c": ['#include "vfs/file/any.h"', ABOVE,
                              "static const struct verbs verbs[] = { { 1, above } };",
                              "int any(void) { return verbs->one; }"]}),
        ("verbs.run of vfs/file/any.h receives above of vfs/replay/any.c",
         {"vfs/file/any.h": ["typedef void call(void);", "struct verbs { call *run; };"],
          "vfs/replay/any.c": ['#include "vfs/file/any.h"', ABOVE, "#define SET(field, value) verbs->field = value",
                               "void any(struct verbs *verbs) { SET(run, (call *)above); }"]}),
        ("take(run) of vfs/process/any.h receives above",
         {"vfs/process/any.h": ["void take(int one, void (*run)(void));"],
          "vfs/store/any.c": ['#include "vfs/process/any.h"', ABOVE, "void any(void) { take(1, above); }"]}),
        ("take(run) of vfs/process/any.h receives given",
         {"vfs/process/any.h": ["void take(void (*run)(void));"],
          "vfs/store/any.c": ['#include "vfs/process/any.h"', "void any(void (*given)(void)) { take(given); }"]}),
        ("take(run) of vfs/process/any.h receives choose()",
         {"vfs/process/any.h": ["void take(void (*run)(void));"],
          "vfs/store/any.c": ['#include "vfs/process/any.h"', ABOVE,
                              "static void (*choose(void))(void) { return above; }",
                              "void any(void) { take(choose()); }"]}),
        ("take(any) of vfs/process/any.h receives above",
         {"vfs/process/any.h": ["void take(void *any);"],
          "vfs/store/any.c": ['#include "vfs/process/any.h"', ABOVE, "void any(void) { take((void *)above); }"]}),
        ("row.run of vfs/entry/any.c receives only_here of vfs/entry/other.c: a pointer for other files'",
         {"vfs/entry/other.c": [ONLY_HERE],
          "vfs/entry/any.c": ["int only_here(void);", "static struct row { int (*run)(void); } row = { only_here };",
                              "int any(void) { return row.run(); }"]}),
        ("above goes to AtomicExpr",
         {"vfs/entry/any.c": ["#include <stdatomic.h>", ABOVE, "typedef void (*call)(void);", "_Atomic call run;",
                              "void any(void) { atomic_store(&run, above); }"]}),
    ],
}
# The same where the table is another one: (test, what it says, a line more in layering.py).
TABLES = [
    ("pointers", "nothing.run: receives nothing from above",
     'UPWARD.append(("vfs/file/file.h", "nothing.run", "why"))'),
    ("pointers", "rows, at most", "UPWARD_MAX = len(UPWARD) - 1"),
    ("pointers", "no header", 'UPWARD.append(("vfs/file/file.c", "nothing.run", "why"))'),
]
# What is no fault: what the build makes for proto/; pointers of the system's, of SQLite's, of the same room, downwards.
CLEAN = {
    "build/made.h": [],
    "vfs/store/message.c": ['#include "made.h"'],
    "vfs/entry/any.h": ["#pragma once", '#include "vfs/process/process.h"',
                        "struct pass { void (*run)(void); int (*below)(void); };"],
    "vfs/entry/any.c": """
        #include "vfs/entry/any.h"
        #include <pthread.h>
        #include <stdlib.h>
        #include "vfs/sqlite.h"
        static int order(const void *a, const void *b) { return a < b; }
        static void now(void) {}
        static int close_it(sqlite3_file *file) { return file != 0; }
        static sqlite3_io_methods methods = { .xClose = close_it };
        static const struct local { void (*run)(void); } local = { now };
        void any(int *numbers, struct pass *pass)
        {
            qsort(numbers, 2, sizeof *numbers, order);
            pthread_atfork(now, 0, local.run);
            pass->run = now;
            pass->below = vfs_process_one;
            pass->run();
            if (pass->below && methods.xClose) (*pass->below)();
        }
        """.split("\n"),
}


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

    def expect(self, test, report, files, static=HERE):
        """`report`: what the test says when it fails; None: it passes."""
        root = self.build(files, built=test == "calls")
        second = os.path.join(root, "build") if test == "layering" else root
        done = subprocess.run([os.path.join(static, test + ".py"), root, second], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.planted += 1
        is_right = done.returncode == 0 if report is None else done.returncode == 1 and report in done.stdout
        if done.returncode != 77 and not is_right:
            self.failures += 1
            print(f"{test} ends with {done.returncode}, wanted: {report or 'no fault'}\n{files}\n{done.stdout}")

    def changed_table(self, line):
        """A copy of the tests whose table has a line more."""
        copy = os.path.join(self.scratch, "static")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(HERE, copy)
        path = os.path.join(copy, "layering.py")
        with open(path, encoding="utf-8") as file:
            before, mark, after = file.read().partition("HOUSE = rooms.House(ROOMS)\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write(before + mark + line + "\n" + after)
        return copy


def main(scratch):
    planter = Planter(scratch)
    for test, faults in FAULTS.items():
        planter.expect(test, None, {})
        planter.expect(test, None, CLEAN)
        for report, files in faults:
            planter.expect(test, report, files)
    for test, report, line in TABLES:
        planter.expect(test, report, {}, planter.changed_table(line))
    print(f"{planter.planted} houses, {planter.failures} not seen as they are")
    sys.exit(1 if planter.failures else 0)


if __name__ == "__main__":
    main(sys.argv[1])
