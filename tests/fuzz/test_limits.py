"""What is made to exhaust memory or time is refused before it does."""

import gzip
import json
import tracemalloc
from collections import Counter

import pytest
import zstandard

from hardneg.core import lines
from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load, sgml
from hardneg.sources.tables import rows

MIB = 1 << 20


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", 1000)
    monkeypatch.setattr(lines, "_MOST_UNPACKED", 10_000)
    monkeypatch.setattr(lines, "_MOST_TIMES", 100)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_line_has_a_longest_length(suffix, write, small_limits):
    path = write(f"a.txt{suffix}", "a" * 999 + "\n" + "b" * 1001)
    with pytest.raises(DataError, match=rf"^a\.txt{suffix}:2: the line is longer than 1,000 bytes"):
        list(lines.raw_lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_packed_file_that_unpacks_to_much_more_than_its_size_is_refused(suffix, write, small_limits):
    path = write(f"a.txt{suffix}", "word\n" * 100_000)
    with pytest.raises(DataError, match="unpacks to more than 100 times its size"):
        list(lines.raw_lines(path))


def test_unpacked_text_is_read_whole_whatever_it_repeats(write, small_limits):
    assert sum(1 for _ in lines.raw_lines(write("a.txt", "word\n" * 100_000))) == 100_000


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_bomb_is_never_held_in_memory(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST", MIB)
    path = tmp_path / ("a.gz" if pack is gzip.compress else "a.zst")
    path.write_bytes(pack(b"\0" * (400 * MIB)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="the line is longer"):
            list(lines.raw_lines(path))
        assert tracemalloc.get_traced_memory()[1] < 300 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_noted(encoding, write):
    path = write("pairs.csv", "query,positive\nwhat,this\n".encode(encoding))
    assert load(str(path)).notes == {f"read_as_{encoding.replace('-', '_')}": 1}


def test_any_number_of_columns_is_refused_in_a_line_that_can_be_read(write):
    header = ",".join(f"c{n}" for n in range(200_000))
    with pytest.raises(DataError, match="and 199,960 more") as refused:
        load(str(write("a.csv", f"{header}\n{header}\n")))
    assert len(str(refused.value)) < 2000


def test_json_that_nests_without_end_is_refused(write):
    for text in ("[" * 100_000, '{"query": ' * 100_000):
        with pytest.raises(DataError, match=r"^a\.jsonl:1: broken JSON"):
            list(rows(write("a.jsonl", text)))


def test_a_field_that_is_never_closed_is_refused(write):
    with pytest.raises(DataError, match=r"^a\.csv:2: a quoted field is not closed"):
        list(rows(write("a.csv", 'query,positive\n"' + "a,b\n" * 1000)))


def test_tags_that_are_never_closed_take_no_longer_than_their_length(write):
    inner = "<title><text><hl>" * 200_000
    path = write("docs.sgml", f"<DOC>\n<DOCNO>d1</DOCNO>\n{inner}\n</DOC>\n")
    assert [doc_id for _, doc_id, _, _ in sgml.documents(path, "docs.sgml", Counter())] == ["d1"]


def test_ids_are_never_names_of_files(tmp_path):
    from hardneg.mining import pipeline
    from hardneg.mining.recipe import Recipe

    beir = tmp_path / "beir"
    (beir / "qrels").mkdir(parents=True)
    ids = ["../../escaped", "/etc/escaped", "..", "a/b", "con", "~", "%2e%2e%2f"]
    docs = [{"_id": name, "text": f"amber {number}"} for number, name in enumerate(ids)]
    (beir / "corpus.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs), encoding="utf-8")
    (beir / "queries.jsonl").write_text(json.dumps({"_id": "../q", "text": "amber"}) + "\n", encoding="utf-8")
    (beir / "qrels" / "train.tsv").write_text("../q\t../../escaped\t1\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    result = pipeline.mine(str(beir), Recipe.named("naive", rankers=["bm25"]), tmp_path / "out" / "run")
    written = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert all(path.is_relative_to(tmp_path / "out") for path in written)
    assert "escaped" not in "".join(path.name for path in written)
    assert {doc.doc_id for example in result.training_set for doc in example.negatives} < set(ids)


def test_parquet_that_names_a_column_twice_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"])]
    pq.write_table(pa.Table.from_arrays(columns, ["query", "positive", "positive"]), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="names a column twice: positive"):
        load(str(tmp_path / "a.parquet"), LoadOptions())
