"""False-negative rates by ranker, rank and language."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.auditing.negatives import Negatives
from hardneg.core.records import Collection

_BANDS = ((1, 10), (11, 30), (31, 100), (101, 1_000_000))
_DETECTED = 2_000
_CHARACTERS = 400
_LEAST = 20  # negatives per language: fewer may be errors of the detection
_OTHER = "other"


def rates(negatives: Negatives, collection: Collection) -> dict[str, dict[str, Any]]:
    """Returns mean probabilities of groups of negatives, with counts and intervals over queries.

    A negative counts for the ranker that ranks it highest. Languages are those of the documents, detected on
    about 2,000 documents; those of fewer than 20 count as `other`.
    """
    leaders = np.array([*negatives.rankers, ""])[negatives.leader]
    return {
        "ranker": _grouped(negatives, leaders),
        "rank": _grouped(negatives, np.array([_band(int(rank)) for rank in negatives.rank], str)),
        "language": _grouped(negatives, _languages(negatives, collection)),
    }


def _grouped(negatives: Negatives, names: npt.NDArray[np.str_]) -> dict[str, Any]:
    known = ~np.isnan(negatives.probability) & (names != "")
    rates = {}
    for name in sorted(set(names[known].tolist()), key=_first_number):
        members = known & (names == name)
        rate, low, high = (round(value, 5) for value in negatives.mean_probability(members))
        rates[name] = {"rate": rate, "low": low, "high": high, "count": int(members.sum())}
    return rates


def _first_number(name: str) -> tuple[int, str]:
    """Returns the sorting key of a group: the number at the beginning of its name, then the name."""
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
    documents = distinct[:: max(1, len(distinct) // _DETECTED)]
    texts = collection.documents.texts(documents)
    detected = {
        int(doc): py3langid.classify(text[:_CHARACTERS])[0]
        for doc, text in zip(documents, texts, strict=True)
    }
    for row, place in enumerate(places.ravel()):
        names[row] = detected.get(int(distinct[place]), "")
    kinds, kind, count = np.unique(names, return_inverse=True, return_counts=True)
    kinds[(count < _LEAST) & (kinds != "")] = _OTHER
    return kinds[kind.ravel()]
