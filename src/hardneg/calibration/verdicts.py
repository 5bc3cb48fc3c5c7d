"""What judges said of candidates moves all probabilities, where it contradicts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hardneg.calibration.calibration import Calibration
from hardneg.calibration.logistic import sigmoid
from hardneg.core.records import FloatArray

_LEAST = 20


def shifted(calibration: Calibration, said: Sequence[tuple[FloatArray, FloatArray]]) -> Calibration:
    """Returns the calibration with the log-odds added that make the verdicts most probable.

    A normal prior around no shift, with a deviation of 1, holds back what few verdicts say.

    Args:
        calibration: As learned from labels.
        said: For each block the share of judges who find a candidate relevant, NaN without any, and the
            probabilities by the calibration, NaN without any, both (n_queries, depth) float32.
    """
    both = [~np.isnan(s) & ~np.isnan(p) for s, p in said]
    if sum(int(known.sum()) for known in both) < _LEAST:
        return calibration
    shares = np.concatenate([s[known] for known, (s, _) in zip(both, said, strict=True)])
    chances = np.concatenate([p[known] for known, (_, p) in zip(both, said, strict=True)])
    bounded = np.clip(chances.astype(np.float64), 1e-6, 1 - 1e-6)
    logits, shift = np.log(bounded / (1 - bounded)), 0.0
    for _ in range(50):
        expected = sigmoid(logits + shift)
        slope = float((expected - shares).sum()) + shift
        step = slope / (float((expected * (1 - expected)).sum()) + 1.0)
        shift -= step
        if abs(step) < 1e-9:
            break
    facts = {**calibration.facts, "verdicts": len(shares), "shift": round(shift, 4)}
    return replace(calibration, shift=shift, facts=facts)
