"""Rows of sentence-transformers' labeled lists."""

import pytest

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError

from .tiny import EXAMPLES, FOURTH, HEDGEHOG, QUERY, graded, write, written_rows

NAME = "sentence-transformers-labeled-list"


def test_labeled_list(tmp_path):
    assert written_rows("sentence-transformers-labeled-list", tmp_path) == [
        {"anchor": QUERY, "documents": [HEDGEHOG, "text 2", "text 3", FOURTH], "labels": [1, 1, 0, 0]},
        {"anchor": "second", "documents": ["text 5", "text 6", "text 3"], "labels": [1, 0, 0]},
        {"anchor": "fourth", "documents": ["text 8", HEDGEHOG], "labels": [1, 0]},
    ]


def test_labeled_list_with_scores(tmp_path):
    found = written_rows({"sentence-transformers-labeled-list": {"scores": True}}, tmp_path)
    assert [row["scores"] for row in found] == [[0.9, 0.8, 0.7, 0.6], [0.4, 0.3]]


def test_probabilities_are_a_positives_weight_and_1_less_a_negatives(tmp_path):
    found = written_rows({NAME: {"labels": "probability"}}, tmp_path)
    assert [row["labels"] for row in found] == [[1.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0]]


def test_grades_are_thirds_and_ungraded_negatives_are_left_out(tmp_path):
    """d1 and d3 have the grades 2 and 1; other positives count as 3."""
    examples = graded(EXAMPLES, {"d1": 2, "d3": 1})
    written = write({NAME: {"labels": "grade"}}, tmp_path, examples)
    assert written.notes == {"negatives_without_grade": 2, "no_negatives": 1}
    found = written_rows({NAME: {"labels": "grade"}}, tmp_path, examples)
    assert [row["labels"] for row in found] == [[0.6667, 1.0, 0.3333], [1.0, 0.3333], [1.0, 0.6667]]


def test_scores_and_soft_labels_exclude_each_other():
    with pytest.raises(ConfigError, match="scores stand in place of labels"):
        FORMATS.make({NAME: {"scores": True, "labels": "probability"}})
