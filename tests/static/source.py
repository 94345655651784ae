"""C as the static tests read it: text without comments, tokens, and what a file declares at its outermost level.

No parser: the sources are kept in one style, and the tests that need types ask a compiler.
"""
import re

PIECE = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
TOKEN = re.compile(r"[A-Za-z_]\w*|\.?\d[\w.]*|->|\S")
NAME = re.compile(r"[A-Za-z_]\w*")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\\\n]|\\.|\\\n)*", re.MULTILINE)
MACRO = re.compile(r"\s*#\s*define\s+(\w+)(.*)", re.DOTALL)
TAGS = ("struct", "union", "enum")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text):
    return PIECE.sub(lambda match: blank(match) if match.group().startswith("/") else match.group(), text)


def code_of(text):
    """The text without comments, strings and characters; every line stays where it was."""
    return PIECE.sub(blank, text)


def tokens_of(code, line=1):
    """[(line, token)]"""
    tokens = []
    for number, text in enumerate(code.split("\n"), line):
        tokens += [(number, match.group()) for match in TOKEN.finditer(text)]
    return tokens


class Item:
    """Something declared at the outermost level. `kind`: function (with a body), prototype, variable, tag (with a
    body), enumerator, typedef or macro; `body`: the tokens between its braces, or of the macro."""

    def __init__(self, kind, name, lines, body, is_static=False):
        self.kind, self.name, self.lines, self.body, self.is_static = kind, name, lines, body, is_static


def past(tokens, start, opening, closing):
    """The index after the sign that closes the one at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index][1] == opening) - (tokens[index][1] == closing)
        if depth == 0:
            return index + 1
    return len(tokens)


def without_attributes(tokens):
    kept, index = [], 0
    while index < len(tokens):
        if tokens[index][1] in ("__attribute__", "_Alignas") and index + 1 < len(tokens):
            index = past(tokens, index + 1, "(", ")")
        else:
            kept.append(tokens[index])
            index += 1
    return kept


def declared_name(head):
    """(name, is a function's) of the declaration that the tokens spell."""
    words = [token for _, token in head]
    end = next((i for i, word in enumerate(words) if word in ("=", "[", ":")), len(words))
    for i, word in enumerate(words[:end]):
        if word == "(":
            if i and NAME.fullmatch(words[i - 1]) and words[i + 1:i + 2] != ["*"]:
                return words[i - 1], True
            return next((name for name in words[i:end] if NAME.fullmatch(name)), ""), False
    names = [word for word in words[:end] if NAME.fullmatch(word)]
    return (names[-1] if names else ""), False


def enumerators_of(body):
    names, depth, expected = [], 0, True
    for _, token in body:
        depth += (token in "([{") - (token in ")]}")
        if expected and NAME.fullmatch(token):
            names.append(token)
        expected = depth == 0 and token == ","
    return names


def items_of_declaration(head, body):
    """Of a declaration that ends in a semicolon; `body`: its initialiser's tokens."""
    words = [token for _, token in head]
    if not words or words[0] == "_Static_assert":
        return []
    lines, is_static = (head[0][0], head[-1][0]), "static" in words
    name, is_function = declared_name(head)
    if words[0] == "typedef":
        return [Item("typedef", name, lines, body)]
    if is_function:
        return [Item("prototype", name, lines, body, is_static)]
    if any(word in TAGS for word in words[-2:]):
        return []  # a tag, and no variable of it
    return [Item("variable", name, lines, body, is_static)] if name else []


def macros_of(code):
    items = []
    for match in DIRECTIVE.finditer(code):
        macro = MACRO.match(match.group())
        if macro:
            line = code.count("\n", 0, match.start()) + 1
            last = line + match.group().count("\n")
            skipped = line + match.group()[:macro.start(2)].count("\n")
            items.append(Item("macro", macro.group(1), (line, last), tokens_of(macro.group(2), skipped)))
    return items


def items_of_tag(head, lines, body):
    """Of a struct, a union or an enum whose body was just read."""
    words = [token for _, token in head]
    items = [Item("tag", words[-1], lines, body)] if words[-1] not in TAGS else []
    if "enum" in words[-2:]:
        items += [Item("enumerator", name, lines, []) for name in enumerators_of(body)]
    return items


def items_of(code):
    """What a file declares: a list of Items."""
    items = macros_of(code)
    tokens = without_attributes(tokens_of(DIRECTIVE.sub(blank, code)))
    head, rest, index = [], [], 0  # `rest`: the initialiser's tokens
    while index < len(tokens):
        line, token = tokens[index]
        index += 1
        if token == ";":
            items += items_of_declaration(head, rest)
            head, rest = [], []
        elif token == "}":
            head, rest = [], []  # of extern "C"
        elif token != "{":
            head.append((line, token))
        elif [word for _, word in head] == ["extern"]:
            head = []
        else:
            end = past(tokens, index - 1, "{", "}")
            body, last = tokens[index:end - 1], tokens[end - 1][0]
            words = [word for _, word in head]
            name, is_function = declared_name(head)
            if "=" in words:
                rest = rest + body
            elif is_function:
                items.append(Item("function", name, (head[0][0], last), body, "static" in words))
                head, rest = [], []
            else:
                items += items_of_tag(head, (line, last), body)
            index = end
    return items


def fields_of(body):
    """How many fields the body of a struct declares, those of its anonymous structs among them; None: a macro makes
    them, or some of them."""
    count, index, words = 0, 0, []
    while index < len(body):
        token, end = body[index][1], index + 1
        if token == "[":
            end = past(body, index, "[", "]")
        elif token == "(":
            if body[end][1] != "*" and body[index - 1][1] not in (")", "_Atomic"):
                return None
            end = past(body, index, "(", ")")
        elif token == "{":
            end = past(body, index, "{", "}")
            if body[end][1] == ";":
                inner = fields_of(body[index + 1:end - 1])
                if inner is None:
                    return None
                count, words, end = count + inner, [], end + 1
        elif token == ";":
            count += 1 + words.count(",")
            words = []
        else:
            words.append(token)
        index = end
    return count


def structs_of(code):
    """(line, tag or "", fields or None) of each struct and union with a body, wherever it stands."""
    tokens = without_attributes(tokens_of(DIRECTIVE.sub(blank, code)))
    words = [token for _, token in tokens]
    found = []
    for index, word in enumerate(words[:-2]):
        if word in ("struct", "union"):
            start = index + 1 if words[index + 1] == "{" else index + 2
            if words[start] == "{":
                end = past(tokens, start, "{", "}")
                name = words[index + 1] if start == index + 2 else ""
                found.append((tokens[index][0], name, fields_of(tokens[start + 1:end - 1])))
    return found


def first_paragraph(text):
    """The first paragraph of the comment that a file begins with, on one line."""
    match = re.match(r"/\*(.*?)(?:\n \*[ \t]*\n|\*/)", text, re.DOTALL)
    return re.sub(r"\s*\n \*\s*|\s+", " ", match.group(1)).strip() if match else ""
