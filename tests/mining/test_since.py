"""Mining again what has changed since an earlier run."""

import json

import pytest

import hardneg
from hardneg.core.errors import DataError
from hardneg.core.verdicts import FILE, Judged, Verdict, append, texts_digest
from tests.cli.test_cli import run

DOCUMENTS = {
    "rain": "rain falls from the clouds",
    "snow": "snow falls from cold clouds",
    "hail": "hail falls from high clouds",
    "sun": "the sun shines on all",
}


def written(folder, documents):
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    rows = [{"_id": name, "text": text} for name, text in documents.items()]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    queries = [{"_id": "q1", "text": "rain falls"}, {"_id": "q2", "text": "sun shines"}]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq1\train\t1\nq2\tsun\t1\n")
    return str(folder)


@pytest.fixture
def earlier(tmp_path):
    source = written(tmp_path / "source", DOCUMENTS)
    hardneg.mine(
        source, hardneg.Recipe.named("naive", rankers=["bm25"], negatives=2), tmp_path / "one", report=False
    )
    return source


def again(tmp_path, source, **options):
    recipe = hardneg.Recipe.named("naive", rankers=["bm25"], negatives=2, **options)
    return hardneg.mine(source, recipe, tmp_path / "two", since=tmp_path / "one", report=False)


def test_verdicts_carry_over_where_the_text_is_the_same(tmp_path, earlier):
    for doc in ("snow", "hail"):
        texts = texts_digest("rain falls", DOCUMENTS[doc])
        append(tmp_path / "one" / FILE, Judged("q1", doc, Verdict.RELEVANT, "anna", texts=texts))
    written(tmp_path / "source", {**DOCUMENTS, "hail": "hail falls from dark clouds"})
    run = again(tmp_path, earlier)
    facts = run.info["validation"]["validators"]["verdicts"]
    assert (facts["pairs"], facts["changed_texts"]) == (1, 1)
    assert "1 verdict does not count" in " ".join(warning["text"] for warning in run.info["warnings"])
    other = tmp_path / "other.jsonl"
    append(other, Judged("q1", "snow", Verdict.NOT_RELEVANT, "bob"))
    named = hardneg.Recipe.named("naive", rankers=["bm25"], negatives=2, verdicts=other)
    own = hardneg.mine(earlier, named, since=tmp_path / "one").info["validation"]["validators"]["verdicts"]
    assert own["pairs"] == 1 and "changed_texts" not in own


def test_a_run_in_memory_will_do(tmp_path, earlier):
    recipe = hardneg.Recipe.named("naive", rankers=["bm25"], negatives=2)
    kept = hardneg.mine(earlier, recipe)
    assert hardneg.mine(earlier, recipe, since=kept).info["recipe"] == kept.info["recipe"]


def test_an_earlier_run_that_is_not_finished_is_refused_before_any_work(tmp_path, earlier):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no run directory"):
        hardneg.mine(earlier, "naive", tmp_path / "two", since=tmp_path / "empty", report=False)
    assert not (tmp_path / "two").exists()


def test_the_command_prints_what_has_changed(tmp_path, earlier, capsys):
    written(tmp_path / "source", {"sleet": "rain that falls as ice, rain", **DOCUMENTS})
    ranked = "--recipe naive --ranker bm25 --negatives 2".split()
    run("mine", earlier, "--out", tmp_path / "two", "--since", tmp_path / "one", *ranked)
    printed = " ".join(capsys.readouterr().out.split())
    assert "negatives │ second only │ 1" in printed and "not looked at │ negative: top │ 1" in printed
    written(tmp_path / "other", DOCUMENTS)
    for name in ("queries.jsonl", "qrels/train.tsv"):
        path = tmp_path / "other" / name
        path.write_text(path.read_text().replace("q", "other-q").replace("other-query", "query"))
    run("mine", tmp_path / "other", "--out", tmp_path / "three", "--since", tmp_path / "one", *ranked)
    assert "have no query with a positive in common" in " ".join(capsys.readouterr().err.split())
