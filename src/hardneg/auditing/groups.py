"""Rates by ranker, by rank and by language: where the false negatives come from."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.auditing.estimate import resampled
from hardneg.auditing.probabilities import Negatives
from hardneg.core.records import Collection

_BANDS = ((1, 10), (11, 30), (31, 100), (101, 1_000_000))
_DETECTED = 2_000
_CHARACTERS = 400
_LEAST = 20  # negatives of one language: fewer are as likely a slip of the detection
_OTHER = "other"


def rates(negatives: Negatives, collection: Collection) -> dict[str, dict[str, Any]]:
    """Returns mean probabilities of groups of negatives, with counts and intervals over queries.

    A negative belongs to the ranker that places it highest. Languages are those of the documents, detected on
    some thousands of the negatives; those of fewer than 20 count as `other`.
    """
    leaders = np.array([*negatives.rankers, ""])[negatives.leader]
    return {
        "ranker": _grouped(negatives, leaders),
        "rank": _grouped(negatives, np.array([_band(int(rank)) for rank in negatives.rank], str)),
        "language": _grouped(negatives, _languages(negatives, collection)),
    }


def _grouped(negatives: Negatives, names: npt.NDArray[np.str_]) -> dict[str, Any]:
    known = ~np.isnan(negatives.probability) & (names != "")
    found = {}
    for name in sorted(set(names[known].tolist()), key=_first_number):
        own = known & (names == name)
        _, owners = np.unique(negatives.query[own], return_inverse=True)
        chances = np.bincount(owners.ravel(), negatives.probability[own])
        low, high = resampled(chances, np.bincount(owners.ravel()))
        rate = float(negatives.probability[own].mean())
        found[name] = {
            "rate": round(rate, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "count": int(own.sum()),
        }
    return found


def _first_number(name: str) -> tuple[int, str]:
    """Returns by what groups are ordered: the number at the beginning of the name, then the name."""
    return int("".join(takewhile(str.isdigit, name)) or 0), name


def _band(rank: int) -> str:
    for first, last in _BANDS:
        if first <= rank <= last:
            return f"{first}-{last}" if last < _BANDS[-1][1] else f"{first}+"
    return ""


def _languages(negatives: Negatives, collection: Collection) -> npt.NDArray[np.str_]:
    import py3langid

    names = np.full(len(negatives), "", dtype="<U8")
    distinct, places = np.unique(negatives.doc, return_inverse=True)
    some = distinct[:: max(1, len(distinct) // _DETECTED)]
    texts = collection.documents.texts(some)
    detected = {
        int(doc): py3langid.classify(text[:_CHARACTERS])[0] for doc, text in zip(some, texts, strict=True)
    }
    for at, place in enumerate(places.ravel()):
        names[at] = detected.get(int(distinct[place]), "")
    kinds, kind, count = np.unique(names, return_inverse=True, return_counts=True)
    kinds[(count < _LEAST) & (kinds != "")] = _OTHER
    return kinds[kind.ravel()]
