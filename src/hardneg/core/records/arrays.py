"""Types of arrays; those that name documents or queries hold row numbers, -1 where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
KeyArray = npt.NDArray[np.uint64]


def rows_of(count: int, size: int) -> Iterator[IntArray]:
    """Yields the rows 0..count-1 in blocks of at most `size`."""
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count), dtype=np.int32)
