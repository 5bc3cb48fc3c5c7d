"""FlagEmbedding's JSON lines, for its embedders and rerankers.

As read by `AbsEmbedderTrainDataset` and `AbsRerankerTrainDataset` (FlagEmbedding 1.4.2,
`FlagEmbedding/abc/finetune/{embedder,reranker}/AbsDataset.py`): `query`, `pos`, `neg` (lists of texts),
`pos_scores` and `neg_scores` for `--knowledge_distillation True`, `type` for the way batches are made, and
`prompt`: to embedders that are given `--query_instruction_for_retrieval`, be it empty, the instruction of the
row in its place, which a null or a missing one among others breaks; to rerankers of language models their
question. Files that do not end in .json or .jsonl are passed over silently; an
empty `neg` divides by zero, an empty `pos` leaves nothing to choose from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.errors import DataError
from hardneg.core.records import Example
from hardneg.exporters.checks import read_lines
from hardneg.exporters.rows import Notes, number, usable, write_rows
from hardneg.exporters.soft_labels import log_probability


@file_format("flagembedding")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class FlagEmbedding(Format):
    """Lines of `query, pos, neg, pos_scores, neg_scores, prompt, type`.

    Attributes:
        scores: `keep` writes scores, null where a document has none; `require`, for knowledge distillation,
            which stops at a null, leaves out documents without a score; `omit` writes no scores;
            `probability` writes the natural logarithm of each document's probability of being relevant, by
            its weight, -9.21 (0.0001) at the least: the softmax over a list gives each its share.
        prompt: The instruction of the queries, in place of `--query_instruction_for_retrieval`; None for that
            of each query in the source, if it has any.
        type: How batches are made, as `symmetric_class` or `only_1neg`; None for the usual way.
    """

    scores: Literal["keep", "require", "omit", "probability"] = "keep"
    prompt: str | None = None
    type: str | None = None

    carries_prompts: ClassVar[bool] = True
    usage: ClassVar[str] = (
        "torchrun -m FlagEmbedding.finetune.embedder.encoder_only.base --train_data {out} ..."
    )

    @property
    def carries_weights(self) -> bool:
        """Probabilities are made of the weights."""
        return self.scores == "probability"

    def meanings(self) -> Mapping[str, str]:
        """Returns the scale of the scores, and when prompts are read."""
        read = 'read by embedders with `--query_instruction_for_retrieval`, which may be `""`'
        meanings = {"prompt": f"the instruction for the query, {read}"}
        if self.scores != "probability":
            return meanings
        scale = "the natural logarithm of the probability of being relevant (-9.21 to 0), for a softmax"
        return meanings | {
            "pos_scores": f"{scale}: of the weight",
            "neg_scores": f"{scale}: of 1 less the weight",
        }

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the lines; examples without a positive or a negative are skipped."""
        _check_name(out)
        notes = Notes()
        chosen = usable(examples, notes, self.scores == "require")
        return write_rows(map(self._row, chosen), out, notes)

    def lint(self, out: Path) -> None:
        """Checks the name, that lists are lists with something in them, and scores."""
        _check_name(out)
        for line in read_lines(out):
            line.text("query")
            positives, negatives = line.texts("pos"), line.texts("neg")
            line.apart(positives, negatives)
            if self.scores == "require" or "pos_scores" in line.row or "neg_scores" in line.row:
                nulls = self.scores not in ("require", "probability")
                line.numbers("pos_scores", len(positives), nulls)
                line.numbers("neg_scores", len(negatives), nulls)
            if not isinstance(line.row.get("prompt", ""), str):
                raise line.fault(f'"prompt" is {line.row["prompt"]!r}, expected a text')
            if "type" in line.row:
                line.text("type")

    def _row(self, example: Example) -> dict[str, Any]:
        row: dict[str, Any] = {"query": example.query}
        row["pos"] = [doc.full for doc in example.positives]
        row["neg"] = [doc.full for doc in example.negatives]
        if self.scores == "probability":
            row["pos_scores"] = [log_probability(doc, True) for doc in example.positives]
            row["neg_scores"] = [log_probability(doc, False) for doc in example.negatives]
        elif self.scores != "omit":
            row["pos_scores"] = [number(doc.score) for doc in example.positives]
            row["neg_scores"] = [number(doc.score) for doc in example.negatives]
        optional = {"prompt": self.prompt or example.prompt, "type": self.type or None}
        return row | {name: value for name, value in optional.items() if value is not None}


def _check_name(out: Path) -> None:
    if out.suffix not in (".json", ".jsonl"):
        raise DataError(
            f"{out}: FlagEmbedding passes over files that do not end in .json or .jsonl; rename it"
        )
