#!/usr/bin/env -S python3 -B
"""How much of a library a corpus reaches: the edges of libFuzzer's own counters, summed over the files of one folder.

usage: edges.py TARGET FOLDER CORPUS...

Build the targets without other sanitizers and assertions, or these count as edges that nothing reaches:
    cmake --preset fuzz -B build/edges -DPRELOAD_SANITIZE=fuzzer-no-link "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g -DNDEBUG"
    cmake --build build/edges
    tests/fuzz/edges.py build/edges/tests/fuzz/proto/fuzz_proto_chain proto tests/fuzz/proto/corpus/chain
"""
import collections
import re
import subprocess
import sys

LINE = re.compile(r"(?:UN)?COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) (\S+) (\S+?):\d+$", re.MULTILINE)


def main(target, folder, corpora):
    done = subprocess.run([target, "-runs=0", "-print_coverage=1"] + corpora, capture_output=True, text=True)
    files, missed = collections.defaultdict(lambda: [0, 0]), []
    for covered, edges, function, path in LINE.findall(done.stderr):
        if f"/{folder}/" not in path or "/tests/" in path:
            continue
        files[path[path.rindex(f"/{folder}/") + 1:]][0] += int(covered)
        files[path[path.rindex(f"/{folder}/") + 1:]][1] += int(edges)
        if covered == "0":
            missed.append(function)
    for path, (covered, edges) in sorted(files.items()):
        print(f"{path:32} {covered:5} of {edges:5} edges")
    covered, edges = (sum(column) for column in zip(*files.values())) if files else (0, 0)
    print(f"{folder}: {covered} of {edges} edges, {100 * covered / max(edges, 1):.1f} %; never called: {' '.join(missed) or 'none'}")
    return 0 if done.returncode == 0 and covered else 1


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
