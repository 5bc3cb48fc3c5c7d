"""The records that stages hand to each other: small, frozen, columnar.

A stage knows these and never another stage. Arrays that name documents or queries hold row numbers
(int32) into `Documents` and `Queries`; -1 for none.
"""

from __future__ import annotations

from hardneg.core.records.arrays import BoolArray, FloatArray, IntArray, KeyArray, PairSet, rows_of
from hardneg.core.records.candidates import (
    JUDGED_RELEVANT,
    NOISY_POSITIVE,
    RELABELLED,
    Candidates,
    Decision,
    checked_scores,
)
from hardneg.core.records.collection import (
    UNJUDGED,
    Collection,
    Documents,
    Judgments,
    Queries,
    object_reader,
    part,
)
from hardneg.core.records.examples import Example, Scored
from hardneg.core.records.neutral import NEUTRAL, SAME_CLASS, SAME_DOCUMENT, UNDECIDED, Neutral
from hardneg.core.records.row_map import RowMap
from hardneg.core.records.scores import GivenScores, ScoreScale
from hardneg.core.records.text import folded, full_text, id_key, text_key

__all__ = [
    "BoolArray",
    "Candidates",
    "Collection",
    "Decision",
    "Documents",
    "Example",
    "FloatArray",
    "GivenScores",
    "IntArray",
    "JUDGED_RELEVANT",
    "Judgments",
    "KeyArray",
    "NEUTRAL",
    "NOISY_POSITIVE",
    "Neutral",
    "PairSet",
    "Queries",
    "RELABELLED",
    "RowMap",
    "SAME_CLASS",
    "SAME_DOCUMENT",
    "ScoreScale",
    "Scored",
    "UNDECIDED",
    "UNJUDGED",
    "checked_scores",
    "folded",
    "full_text",
    "id_key",
    "object_reader",
    "part",
    "rows_of",
    "text_key",
]
