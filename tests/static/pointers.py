#!/usr/bin/env -S python3 -B
"""Holds calls through pointers to the table of rooms: a pointer to a function that receives one of a room which its own
room may not see is a call upwards, and a row of UPWARD; one that receives another file's is declared in a header.

usage: pointers.py SOURCE_DIR BUILD_DIR

Pointers that the system or SQLite declares are theirs: methods of files and tables, threads, comparisons.
"""
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import compiled
import flows
import tree
from layering import HOUSE, UPWARD, UPWARD_MAX

FOLDERS = ("hints", "vfs")


def home_of(flow, reader, exported):
    """The file that the value comes from; None: the system's."""
    if not flow.is_function:
        return flow.value.path
    name = flow.value.name
    return reader.bodies.get(name) or exported.get(name) or reader.first[name].path


def fault_of(flow, home, rows, used):
    target = flow.target
    says = f"{flow.where}: {target.name} of {target.path} receives {flow.value.name} of {home}: "
    if "" in (target.path, home):
        return f"{flow.where}: {flow.value.name} goes to {target.name}"
    if flow.is_function and target.path != home and target.path.endswith(".c"):
        return says + "a pointer for other files' functions is declared in a header"
    if HOUSE.may_see(target.path, home):
        return None
    if (target.path, target.name) in rows:
        used.add((target.path, target.name))
        return None
    return says + "a call upwards that is no row of UPWARD"


def main(root, build):
    if not shutil.which("clang"):
        print("skipped: there is no clang")
        sys.exit(77)
    sys.setrecursionlimit(20000)
    units = [unit for path, unit in sorted(compiled.units_of(root, build, FOLDERS).items()) if HOUSE.room_of(path)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readers = list(pool.map(lambda unit: flows.Reader(unit, root).read(), units))
    exported = {name: path for reader in readers for name, path in reader.exported.items()}
    rows, used, found, between = {(path, name) for path, name, _ in UPWARD}, set(), {}, set()
    for reader in readers:
        for flow in reader.flows:
            home = home_of(flow, reader, exported)
            if flow.target.path is not None and home is not None and home.split("/")[0] in ("", *FOLDERS):
                found[flow.where, flow.value.name, flow.target.name] = fault_of(flow, home, rows, used)
                if flow.target.path != home:
                    between.add(f"{home} -> {flow.target.path}: {flow.value.name} in {flow.target.name}")
    print("\n".join(sorted(between)))
    print("\n".join(f"upwards: {path}: {name}: {reason}" for path, name, reason in UPWARD))
    faults = sorted(fault for fault in found.values() if fault)
    faults += [f"UPWARD: {path}: {name}: receives nothing from above" for path, name in sorted(rows - used)]
    if len(rows) > UPWARD_MAX:
        faults.append(f"UPWARD: {len(rows)} rows, at most {UPWARD_MAX}")
    faults += [f"UPWARD: {path}: no header" for path, _ in sorted(rows) if not path.endswith(".h")]
    tree.finish(faults, len(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
