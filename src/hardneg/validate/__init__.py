"""Validators look at candidates and give evidence of false negatives; none drops anything by itself.

A validator module holds the validator's settings, a frozen dataclass. Its `open` gives the witness for one
collection, who does the looking; what of the evidence is suspicious, the settings say by themselves, so that
stored evidence can be weighed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

from hardneg.rank import Context, Ranker
from hardneg.records import BoolArray, Candidates, Collection, FloatArray
from hardneg.registry import Registry

Kind = Literal["score", "flag", "note"]


class Witness(Protocol):
    """A validator at work on one collection."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `run.json` should record: resolved settings, digests of weights and files."""

    def evidence(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the higher, the likelier relevant; NaN where it did not look.

        A positive is looked at as if its own judgment were not known: what is measured to the query's
        positives is measured to the others. Hidden in turn like this, positives show what the evidence of a
        relevant document looks like.

        Args:
            candidates: A block, positives included, as the pool gives it.
        """


class Validator(Protocol):
    """The settings of a validator, as a recipe gives them."""

    kind: ClassVar[Kind]
    """How calibration reads the evidence: a `score` is compared with those of other candidates, a `flag` is
    0 where there is nothing and 1 where it is certain, a `note` is not read."""

    weight: ClassVar[float]
    """What calibration expects before it has seen data: log-odds a deviation of a score, or a flag."""

    def open(self, collection: Collection, rankers: Mapping[str, Ranker], context: Context) -> Witness:
        """Returns the witness, its model loaded or its index built.

        Raises:
            HardnegError: A model, file or library is missing or does not fit the collection.
        """

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which candidates look like false negatives, by its own bounds.

        Args:
            evidence: (n_queries, depth) float32, NaN where it did not look.
            positive: (n_queries, 1) float32, the least evidence of the query's positives, NaN without any.
        """


VALIDATORS: Registry[Validator] = Registry(
    "hardneg.validate", "validator", helpers=("examine", "looking", "settings")
)
