"""One permutation of SQLite's own tests, in one arm.

Arms: plain, without us; directory, with us as the default VFS and the hints in a directory; beside, with the hints beside
the files, where tests that list files may see a name more. The last two are compared with the first: what fails in it as
well is not ours.

usage: permutation.py BUILD_DIR SCRATCH_DIR NAME ARM PERMUTATION [--files PATTERN...] [--opens N] [--may-fail TEST...]
                      [--functions]
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from suite import BUILD, SCRATCH, SOURCE, TESTFIXTURE, clean_environment, is_reachable, need_source, ordinary_user, skip

SECONDS = 3300
SEEN_BESIDE_MAX = 7  # tests that list `test.db*` or the like
TOTALS = ("opens through us", "databases", "replays", "saves", "errors of ours")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", help="of this run")
    parser.add_argument("arm", choices=("plain", "directory", "beside"))
    parser.add_argument("permutation", help="as SQLite calls it")
    parser.add_argument("--files", nargs="+", default=[], help="only these test files; % stands for any text")
    parser.add_argument("--opens", type=int, default=1, help="the fewest opens through us")
    parser.add_argument("--may-fail", nargs="+", default=[], help="failures that are explained, by their exact names")
    parser.add_argument("--functions", action="store_true", help="our SQL functions on every connection, too")
    return parser.parse_args(sys.argv[3:])


def folder_of(name, arm):
    return os.path.join(SCRATCH, "run", f"{name}-{arm}")


def make_place(folder):
    """A folder of the ordinary user's, and the program and the tests where that user can read them."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    place, testfixture, tests = folder, TESTFIXTURE, os.path.join(SOURCE, "test")
    if not is_reachable(TESTFIXTURE):
        place = tempfile.mkdtemp(prefix="sqlite-suite-", dir="/var/tmp")
        os.chmod(place, 0o755)
        testfixture, tests = os.path.join(place, "testfixture"), os.path.join(place, "tree", "test")
        shutil.copy(TESTFIXTURE, testfixture)
        for part in ("test", "ext"):
            shutil.copytree(os.path.join(SOURCE, part), os.path.join(place, "tree", part), symlinks=True)
    for name in ("work", "hints"):
        os.mkdir(os.path.join(place, name))
    open(os.path.join(place, "totals"), "w", encoding="utf-8").close()
    for name in ("work", "hints", "totals"):
        os.chmod(os.path.join(place, name), 0o777)
    return place, testfixture, tests


def environment(place, how):
    ours = {"HOME": os.path.join(place, "work")}
    if how.files:
        ours["SQLITE_TEST_PATTERN_LIST"] = " ".join(how.files)
    if how.arm != "plain":
        ours["SUITE_TOTALS"] = os.path.join(place, "totals")
        ours["SUITE_FUNCTIONS"] = "1" if how.functions else "0"
        ours["SQLITE_PRELOAD_LOG"] = os.path.join(place, "work", "preload.log")
    if how.arm == "directory":
        ours["SQLITE_PRELOAD_STORE"] = "sidecar:" + os.path.join(place, "hints")
    return clean_environment(**ours)


def run(how, place, testfixture, tests, output):
    script = os.path.join(tests, "permutations.test")
    with open(output, "wb") as file:
        host = subprocess.Popen([testfixture, script, how.permutation], cwd=os.path.join(place, "work"), stdout=file,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                                env=environment(place, how), **ordinary_user())
        try:
            return host.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(host.pid, signal.SIGKILL)
            return f"none after {SECONDS} s"


def read(output, status):
    """What the run said of itself. One that did not come to its end has failed altogether."""
    with open(output, encoding="utf-8", errors="replace") as file:
        text = file.read()
    summary = re.search(r"^(\d+) errors out of (\d+) tests", text, re.M)
    failures = re.search(r"^!Failures on these tests: (.*)$", text, re.M)
    if not summary or status not in (0, 1) or not re.search("^All memory allocations freed - no leaks", text, re.M):
        print("\n".join(text.splitlines()[-20:]))
        sys.exit(f"exit status {status}; it did not come to its end, or leaks")
    for line in re.findall(r"^! .*$", text, re.M):
        print(line[:400])
    return {"errors": int(summary[1]), "tests": int(summary[2]), "files": re.findall(r"^Time: (\S+) ", text, re.M),
            "failures": failures[1].split() if failures else [], "seen beside": find_seen_beside(text)}


def find_seen_beside(text):
    """Tests that found what they expected, and the names of our files."""
    pairs = re.findall(r"^! (\S+) expected: \[(.*)\]\n! \1 got: +\[(.*)\]$", text, re.M)
    return [name for name, expected, got in pairs
            if expected.split() == [word for word in got.split() if not word.endswith("-preload")]]


def read_totals(place):
    with open(os.path.join(place, "totals"), encoding="utf-8") as file:
        lines = [[int(word) for word in line.split()] for line in file]
    return dict(zip(TOTALS, map(sum, zip(*lines)))) if lines else dict.fromkeys(TOTALS, 0)


def judge(how, result, plain):
    """What is wrong, a sentence each."""
    allowed = plain["failures"] + how.may_fail + (result["seen beside"] if how.arm == "beside" else [])
    ours = sorted(set(result["failures"]) - set(allowed))
    wrong = [f"these fail with us: {' '.join(ours)}"] if ours else []
    if len(result["seen beside"]) > SEEN_BESIDE_MAX:
        wrong.append(f"{len(result['seen beside'])} tests see files of ours")
    if result["files"] != plain["files"]:
        wrong.append(f"of the {len(plain['files'])} files of tests {len(result['files'])} ran")
    if result["totals"]["opens through us"] < how.opens:
        wrong.append(f"fewer than {how.opens} opens went through us")
    return wrong


def main():
    how = arguments()
    need_source()
    if not os.path.exists(TESTFIXTURE):
        skip("there is no testfixture; suite_testfixture says why")
    name = how.name
    folder = folder_of(name, how.arm)
    place, testfixture, tests = make_place(folder)
    output = os.path.join(folder, "output")
    result = read(output, run(how, place, testfixture, tests, output))
    result["totals"] = read_totals(place)
    if place != folder:
        shutil.rmtree(place)
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)
    print(f"{name}, {how.arm}: {result['errors']} errors of {result['tests']} tests")
    if how.arm == "plain":
        return
    with open(os.path.join(folder_of(name, "plain"), "result.json"), encoding="utf-8") as file:
        plain = json.load(file)
    print(f"{name}, plain: {plain['errors']} errors of {plain['tests']} tests")
    print(", ".join(f"{value} {what}" for what, value in result["totals"].items()))
    sys.exit("\n".join(judge(how, result, plain)) or 0)


main()
