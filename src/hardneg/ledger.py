"""The ledger: every decision on every candidate, on disk, one part a block of queries.

A part is written whole or not at all, and carries its own counts, so that a run resumes part by part and
totals are sums over parts. Its sha256 lies beside it, as `sha256sum` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.errors import DataError
from hardneg.files import atomic, digest_file, write_text
from hardneg.records import (
    JUDGED_RELEVANT,
    RELABELLED,
    Candidates,
    Collection,
    Decision,
    Example,
    IntArray,
    Scored,
)
from hardneg.tables import html_table

_META = b"hardneg"
_POSITIVE = (JUDGED_RELEVANT, RELABELLED)
_DECISIONS = (Decision.NEGATIVE, Decision.DROPPED, Decision.POSITIVE)
_COLUMNS = ("query_id", "doc_id", "decision", "reason")
_MEND = "run the same hardneg mine or select command again to mend it"


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
            raise DataError(f"{part_path(folder, number)} is missing; {_MEND}")
        if not _is_whole(path):
            raise DataError(f"{path} is damaged: it is not what {_checksum(path).name} says; {_MEND}")
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
        raise DataError(f"{path} is damaged: {' '.join(str(error).split())}; {_MEND}") from error
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
    queries = _known(_rows(collection.queries.rows, table["query_id"]), "query")
    docs = _known(_rows(collection.documents.rows, table["doc_id"]), "document")
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


def _known(rows: IntArray, kind: str) -> IntArray:
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


class TrainingSet:
    """The examples of a run directory, in the ledger's order; may be iterated any number of times.

    Args:
        folder: The run directory.
        collection: The collection that it was mined from.
        scorer: The ranker whose scores the examples carry.
    """

    def __init__(self, folder: Path, collection: Collection, scorer: str) -> None:
        self._folder = folder
        self.collection = collection
        self._scorer = scorer

    def __iter__(self) -> Iterator[Example]:
        for block in iterate(self._folder):
            yield from self._examples(block.table)

    def _repr_html_(self) -> str:
        """Returns a table of the first examples, for notebooks."""
        rows = [
            (
                example.query,
                " | ".join(document.full[:150] for document in example.positives[:1]),
                " | ".join(f"{document.score:.2f} {document.full[:60]}" for document in example.negatives),
            )
            for example in islice(self, 5)
        ]
        return html_table(f"Training set of {self._folder}", rows, ("query", "positive", "negatives"))

    def _examples(self, table: pa.Table) -> Iterator[Example]:
        for name in ("copies", "weight", f"score.{self._scorer}"):
            if name not in table.column_names:
                raise DataError(f"the ledger of {self._folder} has no column {name}")
        used = table.filter(pc.not_equal(table["decision"], Decision.DROPPED))
        grouped = list(_grouped(used.to_pylist()))
        queries = _known(self.collection.queries.rows([query_id for query_id, _, _ in grouped]), "query")
        texts = self.collection.queries.texts(queries)
        ids = used["doc_id"].unique().to_pylist()
        docs = _known(self.collection.documents.rows(ids), "document")
        documents = self._documents(ids, docs)
        names = dict(zip(docs.tolist(), ids, strict=True))
        for (query_id, pair, own), query, text in zip(grouped, queries.tolist(), texts, strict=True):
            known = {row["doc_id"]: row for row in own}
            wanted = [pair] if pair is not None else self._positives(query, own, names)
            lacking = [doc_id for doc_id in wanted if doc_id not in known]
            if lacking:
                raise DataError(f'the ledger of {self._folder} lacks "{lacking[0]}" of query "{query_id}"')
            negatives = [row for row in own for _ in range(row["copies"])]
            yield Example(
                query_id,
                text,
                [self._scored(known[doc_id], documents) for doc_id in wanted],
                [self._scored(row, documents) for row in negatives],
            )

    def _positives(self, query: int, own: list[dict[str, Any]], names: Mapping[int, str]) -> list[str]:
        """Returns the ids of a query's positives, the judged ones first."""
        judged = self.collection.judgments.positives(query)
        lacking = [doc for doc in judged.tolist() if doc not in names]
        if lacking:
            raise DataError(f"the ledger of {self._folder} lacks {self.collection.documents.ids(lacking)[0]}")
        return [
            *(names[doc] for doc in judged.tolist()),
            *(row["doc_id"] for row in own if row["reason"] == RELABELLED),
        ]

    def _documents(self, ids: list[str], docs: IntArray) -> dict[str, tuple[str, str]]:
        titles = self.collection.documents.titles(docs)
        bodies = self.collection.documents.bodies(docs)
        return dict(zip(ids, zip(titles, bodies, strict=True), strict=True))

    def _scored(self, row: dict[str, Any], documents: dict[str, tuple[str, str]]) -> Scored:
        score = row[f"score.{self._scorer}"]
        weight = row["weight"]
        return Scored(
            row["doc_id"],
            *documents[row["doc_id"]],
            float("nan") if score is None else score,
            1.0 if weight is None else weight,
        )


def _grouped(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
    """Yields (query_id, positive_id or None, rows) for each example."""
    for (query_id, pair), own in groupby(rows, key=lambda row: (row["query_id"], row.get("positive_id"))):
        yield query_id, pair, list(own)
