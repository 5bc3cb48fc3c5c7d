"""What a call asks for, brought into one form: deprecated names translated, contradictions refused."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from typing import Literal, get_args

from hardneg.core.errors import ConfigError, unknown_name

LOG = logging.getLogger("hardneg.compat.sentence_transformers")

Format = Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"]
Sampling = Literal["random", "top"]


class InvalidArgument(ConfigError, ValueError):
    """An argument cannot be used; a `ValueError` too, as sentence-transformers raises."""


@dataclass(frozen=True)
class Window:
    """Which part of a ranking negatives come from.

    Attributes:
        range_min: How many of the best survivors are passed over.
        range_max: Where among the survivors to stop.
        most_positives: The most pairs that any query has; so much deeper the search goes.
    """

    range_min: int
    range_max: int
    most_positives: int

    @property
    def depth(self) -> int:
        """How many documents are retrieved for a query."""
        return self.range_max + self.most_positives

    def deeper(self) -> Window:
        """Returns a window that ends twice as far down."""
        return replace(self, range_max=2 * self.range_max)


@dataclass(frozen=True)
class Settings:
    """The arguments of a call that say which negatives to choose and how to write them.

    Attributes are the arguments of `mine_hard_negatives` of the same names; `seed` is never None.
    """

    num_negatives: int
    range_min: int
    range_max: int | None
    max_score: float | None
    min_score: float | None
    absolute_margin: float | None
    relative_margin: float | None
    sampling_strategy: Sampling
    include_positives: bool
    output_format: Format
    output_scores: bool
    seed: int
    deepen: bool

    def window(self, most_positives: int, rescored: bool) -> Window:
        """Returns the window of ranks, as sentence-transformers derives it where `range_max` is None.

        Args:
            most_positives: The most pairs that any query has.
            rescored: Whether a cross-encoder orders the candidates anew.

        Raises:
            InvalidArgument: The window is too small for the negatives asked.
        """
        if self.num_negatives < 1:
            raise InvalidArgument(f"num_negatives must be at least 1, got num_negatives={self.num_negatives}")
        range_max = self.range_max
        if range_max is None:
            spare = 10 if rescored or self._drops else 1
            range_max = self.range_min + spare * self.num_negatives + most_positives
        self._check_range(range_max)
        return Window(self.range_min, range_max, most_positives)

    @property
    def _drops(self) -> bool:
        rules = (self.absolute_margin, self.relative_margin, self.max_score)
        return any(rule is not None for rule in rules)

    def _check_range(self, range_max: int) -> None:
        if self.range_min < 0:
            raise InvalidArgument(f"range_min must be non-negative, got range_min={self.range_min}")
        if self.range_min >= range_max:
            raise InvalidArgument(
                f"range_min must be smaller than range_max, got range_min={self.range_min} "
                f"and range_max={range_max}"
            )
        if self.num_negatives > range_max - self.range_min:
            raise InvalidArgument(
                f"cannot mine {self.num_negatives} negatives a query: range_min={self.range_min} and "
                f"range_max={range_max} leave {range_max - self.range_min} candidates; ask for fewer, "
                "decrease range_min or increase range_max"
            )


def settle(
    *,
    output_format: str,
    sampling_strategy: str,
    absolute_margin: float | None,
    output_scores: bool,
    include_positives: bool,
    as_triplets: bool | None,
    margin: float | None,
    seed: int | None,
    deepen: bool,
    range_max: int | None,
    num_negatives: int,
    range_min: int,
    max_score: float | None,
    min_score: float | None,
    relative_margin: float | None,
) -> Settings:
    """Returns the settings of a call; its arguments are those of `mine_hard_negatives`.

    Raises:
        InvalidArgument: A name is unknown, or two arguments contradict each other.
    """
    if sampling_strategy not in get_args(Sampling):
        raise _unknown("sampling_strategy", sampling_strategy, get_args(Sampling))
    if deepen and range_max is not None:
        raise InvalidArgument("deepen looks beyond any range_max; give one of the two")
    if margin is not None:
        LOG.warning("margin is deprecated: use absolute_margin; it is set to %s", margin)
        absolute_margin = margin
    settings = Settings(
        num_negatives=num_negatives,
        range_min=range_min,
        range_max=range_max,
        max_score=max_score,
        min_score=min_score,
        absolute_margin=absolute_margin,
        relative_margin=relative_margin,
        sampling_strategy="random" if sampling_strategy == "random" else "top",
        include_positives=include_positives,
        output_format="n-tuple",
        output_scores=output_scores,
        seed=secrets.randbits(32) if seed is None else seed,
        deepen=deepen,
    )
    return _with_format(settings, output_format, as_triplets)


def _with_format(settings: Settings, asked: str, as_triplets: bool | None) -> Settings:
    """Returns the settings with the format to write, where other arguments have a say."""
    if as_triplets is not None:
        asked = "triplet" if as_triplets else "n-tuple"
        LOG.warning('as_triplets is deprecated: use output_format; it is set to "%s"', asked)
    if settings.include_positives:
        _warn_of_lost_positives(settings)
        if asked != "n-tuple":
            LOG.warning('with include_positives, output_format is set to "n-tuple", which keeps the ranking')
        return replace(settings, output_format="n-tuple")
    if asked == "n-tuple-scores":
        LOG.warning('output_format="n-tuple-scores" is deprecated: use "n-tuple" with output_scores=True')
        return replace(settings, output_format="n-tuple", output_scores=True)
    for known in ("triplet", "n-tuple", "labeled-pair", "labeled-list"):
        if asked == known:
            return replace(settings, output_format=known)
    raise _unknown("output_format", asked, get_args(Format))


def _warn_of_lost_positives(settings: Settings) -> None:
    rules = (settings.max_score, settings.min_score, settings.absolute_margin, settings.relative_margin)
    window = (settings.range_min or None, settings.range_max)
    if settings.sampling_strategy != "top" or any(value is not None for value in rules + window):
        LOG.warning(
            "with include_positives, range_min, range_max, max_score, min_score, absolute_margin, "
            "relative_margin and sampling_strategy may still discard positives"
        )


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> InvalidArgument:
    return InvalidArgument(str(unknown_name(kind, name, known)))
