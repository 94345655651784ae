#!/usr/bin/env python3
"""Adds up the JUnit files that ctest wrote: names what failed, says why a test was skipped, and ends with one line,
`N passed, N failed`, with `, N skipped` where some were. A test that was skipped and gives no reason has failed. The exit
status is 1 when one failed.

usage: tally.py [--stage-failed] FILE...
With --stage-failed a stage of ./dev test failed; where no test of it did (a build, a gate), the stage counts as one.
"""
import sys
import xml.etree.ElementTree as tree

passed, failed, skipped = 0, 0, 0
for path in (name for name in sys.argv[1:] if not name.startswith("--")):
    for case in tree.parse(path).iter("testcase"):
        output = case.findtext("system-out") or ""
        reasons = [line for line in output.splitlines() if line.startswith("skipped: ")]
        is_skipped = case.find("skipped") is not None or case.get("status") == "disabled"
        if is_skipped and reasons:
            print(f"{case.get('name')}: {reasons[0]}")
            skipped += 1
        elif is_skipped or case.find("failure") is not None or case.get("status") == "fail":
            print(f"{case.get('name')}: " + ("failed: skipped without a reason" if is_skipped else "failed"))
            failed += 1
        else:
            passed += 1

if "--stage-failed" in sys.argv and failed == 0:
    failed = 1
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed else 0)
