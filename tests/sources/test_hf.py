from __future__ import annotations

import sys

import datasets
import pytest

from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.sources import LoadOptions, load
from tests.sources.conftest import JUDGED

PAIRS = [{"query": "a", "positive": "one"}, {"query": "b", "positive": "two"}]


pytestmark = pytest.mark.usefixtures("offline")


def card(*names):
    """Returns a data set's card with these configurations, each of one file."""
    configs = (f"- {{config_name: {name}, data_files: {name}.jsonl}}\n" for name in names)
    return f"---\nconfigs:\n{''.join(configs)}---\n"


def fails(source, message, error=DataError, **options):
    with pytest.raises(error, match=message) as raised:
        load(source, LoadOptions(**options))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("prefix", "qrels"), [("", "default"), ("", "qrels"), ("ru-", "ru-qrels"), ("ru-", "ru")]
)
def test_the_beir_layout(hub_layout, contents, prefix, qrels):
    source = f"hf:{hub_layout(prefix, qrels)}" + (":ru" if prefix else "")
    built = load(source, LoadOptions(split="test"))

    assert built.name == "set" and contents(built) == JUDGED
    fails(source, r'^hf:.*set: there is no split "train"; splits found: test; choose one with --split$')
    fails(source, r"^load\.corpus \(c\.txt\) goes with pairs; ", ConfigError, corpus="c.txt", split="test")


@pytest.mark.parametrize("ids", ["d1", ["d1", "d2"]])
def test_documents_of_the_split_without_scores(write, contents, tmp_path, ids):
    files = "[{{split: a, path: a-{0}.jsonl}}, {{split: b, path: b-{0}.jsonl}}]"
    part = f"- config_name: {{0}}\n  data_files: {files}\n"
    configs = "".join(part.format(name) for name in ("corpus", "queries", "qrels"))
    write("set/README.md", f"---\nconfigs:\n{configs}---\n")
    for split, text in (("a", "one"), ("b", "two")):
        write(f"set/{split}-corpus.jsonl", [{"_id": "d1", "text": text}, {"_id": "d2", "text": "more"}])
        write(f"set/{split}-queries.jsonl", [{"_id": "q1", "text": f"query of {split}"}])
        write(f"set/{split}-qrels.jsonl", [{"query-id": "q1", "corpus-id": ids}])
    source = f"hf:{tmp_path / 'set'}"

    assert contents(load(source, LoadOptions(split="b"))) == {
        "documents": {"d1": "two", "d2": "more"},
        "queries": {"q1": "query of b"},
        "judgments": {("q1", "d1", 1)} if ids == "d1" else {("q1", "d1", 1), ("q1", "d2", 1)},
    }
    configs = configs.replace("split: b, path: b-corpus", "split: c, path: b-corpus")
    write("set/README.md", f"---\nconfigs:\n{configs}---\n")
    fails(source, r'set: corpus has no split "b"; splits found: a, c; choose one with --split$', split="b")


def test_pairs_in_a_folder(write, contents, tmp_path):
    write("set/train.jsonl", PAIRS)
    write("set/test.jsonl", PAIRS[:1])

    assert len(load(f"hf:{tmp_path / 'set'}").judgments) == 2
    built = load(f"hf:{tmp_path / 'set'}", LoadOptions(split="test"))
    assert contents(built)["judgments"] == {("q1", "d1", 1)}
    fails(
        f"hf:{tmp_path / 'set'}:odd",
        r'set: there is no configuration "odd"; found: default; name one, as in hf:.*:default$',
    )


def test_a_saved_data_set(tmp_path, contents):
    datasets.Dataset.from_list(PAIRS).save_to_disk(tmp_path / "set")

    assert contents(load(f"hf:{tmp_path / 'set'}"))["queries"] == {"q1": "a", "q2": "b"}
    fails(
        f"hf:{tmp_path / 'set'}",
        r'row 1: there is no column "split", so there is no split "test"',
        split="test",
    )


def test_saved_splits(tmp_path, contents, write):
    splits = {"train": datasets.Dataset.from_list(PAIRS), "dev": datasets.Dataset.from_list(PAIRS[1:])}
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "set")
    corpus = str(write("c.txt", "more\n"))

    built = load(f"hf:{tmp_path / 'set'}", LoadOptions(split="dev", corpus=corpus))

    assert contents(built) == {
        "documents": {"d1": "more", "d2": "two"},
        "queries": {"q1": "b"},
        "judgments": {("q1", "d2", 1)},
    }
    fails(
        f"hf:{tmp_path / 'set'}",
        r'set: there is no split "test"; splits found: train, dev; choose one with --split$',
        split="test",
    )


def test_rows_are_told(tmp_path):
    datasets.Dataset.from_list([{"query": "a", "text": "b"}]).save_to_disk(tmp_path / "set")

    fails(
        f"hf:{tmp_path / 'set'}",
        r"^hf:.*set: row 1: no column for the positive among those found: query, text; ",
    )


def test_what_is_not_there(tmp_path):
    fails(f"hf:{tmp_path / 'none'}", r"^hf:.*none: \w+: ")


def test_the_library_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(MissingExtra, match=r"^datasets is not installed; run: pip install 'hardneg\[hf\]'$"):
        load("hf:a/b")


def test_several_configurations_are_named(write, tmp_path):
    write("set/README.md", card("a", "b"))
    write("set/a.jsonl", PAIRS)
    write("set/b.jsonl", PAIRS)

    assert len(load(f"hf:{tmp_path / 'set'}:b").queries) == 2
    fails(
        f"hf:{tmp_path / 'set'}",
        r"set: there are several configurations; found: a, b; name one, as in hf:.*set:a$",
    )


def test_training_sets(write, contents, tmp_path):
    rows = [
        {"query": "amber", "positive_passages": [{"docid": "a", "text": "resin"}], "negative_passages": []},
        {"query": "ash", "positive_passages": [], "negative_passages": [{"docid": "b", "text": "birch"}]},
    ]
    write("set/train.jsonl", rows)
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "saved")

    for name in ("set", "saved"):
        assert contents(load(f"hf:{tmp_path / name}"))["judgments"] == {("q1", "a", 1), ("q2", "b", 0)}


def test_ids_of_a_training_set_are_those_of_other_configurations(write, contents, tmp_path):
    write("set/README.md", card("train", "queries", "documents"))
    write("set/train.jsonl", [{"query_id": 7, "document_ids": [1, 2], "scores": [0.9, 0.1]}])
    write("set/queries.jsonl", [{"query_id": 7, "text": "amber"}])
    write("set/documents.jsonl", [{"document_id": n, "text": text} for n, text in ((1, "resin"), (2, "ash"))])

    assert contents(load(f"hf:{tmp_path / 'set'}:train")) == {
        "documents": {"1": "resin", "2": "ash"},
        "queries": {"7": "amber"},
        "judgments": {("7", "1", 1), ("7", "2", 0)},
    }
