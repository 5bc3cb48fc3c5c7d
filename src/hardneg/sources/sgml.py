"""Reads the SGML of TREC topics and documents, which has no schema and often no closing tags.

`html.parser` reads other than this: it ends no `<title>` without its closing tag, and how it ends one changes
between releases of Python.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import text_lines

_MARKUP = re.compile(r"<[/!?]?[A-Za-z-][^<>]*>")  # not the `<` of `a < b`
_TAG = r"<(/?)({})(?:\s[^<>]*)?>"
_ELEMENT = re.compile(_TAG.format("docno|title|headline|ttl|hl|text"), re.IGNORECASE)
_TITLES = ("title", "headline", "ttl", "hl")
_NUMBER = re.compile(r"<num(?:\s[^<>]*)?>\s*(?:number\s*:)?\s*([^\s<]+)", re.IGNORECASE)
_TOPIC = re.compile(r"<title(?:\s[^<>]*)?>\s*(?:topic\s*:)?", re.IGNORECASE)
_TOPIC_END = re.compile(r"</title\s*>", re.IGNORECASE)


def documents(path: Path, label: str, notes: Counter[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yields (where, doc_id, title, text) for each `<DOC>`: its `<DOCNO>`, `<TITLE>` and `<TEXT>`s.

    `<HEADLINE>`, `<TTL>` and `<HL>` are titles as well. Tags are taken out and entities resolved. Notes count
    tags without their counterpart, and lines with text outside of documents.
    """
    for where, block in _blocks(path, label, "doc", notes):
        parts = list(_elements(block, notes))
        name = next((inner for tag, inner in parts if tag == "docno"), None)
        if name is None:
            raise DataError(f"{where}: the document has no <DOCNO>...</DOCNO>")
        title = next((inner for tag, inner in parts if tag in _TITLES), "")
        text = " ".join(_plain(inner) for tag, inner in parts if tag == "text")
        yield where, name.strip(), _plain(title), text


def topics(path: Path, label: str, notes: Counter[str]) -> Iterator[tuple[str, str, str]]:
    """Yields (where, query_id, text) for each `<top>`: its `<num>` and `<title>`.

    A title ends at its closing tag, or where there is none at the next tag.
    """
    for where, block in _blocks(path, label, "top", notes):
        number, title = _NUMBER.search(block), _TOPIC.search(block)
        if number is None or title is None:
            raise DataError(f"{where}: the topic has no {'<num>' if number is None else '<title>'}")
        end = _TOPIC_END.search(block, title.end()) or _MARKUP.search(block, title.end())
        yield where, number[1], _plain(block[title.end() : end.start() if end else None])


def _blocks(path: Path, label: str, tag: str, notes: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yields (where it begins, what it encloses) for each element of this tag."""
    mark_of = re.compile(_TAG.format(tag), re.IGNORECASE)
    begin, pieces = "", list[str]()
    for where, line in text_lines(path, label):
        end = 0
        for mark in mark_of.finditer(line):
            pieces.append(line[end : mark.start()])
            end = mark.end()
            if begin and not mark[1]:
                raise DataError(f"{begin}: <{tag}> has no </{tag}> before the next, at {where}")
            if begin:
                yield begin, "\n".join(pieces)
            else:
                notes.update(["unpaired_tags"] if mark[1] else [])
                _note_outside(pieces, notes)
            begin, pieces = "" if mark[1] else where, []
        pieces.append(line[end:])
        if not begin:
            _note_outside(pieces, notes)
            pieces = []
    if begin:
        raise DataError(f"{begin}: <{tag}> has no </{tag}>")


def _note_outside(pieces: list[str], notes: Counter[str]) -> None:
    if any(_MARKUP.sub("", piece).strip() for piece in pieces):
        notes["skipped_text_outside_elements"] += 1


def _elements(block: str, notes: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yields (tag, what it encloses) for each element that is of use; one without an end ends at the next."""
    marks = list(_ELEMENT.finditer(block))
    last_end = {mark[2].lower(): mark.start() for mark in marks if mark[1]}
    tag, begin = "", 0
    for mark in marks:
        name, closes = mark[2].lower(), bool(mark[1])
        paired = closes and name == tag
        unpaired = not tag if closes else bool(tag) and (name == tag or last_end.get(tag, 0) < begin)
        notes.update(["unpaired_tags"] if unpaired else [])
        if tag and (paired or unpaired):
            yield tag, block[begin : mark.start()]
            tag = ""
        if not closes and not tag:
            tag, begin = name, mark.end()
    if tag:
        notes["unpaired_tags"] += 1
        yield tag, block[begin:]


def _plain(text: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub(" ", text)).split())
