"""Beside SQLite's own extensions that are a VFS, loaded in every order, above and below us, and beside apsw's VFS in Python.

Every order is run with us and without us: what is read must be the same, and so must the bytes of the databases.
"""
import itertools
import json
import os
import shutil
import subprocess
import sys

from suite import BUILD, HERE, SCRATCH, SOURCE, clean_environment, need_source, run_logged, skip

PYTHON = "/usr/bin/python3"
PLACE = os.path.join(SCRATCH, "extensions")
SECONDS = 120  # that one host may take
US = "preloaddefault"
VFS_NAMES = {"cksumvfs": "cksmvfs", "vfsstat": "vfslog", "vfstrace": "trace", "appendvfs": "apndvfs", "memvfs": "memvfs"}
NO_DEFAULT = ("appendvfs",)
failures = []
alone = {}  # what hosts without us found, by the order of the others and the journal
sessions_through_us = 0


def compile_extensions():
    misc, src = os.path.join(SOURCE, "ext", "misc"), os.path.join(SOURCE, "src")
    for name in VFS_NAMES:
        source = os.path.join(HERE if name == "vfstrace" else misc, name + ".c")
        run_logged(["cc", "-O1", "-shared", "-fPIC", "-I", src, '-DSQLITE_CKSUMVFS_INIT_FUNCNAME="initialize_cksumvfs"',
                    source, "-o", path_of(name)], os.path.join(PLACE, name + ".log"))


def path_of(extension):
    return os.path.join(BUILD if extension == US else PLACE, extension + ".so")


def host(command, environment, what):
    """What one host printed, or None when it failed."""
    command = ["timeout", "-s", "KILL", str(SECONDS), PYTHON, "-B"] + command
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env=clean_environment(SQLITE_PRELOAD_STORE=f"sidecar:{PLACE}/hints", **environment))
    if done.returncode == 0 and not done.stderr:
        return json.loads(done.stdout)
    failures.append(what)
    print(f"{what}: exit status {done.returncode}\n{done.stderr[-600:]}")
    return None


def work(order, names, what, journal="delete", memory=False, **environment):
    """Two hosts, one after the other, on the same databases; None when one failed."""
    folder = os.path.join(PLACE, "databases")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    job = json.dumps({"load": [path_of(name) for name in order], "names": names, "folder": folder, "journal": journal,
                      "memory": memory})
    found = [host([os.path.join(HERE, "extensions_guest.py"), job], environment, what) for _ in range(1 if memory else 2)]
    return None if None in found else found


def base_of(order):
    """The VFS that was the default when we came, as the host without us calls it."""
    before = [name for name in order[:order.index(US)] if name not in NO_DEFAULT]
    return VFS_NAMES[before[-1]] if before else "unix"


def compare(what, with_us, without, name, name_without):
    global sessions_through_us
    for host_with, host_without in zip(with_us, without):
        ours, theirs = host_with[name], host_without[name_without]
        sessions_through_us += sum(state is not None for state in ours["states"])
        for part in ("read", "digest"):
            if ours[part] != theirs[part]:
                failures.append(what)
                print(f"{what}, VFS {name}: {part} differs\n  with us    {ours[part]}\n  without us {theirs[part]}")


def compare_logs(what, with_us, without):
    """Neither a fault that is none, nor a message of ours that the host need not act on."""
    for host_with, host_without in zip(with_us, without):
        if host_with["log"] != host_without["log"]:
            failures.append(what)
            print(f"{what}: SQLite's log: {len(host_with['log'])} messages with us, {len(host_without['log'])} without\n"
                  f"  {(host_with['log'] + host_without['log'])[0]}")


def try_order(order, journal):
    names = [None] + sorted(VFS_NAMES[name] for name in order if name != US)
    what = f"{journal}: {' '.join(order)}"
    others = tuple(name for name in order if name != US)
    key = (others, journal)
    if key not in alone:
        alone[key] = work(others, names + ["unix"], f"without us: {what}", journal)
    with_us = work(order, names + ["preload"], what, journal)
    if with_us and alone[key]:
        compare_logs(what, with_us, alone[key])
        for name in names:
            compare(what, with_us, alone[key], name or "default", name or "default")
        compare(what, with_us, alone[key], "preload", base_of(order))



def try_base(extension, journal):
    """Over one of them by name, whichever is the default."""
    name, what = VFS_NAMES[extension], f"{journal}: over {extension}"
    without = work((extension,), [name], f"without us: {what}", journal)
    with_us = work((extension, US), ["preload"], what, journal, SQLITE_PRELOAD_BASE=name)
    if with_us and without:
        compare_logs(what, with_us, without)
        compare(what, with_us, without, "preload", name)


def try_memory():
    without = work(("memvfs",), [None], "memvfs without us", memory=True)
    for order in (("memvfs", US), (US, "memvfs")):
        with_us = work(order, [None], " ".join(order), memory=True)
        if with_us and without:
            compare(" ".join(order), with_us, without, "default", "default")


def try_apsw():
    if subprocess.run([PYTHON, "-c", "import apsw"], capture_output=True, check=False).returncode != 0:
        print("without apsw: there is no python3-apsw")
        return
    found = {}
    for order in ("alone", "above", "below"):
        path = os.path.join(PLACE, f"apsw-{order}.db")
        command = [os.path.join(HERE, "extensions_apsw.py"), order, path_of(US), path]
        found[order] = [host(command, {}, f"apsw, {order}") for _ in range(2)]
    for order in ("above", "below"):
        if None not in found[order] + found["alone"]:
            compare(f"apsw, {order}", [{"db": one} for one in found[order]], [{"db": one} for one in found["alone"]],
                    "db", "db")


def main():
    need_source()
    if not os.path.exists(PYTHON):
        skip(f"there is no {PYTHON}")
    shutil.rmtree(PLACE, ignore_errors=True)
    os.makedirs(os.path.join(PLACE, "hints"))
    compile_extensions()
    orders = list(itertools.permutations((US, "cksumvfs", "vfsstat", "vfstrace", "appendvfs")))
    for order, journal in itertools.product(orders, ("delete", "wal")):
        try_order(order, journal)
    for extension, journal in itertools.product(("cksumvfs", "vfsstat", "vfstrace", "appendvfs"), ("delete", "wal")):
        try_base(extension, journal)
    try_memory()
    try_apsw()
    print(f"{len(orders)} orders; {sessions_through_us} sessions through us; {len(failures)} differ or fail")
    sys.exit(1 if failures or not sessions_through_us else 0)


main()
