#!/usr/bin/env -S python3 -B
"""Looks for words at which readers stopped: as a part of names, in the first paragraph of headers, as a sentence.

usage: words.py SOURCE_DIR

A name that ends in _locked is called where a lock was taken before, or from another such name.
"""
import re
import sys

import source
import tree

FOLDERS = ("bench", "hints", "vfs")

# (words between the underscores of a name, what to say in their place)
NAMES = [
    ("news", "what it is: pending, changed, dirty"),
    ("told|tells?", "what is done: notify, announce, log"),
    ("held", "paused; under a lock, a name that ends in _locked"),
    ("leaps?", "what is not done: unpaced, at once"),
    ("elsewhere", "where it is: in the log, in memory"),
    ("is_another", "stale, changed"),
    ("void", "ignored, dropped"),
    ("medium", "device, as hint_device says"),
]
# The same for the first paragraph of headers.
PROSE = [
    ("news|told|tells?", "says, shows"),
    ("leaps?", "what is left out"),
    ("elsewhere", "where that is"),
]
# The same for comments, wherever they stand.
SENTENCES = [
    ("Zeroed is one that has not begun", "Zero-initialise it: nothing has begun"),
    ("What is seldom called, so that what often is needs no frame", "Out of line, to keep the hot path's frame small"),
]
TAKES_LOCK = re.compile(r"(?!.*_locked$)(?!.*[uU]nlock)\w*([lL]ock|mutex_enter)\w*")


def words_in(path, code):
    """(name, what to say in its place, line) of the names that have such a word, the file's own among them."""
    stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    for number, name in [(1, stem)] + source.tokens_of(code):
        for words, instead in NAMES:
            if name != "void" and re.search(rf"(^|_)({words})(_|$)", name, re.IGNORECASE):
                yield name, instead, number


def text_faults(path, text):
    if path.endswith(".h"):
        paragraph = source.first_paragraph(text)
        for words, instead in PROSE:
            match = re.search(rf"\b({words})\b", paragraph, re.IGNORECASE)
            if match:
                yield f"{path}: '{match.group()}' in its first paragraph; better: {instead}"
    flowing = re.sub(r"\s*\n\s*\*?\s*", " ", text)
    for sentence, instead in SENTENCES:
        if sentence in flowing:
            yield f"{path}: '{sentence}'; better: {instead}"


def lock_faults(path, code):
    for item in source.items_of(code):
        if item.kind != "function" or item.name.endswith("_locked"):
            continue
        taken = False
        for (number, name), (_, sign) in zip(item.body, item.body[1:]):
            if sign == "(" and TAKES_LOCK.fullmatch(name):
                taken = True
            if sign == "(" and name.endswith("_locked") and not taken:
                yield f"{path}:{number}: {item.name} calls {name}, and took no lock"


def main(root):
    faults, checked, named = [], 0, {}
    for path in tree.tracked(root):
        if path.split("/")[0] in FOLDERS and path.endswith((".c", ".h")):
            text = "\n".join(tree.lines_of(root, path))
            code = source.code_of(text)
            checked += 1
            faults += [*text_faults(path, text), *lock_faults(path, code)]
            for name, instead, number in words_in(path, code):
                named.setdefault((name, instead), {}).setdefault(path, number)
    for (name, instead), places in sorted(named.items()):
        where = " ".join(f"{path}:{number}" for path, number in places.items())
        faults.append(f"{name}; better: {instead}: {where}")
    tree.finish(faults, checked)


if __name__ == "__main__":
    main(sys.argv[1])
