"""Where the original fails or misleads in silence: each difference that the docstring lists."""

import logging
import sys

import numpy as np
import pytest
from sentence_transformers.util import mine_hard_negatives as original

from hardneg.compat.sentence_transformers import InvalidArgument
from hardneg.core.errors import DataError, MissingExtra
from tests.compat.conftest import VOCABULARY, degrees, mine, pairs, static

# The query's own text


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"num_negatives": 2, "range_max": 2},
        {"num_negatives": 1, "range_min": 1, "range_max": 3},
        {"absolute_margin": -0.3, "num_negatives": 2},
        {"include_positives": True},
        {"output_format": "labeled-list", "num_negatives": 30},
    ],
)
def test_what_is_mined_is_as_if_the_own_text_were_not_in_the_corpus(angles, given):
    dataset = pairs(("0", "9"), ("40", "52"), ("40", "55"), ("90", "91"))
    corpus = degrees(1, 3, 8, 20, 37, 38, 44, 49, 61, 77, 83, 88, 95)
    given = {**given, "output_scores": True}
    ours = mine(dataset, angles, corpus=[*corpus, "0", "40", "90"], **given).to_list()
    theirs = []
    for anchor in degrees(0, 40, 90):
        other_anchors = [text for text in degrees(0, 40, 90) if text != anchor]
        rows = original(dataset, angles, corpus=corpus + other_anchors, verbose=False, **given)
        theirs += [row for row in rows if row["a"] == anchor]
    assert [without_scores(row) for row in ours] == [without_scores(row) for row in theirs]
    assert [row["scores"] for row in ours] == [pytest.approx(row["scores"], abs=1e-5) for row in theirs]


def without_scores(row):
    return {name: value for name, value in row.items() if name != "scores"}


def test_an_own_text_that_is_a_positive_stays_one(angles):
    mined = mine(pairs(("5", "5"), ("5", "9")), angles, corpus=degrees(7, 30, 60), include_positives=True)
    assert [mined[0][f"negative_{n}"] for n in (1, 2, 3)] == degrees(5, 7, 9)


# The cross-encoder


def test_a_cross_encoder_scores_without_any_bound(model, cross_encoder):
    letters = "abcdefghijklmnopqrst"
    dataset = pairs(*((f"{a} a", f"{b} b") for a, b in zip(letters, reversed(letters), strict=True)))
    given = {"cross_encoder": cross_encoder, "output_scores": True, "num_negatives": 1}
    ours = mine(dataset, model, **given).to_list()
    theirs = original(dataset, model, verbose=False, max_score=1e9, **given).to_list()
    assert [without_scores(row) for row in ours] == [without_scores(row) for row in theirs]
    best = {row["a"]: row["negative"] for row in mine(dataset, model, num_negatives=1)}
    assert best != {row["a"]: row["negative"] for row in ours}


def test_a_cross_encoder_reads_a_pair_once(model, cross_encoder, monkeypatch):
    read = []
    predict = cross_encoder.predict
    monkeypatch.setattr(
        cross_encoder, "predict", lambda p, **options: read.extend(p) or predict(p, **options)
    )
    mine(
        pairs(("a", "b"), ("a", "c"), ("d", "b")), model, cross_encoder=cross_encoder, include_positives=True
    )
    assert len(read) == len(set(read)) == 4


def test_a_cross_encoder_must_give_one_number(model, cross_encoder, monkeypatch):
    monkeypatch.setattr(cross_encoder, "predict", lambda p, **options: np.full(len(p), np.nan))
    with pytest.raises(DataError, match="NaN"):
        mine(pairs(("a", "b")), model, cross_encoder=cross_encoder)
    monkeypatch.setattr(type(cross_encoder), "num_labels", 2)
    with pytest.raises(InvalidArgument, match="one score a pair, it gives 2"):
        mine(pairs(("a", "b")), model, cross_encoder=cross_encoder)


# Search


def test_faiss_is_not_needed(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    dataset = pairs(("a b", "c d"), ("e f", "g h"), ("i j", "k l"))
    for similarity in ("dot", "euclidean"):
        monkeypatch.setattr(model, "similarity_fn_name", similarity, raising=False)
        given = {"output_scores": True, "num_negatives": 2}
        assert (
            mine(dataset, model, use_faiss=True, **given).to_dict() == mine(dataset, model, **given).to_dict()
        )
    model.similarity_fn_name = "cosine"


def test_equal_scores_stand_in_the_order_of_the_corpus(angles):
    mined = mine(pairs(("0", "1")), angles, corpus=["9", "7 7", "7", "7 7 7"], num_negatives=4)
    assert mined["negative"][:] == ["7 7", "7", "7 7 7", "9"]


def test_few_queries_are_searched_at_once(angles, monkeypatch):
    from hardneg.rankers.dense.topk import ExactSearch

    sizes = []
    search = ExactSearch.search
    monkeypatch.setattr(ExactSearch, "search", lambda s, q, d: sizes.append(len(q)) or search(s, q, d))
    dataset = pairs(*(("0 " * n, "3") for n in range(1, 1100)))
    mine(dataset, angles)
    mine(pairs(("0", "1"), ("2", "3"), ("4", "5")), angles, faiss_batch_size=2)
    assert sizes == [1024, 75, 2, 1]


# Too few candidates pass


def test_all_dropped_by_two_bounds_is_an_empty_result(angles):
    dataset, corpus = pairs(("0", "1"), ("9", "8")), degrees(*range(10, 40))
    given = {"absolute_margin": 2.5, "min_score": 0.1, "num_negatives": 1, "include_positives": True}
    with pytest.raises(ZeroDivisionError):
        original(dataset, angles, corpus=corpus, verbose=False, **given)
    assert len(mine(dataset, angles, corpus=corpus, **given)) == 0


def test_deepen_finds_valid_negatives_further_down(angles):
    """A cosine below 0.505 is 60 degrees or more; the first 12 documents are nearer."""
    dataset = pairs(("0", "1"), ("100", "10"))
    given = {"corpus": degrees(*range(2, 80)), "max_score": 0.505, "num_negatives": 1}
    starved = mine(dataset, angles, **given)
    assert starved.to_dict() == original(dataset, angles, verbose=False, **given).to_dict()
    assert starved["a"][:] == []
    filled = mine(dataset, angles, **given, deepen=True)
    assert filled.to_list() == [
        {"a": "0", "b": "1", "negative": "60"},
        {"a": "100", "b": "10", "negative": "40"},
    ]


def test_deepen_ends_with_the_corpus_and_counts_once(angles):
    reports = []
    dataset = pairs(("0", "1"), ("0", "2"))
    given = {"corpus": degrees(*range(3, 50)), "max_score": 0.5, "deepen": True, "report": reports.append}
    assert len(mine(dataset, angles, **given)) == 0
    assert reports[0].skipped == {"max_score": 47} and reports[0].short == 1


def test_range_min_counts_what_passes_the_bounds(angles):
    """Below a cosine of 0.9 (25.8 degrees) come 30, 40, 50 and 60; one of them is passed over."""
    dataset = pairs(("0", "1"))
    given = {"corpus": degrees(5, 10, 30, 40, 50, 60), "max_score": 0.9, "range_min": 1, "num_negatives": 2}
    assert mine(dataset, angles, **given)["negative"][:] == degrees(40, 50)
    assert original(dataset, angles, verbose=False, **given)["negative"][:] == degrees(40, 50)


# Vectors on disk


def test_two_local_models_do_not_share_vectors(tmp_path):
    dataset = pairs(("a b", "c d"), ("e f", "g h"), ("i j", "k l"), ("m n", "o p"))
    seeds = (np.random.default_rng(seed) for seed in (1, 2))
    models = [static(VOCABULARY, rng.normal(size=(len(VOCABULARY), 8))) for rng in seeds]
    given = {"cache_folder": str(tmp_path), "output_scores": True}
    first, second = (mine(dataset, model, **given).to_dict() for model in models)
    assert first == mine(dataset, models[0], output_scores=True).to_dict()
    assert second == mine(dataset, models[1], output_scores=True).to_dict()


def test_kept_vectors_are_not_encoded_again(tmp_path, monkeypatch):
    dataset = pairs(("a b", "c d"), ("e f", "g h"), ("i j", "k l"), ("m n", "o p"))
    model = static(VOCABULARY, np.random.default_rng(3).normal(size=(len(VOCABULARY), 8)))
    given = {"cache_folder": str(tmp_path / "new"), "output_scores": True, "use_multi_process": False}
    first = mine(dataset, model, **given).to_dict()
    short = mine(dataset, model, **{**given, "query_prompt": "find "}).to_dict()
    model.truncate_dim = 4
    assert mine(dataset, model, **given).to_dict() not in (first, short)
    model.truncate_dim = None
    monkeypatch.setattr(model, "encode", None)
    assert mine(dataset, model, **given).to_dict() == first
    assert mine(dataset, model, **{**given, "query_prompt": "find "}).to_dict() == short


def test_kept_vectors_are_found_whatever_the_model_has_encoded_meanwhile(bert, tmp_path, monkeypatch):
    dataset = pairs(("a b", "c d"), ("e f", "g h"), ("i j", "k l"), ("m n", "o p"))
    given = {"cache_folder": str(tmp_path), "output_scores": True}
    first = mine(dataset, bert, **given).to_dict()
    bert.encode(["a much longer text than the others"])
    monkeypatch.setattr(bert, "forward", None)
    assert mine(dataset, bert, **given).to_dict() == first


# Statistics


def test_counts_are_reported_and_logged_not_printed(angles, caplog, capfd):
    caplog.set_level(logging.INFO, "hardneg")
    reports = []
    dataset = pairs(("0", "5"), ("60", "61"))
    given = {"corpus": degrees(1, 2, 20, 30), "absolute_margin": 0, "num_negatives": 1}
    mine(dataset, angles, **given, verbose=True, report=reports.append)
    stats = reports[0]
    assert (stats.queries, stats.pairs, stats.negatives, stats.short) == (2, 2, 2, 0)
    assert stats.skipped == {"absolute_margin": 2} and stats.range_max == 11
    assert stats.scores["positive"]["max"] == pytest.approx(np.cos(np.radians(1)), abs=1e-6)
    assert stats.scores["difference"]["min"] > 0
    assert "2 candidates skipped by absolute_margin" in caplog.text and capfd.readouterr().out == ""


def test_nothing_is_logged_when_not_verbose(angles, caplog, capfd):
    caplog.set_level(logging.INFO, "hardneg")
    mine(pairs(("0", "5"), ("60", "61")), angles)
    assert caplog.text == "" and capfd.readouterr() == ("", "")


# Resources


def test_batch_size_bounds_the_tokens_of_a_batch(bert):
    """At most 32 tokens per text, so a batch of 2 may hold 64 tokens."""
    shapes = []
    hook = bert.register_forward_pre_hook(lambda _, given: shapes.append(given[0]["input_ids"].shape))
    texts = [f"{letter * (7 * n)} {n}" for n, letter in enumerate("abcdefgh" * 3)]
    mine(pairs(*zip(texts, reversed(texts), strict=True)), bert, batch_size=2)
    hook.remove()
    assert max(rows * width for rows, width in shapes) == 64
    assert max(rows for rows, _ in shapes) > 2


def test_workers_give_the_same_result(bert, cross_encoder):
    dataset = pairs(("a b", "c d"), ("e f", "g h"), ("i j", "k l"), ("m n", "o p"))
    given = {"cross_encoder": cross_encoder, "output_scores": True, "num_negatives": 2}
    alone = mine(dataset, bert, **given).to_list()
    together = mine(dataset, bert, **given, use_multi_process=["cpu"]).to_list()
    assert [without_scores(row) for row in together] == [without_scores(row) for row in alone]
    assert [row["scores"] for row in together] == [pytest.approx(row["scores"], abs=1e-5) for row in alone]


@pytest.mark.parametrize(("package", "extra"), [("datasets", "hf"), ("sentence_transformers", "dense")])
def test_missing_libraries_are_named(model, monkeypatch, package, extra):
    dataset = pairs(("a", "b"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'hardneg\[{extra}\]'"):
        mine(dataset, model)
