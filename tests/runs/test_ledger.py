"""Parts of the ledger: read back as written, a damaged or forged one refused in one line."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.core.records import Decision
from hardneg.runs import ledger

TABLE = pa.table(
    {
        "query_id": ["q0", "q0", "q1"],
        "doc_id": ["d0", "d1", "d0"],
        "decision": [Decision.POSITIVE, Decision.NEGATIVE, Decision.DROPPED],
        "reason": ["labelled", "chosen", "surplus"],
        "copies": pa.array([0, 2, 0], pa.int16()),
        "score.bm25": pa.array([3.0, 2.0, None], pa.float32()),
    }
)


@pytest.fixture
def part(tmp_path):
    (tmp_path / "ledger").mkdir()
    ledger.FolderLedger(tmp_path).write(0, ledger.Block(TABLE, {"q1": "too few"}))
    return ledger.part_path(tmp_path, 0)


def test_a_part_is_read_as_it_was_written(part, tmp_path):
    block = ledger.read_part(part)
    assert block.table.to_pydict() == TABLE.to_pydict()
    assert block.short == {"q1": "too few"}
    counts = {"queries": 2, "candidates": 3, "positives": 1, "negatives": 2, "dropped": {"surplus": 1}}
    assert ledger.FolderLedger(tmp_path).counts(0) == {**counts, "short": {"too few": 1}}


def test_columns_and_rows_are_chosen(part):
    chosen = ledger.read_table(part, ["doc_id", "positive_id"], pc.field("query_id") == "q0")
    assert chosen.to_pydict() == {"doc_id": ["d0", "d1"]}


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("decision", pa.array([1, 2, 3]), "column decision is int64, expected string"),
        ("doc_id", pa.array(["d0", None, "d2"]), "column doc_id lacks a value"),
        ("copies", pa.array([0, -1, 0], pa.int16()), "column copies holds a negative number"),
        ("score.bm25", pa.array([0, 1, float("inf")], pa.float32()), "holds an infinite number"),
    ],
)
def test_a_forged_column_is_refused_by_name(column, values, problem, part):
    table = pq.read_table(part)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, values), part)
    for reading in (ledger.read_part, ledger.read_table):
        with pytest.raises(DataError, match=f"{problem}; run the same hardneg"):
            reading(part)


def test_a_part_without_a_column_is_refused(part):
    pq.write_table(pq.read_table(part).drop_columns(["reason"]), part)
    with pytest.raises(DataError, match="no part of a ledger: reason is missing"):
        ledger.read_table(part, ["doc_id"])


@pytest.mark.parametrize("size", [0, 3, 100])
def test_a_part_that_is_cut_off_is_refused(size, part, tmp_path):
    part.write_bytes(part.read_bytes()[:size])
    for reading in (ledger.read_part, ledger.columns):
        with pytest.raises(DataError, match="is damaged"):
            reading(part)
    with pytest.raises(DataError, match=r"it is not what \.part-00000\.sha256 says"):
        ledger.parts(tmp_path)
