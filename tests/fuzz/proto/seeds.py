#!/usr/bin/env -S python3 -B
"""Writes inputs to start the fuzz targets from: the golden messages and the schemas.

usage: seeds.py SOURCE_DIR OUT_DIR
"""
import hashlib
import os
import re
import sys

SOURCE, OUT = sys.argv[1:]
ROOTS = ["ToRivet", "ToEnvoy", "ToEnvoyConn", "ToGateway", "ToOutbound", "ActorCommandKeyData"]


def write(target, data):
    folder = os.path.join(OUT, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as file:
        file.write(data)


with open(os.path.join(SOURCE, "tests/golden/messages.tsv"), encoding="utf-8") as lines:
    for line in lines:
        version, root, data, _ = line.rstrip("\n").split("\t")
        version, root, data = int(version), ROOTS.index(root), bytes.fromhex(data)
        first = next(byte for byte in range(128, 256) if byte % 5 == version - 1)
        write("decode", bytes([first, root]) + data)
        for target in range(5):
            write("chain", bytes([root, version - 1, target]) + data)

schemas = []
for version in range(1, 6):
    with open(os.path.join(SOURCE, f"proto/schema/v{version}.bare"), encoding="utf-8") as file:
        schemas.append(file.read())
for schema in schemas:
    for part in re.split(r"\n\n", schema):
        write("compiler", (part + "\n%%\n# no rules\n").encode())
PAIR = ("type S struct { a: u8 m: map<str><data> d: data[4] }\ntype V void\ntype E enum { X Y }\ntype R union { S | V | E }\n%%\n"
        "type S struct { d: data[4] m: map<str><data> a: u8 n: optional<list<u32>> }\ntype V void\ntype W str\n"
        "type E enum { Y Z X }\ntype R union { V | W | S | E }\n%%\n"
        "root R direction ToEnvoy\nfeature F needs 2 \"f requires\" \"g requires\"\nstep 1 to 2\n S.n none\n"
        "step 2 to 1\n S.n drop\n R.W refuse F\n E.Z refuse F\n")
write("compiler", PAIR.encode())
write("compiler", PAIR.replace("drop", "refuse F").encode())
# One schema alone is a record.
with open(os.path.join(SOURCE, "proto/schema/history.bare"), encoding="utf-8") as file:
    write("compiler", file.read().encode())
