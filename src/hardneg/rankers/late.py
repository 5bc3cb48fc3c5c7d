"""Late interaction: a vector for each token of query and document, compared by MaxSim over the pool."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.hashing import code_digest
from hardneg.core.records import Collection, FloatArray
from hardneg.core.state_files import fingerprint
from hardneg.rankers.dense.encode import model_digest
from hardneg.rankers.dense.forward import batch_tokens
from hardneg.rankers.dense.models import (
    DEFAULT,
    Device,
    Precision,
    best_precision,
    check_installed,
    convert,
    load_model,
    model_errors,
    model_path,
)
from hardneg.rankers.pairs.description import ModelDescription
from hardneg.rankers.pairs.local import open_scorer
from hardneg.rankers.truncation import truncation

_CHUNK = 2_048
"""Pairs scored together: each text in them is encoded once."""
_LONGEST = 512  # tokens of a text, where the model has no limit


@ranker("late")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Late(Ranker):
    """Scores candidates that other rankers retrieve, with a sentence-transformers `MultiVectorEncoder`.

    The score is MaxSim over the number of the query's vectors: for each the greatest similarity to a vector
    of the document, and the mean of these. Models of PyLate and ColBERT are of this kind.

    Attributes:
        model: A hub id or a folder.
        precision: Number format of the transformer's weights and sums; `auto` for the fastest of the device.
        device: As torch names it; None for the fastest.
        name: The ranker's name in the ledger; None for `late`.

    Source: ColBERT, arXiv 2004.12832.
    """

    model: str
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: Device | None = None
    name: str | None = None
    shorthand = "model"
    comparable = True
    measures_similarity = True
    reranks = True
    encodes = True

    def check_installed(self) -> None:
        """Checks that what loads the model is installed."""
        check_installed(self.model)

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its model loaded here or by the workers of the engine.

        Raises:
            ConfigError: There is no such model, or it is none of late interaction.
        """
        return open_scorer(self, self.load, collection, context, self.name or "late")

    def load(self) -> LateModel:
        """Returns the loaded model; see `open`."""
        import sentence_transformers

        if not hasattr(sentence_transformers, "MultiVectorEncoder"):
            raise ConfigError("late needs sentence-transformers 6.2 or later; pip install -U it")
        if self.model == DEFAULT:
            raise ConfigError("late has no default model; name one, as in late:MODEL")
        model = load_model("MultiVectorEncoder", self.model, device=self.device)
        with model_errors(self.model):
            if not _is_trained(model, model_path(self.model)):
                raise ConfigError(
                    f'model "{self.model}" is no late-interaction model: its vectors of tokens are not '
                    "trained; for a bi-encoder write dense:MODEL"
                )
            precision = best_precision(str(model.device)) if self.precision == "auto" else self.precision
            return LateModel(model, self.model, precision)


class LateModel:
    """A loaded `MultiVectorEncoder` that scores pairs."""

    chunk = _CHUNK

    def __init__(self, model: Any, name: str, precision: Precision) -> None:
        self._name = name
        self.facts: dict[str, Any] = {
            "model": name,
            "weights": model_digest(model),
            "max_length": model.max_seq_length,
            "prompts": {kind: (model.prompts or {}).get(kind, "") for kind in ("query", "document")},
            "precision": precision,
        }
        self._model = convert(model.eval(), precision)
        limit = min(model.max_seq_length or _LONGEST, _LONGEST)
        self._batch = max(1, batch_tokens(model.device.type) // limit)

    def description(self, documents: list[str], queries: list[str]) -> ModelDescription:
        """Returns what describes the model's scores, and how much it cuts of some texts."""
        tokenizer, prompts = getattr(self._model, "tokenizer", None), self.facts["prompts"]
        with model_errors(self._name, "score with"):
            limits = [getattr(self._model[0], f"{kind}_length", None) for kind in ("document", "query")]
            cut = {
                unit: truncation(tokenizer, limit or self.facts["max_length"], texts, prompt)
                for unit, limit, texts, prompt in (
                    ("documents", limits[0], documents, prompts["document"]),
                    ("queries", limits[1], queries, prompts["query"]),
                )
            }
        decides = {
            **{name: value for name, value in self.facts.items() if name != "model"},
            "modules": [getattr(module, "get_config_dict", dict)() for module in self._model],
            "device": self._model.device.type,
            "code": code_digest(LateModel),
        }
        return ModelDescription({**self.facts, "truncation": cut}, fingerprint(decides), self.chunk)

    def scores(self, queries: list[str], documents: list[str]) -> FloatArray:
        """Returns (n,) float32: the mean of the greatest similarities, for n pairs.

        Raises:
            DataError: A vector holds NaN or infinity.
            ConfigError: The model fails.
        """
        with model_errors(self._name, "score with"):
            of_query = self._vectors(queries, self._model.encode_query)
            of_document = self._vectors(documents, self._model.encode_document)
            pairs = zip(queries, documents, strict=True)
            scores = [_mean_max(of_query[query], of_document[document]) for query, document in pairs]
        found = np.array(scores, np.float32)
        if not np.isfinite(found).all():
            raise DataError(f'model "{self._name}" gives NaN or infinity; precision=fp32 may help')
        return found

    def _vectors(self, texts: list[str], encode: Any) -> dict[str, Any]:
        """Returns the vectors (tokens, dimension) of each distinct text."""
        distinct = list(dict.fromkeys(texts))
        options = {"batch_size": self._batch, "show_progress_bar": False}
        return dict(zip(distinct, encode(distinct, **options), strict=True))


def _mean_max(query: Any, document: Any) -> float:
    """Returns the mean over the query's vectors of the greatest similarity, 0 where there are no vectors."""
    if not len(query) or not len(document):
        return 0.0
    return float((query.float() @ document.float().T).amax(dim=1).mean())


def _is_trained(model: Any, path: str) -> bool:
    """Returns whether a model was saved as one of late interaction, not made into one when it was loaded."""
    architectures = getattr(getattr(model[0], "config", None), "architectures", None) or [""]
    if architectures[0].endswith("ForRetrieval") or architectures[0] == "HF_ColBERT":
        return True
    return bool(model._get_model_type(path, None, None) == "MultiVectorEncoder")
