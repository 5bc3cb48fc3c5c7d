"""The kinds of components and their registries: what a component must do, and what it says of itself.

| kind | decorator | method | a plain function can be one |
|---|---|---|---|
| ranker | `@ranker("bm25")` | `open` | `texts -> vectors`, or `query, documents -> scores` |
| rule | `@rule("max-score")` | `keep` | `candidates -> bool (n_queries, depth)` |
| draw | `@draw("top")` | `priority` | `candidates, noise -> float (n_queries, depth)` |
| validator | `@validator("guide")` | `open` | no |
| format | `@file_format("jsonl")` | `write` | no |
| source | `@source("ir")` | `read` | `name, options -> Collection` |
| loss | `@loss("infonce")` | `__call__` | `batch -> tensor` |
| engine | `@engine("ray")` | `run` | no |
"""

from __future__ import annotations

from hardneg.core.components.engine import ENGINES, Engine, engine
from hardneg.core.components.format import FORMATS, Format, Written, file_format
from hardneg.core.components.loss import LOSSES, Loss, loss
from hardneg.core.components.ranker import RANKERS, Context, OpenedRanker, Ranker, ranker
from hardneg.core.components.selection import DRAWS, RULES, Draw, Rule, Threshold, draw, rule
from hardneg.core.components.source import SOURCES, Source, source
from hardneg.core.components.validator import VALIDATORS, OpenedValidator, Validator, validator

__all__ = [
    "Context",
    "DRAWS",
    "Draw",
    "ENGINES",
    "Engine",
    "FORMATS",
    "Format",
    "LOSSES",
    "Loss",
    "OpenedRanker",
    "OpenedValidator",
    "RANKERS",
    "RULES",
    "Ranker",
    "Rule",
    "SOURCES",
    "Source",
    "Threshold",
    "VALIDATORS",
    "Validator",
    "Written",
    "draw",
    "engine",
    "file_format",
    "loss",
    "ranker",
    "rule",
    "source",
    "validator",
]
