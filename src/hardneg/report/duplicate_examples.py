"""Examples of what validators found: the candidate beside what it is like, their difference marked."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hardneg.core.records import Collection, IntArray, folded
from hardneg.report.checks import Check, Hit
from hardneg.report.examples import cut

Parts = list[tuple[str, bool]]
"""A text in pieces, each with whether it differs from another text."""

_READ = 4_000
_BEFORE = 60
_LENGTH = 320
_SHINGLE = 5
_WORDS = re.compile(r"\S+\s*")


class Alike(NamedTuple):
    """An example as the page shows it.

    Attributes:
        hit: The candidate.
        query: The query's text.
        text: The candidate's, in pieces.
        like: What it is like: `positive`, `query`, `sister` or nothing.
        like_id: The id of that document or query.
        like_text: Its text, in pieces.
    """

    hit: Hit
    query: str
    text: Parts
    like: str = ""
    like_id: str = ""
    like_text: Parts = []


def examples_of(check: Check, collection: Collection | None) -> list[Alike]:
    """Returns the examples of what a validator found, negatives first; ids alone without a collection."""
    order = {group: number for number, group in enumerate(("negative", "suspected", "dropped", "positive"))}
    hits = sorted(check.hits, key=lambda hit: order[hit.group])
    if collection is None:
        return [Alike(hit, "", []) for hit in hits]
    return [_example(check.kind, hit, collection) for hit in hits]


def _example(kind: str, hit: Hit, collection: Collection) -> Alike:
    query, doc = (
        int(rows[0])
        for rows in (collection.queries.rows([hit.query_id]), collection.documents.rows([hit.doc_id]))
    )
    asked, text = collection.queries.texts([query])[0], collection.documents.texts([doc])[0]
    if kind == "sibling-positives":
        sister = _sister(query, doc, collection)
        if sister is not None:
            [name], [wording] = collection.queries.ids([sister]), collection.queries.texts([sister])
            return Alike(hit, asked, [(cut(text), False)], "sister", name, differing(wording, asked))
    positives = collection.judgments.positives(query)
    positives = positives[positives != doc]
    if kind == "leakage" or not len(positives):
        return Alike(hit, asked, [(cut(text), False)])
    if kind == "same-source":
        place = _same_source(doc, positives, collection)
        [name], [other] = collection.documents.ids([place]), collection.documents.texts([place])
        return Alike(hit, asked, [(cut(text), False)], "positive", name, [(cut(other), False)])
    texts = collection.documents.texts(positives)
    nearest = int(np.argmax([likeness(text, other) for other in texts]))
    if likeness(text, asked) > likeness(text, texts[nearest]):
        return Alike(hit, asked, differing(text, asked), "query", hit.query_id, differing(asked, text))
    other, [name] = texts[nearest], collection.documents.ids(positives[nearest : nearest + 1])
    return Alike(hit, asked, differing(text, other), "positive", name, differing(other, text))


def differing(text: str, other: str, length: int = _LENGTH) -> Parts:
    """Returns a text around its first difference from another, in pieces: what they share, what they do not.

    Args:
        text: What is shown.
        other: What it is compared with, word by word; case does not count.
        length: How many characters are shown.
    """
    own, others = (_WORDS.findall(each[:_READ]) for each in (text, other))
    keys = [[word.strip().casefold() for word in words] for words in (own, others)]
    parts = []
    for tag, begin, end, _, _ in difflib.SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_opcodes():
        if begin < end:
            parts.append(("".join(own[begin:end]), tag != "equal"))
    if parts and not parts[0][1] and len(parts) > 1 and len(parts[0][0]) > length // 2:
        parts[0] = (f"… {parts[0][0][-_BEFORE:].partition(' ')[2]}", False)
    shown: Parts = []
    for piece, differs in parts:
        room = length - sum(len(one) for one, _ in shown)
        if len(piece) > room:
            return [*shown, (cut(piece, room), differs)]
        shown.append((piece, differs))
    return shown


def likeness(one: str, other: str) -> float:
    """Returns the Jaccard similarity of two texts' runs of five characters; case and spacing do not count."""
    runs = [
        {text[place : place + _SHINGLE] for place in range(max(len(text) - _SHINGLE + 1, 1))}
        for text in (folded(one[:_READ]), folded(other[:_READ]))
    ]
    return len(runs[0] & runs[1]) / max(len(runs[0] | runs[1]), 1)


def _sister(query: int, doc: int, collection: Collection) -> int | None:
    """Returns the query most like this one in wording among those that a document is relevant for."""
    judged = collection.judgments
    relevant = (judged.doc == doc) & (judged.relevance >= judged.min_relevance) & (judged.query != query)
    others = np.unique(judged.query[relevant]).tolist()
    return max(others, key=lambda other: _wording(query, other, collection), default=None)


def _wording(query: int, other: int, collection: Collection) -> float:
    return likeness(*collection.queries.texts([query, other]))


def _same_source(doc: int, positives: IntArray, collection: Collection) -> int:
    """Returns the positive of a document's title, else the one whose id begins most like its own."""
    rows: Sequence[int] = [doc, *positives.tolist()]
    ids, titles = collection.documents.ids(rows), [folded(each) for each in collection.documents.titles(rows)]
    common = [
        (titles[0] != "" and titles[0] == titles[place], len(os.path.commonprefix([ids[0], ids[place]])))
        for place in range(1, len(rows))
    ]
    return rows[1 + common.index(max(common))]
