"""Rows of FlagEmbedding's format."""

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
