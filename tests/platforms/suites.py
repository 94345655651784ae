"""The suites of hints/, proto/ and vfs/ on a platform, which has no Criterion: criterion/ stands in for it."""
import glob
import os
import subprocess
import sys

from platforms import (AMALGAMATION, BUILD, HERE, INCLUDES, LIBRARIES, NAME, PLACE, PLATFORM, ROOT, compile_log,
                       need_libraries)

STRICT = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wno-psabi", "-Werror"]
GOLDEN = os.path.join(ROOT, "tests", "golden")
DEFINES = ["-D_GNU_SOURCE", "-DSQLITE_CORE", "-DZSTD_STATIC_LINKING_ONLY", f'-DGOLDEN="{GOLDEN}"', f'-DGOLDEN_DIR="{GOLDEN}"']
DOORS = INCLUDES + ["-isystem", HERE, "-I", ROOT, "-I", os.path.join(BUILD, "proto", "gen"), "-I",
                    os.path.join(ROOT, "proto", "compiler")]
ROOMS = {
    "hints": ("tests/hints/test_*.c", "tests/hints/format/test_*.c"),
    "proto": ("tests/proto/test_*.c",),
    "vfs": ("tests/vfs/*/test_*.c",),
}
# Beside tests/support, what the suites of a room link.
HELPERS = {
    "hints": (),
    "proto": ("tests/proto/common.c", "tests/proto/names.c", "proto/compiler/text.c", "proto/compiler/parse.c",
              "proto/compiler/resolve.c", "proto/compiler/rules.c", "proto/compiler/plan.c", "proto/compiler/front.c"),
    "vfs": ("tests/vfs/common.c", "tests/vfs/job.c", "tests/vfs/stored.c", "tests/vfs/witness.c"),
}
SUPPORT = tuple(f"tests/support/{name}.c" for name in ("heap", "notation", "rng", "runs"))
HEAP = ["-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc"]
LINKED = {"tests/vfs/store/test_sidecar_users.c": ["-Wl,--wrap=flock,--wrap=fchmod,--wrap=fchown,--wrap=time"]}
if NAME == "bits32":  # where time() has another name in the library
    LINKED["tests/vfs/store/test_sidecar_users.c"] += ["-Wl,--wrap=__time64,--defsym=__wrap___time64=__wrap_time"]
ELSEWHERE = {
    "tests/proto/test_scratch.c": "its protocol is made by CMake",
}
if NAME == "musl":
    ELSEWHERE["tests/vfs/process/test_errno_text.c"] = "musl has words of its own for errors"
SECONDS = 600


def object_of(source):
    """Compiles a file of the repository."""
    name = source.replace("/", "_")
    compile_log(name, *STRICT, *DEFINES, *DOORS, *PLATFORM.tests, "-c", os.path.join(ROOT, source), "-o", name + ".o")
    return name + ".o"


def build_common():
    library = ["-DPRELOAD_DEBUG", "-c", os.path.join(AMALGAMATION, "preload.c"), "-o", "tested.o"]
    compile_log("tested", *STRICT, *INCLUDES, *library)
    return ["tested.o", object_of("tests/platforms/criterion/criterion.c")] + [object_of(source) for source in SUPPORT]


def runs(program):
    """Whether a suite is green; what it says is shown if not."""
    done = subprocess.run([os.path.join(PLACE, program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=SECONDS, check=False, cwd=PLACE)
    print(f"{program}: {done.stdout.splitlines()[-1] if done.stdout else done.returncode}")
    if done.returncode != 0:
        print(done.stdout)
    return done.returncode == 0


def main():
    need_libraries()
    common, red, count = build_common(), [], 0
    for room, patterns in ROOMS.items():
        helpers = [object_of(source) for source in HELPERS[room]]
        for path in sorted(path for pattern in patterns for path in glob.glob(os.path.join(ROOT, pattern))):
            source = os.path.relpath(path, ROOT)
            if source in ELSEWHERE:
                print(f"{source}: not here, {ELSEWHERE[source]}")
                continue
            program = source.replace("/", "_")[:-len(".c")].replace("tests_", "", 1)
            compile_log(program, object_of(source), *helpers, *common, *HEAP, *LINKED.get(source, []), *LIBRARIES, "-o", program)
            count += 1
            if not runs(program):
                red.append(program)
    print(f"{count} suites, {len(red)} red: {' '.join(red)}")
    sys.exit(1 if red or count == 0 else 0)


main()
