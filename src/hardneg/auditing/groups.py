"""False-negative rates by ranker, rank and language."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.auditing.negatives import Negatives
from hardneg.core.records import Collection

_BAND_STARTS = (1, 11, 31, 101)
_BANDS = ("", "1-10", "11-30", "31-100", "101+")
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
        "rank": _grouped(
            negatives, np.array(_BANDS)[np.searchsorted(_BAND_STARTS, negatives.rank, side="right")]
        ),
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


def _languages(negatives: Negatives, collection: Collection) -> npt.NDArray[np.str_]:
    import py3langid

    distinct = np.unique(negatives.doc)
    documents = distinct[:: max(1, len(distinct) // _DETECTED)]
    texts = collection.documents.texts(documents)
    detected = {
        int(doc): py3langid.classify(text[:_CHARACTERS])[0]
        for doc, text in zip(documents, texts, strict=True)
    }
    names = np.array([detected.get(doc, "") for doc in negatives.doc.tolist()], "<U8")
    kinds, kind, count = np.unique(names, return_inverse=True, return_counts=True)
    kinds[(count < _LEAST) & (kinds != "")] = _OTHER
    return kinds[kind.ravel()]
