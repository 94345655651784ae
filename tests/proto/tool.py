#!/usr/bin/env -S python3 -B
"""The tool's subcommands on messages: the golden files through pipes and operands, and what it says of bad input.

usage: tool.py TOOL GOLDEN_DIR
"""
import collections
import os
import subprocess
import sys

TOOL, GOLDEN = sys.argv[1:]
faults = []


def expect(what, got, want):
    if got != want:
        faults.append(f"{what}: got {got!r}, want {want!r}")


def run(arguments, lines=None):
    """Exit status and lines of output."""
    text = None if lines is None else "".join(line + "\n" for line in lines)
    done = subprocess.run([TOOL] + arguments, input=text, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL if text is None else None)
    if "Sanitizer" in done.stderr or "runtime error" in done.stderr:
        faults.append(done.stderr)
    return done.returncode, done.stdout.splitlines(), done.stderr


def rows(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def golden_messages():
    groups = collections.defaultdict(list)
    for version, root, data, json in rows("messages.tsv"):
        groups[version, root].append((data, json))
    for (version, root), messages in groups.items():
        arguments = ["--version", version, "--type", root]
        status, lines, _ = run(["decode"] + arguments + ["-"], [data for data, _ in messages])
        expect(f"decode {version} {root}", (status, lines), (0, [json for _, json in messages]))
        status, lines, _ = run(["roundtrip"] + arguments, [data for data, _ in messages])
        expect(f"roundtrip {version} {root}", (status, lines), (0, [data for data, _ in messages]))
    return len(groups)


def golden_conversions():
    groups = collections.defaultdict(list)
    for root, version, target, data, verdict, rest in rows("conversions.tsv"):
        groups[root, version, target].append((data, f"{verdict} {rest}"))
    for (root, version, target), messages in groups.items():
        status, lines, _ = run(["convert", "--from", version, "--to", target, "--type", root, "-"],
                               [data for data, _ in messages])
        expect(f"convert {root} {version} {target}", (status, lines), (0, [line for _, line in messages]))
    return len(groups)


HINTS = "0907000000056163746f7203000000000000000301000000020000002c0100000140000000c8000000"
V5 = ["--version", "5", "--type", "ToRivet"]

# arguments, lines of input, exit status, lines of output
CASES = [
    (["decode"] + V5 + ["03"], None, 0, ['{"ToRivetStopping":null}']),
    (["decode", "--type=ToRivet", "--version=5", "03"], None, 0, ['{"ToRivetStopping":null}']),
    (["decode"] + V5 + [HINTS], None, 0,
     ['{"ToRivetSqlitePersistPreloadHintsRequest":{"requestId":7,"data":{"actorId":"actor","generation":"3","hints":'
      '{"pgnos":[1,2,300],"ranges":[{"startPgno":64,"pageCount":200}]}}}}']),
    (["roundtrip"] + V5 + [HINTS.upper()], None, 0, [HINTS]),
    (["convert", "--from", "5", "--to", "5", "--type", "ToRivet", HINTS], None, 0, ["ok " + HINTS]),
    (["convert", "--from", "5", "--to", "4", "--type", "ToRivet", HINTS], None, 0,
     ["incompatible SqlitePreloadHints:ToRivet:5:4"]),
    (["decode", "--version", "4", "--type", "SqliteExecuteRoute", "02"], None, 0, ['"WRITE_FALLBACK"']),
    # bad messages: the rest is answered all the same, and the exit status tells at the end
    (["decode"] + V5 + ["-"], ["03", "0d", "", "0300", " 03\r", "zz", "030"], 1,
     ['{"ToRivetStopping":null}', "malformed 0 ToRivet unknown union tag",
      "malformed 0 ToRivet the input ends inside the value", "malformed 1 ToRivet trailing bytes",
      '{"ToRivetStopping":null}', "malformed 0 ToRivet not hexadecimal", "malformed 1 ToRivet half a byte of hexadecimal"]),
    (["convert", "--from", "3", "--to", "5", "--type", "ToRivet"],
     ["080700000001610201000000" "01aa" "0200000005aa", "03"], 1,
     ["malformed 18 ToRivet.ToRivetSqliteCommitRequest.data.dirtyPages[1].bytes the input ends inside the value", "ok 03"]),
    (["roundtrip"] + V5 + [""], None, 1, ["malformed 0 ToRivet the input ends inside the value"]),
    (["decode"] + V5, [], 0, []),
    # wrong use
    (["decode"], None, 2, []),
    (["decode", "--version", "5"], None, 2, []),
    (["decode", "--version", "6", "--type", "ToRivet", "03"], None, 2, []),
    (["decode", "--version", "0", "--type", "ToRivet", "03"], None, 2, []),
    (["decode", "--version", "5x", "--type", "ToRivet", "03"], None, 2, []),
    (["decode", "--version", "5", "--type", "Nobody", "03"], None, 2, []),
    (["decode", "--version", "1", "--type", "SqlitePgno", "03"], None, 2, []),
    (["decode"] + V5 + ["03", "03"], None, 2, []),
    (["decode"] + V5 + ["--from", "3", "03"], None, 2, []),
    (["decode", "--version"], None, 2, []),
    (["convert", "--from", "5", "--to", "6", "--type", "ToRivet", "03"], None, 2, []),
    (["convert", "--from", "5", "--to", "4", "--type", "Id", "0161"], None, 2, []),
    (["convert", "--from", "5", "--type", "ToRivet", "03"], None, 2, []),
]


def cases():
    for number, (arguments, lines, status, want) in enumerate(CASES):
        got_status, got, errors = run(arguments, lines)
        expect(f"case {number} {arguments}", (got_status, got), (status, want))
        if bool(errors) != (status == 2):
            faults.append(f"case {number} {arguments}: said {errors!r} on stderr")
    return len(CASES)


def long_lines():
    """A megabyte in one line, and an answer before the next question."""
    page = "00" * 500000
    data = "08" "01000000" "0161" "01" "01000000" + "a0c21e" + page + "01000000" "0000000000000000" "0000"
    expect("a long line", run(["roundtrip"] + V5 + ["-"], [data])[:2], (0, [data]))
    tool = subprocess.Popen([TOOL, "decode"] + V5 + ["-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        tool.stdin.write("03\n")
        tool.stdin.flush()
        expect("question by question", tool.stdout.readline(), '{"ToRivetStopping":null}\n')
    tool.stdin.close()
    expect("question by question", tool.wait(60), 0)
    tool.stdout.close()
    return 2


checked = golden_messages() + golden_conversions() + cases() + long_lines()
for fault in faults:
    print(fault)
print(f"{checked} checked, {len(faults)} faults")
sys.exit(1 if faults else 0)
