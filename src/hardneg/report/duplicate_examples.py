"""Examples of what validators found: the candidate beside what it resembles, their differences marked."""

from __future__ import annotations

import difflib
import os
import re
from typing import NamedTuple

import numpy as np

from hardneg.core.records import Collection, IntArray, folded
from hardneg.report.checks import Check, Hit
from hardneg.report.examples import cut

Parts = list[tuple[str, bool]]
"""A text in pieces, each with whether it differs from another text."""

_COMPARED = 4_000
_BEFORE = 60
_LENGTH = 320
_SHINGLE = 5
_WORDS = re.compile(r"\S+\s*")


class DuplicateExample(NamedTuple):
    """An example as the page shows it.

    Attributes:
        hit: The candidate.
        query: The query's text.
        text: The candidate's, in pieces.
        resembles: What it resembles: `positive`, `query`, `similar_query` or nothing.
        other_id: The id of that document or query.
        other_text: Its text, in pieces.
    """

    hit: Hit
    query: str
    text: Parts
    resembles: str = ""
    other_id: str = ""
    other_text: Parts = []


def duplicate_examples(check: Check, collection: Collection | None) -> list[DuplicateExample]:
    """Returns the examples of a check, negatives first; ids alone without a collection."""
    order = ("negative", "suspected", "dropped", "positive")
    hits = sorted(check.hits, key=lambda hit: order.index(hit.group))
    if collection is None:
        return [DuplicateExample(hit, "", []) for hit in hits]
    return [_example(check.finds, hit, collection) for hit in hits]


def _example(finds: str, hit: Hit, collection: Collection) -> DuplicateExample:
    queries, documents = collection.queries, collection.documents
    query, doc = int(queries.rows([hit.query_id])[0]), int(documents.rows([hit.doc_id])[0])
    [query_text], [text] = queries.texts([query]), documents.texts([doc])
    beginning: Parts = [(cut(text), False)]
    if finds == "similar queries":
        similar = _similar_query(query, doc, collection)
        if similar is not None:
            [name], [wording] = queries.ids([similar]), queries.texts([similar])
            marked = differing(wording, query_text)
            return DuplicateExample(hit, query_text, beginning, "similar_query", name, marked)
    positives = collection.judgments.positives(query)
    positives = positives[positives != doc]
    if finds == "leakage" or not len(positives):
        return DuplicateExample(hit, query_text, beginning)
    if finds == "same source":
        row = _same_source(doc, positives, collection)
        [name], [other] = documents.ids([row]), documents.texts([row])
        return DuplicateExample(hit, query_text, beginning, "positive", name, [(cut(other), False)])
    texts = documents.texts(positives)
    nearest = int(np.argmax([shingle_similarity(text, other) for other in texts]))
    other, kind, name = texts[nearest], "positive", documents.ids(positives[nearest : nearest + 1])[0]
    if shingle_similarity(text, query_text) > shingle_similarity(text, other):
        other, kind, name = query_text, "query", hit.query_id
    return DuplicateExample(hit, query_text, differing(text, other), kind, name, differing(other, text))


def differing(text: str, other: str, length: int = _LENGTH) -> Parts:
    """Returns a text around its first difference from another, in pieces: what they share, what they do not.

    Args:
        text: What is shown.
        other: What it is compared with, word by word; case does not count.
        length: How many characters are shown.
    """
    own, others = (_WORDS.findall(long[:_COMPARED]) for long in (text, other))
    keys = [[word.strip().casefold() for word in words] for words in (own, others)]
    parts = []
    for tag, begin, end, _, _ in difflib.SequenceMatcher(a=keys[0], b=keys[1], autojunk=False).get_opcodes():
        if begin < end:
            parts.append(("".join(own[begin:end]), tag != "equal"))
    if parts and not parts[0][1] and len(parts) > 1 and len(parts[0][0]) > length // 2:
        parts[0] = (f"… {parts[0][0][-_BEFORE:].partition(' ')[2]}", False)
    shown: Parts = []
    for piece, differs in parts:
        room = length - sum(len(before) for before, _ in shown)
        if len(piece) > room:
            return [*shown, (cut(piece, room), differs)]
        shown.append((piece, differs))
    return shown


def shingle_similarity(one: str, other: str) -> float:
    """Returns the Jaccard similarity of two texts' shingles of five characters, without case and spacing."""
    first, second = (
        {text[place : place + _SHINGLE] for place in range(max(len(text) - _SHINGLE + 1, 1))}
        for text in (folded(one[:_COMPARED]), folded(other[:_COMPARED]))
    )
    return len(first & second) / max(len(first | second), 1)


def _similar_query(query: int, doc: int, collection: Collection) -> int | None:
    """Returns the query most similar in wording among the others that a document is relevant for."""
    judgments, texts = collection.judgments, collection.queries.texts
    relevant = (judgments.doc == doc) & (judgments.relevance >= judgments.min_relevance)
    others = np.unique(judgments.query[relevant & (judgments.query != query)]).tolist()
    return max(others, key=lambda other: shingle_similarity(*texts([query, other])), default=None)


def _same_source(doc: int, positives: IntArray, collection: Collection) -> int:
    """Returns the positive of a document's title, else the one whose id begins most like its own."""
    rows: list[int] = [doc, *positives.tolist()]
    ids, titles = collection.documents.ids(rows), list(map(folded, collection.documents.titles(rows)))
    common = [
        (titles[0] != "" and titles[0] == titles[place], len(os.path.commonprefix([ids[0], ids[place]])))
        for place in range(1, len(rows))
    ]
    return rows[1 + common.index(max(common))]
