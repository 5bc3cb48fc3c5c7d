"""What a finished ledger shows: ranks of known positives, lost queries, what verdicts changed, warnings."""

import json

import numpy as np
import pytest

import hardneg
from hardneg.core.components import RANKERS
from hardneg.mining.outcome import _language, _ranks
from hardneg.mining.warnings import model_languages, warnings
from hardneg.testing.fakes import FakeRanker, collection

WORDS = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh".split()
TEXTS = {f"d{n}": f"{word} stands in the wood" for n, word in enumerate(WORDS)}
QUERIES = {"q0": "what is amber and what is it made of", "q1": "where do birches and cedars grow"}
KNOWN = collection(TEXTS, QUERIES, [("q0", "d0", 1), ("q1", "d1", 2), ("q1", "d2", 1)])
SCORES = [[0.5, *np.linspace(0.9, 0.1, 11)], [0.3, 0.95, 0.2, *np.linspace(0.9, 0.05, 9)]]


def mined(known=KNOWN, scores=SCORES, depth=5, **flags):
    flags = {"rules": [], "negatives": 2, **flags}
    recipe = hardneg.Recipe.named("naive", [f"rank.depth={depth}"], rankers=[FakeRanker(scores)], **flags)
    return hardneg.mine(known, recipe)


def test_ranks_of_equal_scores_are_in_the_middle():
    group = np.array([0, 1, 0, 0, 0, 1])
    scores = np.array([0.5, 0.1, 0.9, 0.5, 0.5, 0.2])
    assert _ranks(group, scores).tolist() == [3, 2, 1, 3, 3, 1]


def test_the_quality_of_a_ranker_is_that_of_its_ranks_of_the_known_positives():
    # d0 is 6th or 7th of q0; d1 is first of q1, d2 10th or 11th: two of three are within the depth.
    [own] = mined(depth=8).info["ranking"].values()
    assert own["mrr"] == pytest.approx((1 / 7 + 1) / 2, abs=0.03)
    assert own["positives"] == 3 and own["beyond_depth"] == pytest.approx(1 / 3, abs=1e-4)
    assert own["recall_at_10"] == pytest.approx((1 + 0.5) / 2) and own["in_top_10"] == 2


def test_queries_without_a_negative_are_counted_and_an_empty_set_is_said():
    info = mined(max_score=0.01).info
    assert info["lost_queries"] == 2 and info["counts"]["negatives"] == 0
    assert [warning["kind"] for warning in info["warnings"]] == ["empty"]
    half = mined(scores=[SCORES[0], [0.99] * 12], max_score=0.95).info
    assert half["lost_queries"] == 1
    [warning] = half["warnings"]
    assert warning["kind"] == "lost_queries" and warning["text"].startswith("1 of 2 queries (50%)")
    assert mined().info["warnings"] == []


def test_a_cap_keeps_the_most_relevant_positives_and_counts_the_others():
    run = mined(max_positives=1)
    assert [[p.doc_id for p in example.positives] for example in run.training_set] == [["d0"], ["d1"]]
    assert run.info["positives_left_out"] == 1 and run.info["counts"]["positives"] == 3
    everything = mined()
    assert "positives_left_out" not in everything.info
    assert [len(example.positives) for example in everything.training_set] == [1, 2]
    assert run.info["fingerprint"] == everything.info["fingerprint"]  # decisions are the same
    paired = hardneg.Recipe.named(
        "naive", ["select.anchor=pair"], rankers=[FakeRanker(SCORES)], max_positives=1, negatives=2
    )
    assert [e.positives[0].doc_id for e in hardneg.mine(KNOWN, paired).training_set] == ["d0", "d1"]


def test_what_verdicts_changed_is_counted_and_a_great_loss_is_a_warning(tmp_path):
    run = mined(depth=12)
    first = [(example.query_id, doc.doc_id) for example in run.training_set for doc in example.negatives]
    lines = [{"query_id": q, "doc_id": d, "verdict": "relevant", "judge": "a"} for q, d in first[:1]]
    (tmp_path / "judgments.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rule = {"suspected-false-negative": {"maximum": 0.5, "otherwise": None}}
    flags = {"verdicts": tmp_path / "judgments.jsonl", "rules": [rule]}
    recipe = hardneg.Recipe.named("naive", ranked_by=run.recipe, negatives=2, **flags)
    verdicts = hardneg.select(run, recipe).info["verdicts"]
    assert verdicts["pairs"] == 1 and verdicts["removed"] == 1
    assert verdicts["negatives"] == verdicts["negatives_without"] - verdicts["removed"] + verdicts["added"]
    info = {**run.info, "verdicts": {"pairs": 20, "negatives": 37, "negatives_without": 348, "scale": 2.5}}
    [warning] = warnings(info, run.recipe)
    assert warning["kind"] == "verdicts" and "20 verdicts leave 37 of 348 negatives" in warning["text"]
    assert "verdicts" not in run.info


def test_a_selection_that_leaves_much_fewer_negatives_than_the_run_is_a_warning():
    run = mined(depth=12)
    again = hardneg.Recipe.named("naive", ranked_by=run.recipe, negatives=1)
    assert [w["kind"] for w in hardneg.select(run, again).info["warnings"]] == ["fewer"]


def test_a_ranker_near_chance_is_a_warning():
    texts = {f"d{n}": f"text number {n}" for n in range(200)}
    queries = {f"q{n}": f"query number {n}" for n in range(40)}
    known = collection(texts, queries, [(f"q{n}", f"d{n}", 1) for n in range(40)])
    noise = np.random.default_rng(0).random((40, 200))
    run = mined(known, noise, depth=50)
    assert [w["kind"] for w in run.info["warnings"]] == ["near_chance"]
    good = noise + np.eye(40, 200)
    assert mined(known, good, depth=50).info["warnings"] == []
    [own] = mined(known, good, depth=50).info["ranking"].values()
    assert own["mrr"] == 1 and own["recall_at_10"] == 1 and own["beyond_depth"] == 0


@pytest.mark.parametrize(
    ("ranker", "languages"),
    [
        ("dense:default", {"en"}),
        ("dense:BAAI/bge-base-en-v1.5", {"en"}),
        ("dense:intfloat/e5-base-v2", {"en"}),
        ("dense:intfloat/multilingual-e5-base", set()),
        ("dense:ai-forever/ru-en-RoSBERTa", set()),
        ("dense:deepvk/USER-bge-m3", set()),
        ("bm25", set()),
    ],
)
def test_the_languages_of_a_model_are_known_by_its_name(ranker, languages):
    assert model_languages(RANKERS.make(ranker)) == languages


@pytest.mark.parametrize(
    ("front", "languages"),
    [
        ("language: ru", {"ru"}),
        ("language:\n- ru\n- en", {"ru", "en"}),
        ("language: multilingual", set()),
        ("licence: mit", set()),
        (": [", set()),
    ],
)
def test_the_languages_of_a_model_are_known_by_its_card(front, languages, tmp_path):
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# A model\n")
    assert model_languages(RANKERS.make(f"dense:{tmp_path}")) == languages


def test_texts_in_another_language_than_the_model_s_are_a_warning():
    run = mined()
    info = {**run.info, "languages": {"queries": "ru", "documents": None}}
    recipe = hardneg.Recipe.named("default")
    info["ranking"] = {}
    [warning] = warnings(info, recipe)
    assert warning["text"] == (
        "dense: the model default is for en, the texts are in ru; try --recipe russian"
    )
    assert warnings({**info, "languages": {"queries": "en", "documents": "en"}}, recipe) == []


def test_the_language_of_texts_is_that_of_most_letters():
    russian = "Янтарь — это окаменевшая смола древних хвойных деревьев."
    assert _language([russian] * 3) == "ru"
    assert _language([russian, "Amber is the fossil resin of trees that are long gone."]) is None
    assert _language([]) is None


@pytest.mark.parametrize(
    ("text", "settings", "warned"), [(0.41, {}, 1), (0.1, {}, 0), (0.41, {"max_length": 64}, 0)]
)
def test_text_that_a_ranker_leaves_unread_is_a_warning_unless_its_limit_was_chosen(text, settings, warned):
    recipe = hardneg.Recipe.named("naive", rankers=["bm25", {"dense": settings}])
    cut = {
        "documents": {"sample": 200, "cut": 31, "text": text},
        "queries": {"sample": 9, "cut": 9, "text": 0.9},
    }
    info = {
        **mined().info,
        "rankers": {"bm25": {}, "dense": {"max_length": 256, "truncation": cut}},
        "ranking": {},
    }
    found = [each for each in warnings(info, recipe) if each["kind"] == "truncated"]
    assert len(found) == warned
    for warning in found:
        assert warning["text"] == (
            "dense reads the first 256 tokens of a document: 16% of the documents are longer, 41% of all "
            "text is not read; --chunk 256 cuts them into chunks"
        )
        assert (warning["limit"], warning["unread"], warning["ranker"]) == (256, 0.41, "dense")
