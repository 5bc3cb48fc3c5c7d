"""Reads the SGML of TREC topics and documents, which has no schema and often no closing tags.

`html.parser` reads other than this: it ends no `<title>` without its closing tag, and how it ends one changes
between releases of Python.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sized
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import LONGEST, text_lines

_ATTRIBUTES = r"""(?:\s++[\w:.-]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s<>"']++))*+\s*+"""
_TAG = rf"<(/?)({{}}){_ATTRIBUTES}>"
_MARKUP = re.compile(rf"</?[A-Za-z][\w:.-]*+{_ATTRIBUTES}/?>|<[!?][^<>]*+>")  # not the `<` of `a < b`
_KNOWN = "docno|title|headline|ttl|hl|text"
_ELEMENT = re.compile(_TAG.format(_KNOWN), re.IGNORECASE)
_FIELD = re.compile(_TAG.format("num|title"), re.IGNORECASE)
_LOOSE = r"<\s*+/?\s*+(?:{})(?![\w-])"
_USED = f"{_KNOWN}|num"
_TITLES = ("title", "headline", "ttl", "hl")
_LABEL = re.compile(r"(?:number|topic)\s*:", re.IGNORECASE)


def documents(path: Path, label: str, notes: Counter[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yields (where, doc_id, title, text) for each `<DOC>`: its `<DOCNO>`, `<TITLE>` and `<TEXT>`s.

    `<HEADLINE>`, `<TTL>` and `<HL>` are titles as well. Tags and comments are taken out, entities resolved.
    Notes count tags that are damaged or without their counterpart, titles beyond the first, and lines with
    text outside of documents.

    Raises:
        DataError: A document has no end or not one id.
    """
    for where, block in _blocks(path, label, "doc", notes):
        _note_damaged(block, _USED, notes)
        names, titles, texts = list[str](), list[str](), list[str]()
        for tag, inner in _elements(block, notes):
            found = names if tag == "docno" else titles if tag in _TITLES else texts
            found.append(_plain(inner, where))
        if len(names) != 1:
            raise DataError(f"{where}: the document has {_times(names)} <DOCNO>...</DOCNO>")
        notes.update(["skipped_titles"] * (len(titles) - 1))
        yield where, names[0], next(iter(titles), ""), " ".join(texts)


def topics(path: Path, label: str, notes: Counter[str]) -> Iterator[tuple[str, str, str]]:
    """Yields (where, query_id, text) for each `<top>`: its `<num>` and `<title>`.

    Each ends at its closing tag, or where there is none at the next tag.

    Raises:
        DataError: A topic has no end, or not one number and title.
    """
    for where, block in _blocks(path, label, "top", notes):
        _note_damaged(block, _USED, notes)
        number, title = _field(block, "num", where), _field(block, "title", where)
        if len(number.split()) != 1:
            raise DataError(f'{where}: the <num> of the topic is "{number[:40]}"; one word is needed')
        yield where, number, title


def _field(block: str, name: str, where: str) -> str:
    """Returns what an element of a topic holds."""
    begins = [mark.end() for mark in _FIELD.finditer(block) if mark[2].lower() == name and not mark[1]]
    if len(begins) != 1:
        raise DataError(f"{where}: the topic has {_times(begins)} <{name}>")
    closed = re.compile(rf"</{name}\s*+>", re.IGNORECASE).search(block, begins[0])
    end = closed or _MARKUP.search(block, begins[0])
    text = block[begins[0] : end.start() if end else None].strip()
    return _plain(_LABEL.sub("", text, count=1) if _LABEL.match(text) else text, where)


def _times(found: Sized) -> str:
    return f"{len(found)} times" if len(found) else "no"


def _blocks(path: Path, label: str, tag: str, notes: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yields (where it begins, what it encloses) for each element of this tag."""
    mark_of = re.compile(_TAG.format(tag), re.IGNORECASE)
    begin, size, pieces = "", 0, list[str]()
    for where, whole in text_lines(path, label, notes):
        line = _without_comments(whole)
        end = 0
        for mark in mark_of.finditer(line):
            pieces.append(line[end : mark.start()])
            end = mark.end()
            if begin and not mark[1]:
                raise DataError(f"{begin}: <{tag}> has no </{tag}> before the next, at {where}")
            if begin:
                yield begin, _without_comments("\n".join(pieces))
            else:
                notes.update(["unpaired_tags"] if mark[1] else [])
                _note_outside(pieces, notes)
            begin, pieces, size = "" if mark[1] else where, [], 0
        if "<" in line:
            _note_damaged(line, tag, notes)
        pieces.append(line[end:])
        size += len(line) - end
        if size > LONGEST:
            raise DataError(f"{begin}: <{tag}> is longer than {LONGEST:,} characters")
        if not begin:
            _note_outside(pieces, notes)
            pieces, size = [], 0
    if begin:
        raise DataError(f"{begin}: <{tag}> has no </{tag}>")


def _without_comments(text: str) -> str:
    """Returns a text without its comments; one without an end is text."""
    pieces, begin = list[str](), 0
    while (start := text.find("<!--", begin)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        pieces += [text[begin:start], " "]
        begin = end + 3
    return "".join([*pieces, text[begin:]]) if begin else text


def _note_outside(pieces: list[str], notes: Counter[str]) -> None:
    if any(_MARKUP.sub("", piece).strip() for piece in pieces):
        notes["skipped_text_outside_elements"] += 1


def _note_damaged(text: str, names: str, notes: Counter[str]) -> None:
    """Counts what begins as a tag of one of these names and does not end as one."""
    whole = re.compile(_TAG.format(names), re.IGNORECASE)
    for found in re.finditer(_LOOSE.format(names), text, re.IGNORECASE):
        notes.update([] if whole.match(text, found.start()) else ["damaged_tags"])


def _elements(block: str, notes: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yields (tag, what it encloses) for each element that is of use; one without an end ends at the next."""
    last_end = {mark[2].lower(): mark.start() for mark in _ELEMENT.finditer(block) if mark[1]}
    tag, begin = "", 0
    for mark in _ELEMENT.finditer(block):
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


def _plain(text: str, where: str) -> str:
    try:
        return " ".join(html.unescape(_MARKUP.sub(" ", text)).split())
    except ValueError:  # as of &#1111...; with thousands of digits
        raise DataError(f"{where}: a character reference has too many digits") from None
