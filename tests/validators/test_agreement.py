"""How far above the positive even the least convinced ranker places a candidate."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from tests.validators.blocks import NAN, built, evidence_of, suspected


def test_agreement_is_the_view_of_the_least_convinced_ranker():
    # The positive a scores 4 and 2.
    scores = {"one": [[4, 8, 4, 6]], "two": [[2, 4, 0, 2]]}
    validator, evidence = evidence_of("agreement", built(("a", 1)), scores=scores)
    first = np.std([4, 8, 4, 6])
    second = np.std([2, 4, 0, 2])
    expected = [min(4 / first, 2 / second), -2 / second, 0]
    assert evidence[0, 1:].tolist() == pytest.approx(expected)
    assert suspected(validator, evidence) == [[False, True, False, True]]


def test_agreement_measures_a_positive_to_the_others():
    _, evidence = evidence_of("agreement", built(("a", 1), ("b", 1)), scores={"one": [[1, 3, 2, 2]]})
    spread = np.std([1, 3, 2, 2])
    assert evidence[0].tolist() == pytest.approx([-2 / spread, 2 / spread, 1 / spread, 1 / spread])


def test_equal_scores_all_stand_at_the_positive():
    validator, evidence = evidence_of("agreement", built(("a", 1)), scores={"one": [[2, 2, 2, 2]]})
    assert np.isnan(evidence[0, 0]) and evidence[0, 1:].tolist() == [0, 0, 0]
    assert suspected(validator, evidence) == [[False, True, True, True]]


def test_without_a_score_of_every_ranker_and_of_the_positive_there_is_no_evidence():
    # deviations of (1, 3, 1, 3) are 1: b stands 2 above a, d as well, but the second ranker has not seen d
    scores = {"one": [[1, 3, 1, 3]], "two": [[1, 3, 3, NAN]]}
    _, evidence = evidence_of("agreement", built(("a", 1)), scores=scores)
    assert evidence[0].tolist() == pytest.approx([NAN, 2, 0, NAN], nan_ok=True)
    _, evidence = evidence_of("agreement", built(("a", 1)), scores={"one": [[NAN, 3, 1, 3]]})
    assert np.isnan(evidence).all()


def test_of_several_positives_those_with_a_score_count():
    # deviations of (2, 4, 0), mean 2, are the root of 8 / 3
    _, evidence = evidence_of("agreement", built(("a", 1), ("b", 1)), scores={"one": [[NAN, 2, 4, 0]]})
    spread = np.sqrt(8 / 3)
    assert evidence[0].tolist() == pytest.approx([NAN, NAN, 2 / spread, -2 / spread], nan_ok=True)


def test_a_bound_below_zero_reaches_below_the_positive():
    evidence = np.array([[0.1, -0.5, -0.6, NAN]], np.float32)
    assert suspected(VALIDATORS.make("agreement:-0.5"), evidence) == [[True, True, False, False]]
