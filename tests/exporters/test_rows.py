"""Numbers, texts and many rows, as all formats write them."""

from hardneg.core.records import Example
from hardneg.exporters.rows import number

from .tiny import doc, rows, write


def test_numbers_are_as_short_as_their_float32():
    assert number(0.30000001192092896) == 0.3
    assert [number(value) for value in (float("nan"), float("inf"), float("-inf"))] == [None] * 3
    assert number(-12.5) == -12.5


def test_text_stays_readable(tmp_path):
    assert "Ёж" in write("jsonl", tmp_path).files[0].read_text(encoding="utf-8")


def test_many_rows_stream_into_parquet(tmp_path):
    many = [Example(f"q{n}", "query", [doc(1, 0.5)], [doc(2, 0.25)]) for n in range(5000)]
    written = write("sentence-transformers-triplet", tmp_path, many, "train.parquet")
    assert written.rows == len(rows(written.files[0])) == 5000
