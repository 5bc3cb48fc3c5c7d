"""The ledger: every decision on every candidate, one part per block of queries, in a folder or in memory.

A part in a folder is written whole or not at all, and carries its own counts, so that a run resumes part by
part and totals are sums over parts. Its sha256 is stored beside it, as `sha256sum` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.errors import DataError, check_shortage, unreadable
from hardneg.core.files import atomic, digest_file, open_regular, read_regular, write_text
from hardneg.core.records import Decision

T = TypeVar("T")

_META = b"hardneg"
_COLUMNS = ("query_id", "doc_id", "decision", "reason")
_TYPES = {
    **dict.fromkeys((*_COLUMNS, "positive_id"), pa.string()),
    **dict.fromkeys(("p_false_negative", "p_noisy", "weight", "grade"), pa.float32()),
    "rank": pa.int32(),
    "copies": pa.int16(),
}
_SCORES = ("score.", "positive.", "evidence.", "percentile.", "noise.")
RERUN_HINT = "run the same hardneg mine or select command again to rebuild it"


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


class MemoryLedger:
    """Parts as tables in memory, numbered from 0."""

    name = "the run in memory"

    def __init__(self) -> None:
        self._blocks: dict[int, Block] = {}
        self._counts: dict[int, Mapping[str, Any]] = {}

    def __iter__(self) -> Iterator[Block]:
        return (self._blocks[number] for number in range(len(self._blocks)))

    def __len__(self) -> int:
        return len(self._blocks)

    def read(self, number: int) -> Block:
        """Returns one part."""
        return self._blocks[number]

    def counts(self, number: int) -> Mapping[str, Any]:
        """Returns the counts of one part; {} before it is decided on."""
        return self._counts.get(number, {})

    def write(self, number: int, block: Block) -> Mapping[str, Any]:
        """Keeps one part, and returns its counts."""
        self._blocks[number], self._counts[number] = block, block.counts()
        return self._counts[number]


@dataclass(frozen=True)
class FolderLedger:
    """Parts as files in `ledger/` of a run directory, numbered from 0."""

    folder: Path

    @property
    def name(self) -> str:
        """What errors call it: the run directory."""
        return str(self.folder)

    def __iter__(self) -> Iterator[Block]:
        return iterate(self.folder)

    def __len__(self) -> int:
        return len(parts(self.folder))

    def read(self, number: int) -> Block:
        """Returns one part."""
        return read_part(part_path(self.folder, number))

    def counts(self, number: int) -> Mapping[str, Any]:
        """Returns the counts of one part without its rows; {} if it is not there or damaged."""
        path = part_path(self.folder, number)
        if not _is_whole(path):
            return {}
        try:
            counts = json.loads(pq.read_schema(path).metadata[_META])["counts"]
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, RecursionError) as error:
            check_shortage(path, error)
            return {}
        return counts if _are_counts(counts) else {}

    def write(self, number: int, block: Block) -> Mapping[str, Any]:
        """Writes one part and its checksum atomically, and returns its counts."""
        counts = block.counts()
        meta = json.dumps({"short": block.short, "counts": counts}, ensure_ascii=False)
        table = block.table.replace_schema_metadata({_META: meta.encode()})
        path = part_path(self.folder, number)
        with atomic(path) as temporary:
            pq.write_table(table, temporary, compression="zstd", compression_level=3)
        write_checksum(path)
        return counts


Ledger = MemoryLedger | FolderLedger


def write_checksum(path: Path) -> None:
    """Writes the checksum of a part, without which it is not read."""
    write_text(_checksum(path), _checksum_line(path))


def part_path(folder: Path, number: int) -> Path:
    """Returns the path of a part of the ledger in a run directory."""
    return folder / "ledger" / f"part-{number:05d}.parquet"


def parts(folder: Path) -> list[Path]:
    """Returns the parts of a run directory's ledger, in order."""
    paths = sorted((folder / "ledger").glob("part-*.parquet"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise DataError(f"{folder} holds no ledger; it is not a finished run of hardneg mine")
    for number, path in enumerate(paths):
        if path != part_path(folder, number):
            raise DataError(f"{part_path(folder, number)} is missing; {RERUN_HINT}")
        if not _is_whole(path):
            raise DataError(f"{path} is damaged: it is not what {_checksum(path).name} says; {RERUN_HINT}")
    return paths


def read_part(path: Path) -> Block:
    """Returns one part of the ledger."""
    table = read_table(path)
    try:
        short = json.loads(table.schema.metadata[_META])["short"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error}; {RERUN_HINT}") from None
    if not isinstance(short, dict) or not all(isinstance(why, str) for why in short.values()):
        raise DataError(f"{path} is no part of a ledger: short is missing; {RERUN_HINT}")
    return Block(table, short)


def check_rankers(path: Path, rankers: Iterable[str]) -> None:
    """Checks that a part has the uses of negatives, and the scores and anchor scores of a run's rankers."""
    present = set(columns(path))
    wanted = [f"{kind}.{name}" for name in rankers for kind in ("score", "positive")]
    missing = [name for name in ("copies", *wanted) if name not in present]
    if missing:
        raise DataError(f"{path} is no part of the run's ledger: {missing[0]} is missing; {RERUN_HINT}")


def columns(path: Path) -> list[str]:
    """Returns the names of a part's columns."""
    with open_regular(path) as opened:
        return _read(path, lambda: pq.read_schema(opened).names)


def read_table(
    path: Path, names: Sequence[str] | None = None, filters: pc.Expression | None = None
) -> pa.Table:
    """Returns the rows of a part that `filters` keep; of `names`, those columns that it has."""
    present = columns(path)
    wanted = present if names is None else [name for name in names if name in present]
    missing = [name for name in _COLUMNS if name not in present]
    if missing:
        raise DataError(f"{path} is no part of a ledger: {', '.join(missing)} is missing; {RERUN_HINT}")
    # by this thread alone: where no other can be started, pyarrow waits for it for ever
    options: dict[str, Any] = {"use_threads": False, "pre_buffer": False}
    table = _read(path, lambda: pq.read_table(path, columns=wanted, filters=filters, **options))
    _read(path, lambda: table.validate(full=True))
    for name in table.column_names:
        problem = _problem(name, table[name])
        if problem:
            raise DataError(f"{path} is no part of a ledger: column {name} {problem}; {RERUN_HINT}")
    return table


def _read(path: Path, reading: Callable[[], T]) -> T:
    """Returns what reading a part gives, its errors being the program's."""
    try:
        return reading()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise unreadable(path, error, RERUN_HINT) from None


def _problem(name: str, column: pa.ChunkedArray) -> str:
    """Returns why a column is none that `runs.table` writes, empty if it is one."""
    expected = _TYPES.get(name, pa.float32() if name.startswith(_SCORES) else column.type)
    if column.type != expected:
        return f"is {column.type}, expected {expected}"
    if column.null_count and name in (*_COLUMNS, "positive_id", "copies"):
        return "lacks a value"
    if pa.types.is_floating(column.type) and pc.any(pc.is_inf(column)).as_py():
        return "holds an infinite number"
    if name == "copies" and pc.any(pc.less(column, 0)).as_py():
        return "holds a negative number"
    return ""


def _checksum(path: Path) -> Path:
    return path.with_name(f".{path.stem}.sha256")  # hidden from readers of the folder as one table


def _checksum_line(path: Path) -> str:
    return f"{digest_file(path)}  {path.name}\n"


def _is_whole(path: Path) -> bool:
    """Returns whether a part is there and is what its checksum says."""
    if not (path.exists() and _checksum(path).exists()):
        return False
    try:
        return read_regular(_checksum(path)) == _checksum_line(path).encode()
    except OSError as error:
        raise DataError(f"cannot read {_checksum(path)}: {error.strerror or error}") from error


def _are_counts(counts: Any) -> bool:
    """Returns whether a part's counts can be added up: by name, numbers or counts by name."""
    return isinstance(counts, dict) and all(
        isinstance(value, int) or _are_counts(value) for value in counts.values()
    )


def add_counts(totals: dict[str, Any], counts: Mapping[str, Any]) -> None:
    """Adds one part's counts to totals, in place."""
    for key, value in counts.items():
        if isinstance(value, Mapping):
            add_counts(totals.setdefault(key, {}), value)
        else:
            totals[key] = totals.get(key, 0) + value


def iterate(folder: Path) -> Iterator[Block]:
    """Yields the parts of a run directory's ledger, in order."""
    for path in parts(folder):
        yield read_part(path)
