"""Validators give evidence of false negatives among candidates; none drops anything by itself.

The settings open a validator for one collection, which gives the evidence of its candidates. Which evidence
is suspicious follows from the settings alone, so that stored evidence can be decided on again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from hardneg.core.components.ranker import Context, OpenedRanker
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray
from hardneg.core.registry import Component, Registry

Kind = Literal["score", "flag", "note"]
Finds = Literal["", "copies", "same source", "similar queries", "leakage"]


class OpenedValidator(Protocol):
    """A validator that is opened for one collection."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `run.json` should record: resolved settings, digests of weights and files."""

    def evidence(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the higher, the likelier relevant; NaN without evidence.

        The evidence of a positive is that of a document without a judgment: what is measured to the query's
        positives is measured to the others. Hidden in turn like this, positives show what evidence relevant
        documents have.

        Args:
            candidates: A block, positives included, as the pool gives it.
        """


class SelectiveValidator(OpenedValidator, Protocol):
    """An opened validator that can be asked about some candidates alone."""

    def readable(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries, depth) bool: the candidates that `evidence` has evidence of."""

    def evidence_of(self, candidates: Candidates, chosen: BoolArray) -> FloatArray:
        """Returns (n_queries, depth) float32: the `evidence` of the chosen candidates, NaN for others."""


class Validator(Component, ABC):
    """The settings of a validator, as a recipe gives them.

    Attributes:
        kind: How calibration reads the evidence: a `score` is compared with those of other candidates, a
            `flag` is 0 where there is nothing and 1 where it is certain, a `note` is not read.
        weight: What calibration expects before it has seen data: log-odds per standard deviation of a score,
            or for a flag.
        judges: Whether the evidence is what people or models judged of the very pair: the share of those who
            find it relevant. It stands above all other evidence, and is read again when a run is decided
            again.
        finds: What the candidates that it suspects have in common with the query's positives, with the
            positives of other queries or with an evaluation set; the report shows them. Empty for none of it.
        only_chosen: Whether it reads only candidates that would be chosen, besides positives and the queries
            that are learned from. It opens to a `SelectiveValidator`.
    """

    kind: ClassVar[Kind] = "score"
    weight: ClassVar[float] = 1.0
    judges: ClassVar[bool] = False
    finds: ClassVar[Finds] = ""
    only_chosen: bool = False

    @property
    def relabels(self) -> bool:
        """Whether what most judges find relevant becomes a positive, and what some do is left out."""
        return False

    @abstractmethod
    def open(
        self, collection: Collection, rankers: Mapping[str, OpenedRanker], context: Context
    ) -> OpenedValidator:
        """Returns the opened validator, its model loaded or its index built.

        Raises:
            HardnegError: A model, file or library is missing or does not fit the collection.
        """

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which candidates look like false negatives, by its own bounds.

        Args:
            evidence: (n_queries, depth) float32, NaN where there is none.
            positive: (n_queries, 1) float32, the least evidence of the query's positives, NaN without any.
        """
        return np.zeros(evidence.shape, bool)


VALIDATORS: Registry[Validator] = Registry("validator", Validator, "open", "hardneg.validators")
validator = VALIDATORS.register
