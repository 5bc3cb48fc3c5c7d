"""Near-duplicates of a positive or of the query."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.testing import collection
from tests.validators.blocks import LONG, NAN, NEAR, OTHER, evidence_of, suspected


def test_near_duplicates_of_a_positive_and_of_the_query_are_found():
    documents = {"p": LONG, "copy": NEAR, "other": OTHER, "asked": "WHAT is  the colour of amber then"}
    built = collection(documents, {"q": "what is the colour of amber then?"}, [("q", "p", 1)])
    validator, evidence = evidence_of("near-duplicate", built)
    assert evidence[0, 1] > 0.9 and evidence[0, 2] < 0.2 and evidence[0, 3] > 0.8
    assert evidence[0, 0] < 0.2  # the positive itself is compared with other positives, and there is none
    assert suspected(validator, evidence) == [[False, True, False, True]]


def test_a_near_duplicate_among_the_positives_is_hidden_in_turn():
    built = collection({"p": LONG, "r": NEAR, "s": OTHER}, {"q": "amber"}, [("q", d, 1) for d in "prs"])
    _, evidence = evidence_of("near-duplicate", built)
    assert evidence[0, 0] == evidence[0, 1] > 0.9 and evidence[0, 2] < 0.2


def test_the_bound_itself_is_suspicious():
    validator = VALIDATORS.make("near-duplicate:0.75")
    assert suspected(validator, np.array([[0.76, 0.75, 0.74, NAN]], np.float32)) == [
        [True, True, False, False]
    ]
    assert suspected(VALIDATORS.make("near-duplicate:0"), np.array([[0.1, 0]], np.float32)) == [[True, True]]


def test_the_highest_of_several_positives_counts_for_each_query():
    built = collection(
        {"p": LONG, "r": OTHER, "n": NEAR}, {"q": "amber", "s": "fjord"},
        [("q", "p", 1), ("q", "r", 1), ("s", "r", 1)],
    )  # fmt: skip
    _, evidence = evidence_of("near-duplicate", built)
    assert evidence[0, 2] > 0.9 and evidence[1, 2] < 0.2


RUSSIAN = "Ёжик пошёл в лес за грибами", "ёжик  ПОШЁЛ в лес за грибами!"
CHINESE = "琥珀是一种有机矿物化石树脂", "琥珀是一种有机矿物化石树脂。"


@pytest.mark.parametrize("texts", [RUSSIAN, CHINESE], ids=["ru", "zh"])
def test_near_duplicates_are_found_in_any_script(texts):
    built = collection({"p": texts[0], "n": texts[1], "o": OTHER}, {"q": "amber"}, [("q", "p", 1)])
    _, evidence = evidence_of({"near-duplicate": {"shingle": 3}}, built)
    assert evidence[0, 1] > 0.6 and evidence[0, 2] == 0
