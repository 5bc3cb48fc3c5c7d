"""Functions and classes of a Python file, each parted into its summary and all the rest."""

from __future__ import annotations

import ast
import re
import textwrap
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\"'`])")
_LINE = re.compile(r"^(?=.)", re.MULTILINE)
_SIGNATURE = re.compile(r"^[\w.]+\(|->")
_Defined: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class CodeObject(NamedTuple):
    """A function, method or class.

    Attributes:
        name: The qualified name with the module, as in `json.decoder.JSONDecoder.decode`.
        summary: The first sentence of its docstring in one line; empty when it has none.
        text: The signature, the docstring without the summary, and the code.
    """

    name: str
    summary: str
    text: str


def objects(path: Path, module: str) -> Iterator[CodeObject]:
    """Yields the functions, classes and methods of a file, in its order; none if it does not parse."""
    try:
        with tokenize.open(path) as opened:
            source = opened.read()
        tree = ast.parse(source)
    except (SyntaxError, ValueError, OSError):
        return
    lines = source.split("\n")
    for name, node in _defined(tree, module):
        summary, rest = split_docstring(ast.get_docstring(node) or "")
        yield CodeObject(name, summary, _document(node, rest, lines))


def split_docstring(docstring: str) -> tuple[str, str]:
    """Returns (summary, rest) of a docstring: its first sentence in one line, and what follows.

    A docstring that begins with a signature, as in `f(x) -> y`, has no summary.
    """
    paragraph, _, further = docstring.strip().partition("\n\n")
    sentence, *others = _SENTENCE_END.split(" ".join(paragraph.split()), maxsplit=1)
    if _SIGNATURE.search(sentence):
        return "", docstring
    return sentence, "\n\n".join(part for part in (*others, further.strip("\n")) if part)


def folded(text: str) -> str:
    """Returns the text's letters and digits in lower case, all else turned into single spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _defined(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Defined]]:
    """Yields (qualified name, node) of what is defined, but not inside functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Defined):
            name = f"{prefix}.{child.name}"
            yield name, child
            if isinstance(child, ast.ClassDef):
                yield from _defined(child, name)
        elif isinstance(child, ast.stmt | ast.ExceptHandler):
            yield from _defined(child, prefix)


def _document(node: _Defined, rest: str, lines: list[str]) -> str:
    """Returns the source of an object, its docstring replaced by what follows the summary."""
    begin, end, docstring = _begin(node), node.end_lineno or node.lineno, _docstring(node)
    if docstring is None:
        first = _begin(node.body[0])
        head, tail = lines[begin - 1 : first - 1], _body(node, node.body, lines, first - 1, end)
    else:
        last = docstring.end_lineno or docstring.lineno
        before = lines[docstring.lineno - 1].encode()[: docstring.col_offset].decode()
        after = lines[last - 1].encode()[docstring.end_col_offset :].decode()
        head = [*lines[begin - 1 : docstring.lineno - 1], before]
        tail = [after, *_body(node, node.body[1:], lines, last, end)]
    body = "\n".join(part for part in (rest, _block(tail)) if part)
    return f"{_block(head)}\n{_LINE.sub('    ', body)}".rstrip() if _block(head) else body


def _body(node: _Defined, statements: list[ast.stmt], lines: list[str], after: int, end: int) -> list[str]:
    """Returns the lines of an object's body; of a class, methods are there by their first lines only."""
    if not isinstance(node, ast.ClassDef):
        return lines[after:end]
    body: list[str] = []
    for statement in statements:
        last = statement.end_lineno or statement.lineno
        if isinstance(statement, _Defined):
            last = max(statement.lineno, statement.body[0].lineno - 1)
        body += lines[_begin(statement) - 1 : last]
    return body


def _begin(statement: ast.stmt) -> int:
    """Returns the line in which a statement begins, its decorators included."""
    decorators = statement.decorator_list if isinstance(statement, _Defined) else []
    return min([statement.lineno, *(item.lineno for item in decorators)])


def _docstring(node: _Defined) -> ast.Expr | None:
    first = node.body[0]
    return first if isinstance(first, ast.Expr) and ast.get_docstring(node, clean=False) is not None else None


def _block(lines: list[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n ")
