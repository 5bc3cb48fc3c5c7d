"""A loaded cross-encoder: pairs to scores, sorted by length and batched by tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.hashing import code_digest
from hardneg.core.records import FloatArray
from hardneg.core.state_files import fingerprint
from hardneg.rankers.dense import forward
from hardneg.rankers.dense.encode import model_digest
from hardneg.rankers.dense.models import Precision, convert, model_errors
from hardneg.rankers.dense.prompts import unused_prompts
from hardneg.rankers.pairs.description import ModelDescription
from hardneg.rankers.pairs.scorer import CHUNK
from hardneg.rankers.truncation import truncation

_GPU_CHUNK = 8_192
"""Pairs scored together on a GPU, which takes as long for them as a processor for `CHUNK`."""


@dataclass(frozen=True)
class ScoringJob:
    """How pairs are scored."""

    prompt: str | None
    budget: int
    label: int | None  # whose probability is the score; None for a model of one

    def features(self, model: Any, inputs: list[tuple[str, str]]) -> dict[str, Any]:
        """Returns the tokens of pairs after the prompt."""
        features: dict[str, Any] = model.preprocess(inputs, prompt=self.prompt)
        return features

    def outputs(self, model: Any, features: dict[str, Any]) -> Any:
        """Returns (n, 1) the scores of pairs; more columns where a model does not give one score."""
        import torch

        scores = model(features)["scores"].float()
        if self.label is not None:
            return torch.nn.functional.softmax(scores, dim=-1)[:, [self.label]]
        scores = model.activation_fn(scores)
        return scores.unsqueeze(-1) if scores.ndim == 1 else scores


class PairModel:
    """Scores pairs; equal settings, and pairs asked for together, give equal scores on one machine.

    Args:
        model: A loaded `CrossEncoder`.
        name: The model's name, for errors.
        prompt: Text before each pair, or the name of one of the model's prompts; None for the model's own.
        label: The number of the label whose probability is the score; None for a model of one score.
        setting: The path of the setting that chooses a prompt.
        precision: Number format of the transformer, which is changed in place; its last layer stays in fp32.
    """

    def __init__(
        self,
        model: Any,
        name: str,
        prompt: str | None = None,
        label: int | None = None,
        setting: str = "rank.rankers.cross-encoder.prompt",
        precision: Precision = "fp32",
    ) -> None:
        own = model.prompts or {}
        self._name = name
        self._prompt = own.get(model.default_prompt_name) if prompt is None else own.get(prompt, prompt)
        self._label = label
        self.facts: dict[str, Any] = {
            "model": name,
            "weights": model_digest(model),
            "max_length": model.max_seq_length,
            "prompt": None if prompt is None else self._prompt,
            "precision": precision,
            **({} if label is None else {"positive_label": label}),
        }
        if prompt is None and (unused := unused_prompts(model, name, setting)):
            self.facts["unused_prompts"] = unused
        self._model = _converted(model.eval(), precision)
        self._job = ScoringJob(self._prompt, forward.batch_tokens(model.device.type), label)
        self.chunk = CHUNK if model.device.type == "cpu" else _GPU_CHUNK

    def description(self, documents: list[str], queries: list[str]) -> ModelDescription:
        """Returns what describes the model's scores, and how much it cuts of some texts."""
        tokenizer = getattr(self._model, "tokenizer", None)
        with model_errors(self._name, "score with"):
            cut = truncation(tokenizer, self.facts["max_length"], documents, self._prompt or "", queries)
        facts = {**self.facts, "truncation": {"documents": cut}}
        return ModelDescription(facts, self._fingerprint(), self.chunk)

    def _fingerprint(self) -> str:
        modules: list[Any] = [getattr(module, "get_config_dict", dict)() for module in self._model]
        decides = {
            **{key: value for key, value in self.facts.items() if key not in ("model", "unused_prompts")},
            "prompt": self._prompt,
            "modules": modules,
            "activation": str(self._model.activation_fn),
            "device": self._model.device.type,
            "code": code_digest(ScoringJob, forward),
        }
        return fingerprint(decides)

    def scores(self, queries: list[str], documents: list[str]) -> FloatArray:
        """Returns (n,) float32: the scores of n pairs, at least one.

        Raises:
            DataError: The model does not give one finite score per pair.
            ConfigError: It fails.
        """
        pairs = list(zip(queries, documents, strict=True))
        with model_errors(self._name, "score with"):
            scores = forward.run(self._model, pairs, self._job, lambda count: None)
            if scores is None:
                scores = self._by_library(pairs)
        if scores.shape != (len(pairs), 1) or not np.isfinite(scores).all():
            raise DataError(
                f'model "{self._name}" must give one finite score per pair; is it a reranker?'
                + (" precision=fp32 may help" if self.facts["precision"] == "fp16" else "")
            )
        return scores[:, 0]

    def _by_library(self, pairs: list[tuple[str, str]]) -> FloatArray:
        """Scores by sentence-transformers' own batches: for models that do not read rows of tokens."""
        import torch

        options: dict[str, Any] = {"show_progress_bar": False, "prompt": self._prompt}
        if self._label is not None:
            options |= {"activation_fn": torch.nn.Identity(), "apply_softmax": True}
        scores = np.asarray(self._model.predict(pairs, **options), np.float32)
        if scores.ndim == 1:
            return scores[:, None]
        return scores if self._label is None else scores[:, [self._label]]


def _converted(model: Any, precision: Precision) -> Any:
    """Returns the model in a precision, but for the layer that gives the scores.

    A number of bf16 has 8 bits: in it, most of the best documents of a query would have equal scores.
    """
    import torch

    if precision == "fp32":
        return model
    heads = [
        name
        for name, module in model.named_modules()
        if type(module) is torch.nn.Linear and module.out_features == model.num_labels
    ]
    if hasattr(model, "set_keep_in_fp32_modules"):  # sentence-transformers 6.2 and later
        model.set_keep_in_fp32_modules([*(model.keep_in_fp32_modules or []), *heads])
    return convert(model, precision)
