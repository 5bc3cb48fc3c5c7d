"""What run.json must hold for commands that read it: a forged or damaged one is refused before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hardneg.core.records import ScoreScale
from hardneg.core.registry import invalid_field
from hardneg.sources.chunks import ChunkFacts

Texts = dict[str, Any]
Counts = dict[str, int]
Facts = dict[str, Texts]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True)


class _Collection(_Shape):
    name: str
    documents: int
    queries: int
    queries_without_positives: int
    judgments: int
    digest: str
    notes: Texts
    chunks: ChunkFacts | None = None


class _Rank(_Shape):
    rankers: list[Facts]


class _Select(_Shape):
    by: str | None
    rules: list[Facts]
    draw: Facts
    negatives: int
    scores: ScoreScale = "raw"


class _Recipe(_Shape):
    name: str
    description: str
    seed: int
    load: Texts
    rank: _Rank
    validation: Texts
    select: _Select
    format: Facts


class _Reason(_Shape):
    label: str | dict[str, str]
    meaning: str | dict[str, str]
    implies_doubt: bool


class _Validation(_Shape):
    validators: Facts
    calibration: Texts | None = None


class _Totals(_Shape):
    queries: int
    candidates: int
    positives: int
    negatives: int
    dropped: Counts


class _Ranking(_Shape):
    mrr: float
    recall_at_10: float
    beyond_depth: float


class _Scores(_Shape):
    ranker: str
    scale: ScoreScale
    low: float
    high: float


class _Export(_Shape):
    files: list[str]
    rows: int


class _Begun(_Shape):
    fingerprint: str
    source: str | None
    command: str | None = None
    collection: _Collection
    recipe: _Recipe
    rankers: Facts
    validation: _Validation
    reasons: dict[str, _Reason] | None = None


class _Finished(_Begun):
    finished: bool
    counts: _Totals
    short: Counts
    seconds: dict[str, float]
    parts: int | None = None
    export: _Export | None = None
    versions: dict[str, str] | None = None
    selected_from: Texts | None = None
    ranking: dict[str, _Ranking] | None = None
    scores: _Scores | None = None


def check(info: Mapping[str, Any]) -> None:
    """Checks run.json of a run that is begun or, by its own account, finished.

    Raises:
        ValueError: A field is missing or of another type; the message names it.
    """
    try:
        (_Finished if info.get("finished") else _Begun).model_validate(info)
    except ValidationError as error:
        raise ValueError(invalid_field(error)) from None
