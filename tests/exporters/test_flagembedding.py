"""Rows of FlagEmbedding's format."""

import math

import pytest

from .tiny import FOURTH, HEDGEHOG, QUERY, written_rows


def test_flagembedding(tmp_path):
    assert written_rows("flagembedding", tmp_path)[:2] == [
        {
            "query": QUERY,
            "pos": [HEDGEHOG, "text 2"],
            "neg": ["text 3", FOURTH],
            "pos_scores": [0.9, 0.8],
            "neg_scores": [0.7, 0.6],
        },
        {
            "query": "second",
            "pos": ["text 5"],
            "neg": ["text 6", "text 3"],
            "pos_scores": [None],
            "neg_scores": [0.5, None],
        },
    ]


def test_flagembedding_options(tmp_path):
    form = {"flagembedding": {"scores": "omit", "prompt": "Find:", "type": "symmetric_class"}}
    assert written_rows(form, tmp_path)[-1] == {
        "query": "fourth",
        "pos": ["text 8"],
        "neg": [HEDGEHOG],
        "prompt": "Find:",
        "type": "symmetric_class",
    }


def test_flagembedding_for_distillation(tmp_path):
    found = written_rows({"flagembedding": {"scores": "require"}}, tmp_path)
    assert [row["query"] for row in found] == [QUERY, "fourth"]


def test_probabilities_are_logarithms_whose_softmax_gives_the_shares(tmp_path):
    """The first query's probabilities are 1, 1, .5 and 0, written as .0001."""
    first = written_rows({"flagembedding": {"scores": "probability"}}, tmp_path)[0]
    scores = first["pos_scores"] + first["neg_scores"]
    assert scores == pytest.approx([0, 0, math.log(0.5), math.log(0.0001)], abs=1e-6)
    shares = [math.exp(score) / sum(map(math.exp, scores)) for score in scores]
    assert shares == pytest.approx([0.4, 0.4, 0.2, 0.0], abs=1e-4)
