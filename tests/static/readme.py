#!/usr/bin/env -S python3 -B
"""Runs the fenced blocks of a README, in order, against a release build.

usage: readme.py README BUILD_DIR SCRATCH_DIR

The blocks run in a scratch folder that looks like the clone after ./dev build: a link for each top-level entry, and
build/release is BUILD_DIR. They share it, so a block may use what an earlier one has made. It starts with a database
`app.db`, whose table item(id INTEGER PRIMARY KEY, name TEXT) has 10,000 rows.

The word after the fence says what a block is; there is no way to leave a block out but to say that it is text:
  sh       run with bash, stopping at the first command that fails
  console  lines after `$ ` are commands, run like sh; the lines under a command that begin with a prompt (`sqlite> `,
           `   ...> `, `>>> `, `... `) are its input; the rest is output, which is shown for the reader and not compared
  console exact
           the same, and the first line of output under a command must be the first line that it prints
  c        a program, or a piece of one: without a main() it becomes the body of main, its #include lines before it.
           Compiled as a host would, -Wall -Wextra -Werror, linked with libpreload.a, and run. A first line /* NAME.c */
           also leaves it in the scratch folder under that name
  sql      run by the sqlite3 shell on app.db, opened with vfs=preload
  python   run by /usr/bin/python3: other builds may lack enable_load_extension
  text     not run

A line that begins with `./dev ` is not run: its command must be one that ./dev help knows.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys

SECONDS_MAX = 120
PROMPTS = ("sqlite> ", "   ...> ", ">>> ", "... ")


class Fault(Exception):
    pass


def blocks_of(text):
    """(line number, info string, lines) of each fenced block."""
    block = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if block is None:
                block = (number, line[3:].strip(), [])
            else:
                yield block
                block = None
        elif block is not None:
            block[2].append(line)
    if block is not None:
        raise Fault(f"line {block[0]}: the block does not end")


class Readme:
    def __init__(self, readme, build, scratch):
        self.source = os.path.dirname(os.path.abspath(readme))
        self.scratch = os.path.abspath(scratch)
        shutil.rmtree(self.scratch, ignore_errors=True)
        os.makedirs(os.path.join(self.scratch, "build"))
        for name in os.listdir(self.source):
            if name != "build" and not name.startswith("."):
                os.symlink(os.path.join(self.source, name), os.path.join(self.scratch, name))
        os.symlink(os.path.abspath(build), os.path.join(self.scratch, "build", "release"))
        database = sqlite3.connect(os.path.join(self.scratch, "app.db"))
        database.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO item(name) VALUES (?)", ((f"item {i}",) for i in range(10000)))
        database.commit()
        database.close()

    def run(self, command, stdin=""):
        """What the command prints, standard error included. Fault when it fails."""
        done = subprocess.run(command, cwd=self.scratch, input=stdin, text=True, timeout=SECONDS_MAX,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Fault(f"status {done.returncode}: {stdin.strip() or command[-1]}\n{done.stdout}")
        return done.stdout

    def know_dev(self, line):
        """Whether the line calls ./dev, with a command that it has."""
        words = line.split()
        if words[:1] != ["./dev"]:
            return False
        usage = subprocess.run([os.path.join(self.source, "dev"), "help"], capture_output=True, text=True, check=True)
        if not re.search(rf"^  {re.escape((words + ['help'])[1])}\b", usage.stdout, re.MULTILINE):
            raise Fault(f"no such command: {line}")
        return True

    def run_sh(self, lines):
        self.run(["bash", "-euo", "pipefail"], "\n".join(line for line in lines if not self.know_dev(line)) + "\n")

    def run_console(self, lines, exact=False):
        commands = []  # (command, input lines, output lines)
        for line in lines:
            if line.startswith("$ "):
                commands.append((line[2:], [], []))
            elif not commands:
                raise Fault("the block begins with output")
            elif line.startswith(PROMPTS):
                commands[-1][1].append(line[len(next(p for p in PROMPTS if line.startswith(p))):])
            else:
                commands[-1][2].append(line)
        for command, stdin, want in commands:
            if self.know_dev(command):
                continue
            got = self.run(["bash", "-euo", "pipefail", "-c", command], "".join(line + "\n" for line in stdin))
            if exact and want and got.splitlines()[:1] != want[:1]:
                raise Fault(f"{command}\nprinted: {got.splitlines()[:1]}\nREADME:  {want[:1]}")

    def run_console_exact(self, lines):
        self.run_console(lines, exact=True)

    def run_c(self, lines):
        name = re.fullmatch(r"/\* (\w+\.c) \*/", lines[0]) if lines else None
        path = os.path.join(self.scratch, name.group(1) if name else "block.c")
        if not any(re.search(r"\bmain\(", line) for line in lines):
            lines = [line for line in lines if line.startswith("#")] + ["int main(void)", "{"] + \
                    [line for line in lines if not line.startswith("#")] + ["return 0;", "}"]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Ivfs", "-o", "block", path,
                  "build/release/libpreload.a", "-lsqlite3", "-lzstd", "-lpthread"])
        self.run(["./block"])

    def run_sql(self, lines):
        setup = [".bail on", ".load build/release/preload", ".open file:app.db?vfs=preload"]
        self.run(["sqlite3"], "\n".join(setup + lines) + "\n")

    def run_python(self, lines):
        self.run(["/usr/bin/python3", "-"], "\n".join(lines) + "\n")

    def run_text(self, lines):
        pass


def main(path, build, scratch):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    readme, checked, faults = Readme(path, build, scratch), 0, 0
    for number, info, lines in blocks_of(text):
        runner = getattr(readme, "run_" + info.replace(" ", "_"), None)
        try:
            if runner is None:
                raise Fault(f"a fence says what it holds; {info!r} is nothing that can be run")
            runner(lines)
            checked += 1
        except (Fault, subprocess.TimeoutExpired) as fault:
            print(f"{os.path.basename(path)}:{number}: {fault}")
            faults += 1
    print(f"{checked} blocks run, {faults} failed")
    return 1 if faults or not checked else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Fault as fault:
        sys.exit(str(fault))
