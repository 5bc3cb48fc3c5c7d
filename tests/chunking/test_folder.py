"""The folder of chunks: what is in it, and what is refused."""

import json

import pytest

import hardneg
from hardneg.chunking import ChunkSettings
from hardneg.chunking.folder import ChunkJob, _write_queries
from hardneg.core.errors import ConfigError, DataError
from hardneg.rankers.bm25 import Bm25
from hardneg.sources import LoadOptions, load
from hardneg.testing import collection
from tests.chunking.conftest import COLOURS, content, documents, lines, rows


def test_documents_are_cut_and_keep_id_and_title(cut):
    folder, info = cut()
    chunks = rows(folder / "corpus.jsonl")
    assert info["facts"]["chunks"] == len(chunks) and info["facts"]["longer"] == 10
    for own in documents():
        parts = [each for each in chunks if each["document_id"] == own["_id"]]
        assert [each["_id"] for each in parts] == [f"{own['_id']}#{n}" for n in range(1, len(parts) + 1)]
        assert {each["title"] for each in parts} == {own["title"]}
        assert " ".join(each["text"] for each in parts) == own["text"]
        assert all(own["text"][each["start"] :].startswith(each["text"]) for each in parts)
    assert sum(each["document_id"][0] == "s" for each in chunks) == 4


def test_judgments_of_all_splits_are_carried_over(cut):
    folder, info = cut()
    train, test = (lines(folder / "qrels" / f"{split}.tsv") for split in ("train", "test"))
    # the best chunk is that with the colour, since bm25 finds the word
    best = {n: f"d{n}#{n % 5 + 1}" for n in range(10)}
    assert [row for row in train if row[2] == "1"] == [[f"q{n}", best[n], "1"] for n in range(7)]
    assert test == [[f"q{n}", best[n], "1"] for n in range(7, 10)]
    assert [row for row in train if row[2] == "2"] == [["q0", "s0#1", "2"]]
    assert [row for row in train if row[2] == "0"] == [
        *(["q1", f"d5#{n}", "0"] for n in range(1, 6)),
        ["q2", "s3#1", "0"],
    ]
    neutral = lines(folder / "neutral" / "train.tsv")
    assert sorted(neutral) == sorted(
        [f"q{n}", f"d{n}#{place}"] for n in range(7) for place in range(1, 6) if place != n % 5 + 1
    )
    assert info["splits"]["train"] | {"digest": ""} == {
        "digest": "", "queries": 7, "relevant": 8, "not_relevant": 2, "first": 2, "later": 5, "neutral": 28,
    }  # fmt: skip
    assert [row["_id"] for row in rows(folder / "queries.jsonl")] == [
        *(f"q{n}" for n in range(7, 10)), *(f"q{n}" for n in range(7)),
    ]  # fmt: skip


def test_one_split_of_several(cut):
    folder, info = cut(splits=["train"])
    assert list(info["splits"]) == ["train"] and not (folder / "qrels" / "test.tsv").exists()
    assert len(rows(folder / "queries.jsonl")) == 7


def test_all_chunks_may_be_positives(cut):
    folder, _ = cut(positives="all")
    assert [row[1] for row in lines(folder / "qrels" / "test.tsv")] == [
        f"d{n}#{place}" for n in (7, 8, 9) for place in range(1, 6)
    ]
    assert lines(folder / "neutral" / "test.tsv") == []
    assert load(str(folder), LoadOptions(split="test")).neutral is None


def test_the_model_finds_the_best_chunk_where_no_ranker_is_named(cut):
    folder, info = cut(ranker=None)
    assert list(info["ranker"]) == ["dense"]
    assert len(lines(folder / "qrels" / "train.tsv")) == 7 + 1 + 5 + 1


def test_the_same_call_leaves_a_finished_folder_as_it_is(cut):
    folder, info = cut()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert cut()[1] == info
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "neutral/train.tsv"])
def test_the_same_call_writes_anew_what_is_damaged(cut, name):
    folder, _ = cut()
    before = content(folder)
    (folder / name).write_bytes(before[name][:-9])
    with pytest.raises(DataError, match=f"{name} is missing or has changed .* run the same hardneg command"):
        load(str(folder))
    cut()
    assert content(folder) == before
    (folder / name).unlink()
    cut()
    assert content(folder) == before


@pytest.mark.parametrize("change", [{"tokens": 20}, {"positives": "all"}, {"splits": ["test"]}])
def test_a_folder_of_other_settings_is_refused(cut, change):
    cut()
    with pytest.raises(
        ConfigError, match="holds chunks of other documents or judgments, or by other settings"
    ):
        cut(**change)


def test_a_folder_of_another_source_is_refused(cut, source):
    cut()
    with (source / "qrels" / "train.tsv").open("a", encoding="utf-8") as file:
        file.write("q3\ts1\t1\n")
    with pytest.raises(ConfigError, match="other documents or judgments"):
        cut()


def test_a_folder_of_other_files_is_refused_and_stays(cut, tmp_path):
    (tmp_path / "chunks").mkdir()
    (tmp_path / "chunks" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"holds other files \(notes.txt, ...\)"):
        cut()
    assert list(content(tmp_path / "chunks")) == ["notes.txt"]


def test_chunks_are_not_cut_again(cut):
    folder, _ = cut()
    with pytest.raises(ConfigError, match="is cut into chunks already; cut the documents that they are from"):
        cut(given=folder, out="again", splits=["train"])


def test_a_source_with_neutral_pairs_is_refused(cut, write):
    examples = [{"text": f"{colour} {n}", "label": colour} for colour in COLOURS[:3] for n in range(3)]
    path = write("examples.jsonl", examples)
    with pytest.raises(ConfigError, match="neither positive nor negative, as classes and sts have"):
        cut(given=f"classes:{path}")


@pytest.mark.parametrize("texts", [["one", "three"], ["one"]])
def test_splits_with_other_documents_are_refused(texts):
    made = [
        collection({f"d{n}": text for n, text in enumerate(own)}, {"q": "ask"}, [("q", "d0", 1)])
        for own in (["one", "two"], texts)
    ]
    job = ChunkJob(dict(zip("ab", made, strict=True)), None, ChunkSettings(tokens=9), Bm25(), Bm25())
    with pytest.raises(ConfigError, match="the split b has other documents than the first; cut each"):
        job.check()


def test_a_query_of_two_texts_is_refused(cut, source):
    text = (source / "queries.jsonl").read_text(encoding="utf-8")
    changed = source.parent / "changed"
    collections = []
    for split, words in (("train", text), ("test", text.replace("what is", "where is"))):
        (source / "queries.jsonl").write_text(words, encoding="utf-8")
        with (source / "qrels" / "test.tsv").open("a", encoding="utf-8") as file:
            file.write("q0\td0\t1\n")
        collections.append(load(str(source), LoadOptions(split=split)))
    with pytest.raises(DataError, match='the query "q0" of the split b has another text or prompt in an'):
        _write_queries(dict(zip("ab", collections, strict=True)), changed)


def test_documents_alone_may_be_cut(cut, source):
    (source / "queries.jsonl").unlink()
    folder, info = cut()
    assert info["splits"] == {} and list(content(folder)) == ["chunks.json", "corpus.jsonl"]
    with pytest.raises(DataError, match="has no judgments of train; splits: none"):
        load(str(folder))


def test_what_is_not_kept_is_recorded(cut, write):
    pairs = [
        {"query": f"what is {c}", "pos": [f"it is {c}"], "pos_scores": [0.5], "date": "2020"} for c in COLOURS
    ]
    _, info = cut(given=write("pairs.jsonl", pairs))
    assert {"date", "scores"} <= set(info["facts"]["not_kept"])


def test_a_limit_of_the_model_is_recorded(cut):
    assert cut(tokens=40)[1]["facts"] | {"tokens": 40, "max_length": 32} == cut(tokens=40)[1]["facts"]


def test_grades_and_a_least_relevance_of_the_source(cut):
    folder, info = cut(splits=["train"], load=LoadOptions(min_relevance=2))
    train = lines(folder / "qrels" / "train.tsv")
    assert [row for row in train if row[2] == "2"] == [["q0", "s0#1", "2"]]
    assert sum(row[2] == "1" for row in train) == 7 * 5  # judged not relevant, as all chunks are
    assert info["splits"]["train"]["relevant"] == 1 and info["facts"]["min_relevance"] == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tokens": "24:13"}, "an overlap of 13 tokens is more than half of 24; give less"),
        ({"tokens": "24:24"}, "an overlap of 24 tokens"),
        ({"tokens": "many"}, 'chunks: "many" is no number of tokens; write 256, or 256:32 to overlap by 32'),
        ({"tokens": -1}, "no number of tokens"),
        ({"tokens": 0}, "chunks: tokens"),
        ({"tokens": 2}, "chunks of 2 tokens have no room for text"),
        ({"model": "/no/such"}, "model folder /no/such does not exist"),
        ({"ranker": "bm52"}, 'unknown ranker "bm52"; did you mean "bm25"?'),
        ({"ranker": "listed"}, "chunks: listed does not know new chunks; bm25 or dense:MODEL can"),
        ({"rankers": "bm25"}, 'chunks: unknown setting "rankers"'),
    ],
)
def test_bad_settings_are_one_line_and_leave_nothing(cut, tmp_path, settings, message):
    with pytest.raises(ConfigError) as caught:
        cut(**settings)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "chunks").exists()


def test_a_collection_in_memory(tmp_path, model):
    pairs = [(f"what is {colour}", f"it is {colour}. " * 5) for colour in COLOURS]
    info = hardneg.chunk(pairs, tmp_path / "out", tokens="24:6", model=model, ranker="bm25")
    assert info["facts"]["source"] is None and list(info["splits"]) == ["train"]
    assert json.loads((tmp_path / "out" / "chunks.json").read_text(encoding="utf-8")) == info
