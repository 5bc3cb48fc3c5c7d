"""A cross-encoder's scores of the first candidates and of the positives."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.testing import FakeRanker
from tests.validators.blocks import NAN, built, evidence_of, opens, suspected


def test_a_cross_encoder_reads_the_first_ranks_and_the_positives(monkeypatch):
    opens(monkeypatch, FakeRanker([[-1, -2, 3, 1]], retrieves=False))
    given = {"cross-encoder": {"model": "m", "depth": 2}}
    _, evidence = evidence_of(given, built(("d", 1)), scores={"one": [[0] * 4]})
    assert evidence[0, [0, 1, 3]].tolist() == [-1, -2, 1] and np.isnan(evidence[0, 2])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [True, False, False, False]),
        ({"margin": 0.5}, [True, True, False, False]),
        ({"relative_margin": 0.5}, [True, True, True, False]),
        ({"maximum": -2.5}, [True, True, False, False]),
    ],
)
def test_a_cross_encoder_suspects_by_margins_and_by_a_bound(settings, expected):
    # The positive scores -2: a margin of half of that reaches down to -3.
    validator = VALIDATORS.make({"cross-encoder": {"model": "m", **settings}})
    evidence = np.array([[-2, -2.5, -3, NAN]], np.float32)
    assert suspected(validator, evidence, -2)[0] == expected


def test_a_positive_without_evidence_makes_nothing_suspicious_but_the_bound_does():
    evidence = np.array([[0.9, 0.5, 0.1]], np.float32)
    assert suspected(VALIDATORS.make("cross-encoder:m"), evidence) == [[False, False, False]]
    validator = VALIDATORS.make({"cross-encoder": {"model": "m", "maximum": 0.5}})
    assert suspected(validator, evidence) == [[True, True, False]]
