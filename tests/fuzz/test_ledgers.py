"""Run directories whose files somebody has changed."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core import verdicts
from hardneg.core.errors import DataError, HardnegError
from hardneg.core.verdicts import Judged
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs import diff, ledger
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import open_run
from tests.fuzz import JSON, fuzzed, mangled


@pytest.fixture
def mined(beir, tmp_path):
    chosen = Recipe.named("naive", ["format=jsonl"], rankers=["bm25"])
    pipeline.mine(str(beir), chosen, tmp_path / "run")
    return tmp_path / "run"


def looked_at(folder):
    """Returns what a run holds, read in every way; None where it is refused in one line."""
    try:
        examples = [example.query_id for example in open_run(folder).training_set]
        return examples, diff.compare(folder, folder)
    except HardnegError:
        return None


@fuzzed
@given(data=st.data(), checked=st.booleans())
def test_a_changed_part_is_refused_or_harmless(data, checked, mined):
    """It is refused, and nothing worse than a refusal comes of it where it has a checksum of its own."""
    whole = mined.with_name("whole")
    if not whole.exists():
        shutil.copytree(mined, whole)
    shutil.rmtree(mined)
    shutil.copytree(whole, mined)
    part = ledger.part_path(mined, 0)
    content = bytearray(part.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    part.write_bytes(content[: data.draw(st.sampled_from([None, None, len(content) // 2]))])
    if checked:
        assert looked_at(mined) is None
    else:
        ledger.write_checksum(part)
        looked_at(mined)


@pytest.mark.parametrize("column", ["decision", "query_id", "doc_id", "reason"])
def test_a_part_that_lacks_a_column_is_refused(column, mined):
    part = ledger.part_path(mined, 0)
    pq.write_table(pq.read_table(part).drop_columns([column]), part)
    with pytest.raises(DataError, match=f"no part of a ledger: {column} is missing"):
        ledger.read_part(part)


def test_a_training_set_needs_copies_and_scores(mined):
    part = ledger.part_path(mined, 0)
    whole = pq.read_table(part)
    for column in ("copies", "weight", "score.bm25"):
        pq.write_table(whole.drop_columns([column]), part)
        ledger.write_checksum(part)
        with pytest.raises(DataError, match=f"(has no column {column}|{column} is missing)"):
            list(open_run(mined).training_set)


def test_a_table_of_something_else_is_refused(mined):
    part = ledger.part_path(mined, 0)
    pq.write_table(pa.table({"a": [1]}), part)
    with pytest.raises(
        DataError, match="is no part of a ledger: query_id, doc_id, decision, reason is missing"
    ):
        ledger.read_part(part)


def test_a_part_that_is_not_there_is_missed(mined):
    part = ledger.part_path(mined, 0)
    part.rename(ledger.part_path(mined, 1))
    ledger.write_checksum(ledger.part_path(mined, 1))
    with pytest.raises(DataError, match="part-00000.parquet is missing"):
        ledger.parts(mined)
    ledger.part_path(mined, 1).unlink()
    with pytest.raises(DataError, match="has 0 of 1 parts"):
        open_run(mined)


@fuzzed
@given(data=st.data())
def test_a_changed_run_json_is_refused(data, mined):
    path = mined / "run.json"
    whole = path.with_name("whole.json")
    if not whole.exists():
        shutil.copy(path, whole)
    content = data.draw(mangled(whole.read_bytes()))
    path.write_bytes(content)
    try:
        said = RunFolder(mined).read()
    except HardnegError:
        return
    assert said == json.loads(whole.read_text(encoding="utf-8"))


@fuzzed
@given(rows=st.lists(JSON | st.dictionaries(st.sampled_from(Judged._fields), JSON)))
def test_verdicts_of_any_values_are_read_or_refused(rows, tmp_path):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "judgments.jsonl").write_text(text, encoding="utf-8")
    try:
        verdicts.read(tmp_path / "judgments.jsonl")
    except HardnegError:
        return


def test_verdicts_nested_without_end_are_refused(tmp_path):
    (tmp_path / "judgments.jsonl").write_text("[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="broken JSON"):
        verdicts.read(tmp_path / "judgments.jsonl")
