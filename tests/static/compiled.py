"""What the build says of a source: how it was compiled, and what its object defines and wants."""
import json
import os
import shlex
import subprocess


class Unit:
    """A source as one target compiles it."""

    def __init__(self, root, entry):
        folder, words = entry["directory"], shlex.split(entry["command"])
        self.path = os.path.relpath(os.path.realpath(os.path.join(folder, entry["file"])), root)
        self.folder = folder
        self.object = os.path.join(folder, words[words.index("-o") + 1])
        self.flags = []
        for word, value in zip(words, words[1:] + [""]):
            if word.startswith(("-I", "-D", "-std=")):
                self.flags.append(word)
            elif word == "-isystem":
                self.flags += [word, value]

    def symbols(self):
        """(names that the object defines, names that it wants); None where it is not built."""
        if not os.path.exists(self.object):
            return None
        defined, wanted = set(), set()
        listing = subprocess.run(["nm", "-g", self.object], check=True, capture_output=True, text=True).stdout
        for line in listing.splitlines():
            *_, letter, name = line.split()
            (wanted if letter in "Uvw" else defined).add(name)
        return defined, wanted


def units_of(root, build, folders):
    """Units of sources under the folders, by path; of those that several targets compile, the first."""
    units, root = {}, os.path.realpath(root)
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            unit = Unit(root, entry)
            if unit.path.split("/")[0] in folders:
                units.setdefault(unit.path, unit)
    return units
