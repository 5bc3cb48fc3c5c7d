"""What becomes of validators' evidence: probabilities, votes, and candidates relabelled."""

from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.exclusions import Exclusions
from hardneg.mining.validation import ValidationStage
from hardneg.validators.settings import ValidateSettings
from tests.validators.blocks import NAN, built, whole


def examined(mined, evidence, **settings):
    """Returns the candidates with this evidence stored, examined without a calibration."""
    stage = ValidationStage(mined, ValidateSettings(**settings), {})
    block = Exclusions(mined).mark(whole(mined, {"one": [[0] * 4]}))
    stored = {name: np.array([values], np.float32) for name, values in evidence.items()}
    return stage.validate(replace(block, evidence=stored))


def test_verdicts_stand_above_all_else_and_suspicions_are_counted(write):
    verdict = {"query_id": "q", "doc_id": "b", "verdict": "relevant", "judge": "ann"}
    path = write("judgments.jsonl", [verdict])
    seen = examined(
        built(("a", 1), ("c", 0)),
        {"verdicts": [1, 1, NAN, 0], "near_duplicate": [0.9, 0.9, 0.9, NAN]},
        validators=[f"verdicts:{path}", "near-duplicate"],
        relabel_above=0.9,
    )
    assert np.isnan(seen.probability[0, 0])  # a positive has none
    assert seen.probability[0, 1:].tolist() == pytest.approx([0.98, 0, 0.02])
    assert seen.votes[0].tolist() == [2, 2, 1, 0]
    assert seen.relabelled[0].tolist() == [False, True, False, False]


def test_rules_learn_nothing_from_verdicts_on_the_candidates_themselves(write):
    """With complete labels b and c have 0; the verdict on b counts in the run, not in what rules learn."""
    path = write("judgments.jsonl", [{"query_id": "q", "doc_id": "b", "verdict": "relevant", "judge": "ann"}])
    mined = built(("a", 1))
    settings = ValidateSettings(validators=(f"verdicts:{path}",), calibrate=True, labels="complete")
    stage = ValidationStage(mined, settings, {})
    block = Exclusions(mined).mark(whole(mined, {"one": [[0] * 4]}))
    block = replace(block, evidence={"verdicts": np.array([[NAN, 1, NAN, NAN]], np.float32)})
    assert stage.validate(block).probability[0, 1:].tolist() == pytest.approx([0.98, 0, 0])
    shown, positive = stage.with_hidden_positives(block)
    assert shown.probability[0, 1:].tolist() == [0, 0, 0] and positive[0].tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_negatives_that_nobody_judged_are_not_taken_for_true():
    mined = built(("a", 1), ("c", 0))
    given = {"near_duplicate": [0.0] * 4}
    trusted = examined(mined, given, validators=["near-duplicate"])
    assert trusted.probability[0, 2] == 0
    doubted = examined(mined, given, validators=["near-duplicate"], negatives_are_judged=False)
    assert np.isnan(doubted.probability[0, 2])
