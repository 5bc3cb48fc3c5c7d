"""What every format must do."""

import dataclasses

import pytest

from hardneg.core.components import FORMATS
from hardneg.core.components.format import usage
from hardneg.core.errors import DataError
from hardneg.core.records import Example
from hardneg.testing import check_format

from .tiny import EXAMPLES, Again, contents, doc

NAMES = FORMATS.names()
PARQUET_TOO = [n for n in NAMES if n.startswith("sentence") or n in ("jsonl", "pylate")]


def test_the_formats():
    assert NAMES == [
        "flagembedding",
        "jsonl",
        "ms-swift",
        "nemo",
        "parquet",
        "pylate",
        "sentence-transformers-labeled-list",
        "sentence-transformers-labeled-pair",
        "sentence-transformers-n-tuple",
        "sentence-transformers-triplet",
        "tevatron",
        "tevatron-v2",
        "trec",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_keeps_the_contract(name, tmp_path):
    check_format(name)
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    form.write(Again(EXAMPLES), out)
    form.lint(out)
    assert b"NaN" not in out.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_training_set_is_a_finding(name, tmp_path):
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    written = form.write(Again([Example("q", "query", [], [doc(1, 0.5)])]), out)
    assert (written.rows, written.skipped) == (0, 1)
    assert written.notes == {"no_positives": 1}
    with pytest.raises(DataError):
        form.lint(out)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_without_negatives_is_kept_or_counted(name, tmp_path):
    form = FORMATS.make(name)
    only = [Example("q", "query", [doc(1, 0.5)], [])]
    written = form.write(Again(only), tmp_path / f"train{form.suffix}")
    kept = name in ("jsonl", "parquet", "trec", "sentence-transformers-labeled-pair")
    assert (written.rows, written.skipped) == ((1, 0) if kept else (0, 1))
    assert written.notes == ({} if kept else {"no_negatives": 1})


@pytest.mark.parametrize("name", NAMES)
def test_a_negative_that_is_the_positive_is_a_finding(name, tmp_path):
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    form.write(Again([Example("q", "query", [doc(1, 0.5)], [doc(1, 0.5)])]), out)
    with pytest.raises(DataError, match=r"train\.\S*:|further up"):
        form.lint(out)


@pytest.mark.parametrize("name", PARQUET_TOO)
def test_parquet_holds_the_same_rows(name, tmp_path):
    from .tiny import rows

    form = FORMATS.make(name)
    for suffix in (".jsonl", ".parquet"):
        form.write(Again(EXAMPLES), tmp_path / f"train{suffix}")
        form.lint(tmp_path / f"train{suffix}")
    assert rows(tmp_path / "train.parquet") == rows(tmp_path / "train.jsonl")


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(PARQUET_TOO) - {"parquet", "trec"}))
def test_parquet_is_refused_where_the_trainer_does_not_read_it(name, tmp_path):
    with pytest.raises(DataError, match="rename it|name it"):
        FORMATS.make(name).write(Again(EXAMPLES), tmp_path / "train.parquet")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", NAMES)
def test_is_a_frozen_dataclass_that_says_how_to_load_it(name, tmp_path):
    form = FORMATS.make(name)
    assert FORMATS.make(FORMATS.describe(form)) == form
    assert "suffix" not in {field.name for field in dataclasses.fields(form)}
    assert "{" not in usage(form, "train.jsonl").replace("{stem}", "")


def test_usage_knows_parquet():
    triplet = FORMATS.get("sentence-transformers-triplet")
    assert 'load_dataset("parquet", data_files="t.parquet"' in usage(triplet, "t.parquet")
    assert '"t.documents.parquet"' in usage(FORMATS.get("pylate"), "t.parquet")
