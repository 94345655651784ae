"""What the scripts of this folder share: the platforms, and compiling for one.

Each is run as: FILE.py BUILD_DIR SCRATCH_DIR [PLATFORM]. It prints `skipped: <reason>` and exits with 77 where it cannot
run here.
"""
import glob
import os
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "suite"))

from suite import BUILD, SCRATCH, clean_environment, run_logged, skip

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SQLITE = os.path.join(SCRATCH, "sqlite")  # one file and its headers; made by sqlite.py
ZSTD = os.path.join(SCRATCH, "source", "tree", "lib")  # fetched by suite/source.py
AMALGAMATION = os.path.join(BUILD, "amalgamation")
MULTIARCH = f"{os.uname().machine}-linux-gnu"

# A compiler of 32 bits beside others has no <asm/...> of its own, and musl none of the kernel's headers at all.
KERNEL_HEADERS = ["-idirafter", f"/usr/include/{MULTIARCH}"]
WIDE = ["-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]


class Platform:
    """`compiler` compiles the library, `tests` is what tests want beside that, and `others` what SQLite does."""

    def __init__(self, compiler, packages, tests, others=()):
        self.compiler, self.packages, self.tests, self.others = compiler, packages, tests, list(others)


PLATFORMS = {
    "musl": Platform(["musl-gcc"], "musl-tools", ["-idirafter", "/usr/include"] + KERNEL_HEADERS),
    "bits32": Platform(["gcc", "-m32"] + KERNEL_HEADERS, "gcc-VERSION-multilib and libc6-dev-i386", WIDE, WIDE),
}

NAME = sys.argv[3] if len(sys.argv) > 3 else None
PLATFORM = PLATFORMS.get(NAME)
PLACE = os.path.join(SCRATCH, NAME or "")
LIBRARIES = ["-L" + PLACE, "-Wl,-rpath," + PLACE, "-lsqlite3", "-lzstd", "-lpthread", "-ldl", "-lm"]
INCLUDES = ["-isystem", SQLITE, "-isystem", ZSTD]


def compile_log(name, *arguments):
    """Runs the platform's compiler in its place."""
    run_logged(PLATFORM.compiler + list(arguments), os.path.join(PLACE, name + ".log"), cwd=PLACE)


def need_compiler():
    """A program for the platform must come into being and run here."""
    os.makedirs(PLACE, exist_ok=True)
    program = os.path.join(PLACE, "nothing_" + os.path.basename(sys.argv[0]))
    reason = f"no program of {NAME} can be built and run here; the packages {PLATFORM.packages} bring what it takes"
    if not shutil.which(PLATFORM.compiler[0]):
        skip(reason)
    source = "#include <errno.h>\n#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n"
    built = subprocess.run(PLATFORM.compiler + ["-x", "c", "-", "-o", program], input=source, text=True, check=False,
                           stderr=subprocess.PIPE)
    if built.returncode != 0 or subprocess.run([program], check=False, stdout=subprocess.DEVNULL).returncode != 0:
        print(built.stderr)
        skip(reason)


def need_sources():
    if not os.path.exists(os.path.join(SQLITE, "sqlite3.c")) or not os.path.isdir(ZSTD):
        skip("the sources of SQLite and zstd are not here; platforms_sqlite and platforms_zstd of ./dev test --long make them")


def need_libraries():
    need_compiler()
    need_sources()
    if not all(os.path.exists(os.path.join(PLACE, name)) for name in ("libsqlite3.so", "libzstd.so")):
        skip(f"SQLite and zstd are not here; platforms_{NAME} of ./dev test --long compiles them")


def zstd_sources():
    return sorted(path for part in ("common", "compress", "decompress") for path in glob.glob(f"{ZSTD}/{part}/*.c"))
