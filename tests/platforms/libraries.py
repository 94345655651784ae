"""Compiles SQLite and zstd for a platform, each as an archive and as a shared library, once."""
import os

from platforms import PLACE, PLATFORM, SQLITE, compile_log, need_compiler, need_sources, run_logged, zstd_sources

# Suites ask SQLite for the pages of a tree.
OPTIONS = ["-O1", "-fPIC", "-DSQLITE_ENABLE_DBSTAT_VTAB", "-DZSTD_DISABLE_ASM"] + PLATFORM.others


def build(name, sources):
    library = os.path.join(PLACE, f"lib{name}.so")
    objects = []
    if os.path.exists(library) and os.path.getmtime(library) > os.path.getmtime(__file__):
        return
    for source in sources:
        stem = f"{name}_{os.path.basename(source)}"
        objects.append(stem + ".o")
        compile_log(stem, *OPTIONS, "-c", source, "-o", stem + ".o")
    run_logged(["ar", "rcs", f"lib{name}.a"] + objects, os.path.join(PLACE, name + ".ar.log"), cwd=PLACE)
    compile_log(name, "-shared", *objects, "-o", library)
    print(f"{os.path.getsize(library)} bytes: {os.path.basename(library)}")


def main():
    need_compiler()
    need_sources()
    build("sqlite3", [os.path.join(SQLITE, "sqlite3.c")])
    build("zstd", zstd_sources())


main()
