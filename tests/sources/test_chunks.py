"""A folder of chunks as a source: its name, its neutral pairs, its digest."""

import json

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.core.files import digest_file
from hardneg.core.records import SAME_DOCUMENT
from hardneg.sources import LoadOptions, chunks, load, splits

FACTS = {"source": "/data/a", "tokens": 9, "documents": 2, "longer": 1, "chunks": 3, "positives": "best"}


@pytest.fixture
def folder(tmp_path):
    """`a` in two chunks, of which q finds the second, and `b` in one."""
    texts = {"a#1": "one", "a#2": "two", "b#1": "three"}
    made = tmp_path / "chunks"
    for name in ("qrels", "neutral"):
        (made / name).mkdir(parents=True)
    corpus = "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in texts.items())
    (made / "corpus.jsonl").write_text(corpus, encoding="utf-8")
    (made / "queries.jsonl").write_text('{"_id": "q", "text": "ask"}\n', encoding="utf-8")
    (made / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta#2\t1\n", encoding="utf-8")
    (made / "neutral" / "dev.tsv").write_text("query-id\tcorpus-id\nq\ta#1\n", encoding="utf-8")
    return described(made)


def described(folder, **changes):
    """Writes chunks.json, changed."""
    names = ("corpus.jsonl", "queries.jsonl", "qrels/dev.tsv", "neutral/dev.tsv")
    files = {name: digest_file(folder / name) for name in names}
    info = {
        "fingerprint": "f",
        "finished": True,
        "name": "a",
        "facts": FACTS,
        "splits": {"dev": {}},
        "files": files,
    }
    (folder / chunks.FILE).write_text(json.dumps(info | changes), encoding="utf-8")
    return folder


def read(folder, split="dev"):
    return load(str(folder), LoadOptions(split=split))


def test_other_chunks_of_a_positive_s_document_are_neutral(folder):
    made = read(folder)
    assert (made.name, made.neutral.reason, made.chunks) == ("a", SAME_DOCUMENT, FACTS)
    assert made.is_neutral(np.zeros(1, np.int32), np.array([[0, 1, 2]], np.int32)).tolist() == [
        [True, False, False]
    ]


def test_the_digest_depends_on_the_neutral_pairs(folder):
    before = read(folder).digest
    (folder / "neutral" / "dev.tsv").write_text("query-id\tcorpus-id\n", encoding="utf-8")
    assert read(described(folder)).neutral is None and read(folder).digest != before


def test_a_pair_of_an_unknown_chunk_is_passed_over(folder):
    (folder / "neutral" / "dev.tsv").write_text("query-id\tcorpus-id\nq\tz#1\nq\ta#1\n", encoding="utf-8")
    assert read(described(folder)).neutral.doc.tolist() == [0]


def test_the_splits_of_a_folder(folder):
    assert splits(str(folder)) == ["dev"] and splits("stdlib") == splits(f"hf:{folder}") == []
    with pytest.raises(DataError, match="has no judgments of train; splits: dev; choose one with --split"):
        read(folder, "train")


def test_a_plain_beir_folder_without_chunks_json(folder):
    (folder / chunks.FILE).unlink()
    assert read(folder).neutral is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"finished": False}, "is not finished; run the same hardneg command again"),
        ({"files": {}}, "corpus.jsonl is missing or has changed since it was written"),
        ({"facts": {**FACTS, "tokens": "many"}}, "chunks.json is damaged: facts.tokens"),
        ({"splits": []}, "chunks.json is damaged: splits"),
        ({"checksum": "0"}, "chunks.json is damaged: its checksum does not fit"),
    ],
)
def test_what_is_refused(folder, change, message):
    with pytest.raises(DataError) as caught:
        read(described(folder, **change))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_begun_folder(folder, tmp_path):
    assert chunks.is_begun(folder)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".lock").touch()
    assert chunks.is_begun(tmp_path / "empty") and not chunks.is_begun(tmp_path / "none")
    (tmp_path / "empty" / "notes").touch()
    assert not chunks.is_begun(tmp_path / "empty")
    (tmp_path / "link").symlink_to(folder)
    assert not chunks.is_begun(tmp_path / "link")
