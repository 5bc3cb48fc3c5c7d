"""The kinds of components and their registries: what a component must do, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hardneg.core.components.engine import ENGINES, Engine, engine
from hardneg.core.components.format import FORMATS, Format, Written, file_format
from hardneg.core.components.loss import LOSSES, Loss, loss
from hardneg.core.components.positive_validator import (
    POSITIVE_VALIDATORS,
    OpenedPositiveValidator,
    PositiveValidator,
    positive_validator,
)
from hardneg.core.components.ranker import RANKERS, Context, OpenedRanker, Ranker, ranker
from hardneg.core.components.selection import DRAWS, RULES, Draw, Rule, Threshold, draw, rule
from hardneg.core.components.source import SOURCES, Source, source
from hardneg.core.components.validator import (
    VALIDATORS,
    OpenedValidator,
    SelectiveValidator,
    Validator,
    validator,
)
from hardneg.core.errors import unknown_name
from hardneg.core.registry import Registry

C = TypeVar("C")

_KINDS: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (
        RANKERS,
        RULES,
        DRAWS,
        VALIDATORS,
        POSITIVE_VALIDATORS,
        FORMATS,
        SOURCES,
        LOSSES,
        ENGINES,
    )
}


def component(kind: str, name: str, **attributes: Any) -> Callable[[C], C]:
    """Returns a decorator that registers a class or a function, as `@component("rule", "short")`.

    Args:
        kind: `ranker`, `rule`, `draw`, `validator`, `positive_validator`, `format`, `source`, `loss` or
            `engine`.
        name: Small letters, digits and hyphens.
        attributes: Class attributes to set, as `label="too short"`.

    Raises:
        ConfigError: There is no such kind, or the name is not fit or taken.
    """
    if kind not in _KINDS:
        raise unknown_name("kind of component", kind, _KINDS)
    return _KINDS[kind].register(name, **attributes)


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
    "OpenedPositiveValidator",
    "OpenedRanker",
    "OpenedValidator",
    "SelectiveValidator",
    "POSITIVE_VALIDATORS",
    "PositiveValidator",
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
    "component",
    "draw",
    "engine",
    "file_format",
    "loss",
    "positive_validator",
    "ranker",
    "rule",
    "source",
    "validator",
]
