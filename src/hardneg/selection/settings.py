"""The settings of selection, as a recipe gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from hardneg.core.components import DRAWS, RULES, Draw, Rule
from hardneg.core.records import ScoreScale
from hardneg.selection.combining import COMBINED
from hardneg.selection.draws.top import Top
from hardneg.selection.reasons import FIXED, draw_reason, rule_reason

AnyRule = Annotated[Rule, PlainValidator(RULES.make), PlainSerializer(RULES.describe)]
AnyDraw = Annotated[Draw, PlainValidator(DRAWS.make), PlainSerializer(DRAWS.describe)]


class SelectSettings(BaseModel):
    """How negatives are selected from the candidates.

    Attributes:
        negatives: Most negatives per query.
        rules: What a candidate must pass, in order; the first that it fails is its reason.
        draw: In which order the allowed are taken.
        by: The scorer, the ranker whose scores rules read; by default a cross-encoder, else the first
            that measures similarity (dense, sparse, vectors), else the first.
        anchor: `weakest`: one example a query, margins measured to its weakest positive. `pair`: one
            example for each query and positive, margins measured to that positive.
        ensemble: `none`: rules and draw see one scorer. `cross-sample`: each query is mined by one teacher,
            drawn at random. `intra-sample`: teachers take turns within each query. `mean`, `min` or `zscore`:
            their scores become one, which is called so: the mean, the lowest, or the mean of scores brought
            to mean 0 and deviation 1 within the query.
        teachers: The rankers of the ensemble; all of the recipe's unless named.
        distinct: Whether intra-sample teachers skip what another has taken (deduplication); otherwise a
            negative that several choose is repeated.
        max_uses: The most often that one document may serve as a negative; None for no cap.
        attenuate: Whether a candidate that the rules allow is left out with its probability of being a false
            negative, drawn by seed, query and document: negatives are drawn in proportion to 1 less their
            probability, whatever the draw, and all weigh 1. For formats that carry no weights.
        max_positives: Most positives per query in the training set, the most relevant first, of equal ones
            the first of the source; the others are no negatives either. None for all.
        scores: The scale of the scores that formats write: `raw`; `probabilities`, the sigmoid of logits;
            `logits` of probabilities; `z-scores` over the documents of each example.

    Source: ensembles of teachers, NV-Retriever (arXiv 2407.15831), section 4.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    negatives: int = Field(default=4, ge=1)
    rules: tuple[AnyRule, ...] = ()
    draw: AnyDraw = Top()
    by: str | None = None
    anchor: Literal["weakest", "pair"] = "weakest"
    ensemble: Literal["none", "cross-sample", "intra-sample", "mean", "min", "zscore"] = "none"
    teachers: tuple[str, ...] = ()
    distinct: bool = True
    max_uses: int | None = Field(default=None, ge=1)
    attenuate: bool = False
    max_positives: int | None = Field(default=None, ge=1)
    scores: ScoreScale = "raw"

    @property
    def combines(self) -> bool:
        """Whether the teachers' scores become one."""
        return self.ensemble in COMBINED

    @model_validator(mode="after")
    def _distinct_reasons(self) -> SelectSettings:
        """Checks that a reason in the ledger tells what gave it."""
        drawn = draw_reason(self.draw)
        for reason in map(rule_reason, self.rules):
            if reason in (*FIXED, drawn):
                raise ValueError(f'a rule cannot be called "{reason}", a reason of its own; rename it')
        if drawn in FIXED:
            raise ValueError(f'a draw cannot be called "{drawn}", a reason of its own; rename it')
        return self
