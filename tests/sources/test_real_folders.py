"""Folders that people bring, as they are and damaged: the same values, or one line that says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardneg.core.errors import HardnegError
from hardneg.sources import LoadOptions, load
from tests.sources.real_folders import FOLDERS, Folder
from tests.sources.test_real_layouts import Judged, judged
from tests.sources.written import put

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def read(folder: Folder, place: Path, **changed: str) -> Judged:
    for name, content in {**folder.files, **changed}.items():
        put(place / name, content)
    return judged(load(str(place), LoadOptions(split=folder.split)))


def outcome(folder: Folder, place: Path, name: str, content: str) -> Judged | None:
    """Returns what is read of a folder with one file changed, None if it is refused in one line."""
    try:
        return read(folder, place, **{name: content})
    except HardnegError as error:
        assert "\n" not in str(error)
        return None


def texts(folder: Folder) -> Iterator[tuple[str, str]]:
    """Yields the name and content of each text file."""
    yield from ((name, content) for name, content in folder.files.items() if isinstance(content, str))


@each
def test_what_is_read(folder, tmp_path):
    assert read(folder, tmp_path) == folder.wanted


@each
def test_files_that_say_the_same(folder, tmp_path):
    for name, content in texts(folder):
        changes = {
            "lines of Windows": content.replace("\n", "\r\n"),
            "a byte order mark": "\ufeff" + content,
            "blank lines": content.replace("\n", "\n\n"),
            "no line feed at the end": content.removesuffix("\n"),
        }
        if content.startswith("{"):
            rows = [json.loads(line) for line in content.splitlines()]
            changes["names in reverse"] = "".join(
                f"{json.dumps(dict(reversed(row.items())))}\n" for row in rows
            )
            changes["an array"] = json.dumps(rows)
        for what, changed in changes.items():
            assert outcome(folder, tmp_path, name, changed) == folder.wanted, (name, what)


@each
def test_files_that_say_less_say_nothing_else(folder, tmp_path):
    for name, content in texts(folder):
        lines = content.splitlines(keepends=True)
        for place, line in enumerate(lines):
            cells = line.rstrip("\n").split("\t")
            emptied = ("\t".join([*cells[:at], "", *cells[at + 1 :]]) + "\n" for at in range(len(cells)))
            for changed in ("", *emptied):
                changed_file = "".join([*lines[:place], changed, *lines[place + 1 :]])
                check(folder, outcome(folder, tmp_path, name, changed_file), (name, changed))


@each
def test_columns_of_judgments_in_another_order_or_gone(folder, tmp_path):
    for name, content in texts(folder):
        mark = next(mark for mark in "\t, " if mark in f"{content} ")
        rows = [line.split(mark) for line in content.splitlines()]
        if "qrels" not in name or content.startswith("{") or not rows:
            continue
        columns = range(len(rows[0]))
        for order in ([*columns][::-1], *([c for c in columns if c != gone] for gone in columns)):
            if not {"score", "label", "relevance"} & {
                rows[0][c] for c in columns if c not in order
            }:  # else all are positives
                changed = "".join(mark.join(row[column] for column in order) + "\n" for row in rows)
                check(folder, outcome(folder, tmp_path, name, changed), (name, order))


@each
def test_a_stray_quote_stays_in_its_text_or_is_refused(folder, tmp_path):
    for name, content in texts(folder):
        for found in re.finditer(r"what is|Amber is|On jet", content):
            changed = f'{content[: found.start() + 3]}"{content[found.start() + 3 :]}'
            result = outcome(folder, tmp_path, name, changed)
            plain = {plain_text(query): documents for query, documents in (result or {}).items()}
            for query, documents in plain.items():
                assert {plain_text(text): grade for text, grade in documents.items()} == folder.wanted[query]
            shown = str(result)
            assert result is None or '"' in shown or shown == str(read(folder, tmp_path)), (name, changed)


def plain_text(text: str) -> str:
    return text.replace('"', "")


def check(folder: Folder, found: Judged | None, what: object) -> None:
    """Checks that what was read is a part of what must be read; of a document its title or text may be."""
    for query, documents in (found or {}).items():
        wanted = folder.wanted.get(query, {}).items()
        assert all(
            any(text in whole and own == grade for whole, own in wanted) for text, grade in documents.items()
        ), what
