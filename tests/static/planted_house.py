"""A small house that is clean: a source and a header in each room of the table, and a call along each arrow of it."""
import json
import os
import re
import shlex
import subprocess

from layering import HOUSE, ROOMS, UPWARD

COMPILE = ["gcc", "-std=c11", "-w", "-c"]


def function_of(room):
    return re.sub(r"\W", "_", room) + "_one"


def header_of(room):
    return room if room.endswith(".h") else f"{room}/{room.rsplit('/', 1)[-1]}.h"


def room_for(seen):
    """A room that a term covers."""
    return next(room for room in [seen.rstrip("/"), *ROOMS] if room in ROOMS and room.startswith(seen.rstrip("/")))


class House:
    def __init__(self, root):
        self.root, self.files = root, {}
        self.left_out = set()  # sources that the build does not know

    def add(self, path, *lines):
        self.files.setdefault(path, [])
        self.files[path] += [line for line in lines if line not in self.files[path]]

    def furnish(self, room):
        is_file, room, terms = room.endswith(".h"), room.replace("*", "example"), HOUSE.rooms[room]
        header = header_of(room)
        own = header if is_file else header[:-1] + "c"
        self.add(header, "#pragma once")
        if not is_file:
            self.add(header, f"int {function_of(room)}(void);")
            self.add(own, f'#include "{header}"', f"int {function_of(room)}(void) {{ return 1; }}")
        for term in terms:
            for path in [f"{room}/{name.replace('*', 'c')}" for name in term.files] or [own]:
                self.look(path, term.seen)

    def look(self, path, seen):
        """A file sees another room, and calls it if it is a source."""
        if seen == "sqlite3":
            self.add(path, "#include <sqlite3.h>")
            return
        seen = room_for(seen)
        self.add(path, *["#pragma once"] * path.endswith(".h"), f'#include "{header_of(seen)}"')
        if path.endswith(".c") and not seen.endswith(".h"):
            caller = function_of(path + seen)
            self.add(path, f"static int {caller}(void) {{ return {function_of(seen)}(); }}",
                     f"int call_{caller}(void) {{ return {caller}(); }}")

    def call_upwards(self):
        """Each row of UPWARD is used: by a room that sees the pointer's, and that it may not see."""
        for number, (header, pointer, _) in enumerate(UPWARD):
            above = next(room for room in ROOMS if not room.endswith((".h", "*"))
                         and HOUSE.may_see(f"{room}/x.c", header) and not HOUSE.may_see(header, f"{room}/x.c"))
            path = f"{above}/upward_{number}.c"
            self.add(header, "#pragma once")
            self.add(path, f'#include "{header}"', "static void from_above(void) {}")
            if pointer.endswith(")"):
                function, parameter = pointer[:-1].split("(")
                self.add(header, f"void {function}(void (*{parameter})(void));")
                self.add(header[:-1] + "c", f'#include "{header}"',
                         f"void {function}(void (*{parameter})(void)) {{ {parameter}(); }}")
                self.add(path, f"void up_{number}(void) {{ {function}(from_above); }}")
            else:
                tag, field = pointer.split(".")
                fields = [other.split(".")[1] for place, other, _ in UPWARD if (place, other.split(".")[0]) == (header, tag)]
                self.add(header, f"struct {tag} {{ {' '.join(f'void (*{name})(void);' for name in fields)} }};")
                self.add(path, f"struct {tag} up_{number} = {{ .{field} = from_above }};")

    def write(self, built):
        """Writes the sources, and how a build compiles them; with their objects, if they are to be built."""
        entries = []
        for path, lines in self.files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            if path.endswith(".c") and path not in self.left_out:
                command = COMPILE + [f"-I{self.root}", f"-I{self.root}/build", "-o", full + ".o", full]
                entries.append({"directory": self.root, "file": full, "command": shlex.join(command)})
        with open(os.path.join(self.root, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump(entries, file)
        if built:
            for entry in entries:
                subprocess.run(shlex.split(entry["command"]), cwd=self.root, check=True)


def clean(root):
    house = House(root)
    for room in ROOMS:
        house.furnish(room)
    house.call_upwards()
    return house
