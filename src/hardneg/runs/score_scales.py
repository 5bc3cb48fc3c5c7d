"""The scale in which a training set gives the scores of its documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from hardneg.core.errors import DataError
from hardneg.core.records import Example

Scores = npt.NDArray[np.float64]

_LEAST = 1e-6
"""How near to 0 or 1 a probability may come before its logit is taken."""


def scaled(example: Example, scale: str) -> Example:
    """Returns an example with its scores in a scale, `raw` for the example as it is.

    Raises:
        DataError: Logits are asked of scores that are no probabilities.
    """
    if scale == "raw":
        return example
    documents = [*example.positives, *example.negatives]
    scores = np.array([each.score for each in documents], np.float64)
    values = _SCALES[scale](scores)
    found = [each._replace(score=float(v)) for each, v in zip(documents, values, strict=True)]
    split = len(example.positives)
    return example._replace(positives=found[:split], negatives=found[split:])


def _probabilities(scores: Scores) -> Scores:
    return np.asarray(1 / (1 + np.exp(-np.clip(scores, -500, 500))))


def _logits(scores: Scores) -> Scores:
    outside = scores[(scores < 0) | (scores > 1)]
    if len(outside):
        raise DataError(
            f"select.scores=logits needs scores that are probabilities, found {outside[0]:.4g}; leave it raw"
        )
    safe = np.clip(scores, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(safe / (1 - safe)))


def _zscores(scores: Scores) -> Scores:
    known = scores[~np.isnan(scores)]
    if not len(known):
        return scores
    return np.asarray((scores - known.mean()) / (known.std() or 1.0))


_SCALES: Mapping[str, Callable[[Scores], Scores]] = {
    "probabilities": _probabilities,
    "logits": _logits,
    "z-scores": _zscores,
}
