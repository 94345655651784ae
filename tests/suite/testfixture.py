"""Builds SQLite's testfixture with libpreload.a inside, whose VFS is the default where SUITE_TOTALS is set."""
import glob
import os
import shutil

from suite import BUILD, HERE, SCRATCH, SOURCE, TESTFIXTURE, need_source, run_logged, skip

PLACE = os.path.dirname(TESTFIXTURE)
ARCHIVE = os.path.join(BUILD, "libpreload.a")
INIT = os.path.join(PLACE, "init.o")
# io.test wants SQLite's own limit, which the distribution raises.
OPTIONS = "-DSQLITE_EXTRA_INIT=suite_init -DSQLITE_MAX_DEFAULT_PAGE_SIZE=8192"


# These run only where the default VFS is called `unix`; what they need of it, we hand on.
GUARDED = ("mmap2.test", "syscall.test")
GUARD = '[test_syscall defaultvfs] != "unix"'


def lift_guards():
    for name in GUARDED:
        path = os.path.join(SOURCE, "test", name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(GUARD, "0"))


def run(name, *command):
    run_logged(command, os.path.join(PLACE, name + ".log"), cwd=PLACE)


def configure(tcl):
    os.makedirs(PLACE, exist_ok=True)
    run("configure", os.path.join(SOURCE, "configure"), "--disable-shared", f"--with-tcl={os.path.dirname(tcl)}",
        "--enable-load-extension", "--enable-fts4", "--enable-fts5", "--enable-rtree", "--enable-session")


def is_current():
    parts = (ARCHIVE, os.path.join(HERE, "init.c"), os.path.join(HERE, "testfixture.py"))
    return os.path.exists(TESTFIXTURE) and all(os.path.getmtime(part) < os.path.getmtime(TESTFIXTURE) for part in parts)


def build():
    if os.path.exists(TESTFIXTURE):
        os.remove(TESTFIXTURE)
    run("init", "cc", "-O2", "-Wall", "-Wextra", "-Werror", "-I", os.path.join(HERE, "..", ".."), "-c",
        os.path.join(HERE, "init.c"), "-o", INIT)
    run("make", "make", "testfixture", f"OPTS={OPTIONS}", f"TLIBS=-lm -lz {INIT} {ARCHIVE} -lzstd -lpthread -ldl")


def main():
    need_source()
    tcl = glob.glob("/usr/lib/*/tcl8*/tclConfig.sh") + glob.glob("/usr/lib/tcl8*/tclConfig.sh")
    if not tcl or not shutil.which("make"):
        skip("there is no make, or no development package of Tcl 8")
    lift_guards()
    if not os.path.exists(os.path.join(PLACE, "Makefile")):
        configure(tcl[0])
    if not is_current():
        build()
    print(f"{os.path.getsize(TESTFIXTURE)} bytes: {TESTFIXTURE}")


main()
