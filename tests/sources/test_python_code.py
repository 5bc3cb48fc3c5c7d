from __future__ import annotations

import pytest

from hardneg.sources.python_code import folded, objects, split_docstring


def texts(write, source):
    return {found.name: found.text for found in objects(write("m.py", source), "m")}


@pytest.mark.parametrize(
    ("docstring", "parts"),
    [
        ("Do it.", ("Do it.", "")),
        ("Do it\nin two lines.", ("Do it in two lines.", "")),
        ("Do it.  Do more.\n\nAnd\nmore.\n", ("Do it.", "Do more.\n\nAnd\nmore.")),
        ("Do it, e.g. so. (Or so.)", ("Do it, e.g. so.", "(Or so.)")),
        ("Do it\n\n    indented", ("Do it", "    indented")),
        ("f(x) -> y\n\nDo it.", ("", "f(x) -> y\n\nDo it.")),
        ("", ("", "")),
    ],
)
def test_split_docstring(docstring, parts):
    assert split_docstring(docstring) == parts


def test_a_function_keeps_all_but_its_summary(write):
    source = '''
@cached
async def f(
    x,
):
    """Do it.

    As given.
    """
    # a comment
    return x
'''
    wanted = "@cached\nasync def f(\n    x,\n):\n    As given.\n    # a comment\n    return x"
    assert texts(write, source) == {"m.f": wanted}


def test_a_function_in_one_line(write):
    assert texts(write, 'def f(): "Do жit."; return 1\ndef g(): return 2\n') == {
        "m.f": "def f():\n    ; return 1",
        "m.g": "def g(): return 2",
    }


def test_a_class_keeps_the_first_lines_of_its_methods(write):
    source = '''
class A(B):
    """Be it."""

    x = 1

    @old
    def f(self,
          y):
        """Do it."""
        return y

    def g(self): return 2

    class C:
        """Be in it."""
        z = 3
'''
    assert texts(write, source) == {
        "m.A": "class A(B):\n    x = 1\n    @old\n    def f(self,\n          y):\n"
        "    def g(self): return 2\n    class C:",
        "m.A.f": "@old\ndef f(self,\n      y):\n    return y",
        "m.A.g": "def g(self): return 2",
        "m.A.C": "class C:\n    z = 3",
    }


def test_form_feeds_and_encodings(write):
    source = "# coding: latin-1\n\x0c\ndef f():\n    'D\xf6 it \x0c all.'\n    return '\x1c\xe4'\n"
    path = write("m.py", source.encode("latin-1"))

    assert [found.text for found in objects(path, "m")] == ["def f():\n    return '\x1c\xe4'"]


@pytest.mark.parametrize("source", ["def (:", b"\xff\xfe", "x = '\x00'"])
def test_a_file_that_does_not_parse_has_none(write, source):
    assert list(objects(write("m.py", source), "m")) == []


def test_folded():
    assert folded("Do  IT,\n'now'!") == "do it now"
