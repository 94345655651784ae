#!/usr/bin/env -S python3 -B
"""Compiles every header alone: as C11, and as C++17.

A header that reaches <stdatomic.h> is C only, _Atomic being no word of C++17; a public header may not be one of those.

usage: headers.py SOURCE_DIR [FOLDER=INCLUDE_DIR[,INCLUDE_DIR...]]...
"""
import os
import subprocess
import sys

import tree

PUBLIC = ("vfs/preload.h", "proto/envoy.h")
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]


def compile_alone(language, header, includes):
    compiler = {"c": ["gcc", "-std=c11"], "c++": ["g++", "-std=c++17"]}[language]
    command = compiler + WARNINGS + [f"-I{folder}" for folder in includes] + ["-x", language, header]
    return subprocess.run(command, capture_output=True, text=True).stderr


def is_c_only(header, includes):
    command = ["gcc", "-std=c11", "-M"] + [f"-I{folder}" for folder in includes] + ["-x", "c", header]
    return "/stdatomic.h" in subprocess.run(command, capture_output=True, text=True).stdout


def main(root, folders):  # {folder: include path}
    faults, c_only, checked = [], [], 0
    for path in tree.tracked(root):
        folder = next((name for name in folders if path.startswith(name + "/")), None)
        if folder is None or not path.endswith(".h"):
            continue
        checked += 1
        header, includes = os.path.join(root, path), folders[folder]
        errors = compile_alone("c", header, includes)
        if errors:
            faults.append(f"{path}: alone as C11:\n{errors}")
        elif is_c_only(header, includes):
            c_only.append(path)
        else:
            errors = compile_alone("c++", header, includes)
            if errors:
                faults.append(f"{path}: alone as C++17:\n{errors}")
    faults += [f"{path}: public, but C only" for path in c_only if path in PUBLIC]
    print("C only:", " ".join(c_only) or "none")
    tree.finish(faults, checked)


def parse(argument):
    folder, _, includes = argument.partition("=")
    return folder, [path for path in includes.split(",") if path]


main(sys.argv[1], dict(parse(argument) for argument in sys.argv[2:]))
