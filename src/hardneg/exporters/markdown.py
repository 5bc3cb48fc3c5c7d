"""Markdown with names that others gave: they are shown, and begin no link, tag, table or heading."""

from __future__ import annotations

import re

from hardneg.core.display import printable, visible

_MARKUP = re.compile(r"[\\*\[\]|]|^[>#]")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def plain(text: object) -> str:
    """Returns a text on one line, its markup escaped but for spans of code."""
    line = _TAG.sub("&lt;", _MARKUP.sub(r"\\\g<0>", printable(str(text))))
    spans = line.count("`") % 2 == 0 and "``" not in line
    return line if spans else line.replace("`", "\\`")


def code(text: object) -> str:
    """Returns a span of code, also inside a table."""
    line = printable(str(text)).replace("|", "\\|")
    fence = "`" * (_longest_run(line) + 1)
    space = " " if "`" in line else ""
    return f"{fence}{space}{line}{space}{fence}"


def block(language: str, text: str) -> str:
    """Returns a block of code."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
