"""What every ranker must do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import RANKERS, Context, OpenedRanker
from hardneg.core.records import Collection, IntArray
from hardneg.testing._common import check, check_array, check_settings, is_json, same
from hardneg.testing.fakes import example_collection


def check_ranker(ranker: Any, known: Collection | None = None, cache: Path | None = None) -> None:
    """Checks what every ranker must do.

    Args:
        ranker: What stands for it in a recipe.
        known: The collection to rank; that of `example_collection` unless given.
        cache: The cache's folder; a temporary one unless given.

    Raises:
        AssertionError: It does something else.
        HardnegError: It is no ranker, or cannot be opened.
    """
    made = RANKERS.make(ranker)
    name = check_settings(RANKERS, made)
    known = known or example_collection()
    with tempfile.TemporaryDirectory() as temporary:
        opened = made.open(known, Context(cache or Path(temporary)))
        check(name, is_json(opened.facts), "facts cannot be written as JSON")
        queries = np.arange(len(known.queries), dtype=np.int32)
        every = np.tile(np.arange(-1, len(known.documents), dtype=np.int32), (len(queries), 1))
        given = opened.score(queries, every)
        check_array(name, "score()", given, every.shape, np.float32)
        check(name, np.isnan(given[:, 0]).all(), "score() is not NaN where there is no document")
        check(
            name,
            same(opened.score(queries[1:2], every[1:2])[0], given[1]),
            "score() depends on other queries",
        )
        if opened.retrieves:
            _check_search(name, opened, queries, len(known.documents), made.scored)


def _check_search(name: str, opened: OpenedRanker, queries: IntArray, size: int, scored: bool) -> None:
    depth = max(size - 1, 1)
    docs, scores = opened.search(queries, depth)
    shape = (len(queries), depth)
    check_array(name, "search() docs", docs, shape, np.int32)
    check_array(name, "search() scores", scores, shape, np.float32)
    check(name, same(docs < 0, np.isnan(scores)), "search() has documents without scores, or the reverse")
    lower, higher = scores[:, 1:], scores[:, :-1]
    check(name, not (lower > higher).any(), "search() does not return the best first")
    tied = (lower == higher) & scored
    check(name, (docs[:, 1:] > docs[:, :-1])[tied].all(), "equal scores do not rank in the corpus's order")
    for row in docs:
        check(name, len(set(row[row >= 0])) == (row >= 0).sum(), "search() returns a document twice")
    check(
        name,
        same(opened.score(queries, docs), scores),
        "a pair's score differs between score() and search()",
    )
    alone = opened.search(queries[1:2], depth)
    check(
        name,
        same(alone[0][0], docs[1]) and same(alone[1][0], scores[1]),
        "search() depends on other queries",
    )
