"""Reads the SGML of TREC topics and documents, which has no schema and often no closing tags."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import text_lines

_TAG = re.compile(r"<[^<>]*>")
_ELEMENT = re.compile(r"<(/?)(docno|title|headline|ttl|hl|text)>", re.IGNORECASE)
_TITLES = ("title", "headline", "ttl", "hl")
_NUMBER = re.compile(r"<num>\s*(?:number\s*:)?\s*([^\s<]+)", re.IGNORECASE)
_TOPIC = re.compile(r"<title>\s*(?:topic\s*:)?([^<]*)", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


def documents(path: Path, label: str) -> Iterator[tuple[str, str, str, str]]:
    """Yields (where, doc_id, title, text) for each `<DOC>`: its `<DOCNO>`, `<TITLE>` and `<TEXT>`s.

    `<HEADLINE>`, `<TTL>` and `<HL>` are titles as well. Tags are taken out and entities resolved.
    """
    for where, block in _blocks(path, label, "doc"):
        parts = list(_elements(block))
        name = next((inner for tag, inner in parts if tag == "docno"), None)
        if name is None:
            raise DataError(f"{where}: the document has no <DOCNO>...</DOCNO>")
        title = next((inner for tag, inner in parts if tag in _TITLES), "")
        text = " ".join(_plain(inner) for tag, inner in parts if tag == "text")
        yield where, name.strip(), _plain(title), text


def topics(path: Path, label: str) -> Iterator[tuple[str, str, str]]:
    """Yields (where, query_id, text) for each `<top>`: its `<num>` and `<title>`."""
    for where, block in _blocks(path, label, "top"):
        number, title = _NUMBER.search(block), _TOPIC.search(block)
        if number is None or title is None:
            raise DataError(f"{where}: the topic has no {'<num>' if number is None else '<title>'}")
        yield where, number[1], _plain(title[1])


def _blocks(path: Path, label: str, tag: str) -> Iterator[tuple[str, str]]:
    """Yields (where it begins, its lines) for each element of this tag."""
    opening, closing = f"<{tag}>", f"</{tag}>"
    begin, lines = "", list[str]()
    for where, line in text_lines(path, label):
        mark = line.strip().lower()
        if mark.startswith(opening):
            if begin:
                raise DataError(f"{begin}: {opening} has no {closing} before the next, at {where}")
            begin, lines = where, []
        if begin:
            lines.append(line)
        if begin and mark.endswith(closing):
            yield begin, "\n".join(lines)
            begin = ""
    if begin:
        raise DataError(f"{begin}: {opening} has no {closing}")


def _elements(block: str) -> Iterator[tuple[str, str]]:
    """Yields (tag, what it encloses) for each element that is of use, up to its first closing tag."""
    tag, begin = "", 0
    for mark in _ELEMENT.finditer(block):
        name = mark[2].lower()
        if mark[1] and name == tag:
            yield tag, block[begin : mark.start()]
            tag = ""
        elif not mark[1] and not tag:
            tag, begin = name, mark.end()


def _plain(text: str) -> str:
    return _SPACES.sub(" ", html.unescape(_TAG.sub(" ", text))).strip()
