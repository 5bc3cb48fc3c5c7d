"""A random sample of the negatives, to be judged for an audit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.auditing.negatives import Negatives
from hardneg.core import noise
from hardneg.core.errors import unreadable
from hardneg.core.files import read_regular, write_text
from hardneg.core.records import Collection

FILE = "audit_sample.jsonl"
_STRATA = 5


class Drawn(NamedTuple):
    """A negative of the sample."""

    query_id: str
    doc_id: str
    stratum: str


def draw(folder: Path, negatives: Negatives, collection: Collection, size: int, seed: int) -> int:
    """Writes a sample of a run's negatives to `audit_sample.jsonl`, and returns its size.

    The negatives are divided into five strata of nearly equal size, by probability or, without any, by score;
    the same number of each is drawn at random, by query and document alone. A greater sample contains every
    smaller one of the seed.
    """
    strata = _strata(negatives)
    random = noise.uniform(
        seed, collection.queries.id_keys[negatives.query], collection.documents.keys[negatives.doc]
    )
    rows = []
    for stratum in range(_STRATA):
        members = np.flatnonzero(strata == stratum)
        drawn = members[np.argsort(random[members], kind="stable")][: -(-size // _STRATA)]
        rows += [(float(random[place]), stratum, *negatives.ids[place]) for place in drawn]
    sizes = {str(stratum): int((strata == stratum).sum()) for stratum in range(_STRATA)}
    return write(folder, [Drawn(query, doc, str(stratum)) for _, stratum, query, doc in sorted(rows)], sizes)


def write(folder: Path, drawn: Sequence[Drawn], sizes: Mapping[str, int]) -> int:
    """Writes a sample that was drawn at random within its strata, and returns its size."""
    rows = [{**item._asdict(), "size": sizes[item.stratum]} for item in drawn]
    write_text(folder / FILE, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return len(rows)


def read(folder: Path) -> dict[Drawn, int]:
    """Returns a run's sample: for each negative the size of its stratum; {} without a sample."""
    try:
        lines = read_regular(folder / FILE).decode().split("\n")
        rows = [json.loads(line) for line in lines if line]
        return {Drawn(row["query_id"], row["doc_id"], row["stratum"]): int(row["size"]) for row in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise unreadable(folder / FILE, error, "draw it again with --sample") from None


def _strata(negatives: Negatives) -> npt.NDArray[np.intp]:
    """Returns (n,) int: strata of nearly equal size, the likeliest false negatives last."""
    values = negatives.probability
    if np.isnan(values).all():
        values = negatives.score
    order = np.argsort(np.nan_to_num(values, nan=-np.inf), kind="stable")
    strata = np.empty(len(order), np.intp)
    strata[order] = np.arange(len(order)) * _STRATA // max(len(order), 1)
    return strata
