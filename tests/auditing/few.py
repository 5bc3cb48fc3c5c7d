"""Negatives that a person can count."""

import numpy as np

from hardneg.auditing.negatives import Negatives


def negatives(probability, queries=None, **columns):
    """As many negatives as probabilities, one per query by default; further columns by name."""
    n = len(probability)
    query = np.arange(n, dtype=np.int32) if queries is None else np.array(queries, np.int32)
    ids = tuple((f"q{q}", f"d{d}") for d, q in enumerate(query))
    known = np.array(probability, float)
    made = {
        "query": query, "doc": np.arange(n, dtype=np.int32), "probability": known, "score": np.zeros(n),
        "anchor": np.ones(n), "rank": np.ones(n, np.int32), "leader": np.zeros(n, np.int32),
        "rankers": ("dense",), "expected": float(np.nansum(known)), "labelled": 50, "estimable": True,
        "ids": ids,
    }  # fmt: skip
    return Negatives(**{**made, **{name: np.array(values) if isinstance(values, list) else values
                                   for name, values in columns.items()}})  # fmt: skip
