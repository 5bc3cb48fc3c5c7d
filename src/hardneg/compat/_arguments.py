"""The arguments of sentence-transformers in the miner's terms: rules, a window, a draw, a format, prompts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal, get_args

from hardneg.core.components import Draw, Rule
from hardneg.core.errors import ConfigError, unknown_name
from hardneg.selection.draws.top import Top
from hardneg.selection.draws.uniform import Uniform
from hardneg.selection.rules.absolute_margin import AbsoluteMargin
from hardneg.selection.rules.max_score import MaxScore
from hardneg.selection.rules.min_score import MinScore
from hardneg.selection.rules.relative_margin import RelativeMargin

LOG = logging.getLogger("hardneg.compat.sentence_transformers")

Format = Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"]
_RULES: dict[str, Callable[[float], Rule]] = {
    "absolute_margin": AbsoluteMargin,
    "relative_margin": RelativeMargin,
    "max_score": MaxScore,
    "min_score": MinScore,
}
_DRAWS: dict[str, Draw] = {"top": Top(), "random": Uniform()}
_PROMPT_NAMES = {"query": ("query",), "document": ("document", "passage", "corpus")}


class InvalidArgument(ConfigError, ValueError):
    """An argument cannot be used; a `ValueError` too, as sentence-transformers raises."""


def rules_of(bounds: dict[str, float | None]) -> tuple[Rule, ...]:
    """Returns the rules of the bounds that are set, in the order of sentence-transformers."""
    return tuple(make(float(bound)) for name, make in _RULES.items() if (bound := bounds[name]) is not None)


def draw_of(sampling_strategy: str) -> Draw:
    """Returns the draw of a sampling strategy; an unknown one raises `InvalidArgument`."""
    if sampling_strategy not in _DRAWS:
        raise InvalidArgument(str(unknown_name("sampling_strategy", sampling_strategy, _DRAWS)))
    return _DRAWS[sampling_strategy]


def window_end(range_min: int, range_max: int | None, negatives: int, spare: int, positives: int) -> int:
    """Returns `range_max`, derived as sentence-transformers derives it where it is None.

    Args:
        range_min: Where the window begins.
        range_max: Where it ends, if given.
        negatives: Negatives per query.
        spare: How many times as many candidates the derived window holds.
        positives: The most pairs that any query has.

    Raises:
        InvalidArgument: The window is too small for the negatives.
    """
    if negatives < 1:
        raise InvalidArgument(f"num_negatives must be at least 1, got num_negatives={negatives}")
    end = range_min + spare * negatives + positives if range_max is None else range_max
    if range_min < 0:
        raise InvalidArgument(f"range_min must be non-negative, got range_min={range_min}")
    if range_min >= end:
        raise InvalidArgument(
            f"range_min must be smaller than range_max, got range_min={range_min} and range_max={end}"
        )
    if negatives > end - range_min:
        raise InvalidArgument(
            f"cannot mine {negatives} negatives per query: range_min={range_min} and range_max={end} leave "
            f"{end - range_min} candidates; lower num_negatives or range_min, or increase range_max"
        )
    return end


def format_of(
    name: str, scores: bool, as_triplets: bool | None, include_positives: bool
) -> tuple[Format, bool]:
    """Returns the output format and whether it has scores, deprecated names resolved with a warning.

    Raises:
        InvalidArgument: There is no such format.
    """
    if as_triplets is not None:
        name = "triplet" if as_triplets else "n-tuple"
        LOG.warning('as_triplets is deprecated: use output_format; it is set to "%s"', name)
    if include_positives:
        if name != "n-tuple":
            LOG.warning('with include_positives, output_format is set to "n-tuple", which keeps the ranking')
        return "n-tuple", scores
    if name == "n-tuple-scores":
        LOG.warning('output_format="n-tuple-scores" is deprecated: use "n-tuple" with output_scores=True')
        return "n-tuple", True
    for output_format in get_args(Format):
        if name == output_format:
            return output_format, scores
    raise InvalidArgument(str(unknown_name("output_format", name, get_args(Format))))


def prompt_of(model: Any, kind: Literal["query", "document"], prompt: str | None, name: str | None) -> str:
    """Returns the text before each query or document, chosen as sentence-transformers does.

    Args:
        model: A `SentenceTransformer`.
        kind: What is encoded.
        prompt: The prompt itself; it comes before `name`.
        name: The name of one of the model's prompts; None for the model's own choice.

    Raises:
        InvalidArgument: The model has no prompt of this name.
    """
    if prompt is not None:
        if name is not None:
            LOG.warning("both a %s prompt and a prompt name are given; the name is ignored", kind)
        return prompt
    prompts = model.prompts or {}
    if name is not None and name not in prompts:
        raise InvalidArgument(str(unknown_name("prompt", name, prompts)))
    own = next((n for n in _PROMPT_NAMES[kind] if n in prompts), model.default_prompt_name)
    return prompts.get(name or own) or ""
