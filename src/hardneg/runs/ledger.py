"""The ledger: every decision on every candidate, on disk, one part a block of queries.

A part is written whole or not at all, and carries its own counts, so that a run resumes part by part and
totals are sums over parts. Its sha256 lies beside it, as `sha256sum` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.errors import DataError
from hardneg.core.files import atomic, digest_file, write_text
from hardneg.core.records import JUDGED_RELEVANT, RELABELLED, Candidates, Collection, Decision, IntArray

_META = b"hardneg"
_POSITIVE = (JUDGED_RELEVANT, RELABELLED)
_DECISIONS = (Decision.NEGATIVE, Decision.DROPPED, Decision.POSITIVE)
_COLUMNS = ("query_id", "doc_id", "decision", "reason")
_RERUN_HINT = "run the same hardneg mine or select command again to mend it"


@dataclass(frozen=True)
class Block:
    """The decisions on one block of queries, rows in the ledger's order.

    Attributes:
        table: The ledger's columns.
        short: Reason, for each query that has fewer negatives than asked, by query id (and positive id).
    """

    table: pa.Table
    short: Mapping[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, Any]:
        """Returns what this block adds to the totals."""
        decision = self.table["decision"]
        dropped = self.table["reason"].filter(pc.equal(decision, Decision.DROPPED)).value_counts()
        return {
            "queries": len(self.table["query_id"].unique()),
            "candidates": len(decision),
            "positives": pc.sum(pc.equal(decision, Decision.POSITIVE), min_count=0).as_py(),
            "negatives": pc.sum(self.table["copies"], min_count=0).as_py(),
            "dropped": dict(sorted((each["values"], each["counts"]) for each in dropped.to_pylist())),
            "short": dict(sorted(Counter(self.short.values()).items())),
        }


def block_table(
    collection: Collection,
    candidates: Candidates,
    reasons: tuple[str, ...],
    reason: npt.NDArray[np.int16],
    copies: npt.NDArray[np.int16],
    weighted: bool = False,
) -> pa.Table:
    """Returns the ledger's rows for a block, in the order of the queries and their pools.

    Args:
        collection: Gives the ids.
        candidates: The block.
        reasons: All reasons.
        reason: (n_queries, depth) int16, an index into `reasons`.
        copies: (n_queries, depth) int16, how often a candidate is a negative.
        weighted: Whether a negative weighs 1 less its probability of being a false one.
    """
    rows, columns = np.nonzero(candidates.docs >= 0)
    docs, taken = candidates.docs[rows, columns], copies[rows, columns]
    codes = reason[rows, columns]
    decision = np.where(taken > 0, _DECISIONS.index(Decision.NEGATIVE), _DECISIONS.index(Decision.DROPPED))
    decision[np.array([name in _POSITIVE for name in reasons])[codes]] = _DECISIONS.index(Decision.POSITIVE)
    ranks = candidates.ranks[rows, columns]
    data = {"query_id": _distinct(collection.queries.ids, candidates.queries[rows])}
    if candidates.pair is not None:
        data["positive_id"] = _distinct(collection.documents.ids, candidates.pair[rows])
    data["doc_id"] = _distinct(collection.documents.ids, docs)
    data["rank"] = pa.array(ranks, pa.int32(), mask=ranks == 0)
    for name, values in candidates.scores.items():
        data[f"score.{name}"] = _nullable(values[rows, columns])
    for name, anchors in candidates.positive.items():
        data[f"positive.{name}"] = _nullable(anchors[rows])
    data["decision"] = pa.array(_DECISIONS, pa.string()).take(pa.array(decision))
    data["reason"] = pa.array(reasons, pa.string()).take(pa.array(codes))
    for name, values in candidates.evidence.items():
        data[f"evidence.{name}"] = _nullable(values[rows, columns])
    probability = np.full(len(rows), np.nan, np.float32)
    if candidates.probability is not None:
        probability = candidates.probability[rows, columns]
    data["p_false_negative"] = _nullable(probability)
    weights = np.where(np.isnan(probability) | (not weighted), 1, 1 - probability)
    data["weight"] = pa.array(weights.astype(np.float32), mask=taken == 0)
    data["copies"] = pa.array(taken, pa.int16())
    return pa.table(data)


def write_part(folder: Path, number: int, block: Block) -> dict[str, Any]:
    """Writes one part of the ledger and its checksum atomically; returns the part's counts.

    Raises:
        DataError: It cannot be written.
    """
    counts = block.counts()
    meta = json.dumps({"short": block.short, "counts": counts}, ensure_ascii=False)
    table = block.table.replace_schema_metadata({_META: meta.encode()})
    path = part_path(folder, number)
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", compression_level=3)
    write_checksum(path)
    return counts


def write_checksum(path: Path) -> None:
    """Writes the checksum of a part, without which nobody reads it.

    Raises:
        DataError: It cannot be written.
    """
    write_text(_checksum(path), _told(path))


def part_path(folder: Path, number: int) -> Path:
    """Returns where a part of the ledger lies in a run directory."""
    return folder / "ledger" / f"part-{number:05d}.parquet"


def parts(folder: Path) -> list[Path]:
    """Returns the parts of a run directory's ledger, in order.

    Raises:
        DataError: There are none, one is missing, or one is not what its checksum says.
    """
    found = sorted((folder / "ledger").glob("part-*.parquet"), key=lambda path: (len(path.name), path.name))
    if not found:
        raise DataError(f"{folder} holds no ledger; it is not a finished run of hardneg mine")
    for number, path in enumerate(found):
        if path != part_path(folder, number):
            raise DataError(f"{part_path(folder, number)} is missing; {_RERUN_HINT}")
        if not _is_whole(path):
            raise DataError(f"{path} is damaged: it is not what {_checksum(path).name} says; {_RERUN_HINT}")
    return found


def read_part(path: Path) -> Block:
    """Returns one part of the ledger.

    Raises:
        DataError: The file is damaged, or something else than a part of a ledger.
    """
    try:
        table = pq.read_table(path)
        table.validate(full=True)
        short = json.loads(table.schema.metadata[_META])["short"]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {' '.join(str(error).split())}; {_RERUN_HINT}") from error
    lacking = [name for name in _COLUMNS if name not in table.column_names]
    if lacking or not isinstance(short, dict):
        raise DataError(f"{path} is no part of a ledger: {', '.join(lacking) or 'short'} is missing")
    return Block(table, short)


def read_counts(path: Path) -> dict[str, Any]:
    """Returns one part's counts without its rows; {} if the part is damaged or not there."""
    if not _is_whole(path):
        return {}
    try:
        counts: dict[str, Any] = json.loads(pq.read_schema(path).metadata[_META])["counts"]
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, RecursionError):
        return {}
    return counts


def _checksum(path: Path) -> Path:
    return path.with_name(f".{path.stem}.sha256")  # hidden: who reads the folder as one table passes it over


def _told(path: Path) -> str:
    return f"{digest_file(path)}  {path.name}\n"


def _is_whole(path: Path) -> bool:
    """Returns whether a part is there and is what its checksum says.

    Raises:
        DataError: It is there and cannot be read.
    """
    if not (path.exists() and _checksum(path).exists()):
        return False
    try:
        return _checksum(path).read_bytes() == _told(path).encode()
    except OSError as error:
        raise DataError(f"cannot read {_checksum(path)}: {error.strerror or error}") from error


def add_counts(totals: dict[str, Any], counts: Mapping[str, Any]) -> None:
    """Adds one part's counts to totals, in place."""
    for key, value in counts.items():
        if isinstance(value, Mapping):
            add_counts(totals.setdefault(key, {}), value)
        else:
            totals[key] = totals.get(key, 0) + value


def stored_candidates(block: Block, collection: Collection, scorer: str) -> Candidates:
    """Returns the candidates of a block as the rankers gave them, before any decision.

    Args:
        block: A part of the ledger.
        collection: The collection that it was mined from.
        scorer: The ranker that thresholds are to read.

    Raises:
        DataError: The ledger names a query or document that the collection has not.
    """
    table = _first_pairs(block.table)
    queries = known_rows(_rows(collection.queries.rows, table["query_id"]), "query")
    docs = known_rows(_rows(collection.documents.rows, table["doc_id"]), "document")
    starts = np.flatnonzero(np.r_[True, queries[1:] != queries[:-1]]) if len(queries) else np.empty(0, int)
    row = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(queries)]))
    column = np.arange(len(queries)) - starts[row]
    shape = (len(starts), int(column.max(initial=-1)) + 1)

    def spread(values: npt.NDArray[Any], empty: Any, dtype: Any) -> npt.NDArray[Any]:
        wide = np.full(shape, empty, dtype)
        wide[row, column] = values
        return wide

    def named(prefix: str) -> dict[str, npt.NDArray[np.float32]]:
        names = [name.removeprefix(prefix) for name in table.column_names if name.startswith(prefix)]
        return {name: spread(table[prefix + name].to_numpy(), np.nan, np.float32) for name in names}

    ranks = spread(table["rank"].fill_null(0).to_numpy(), 0, np.int32)
    return Candidates(
        queries[starts],
        spread(docs, -1, np.int32),
        ranks,
        named("score."),
        {},
        scorer,
        evidence=named("evidence."),
        collection=collection,
    )


def iterate(folder: Path) -> Iterator[Block]:
    """Yields the parts of a run directory's ledger, in order."""
    for path in parts(folder):
        yield read_part(path)


def _first_pairs(table: pa.Table) -> pa.Table:
    """Returns each query's rows once: those of its first positive, where every pair has its own."""
    if "positive_id" not in table.column_names:
        return table
    query, pair = table["query_id"].to_numpy(), table["positive_id"].to_numpy()
    first: dict[str, str] = {}
    keep = [first.setdefault(q, p) == p for q, p in zip(query, pair, strict=True)]
    return table.filter(pa.array(keep))


def known_rows(rows: IntArray, kind: str) -> IntArray:
    """Returns rows as they are.

    Raises:
        DataError: One is -1: the ledger names what the collection has not.
    """
    if (rows < 0).any():
        raise DataError(f"the ledger names a {kind} that is not in the collection: the source has changed")
    return rows


def _nullable(values: npt.NDArray[np.float32]) -> pa.Array:
    return pa.array(values, pa.float32(), mask=np.isnan(values))


def _rows(rows_of_ids: Callable[[list[str]], IntArray], ids: pa.ChunkedArray) -> IntArray:
    """Returns the rows of ids, each distinct id looked up once."""
    encoded = ids.combine_chunks().dictionary_encode()
    places: IntArray = encoded.indices.to_numpy()
    return rows_of_ids(encoded.dictionary.to_pylist())[places]


def _distinct(ids: Any, rows: IntArray) -> pa.Array:
    """Returns the ids of rows as strings, each distinct row looked up once."""
    distinct, places = np.unique(rows, return_inverse=True)
    return pa.array(ids(distinct), pa.string()).take(pa.array(places.ravel()))
