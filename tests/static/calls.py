#!/usr/bin/env -S python3 -B
"""Looks for circles: a .c and its .h are one noun, which uses another by an #include or by a symbol that its object
wants; no noun may come back to itself. A symbol of a room that may not be seen is a fault, too, whoever declares it.

usage: calls.py SOURCE_DIR BUILD_DIR

A call through a pointer is no symbol; pointers.py looks for those.
"""
import collections
import sys

import compiled
import source
import tree
from layering import HOUSE

FOLDERS = ("hints", "proto", "vfs")


def noun_of(path):
    return path.rsplit(".", 1)[0]


class Graph:
    def __init__(self):
        self.why = {}  # {(noun, noun): the first reason}
        self.uses = collections.defaultdict(set)

    def add(self, noun, used, why):
        if noun != used:
            self.uses[noun].add(used)
            self.why.setdefault((noun, used), why)

    def reached(self, start):
        seen, todo = set(), [start]
        while todo:
            new = self.uses[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    def circles(self):
        """Sets of nouns that all reach each other, the largest first."""
        reached = {noun: self.reached(noun) for noun in list(self.uses)}
        circles = {frozenset(other for other in seen if noun in reached.get(other, ()))
                   for noun, seen in reached.items() if noun in seen}
        return sorted(circles, key=lambda circle: (-len(circle), sorted(circle)))

    def shortest_way_back(self, circle):
        """The shortest way from a noun of the circle to itself, as a list of nouns."""
        ways = []
        for start in sorted(circle):
            before, todo = {}, collections.deque([start])
            while todo and start not in before:
                noun = todo.popleft()
                for used in sorted(self.uses[noun] & circle):
                    if used not in before:
                        before[used] = noun
                        todo.append(used)
            way = [start]
            while len(way) == 1 or way[-1] != start:
                way.append(before[way[-1]])
            ways.append(way[::-1])
        return min(ways, key=len)


def inner_words(items):
    """Names in function bodies, initialisers and macros: where a header may call."""
    return {word for item in items if item.kind in ("function", "variable", "macro") for _, word in item.body}


def add_includes(graph, sources):
    for path in sources.paths:
        for number, _, header in sources.includes_of(path):
            if header in sources.code:
                graph.add(noun_of(path), noun_of(header), f"{path}:{number} includes {header}")


def add_symbols(graph, sources, symbols, faults):
    """`symbols`: {path: (defined, wanted)}. What only a header's inline functions and macros want is the header's."""
    home = {name: path for path, (defined, _) in symbols.items() for name in defined}
    words = {path: set(source.NAME.findall(code)) for path, code in sources.code.items()}
    callers = collections.defaultdict(set)  # {symbol: headers that call it}
    for path in sources.code:
        if path.endswith(".h"):
            for name in inner_words(sources.items[path]) & home.keys():
                callers[name].add(path)
    uses = [(header, name) for name, headers in callers.items() for header in headers]
    for path, (_, wanted) in symbols.items():
        own = words[path] | words.get(noun_of(path) + ".h", set())
        uses += [(path, name) for name in wanted & home.keys() if name in own or name not in callers]
    for path, name in sorted(uses):
        graph.add(noun_of(path), noun_of(home[name]), f"{path} calls {name}")
        if not HOUSE.may_see(path, home[name]):
            faults.append(f"{path}: calls {name}, and may not see {home[name]}")


def main(root, build):
    sources, faults, symbols = tree.Sources(root, FOLDERS), [], {}
    for path, unit in compiled.units_of(root, build, FOLDERS).items():
        found = unit.symbols()
        if path in sources.code and found:
            symbols[path] = found
    faults += [f"{path}: no object of it is built"
               for path in sources.paths if path.endswith(".c") and path not in symbols]
    graph = Graph()
    add_includes(graph, sources)
    add_symbols(graph, sources, symbols, faults)
    circles = graph.circles()
    for circle in circles:
        way = graph.shortest_way_back(circle)
        faults.append(f"a circle of {len(circle)}: {' '.join(sorted(circle))}; its shortest way back:")
        faults[-1] += "".join(f"\n    {graph.why[step]}" for step in zip(way, way[1:]))
    nouns = {noun_of(path) for path in sources.paths}
    print(f"{len(nouns)} nouns, {max(map(len, circles), default=0)} in the largest circle")
    tree.finish(faults, len(sources.paths))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
