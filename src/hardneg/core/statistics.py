"""Intervals of rates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bounds = npt.NDArray[np.float64]


def wilson(hits: npt.ArrayLike, total: npt.ArrayLike, z: float = 1.959964) -> tuple[Bounds, Bounds]:
    """Returns the lower and the upper bounds of rates, float64 of the arguments' shape; 0 and 1 of nothing.

    Args:
        hits: How many of `total`; arrays or numbers.
        total: At least 0.
        z: Standard errors: 1.96 for 95 %.

    Source: Wilson, Journal of the American Statistical Association, 1927.
    """
    count = np.maximum(np.asarray(total, np.float64), 1e-12)
    rate, spread = np.asarray(hits, np.float64) / count, z * z / count
    middle = (rate + spread / 2) / (1 + spread)
    reach = z / (1 + spread) * np.sqrt(np.maximum(rate * (1 - rate) / count + spread / (4 * count), 0))
    nothing = np.asarray(total) == 0
    low = np.where(nothing, 0.0, np.maximum(middle - reach, 0))
    return low, np.where(nothing, 1.0, np.minimum(middle + reach, 1))
