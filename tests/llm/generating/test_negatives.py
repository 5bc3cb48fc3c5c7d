"""Negatives that a model writes: marked, checked, and validated like any others."""

import json

from hardneg.core.components import FORMATS
from hardneg.sources import load
from tests.cli.test_cli import run
from tests.llm.generating.conftest import answer, asked, lines


def about(request):
    """Answers with two passages near the query."""
    _, count, _, query = asked(request)
    return answer("negatives", [f"{query} elsewhere {n}" for n in range(count)])


def test_queries_with_a_positive_get_negatives_in_a_training_set(written, served, tmp_path):
    served.answer = about
    summary = written(negatives=2)
    file = tmp_path / "out" / "train.jsonl"
    FORMATS.make("jsonl").lint(file)
    assert (summary["asked"], summary["written"], summary["kept"], summary["rows"]) == (7, 14, 14, 7)
    rows = {row["query_id"]: row for row in lines(file)}
    assert [doc["doc_id"] for doc in rows["q0"]["positives"]] == ["d7", "d0"]
    for row in rows.values():
        assert [doc["text"] for doc in row["negatives"]] == [f"{row['query']} elsewhere {n}" for n in (0, 1)]
        assert all(doc["doc_id"].startswith("generated:") for doc in row["negatives"])
    origins = lines(tmp_path / "out" / "generated.jsonl")
    assert all(row["model"] == "m" and row["prompt"].startswith("negatives-") for row in origins)


def test_they_are_mined_and_validated_like_listed_ones(written, served, tmp_path):
    served.answer = about
    written(negatives=2)
    file = tmp_path / "out" / "train.jsonl"
    run("clean", file, "--out", tmp_path / "valid", "--ranker", "bm25", "--quiet")
    assert json.loads((tmp_path / "valid" / "run.json").read_text())["export"]["format"] == {"jsonl": {}}
    found = load(str(file))
    listed = found.judgments.doc[found.judgments.relevance == 0]
    assert len(listed) == 14 and all(name.startswith("generated:") for name in found.documents.ids(listed))
    mining = ("--recipe", "naive", "--ranker", "listed", "--negatives", 2, "--format", "jsonl", "--quiet")
    run("mine", file, "--out", tmp_path / "mined", *mining)
    for row in lines(tmp_path / "mined" / "train.jsonl"):
        assert [doc["doc_id"].startswith("generated:") for doc in row["negatives"]] == [True, True]


def test_what_is_there_already_is_no_negative(written, served, beir, tmp_path):
    corpus = {row["_id"]: row["text"] for row in lines(beir / "corpus.jsonl")}

    def idle(request):
        _, _, document, query = asked(request)
        return answer("negatives", [query.upper(), document, corpus["d20"], "new", "NEW"])

    served.answer = idle
    summary = written(negatives=5, limit=3)
    reasons = {"duplicate": 3, "in_corpus": 3, "repeats_positive": 3, "repeats_query": 3}
    assert summary["dropped"] == reasons and summary["kept"] == 3
    names = {doc["doc_id"] for row in lines(tmp_path / "out" / "train.jsonl") for doc in row["negatives"]}
    assert len(names) == 1  # one text, one id, whatever the query


def test_the_prompt_shows_the_query_and_its_best_positive_as_data(written, served, beir):
    corpus = {row["_id"]: row["text"] for row in lines(beir / "corpus.jsonl")}
    served.answer = about
    written(negatives=1)
    shown = {query: document for _, _, document, query in map(asked, served.requests)}
    queries = {row["_id"]: row["text"] for row in lines(beir / "queries.jsonl")}
    assert shown[queries["q0"]] == corpus["d7"] and shown[queries["q3"]] == corpus["d3"]
