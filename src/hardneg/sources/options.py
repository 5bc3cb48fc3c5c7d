"""How a collection is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

WHOLE = ("train", "all")
"""The names under which a source without splits is read."""


def _by_role(given: Any) -> Any:
    """Returns columns by role, which are also given as `ROLE=COLUMN` each."""
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) and "=" in one for one in given):
        return given
    return dict(each.split("=", 1) for each in given)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LoadOptions:
    """How strictly a collection is read.

    Attributes:
        split: Which judgments to read, as in `qrels/train.tsv`. A source without splits is read whole, as
            `train` or `all`; any other name is an error.
        min_relevance: Least relevance of a positive, 1 or more.
        corpus: File with more documents than a pairs file holds.
        columns: ROLE=COLUMN, as `query=question` or `positive=context`: which column of a table has a role.
            Of pairs, queries and judgments: query, positive, negative, query_id, doc_id, relevance, split; of
            documents: id, text, title; of `classes`: text, label, label_text, id, split; of `sts`: first,
            second, similarity, split.
        unknown_ids: What to do with judgments of queries or documents that are not there.
        empty_texts: What to do with documents and queries that have no text; `strict` makes it an error.
        strict: Fail on anything skipped or merged, as `Collection.notes` counts it.
        class_positive: The positive of an example of `classes`: another `example` of its class, or its
            `label`, in which case the labels are the corpus.
        cut_labels: Cut the name of its class off where a text of `classes` begins with it.
        similar: Least score of the pairs of `sts` that are positives, in the scores' own unit.
        dissimilar: Highest score of the pairs of `sts` that are judged not relevant.
        seed: Seed of the draw of positives in `classes`.
    """

    split: str = "train"
    min_relevance: Annotated[int, Field(ge=1)] = 1
    corpus: str | None = None
    columns: Annotated[dict[str, str], BeforeValidator(_by_role)] = Field(default_factory=dict)
    unknown_ids: Literal["error", "skip"] = "error"
    empty_texts: Literal["error", "skip"] = "skip"
    strict: bool = False
    class_positive: Literal["example", "label"] = "example"
    cut_labels: bool = False
    similar: float | None = None
    dissimilar: float | None = None
    seed: int = 42

    @property
    def refuses_empty(self) -> bool:
        """Whether a document or query without a text is an error."""
        return self.strict or self.empty_texts == "error"
