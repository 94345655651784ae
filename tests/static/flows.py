"""Where the addresses of functions go, as clang reads a source: which pointer receives which function.

A function's name that is not called is a value; so is a pointer to a function that is read and not called. Each value
is followed outwards to what takes it: a variable, a struct's field, a function's parameter, a function's result.
"""
import json
import os
import re
import subprocess
import sys

FUNCTION = re.compile(r"[^(]*[ *]\((?!\*|unnamed|anonymous)")
FUNCTION_POINTER = re.compile(r"\(\*[^()]*\)\(")
POINTER_TO_NAMED = re.compile(r"(?:const )?(\w+) \*(?:const)?")
PASSING = ("ParenExpr", "ImplicitCastExpr", "CStyleCastExpr", "ConditionalOperator", "BinaryConditionalOperator",
           "CompoundLiteralExpr", "ConstantExpr", "InitListExpr", "BinaryOperator", "UnaryOperator")


class Place:
    """A function, or what receives one: its name, and the file that declares it (None: the system's, or the
    compiler's)."""

    def __init__(self, name, path):
        self.name, self.path = name, path


class Flow:
    def __init__(self, value, is_function, target, where):
        self.value, self.is_function, self.target, self.where = value, is_function, target, where


def inmost(node):
    """What an expression is about, without casts, signs and indices around it."""
    while node["kind"] in ("ImplicitCastExpr", "CStyleCastExpr", "ParenExpr", "UnaryOperator", "ArraySubscriptExpr"):
        node = node["inner"][0]
    return node


class Reader:
    """Walks the tree that clang prints for one source. clang says a file or a line only where it changes, so all places
    are read in order."""

    def __init__(self, unit, root):
        self.unit, self.root = unit, os.path.realpath(root)
        self.file, self.line = None, 0
        self.declared = {}  # id: (node, file)
        self.first = {}  # function's name: Place of its first declaration
        self.records = {}  # how a type is spelt: node of the struct
        self.owner = {}  # id of a field: name of its struct
        self.function_types = set()  # typedefs of functions
        self.bodies = {}  # function's name: file of its body
        self.exported = {}  # the same without static ones
        self.flows = []

    def read(self):
        command = ["clang", "-w", "-fsyntax-only", "-Xclang", "-ast-dump=json"] + self.unit.flags
        done = subprocess.run(command + [os.path.join(self.root, self.unit.path)], cwd=self.unit.folder, check=False,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{self.unit.path}: clang cannot read it:\n{done.stderr}")
        self.walk(json.loads(done.stdout), [])
        self.declared = self.records = None  # the tree is large
        return self

    def see(self, place):
        """Follows a printed place; returns (file, line, column)."""
        if "spellingLoc" in place:
            self.see(place["spellingLoc"])
            return self.see(place["expansionLoc"])
        self.file = place.get("file", self.file)
        self.line = place.get("line", self.line)
        return self.file, self.line, place.get("col")

    def path_of(self, file):
        """Relative to the root; None outside of it."""
        if not file:
            return None
        path = os.path.relpath(os.path.realpath(os.path.join(self.unit.folder, file)), self.root)
        return None if path.startswith("..") else path

    def walk(self, node, parents):
        where = self.see(node["loc"]) if node.get("loc") else None
        if "range" in node:
            begin = self.see(node["range"]["begin"])
            self.see(node["range"]["end"])
            where = where or begin
            node["begin"] = begin
        kind = node.get("kind", "")
        if kind.endswith("Decl"):
            self.declare(node, where[0] if where else None, parents)
        else:
            self.follow(node, kind, parents, where)
        parents.append(node)
        for child in node.get("array_filler", []) + node.get("inner", []):
            self.walk(child, parents)
        parents.pop()

    def declare(self, node, file, parents):
        kind, name = node["kind"], node.get("name", "")
        self.declared[node["id"]] = (node, file)
        if kind == "FunctionDecl":
            self.first.setdefault(name, Place(name, self.path_of(file)))
            if any(child["kind"] == "CompoundStmt" for child in node.get("inner", [])):
                self.bodies[name] = self.path_of(file)
                if node.get("storageClass") != "static":
                    self.exported[name] = self.bodies[name]
        elif kind == "RecordDecl" and node.get("completeDefinition"):
            outer = next((parent["name"] for parent in parents
                          if parent.get("kind") == "RecordDecl" and parent.get("name")), name)
            file, line, column = node["begin"]
            self.records[node["id"]] = self.records["at", os.path.basename(file or ""), line, column] = node
            self.records[f"{node['tagUsed']} {name}"] = node
            self.owner.update((field["id"], outer) for field in self.fields_of(node))
        elif kind == "TypedefDecl":
            if FUNCTION.match(node["type"]["qualType"]):
                self.function_types.add(name)
            tag = next((child.get("ownedTagDecl", {}) for child in node.get("inner", [])), {})
            record = self.records.get(tag.get("id"))
            if record:
                self.records[name] = record
                self.owner.update((field["id"], self.owner[field["id"]] or name) for field in self.fields_of(record))

    @staticmethod
    def fields_of(record):
        return [child for child in record.get("inner", [])
                if child["kind"] == "FieldDecl" and (child.get("name") or not child.get("isBitfield"))]

    def record_of(self, type_):
        """The struct that an initialiser of this type fills; None: no struct."""
        for spelt in (type_.get("desugaredQualType", ""), type_["qualType"]):
            spelt = re.sub(r"\b(const|volatile) ", "", spelt)
            if spelt in self.records:
                return self.records[spelt]
            place = re.search(r"at ([^()]*):(\d+):(\d+)\)$", spelt)
            if place:
                file, line, column = place.groups()
                return self.records.get(("at", os.path.basename(file), int(line), int(column)))
        return None

    def field(self, id_):
        node, file = self.declared[id_]
        return Place(f"{self.owner.get(id_, '')}.{node.get('name', '')}", self.path_of(file))

    def is_pointer(self, type_):
        """Whether it is a pointer to a function."""
        spelt = type_.get("desugaredQualType", type_["qualType"])
        named = POINTER_TO_NAMED.fullmatch(spelt)
        return bool(FUNCTION_POINTER.search(spelt)) or bool(named and named.group(1) in self.function_types)

    def follow(self, node, kind, parents, where):
        """Notes where an expression goes that is a function, or a pointer to one."""
        is_function = kind == "DeclRefExpr" and node["referencedDecl"]["kind"] == "FunctionDecl"
        if is_function:
            value = Place(node["referencedDecl"]["name"], None)
        elif (kind == "CallExpr" or node.get("castKind") == "LValueToRValue") and self.is_pointer(node["type"]):
            value = self.named(inmost(node))
        else:
            return
        target = self.target_of(node, parents)
        if target:
            self.flows.append(Flow(value, is_function, target, f"{self.path_of(where[0])}:{where[1]}"))

    def named(self, node):
        """The Place of a variable, a field, or a function's result."""
        if node["kind"] == "MemberExpr":
            return self.field(node["referencedMemberDecl"])
        if node["kind"] == "CallExpr":
            callee = self.named(inmost(node["inner"][0]))
            return Place(callee.name + "()", callee.path)
        if node["kind"] == "DeclRefExpr":
            name = node["referencedDecl"]["name"]
            if node["referencedDecl"]["kind"] == "FunctionDecl":
                return self.first.get(name, Place(name, None))
            _, file = self.declared.get(node["referencedDecl"]["id"], (None, None))
            return Place(name, self.path_of(file))
        return Place(f"{node['kind']}, which this test does not know", "")

    def target_of(self, node, parents):
        """The Place that receives the value; None: it is called, compared or dropped."""
        for parent in reversed(parents):
            kind = parent["kind"]
            inner = parent.get("inner", [])
            if kind == "CallExpr":
                return None if inner[0] is node else self.parameter(inner, node)
            if kind == "BinaryOperator":
                if parent["opcode"] == "=":
                    return None if inner[0] is node else self.named(inmost(inner[0]))
                if parent["opcode"] != "," or inner[0] is node:
                    return None
            elif kind == "InitListExpr":
                target = self.initialised(parent, node)
                if target:
                    return target
            elif kind == "VarDecl":
                return Place(parent["name"], self.path_of(self.declared[parent["id"]][1]))
            elif kind == "ReturnStmt":
                function = next(p for p in reversed(parents) if p["kind"] == "FunctionDecl")
                # A result of a type of SQLite's goes to SQLite: it is a method's.
                theirs = function["type"]["qualType"].startswith("sqlite3_")
                return Place(function["name"] + "()", None if theirs else self.first[function["name"]].path)
            elif kind == "UnaryOperator" and parent["opcode"] not in ("&", "*"):
                return None
            elif kind == "ConditionalOperator" and inner[0] is node:
                return None
            elif kind not in PASSING:
                return None if kind.endswith("Stmt") else Place(f"{kind}, which this test does not know", "")
            node = parent
        return None

    def parameter(self, inner, argument):
        """The Place that takes an argument of a call, whose children are given."""
        callee, index = inmost(inner[0]), [child is argument for child in inner].index(True) - 1
        place = self.named(callee)
        node, _ = self.declared.get(callee.get("referencedDecl", {}).get("id"), ({}, None))
        parameters = [child.get("name") for child in node.get("inner", []) if child["kind"] == "ParmVarDecl"]
        return Place(f"{place.name}({(parameters[index:index + 1] or [None])[0] or index})", place.path)

    def initialised(self, list_, value):
        """The field that a value of an initialiser fills; None: it is an element of an array."""
        if "field" in list_:
            return self.field(list_["field"]["id"])
        record = self.record_of(list_["type"])
        if record is None:
            return None if list_["type"]["qualType"].endswith("]") else Place("a struct this test does not find", "")
        index = [child is value for child in list_["inner"]].index(True)
        return self.field(self.fields_of(record)[index]["id"])
