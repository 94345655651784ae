#!/usr/bin/env -S python3 -B
"""Holds the sources to the table of rooms: each #include, and each name that only another room's header declares.

usage: layering.py SOURCE_DIR [GENERATED_DIR]

GENERATED_DIR is where the build lays the headers that it makes for proto/. Prints the arrows between rooms as they are.
"""
import collections
import os
import re
import sys

import rooms
import source
import tree

# room: what it may see (rooms.py says how it is read). `sqlite3` is what SQLite's own headers declare.
ROOMS = {
    "hints/format": "",
    "hints": "hints/format",
    "proto": "",
    "vfs/preload.h": "sqlite3",
    "vfs/sqlite.h": "sqlite3 vfs/preload.h",
    "vfs/process": "vfs/preload.h? vfs/sqlite.h:base.h",  # base.h names sqlite3_vfs, which preload.h brings along
    "vfs/file": "vfs/process hints/",
    "vfs/session": "vfs/process vfs/sqlite.h vfs/preload.h? hints/",
    "vfs/store": "vfs/process vfs/file hints/ proto:message.c",
    "vfs/replay": "vfs/process vfs/file vfs/session vfs/store vfs/preload.h hints/"
                  " vfs/sqlite.h:prefetch.h,prefetch_read.*,by_reading.*,reach.*,replay.*",
    "vfs/database": "vfs/process vfs/file? vfs/session vfs/store vfs/replay vfs/preload.h? vfs/sqlite.h? hints/",
    "vfs/entry": "vfs/process vfs/file? vfs/session? vfs/store? vfs/replay? vfs/database vfs/preload.h? vfs/sqlite.h"
                 " hints/?",
    "vfs/cli": "vfs/process vfs/store vfs/preload.h:main.c hints/ proto:proto_commands.c",
    "bench/kit": "hints/? proto? vfs/? sqlite3?",
    "bench/*": "bench/kit? hints/? proto? vfs/? sqlite3?",
}

# Pointers through which a room calls one that it may not see: (header, struct.field or function(parameter), reason).
UPWARD = [
    ("vfs/process/pool.h", "pool_task.run", "a worker runs what a room above has submitted"),
    ("hints/memory.h", "hint_heap.serves", "a worker's memory comes from a heap of its own"),
    ("hints/memory.h", "hint_heap.owns", "the same"),
    ("hints/memory.h", "hint_heap.alloc", "the same"),
    ("hints/memory.h", "hint_heap.resize", "the same"),
    ("hints/memory.h", "hint_heap.release", "the same"),
]
UPWARD_MAX = 6

HOUSE = rooms.House(ROOMS)

LIBC = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
    stdbool stddef stdint stdio stdlib stdnoreturn string tgmath time uchar wchar wctype""".split()
# hints/ has no I/O, no clock and no signals, so it needs none of their headers either.
PURE = [name for name in LIBC if name not in ("locale", "setjmp", "signal", "stdio", "time")]
SYSTEM = {"hints": PURE, "proto": LIBC}  # folder: the system's headers that it may include. Not listed: any.
BRIDGE = "vfs/store/message.c"  # the one file of vfs/ that sees both hints/ and proto/

OF_SQLITE = re.compile(r"sqlite3\w*|SQLITE_\w+")


def generated_in(folder):
    """Names by which headers under the folder can be included."""
    names = set()
    for parent, _, files in os.walk(folder):
        parts = os.path.relpath(parent, folder).split(os.sep)
        names |= {"/".join(parts[i:] + [name]) for name in files for i in range(len(parts) + 1)}
    return names


class Arrows:
    """What is found: arrows between rooms, and faults."""

    def __init__(self):
        self.includes = collections.Counter()  # (room, room): how many
        self.names = collections.Counter()
        self.taken = collections.Counter()  # (row, term): how often
        self.faults = []

    def add(self, counter, path, seen):
        """Whether the file may see the other; counted if it is in another room."""
        room, other = HOUSE.room_of(path), HOUSE.room_of(seen) or seen
        if room == other:
            return True
        counter[room, other] += 1
        for term in HOUSE.terms_of(room):
            if term.covers(other) and term.allows(path):
                self.taken[room, term.text] += 1
        return HOUSE.may_see(path, seen)


def check_includes(sources, path, arrows):
    folder = path.split("/")[0]
    seen_folders = set()
    for number, operand, header in sources.includes_of(path):
        where = f"{path}:{number}: {operand}: "
        if header is None:
            name = operand[1:operand.find(">")]
            if folder in SYSTEM and not (name.endswith(".h") and name[:-2] in SYSTEM[folder]):
                arrows.faults.append(where + "a header of the system that this folder may not see")
        elif header == "" or (header != "sqlite3" and HOUSE.room_of(header) is None):
            arrows.faults.append(where + "leads to no room")
        else:
            seen_folders.add(header.split("/")[0])
            if not arrows.add(arrows.includes, path, header):
                arrows.faults.append(where + f"{HOUSE.room_of(path)} may not see {HOUSE.room_of(header) or header}")
    if folder == "vfs" and {"hints", "proto"} <= seen_folders and path != BRIDGE:
        arrows.faults.append(f"{path}: includes both hints/ and proto/, which only {BRIDGE} may")


def guards_of(path):
    return re.sub(r"\W", "_", path.rsplit("/", 1)[-1]).upper()


def declared(sources):
    """{name: headers that declare it}, once for tags, which come after `struct`, and once for all else."""
    tags, names = collections.defaultdict(set), collections.defaultdict(set)
    for path in sources.paths:
        if path.endswith(".h"):
            for item in sources.items[path]:
                if not (item.kind == "macro" and item.name.endswith(guards_of(path))):
                    (tags if item.kind == "tag" else names)[item.name].add(path)
    return tags, names


def own_names(items):
    """What a file declares for itself alone. What it says of another's function, by hand, is no such thing."""
    return {item.name for item in items
            if item.is_static or item.kind not in ("function", "prototype", "variable")}


def check_names(sources, path, arrows, tags, names):
    own = own_names(sources.items[path])
    public = "vfs/preload.h"  # speaks of SQLite's types to all that see it
    free = set(source.NAME.findall(sources.code.get(public, ""))) if HOUSE.may_see(path, public) else set()
    before, unseen = "", collections.defaultdict(dict)  # header: {name: first line}
    for number, word in source.tokens_of(sources.code[path]):
        headers = (tags if before in source.TAGS else names).get(word, ()) if before not in (".", "->") else ()
        if HOUSE.room_of(path).startswith("vfs/") and OF_SQLITE.fullmatch(word) and word not in free:
            headers = headers or ("vfs/sqlite.h",)
        if headers and path not in headers and word not in own:
            header = min(headers, key=lambda header: (not HOUSE.may_see(path, header), header))
            if not arrows.add(arrows.names, path, header):
                unseen[header].setdefault(word, number)
        before = word
    for header, words in sorted(unseen.items()):
        spelt = " ".join(f"{word}:{number}" for word, number in words.items())
        arrows.faults.append(f"{path}: {HOUSE.room_of(path)} may not see {header}, and names of it: {spelt}")


def check_table(sources, arrows):
    """What the table names is there: rooms, and arrows."""
    homeless = collections.defaultdict(list)
    for path in sources.paths:
        if HOUSE.room_of(path) is None:
            homeless[os.path.dirname(path)].append(os.path.basename(path))
    arrows.faults += [f"{folder}: in no room: {' '.join(names)}" for folder, names in sorted(homeless.items())]
    for room, terms in HOUSE.rooms.items():
        if not any(HOUSE.room_of(path) == room for path in sources.paths) and not room.endswith("/*"):
            arrows.faults.append(f"{room}: a room without a file")
            continue
        for term in terms:
            if not term.optional and not arrows.taken[room, term.text]:
                arrows.faults.append(f"{room}: may see {term.text}, and no file does")


def main(root, generated):
    sources, arrows = tree.Sources(root, HOUSE.folders, generated), Arrows()
    tags, names = declared(sources)
    for path in sources.paths:
        if HOUSE.room_of(path):
            check_includes(sources, path, arrows)
            check_names(sources, path, arrows, tags, names)
    check_table(sources, arrows)
    for room, other in sorted(set(arrows.includes) | set(arrows.names)):
        print(f"{room} -> {other}: {arrows.includes[room, other]} includes, {arrows.names[room, other]} names")
    tree.finish(arrows.faults, len(sources.paths))


if __name__ == "__main__":
    main(sys.argv[1], generated_in(sys.argv[2]) if len(sys.argv) > 2 else set())
