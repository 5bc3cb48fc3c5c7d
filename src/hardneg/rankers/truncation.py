"""How much of the texts a model does not read, because they are longer than its limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hardneg.core.records import Documents, FloatArray, Queries

SAMPLE = 2_048
"""Texts that are counted, spread over all."""

_BATCH = 128
_LONGEST = 100_000  # characters of a text that are counted; the rest is taken to be like them
_NO_LIMIT = 1_000_000


def sampled(texts: Documents | Queries) -> list[str]:
    """Returns all of some texts, or a sample of them, the same each time."""
    return texts.texts(np.unique(np.linspace(0, max(len(texts) - 1, 0), SAMPLE).astype(np.int32)))


def truncation(
    tokenizer: Any, limit: float | None, texts: Sequence[str], prompt: str = "", queries: Sequence[str] = ()
) -> dict[str, Any]:
    """Returns `sample`, the number of texts; `cut`, how many of them are cut; `text`, the share that is lost.

    Args:
        tokenizer: The model's, as transformers has it; without one, nothing is taken to be cut.
        limit: The model's limit in tokens; None or infinite for none.
        texts: What the model reads.
        prompt: The text before each.
        queries: For models that read pairs: what is read before the texts, in turn.
    """
    found = {"sample": len(texts), "cut": 0, "text": 0.0}
    if not texts or not limit or limit > _NO_LIMIT or not callable(tokenizer):
        return found
    before = _lengths(tokenizer, [prompt + query for query in queries or [""]])
    tokens = _lengths(tokenizer, texts, special=False)
    places = limit - np.resize(before, len(tokens)) - (1 if queries else 0)  # one for what ends the text
    lost = np.clip(tokens - places, 0, tokens)
    share = lost.sum() / max(tokens.sum(), 1)
    return found | {"cut": int((lost > 0).sum()), "text": round(float(share), 4)}


def _lengths(tokenizer: Any, texts: Sequence[str], special: bool = True) -> FloatArray:
    """Returns (n,) the number of tokens of each text, with those that the tokenizer adds or without."""
    lengths: list[float] = []
    for begin in range(0, len(texts), _BATCH):
        batch = texts[begin : begin + _BATCH]
        shortened = [text[:_LONGEST] for text in batch]
        rows = tokenizer(shortened, add_special_tokens=special, truncation=False, verbose=False)["input_ids"]
        lengths += [len(row) * max(1, len(text) / _LONGEST) for row, text in zip(rows, batch, strict=True)]
    return np.array(lengths, np.float32)
