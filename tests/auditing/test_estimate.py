"""The estimators, on cases that can be computed by hand and on simulated data whose rate is known."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.auditing import sample
from hardneg.auditing.estimate import calibrated, judged_sample, left_out
from hardneg.auditing.sample import Drawn
from hardneg.core import verdicts
from hardneg.core.verdicts import Judged, Verdict
from tests.auditing.few import negatives

SIMULATIONS = 200


def estimated(folder, found):
    """The estimate by the sample and the verdicts in a folder."""
    return judged_sample(
        found, sample.read(folder), verdicts.relevance(verdicts.read(folder / verdicts.FILE))
    )


def judged(folder, found, relevant, places):
    """Draws all negatives as the sample and writes verdicts on those at some places."""
    strata = [str(stratum) for stratum in sample._strata(found)]
    drawn = [sample.Drawn(*pair, stratum) for pair, stratum in zip(found.ids, strata, strict=True)]
    sample.write(folder, drawn, Counter(strata))
    lines = [
        Judged(*found.ids[at], Verdict.RELEVANT if relevant[at] else Verdict.NOT_RELEVANT, "anna")
        for at in places
    ]
    text = "".join(json.dumps(one._asdict()) + "\n" for one in lines)
    (folder / verdicts.FILE).write_text(text, encoding="utf-8")


def test_the_calibrated_rate_is_the_mean_probability():
    found = calibrated(negatives([0.1, 0.3, float("nan")]))
    assert found.rate == pytest.approx(0.2) and found.low <= 0.2 <= found.high
    assert calibrated(negatives([float("nan")])) is None


def test_verdicts_correct_the_probabilities(tmp_path):
    # All ten are judged: whatever the probabilities were, the rate is that of the verdicts.
    found = negatives(np.full(10, 0.5))
    judged(tmp_path, found, [True] * 2 + [False] * 8, range(10))
    estimate = estimated(tmp_path, found)
    assert estimate.rate == estimate.low == estimate.high == pytest.approx(0.2)


def test_a_note_says_how_many_verdicts_are_by_models_alone(tmp_path):
    found = negatives(np.full(12, 0.5))
    judged(tmp_path, found, [False] * 12, range(12))
    drawn, said = sample.read(tmp_path), verdicts.relevance(verdicts.read(tmp_path / verdicts.FILE))
    assert judged_sample(found, drawn, said).notes == ()
    [note] = judged_sample(found, drawn, said, set(found.ids[:5])).notes
    assert note.startswith("5 verdicts are by models alone: their errors are in the rate")


def test_too_few_verdicts_are_no_sample(tmp_path):
    found = negatives(np.full(30, 0.5))
    assert estimated(tmp_path, found) is None
    judged(tmp_path, found, [False] * 30, range(9))
    assert estimated(tmp_path, found) is None


@pytest.mark.parametrize("quality", ["good", "useless", "too low"])
def test_the_interval_of_a_judged_sample_covers_the_known_rate(tmp_path, quality):
    covered = 0
    for simulation in range(SIMULATIONS):
        random = np.random.default_rng(simulation)
        truth = random.beta(0.4, 3, 1000)
        probability = {"good": truth, "useless": np.full(1000, 0.3), "too low": truth / 4}[quality]
        relevant = random.random(1000) < truth
        found = negatives(probability)
        strata = sample._strata(found)
        places = [at for s in range(5) for at in random.permutation(np.flatnonzero(strata == s))[:30]]
        judged(tmp_path, found, relevant, places)
        estimate = estimated(tmp_path, found)
        covered += estimate.low <= relevant.mean() <= estimate.high
    assert covered >= 0.93 * SIMULATIONS


def test_it_is_said_why_verdicts_do_not_count():
    found = SimpleNamespace(ids=[("q", f"d{n}") for n in range(9)])
    judged = {("q", f"d{n}"): 1.0 for n in range(19)}
    assert left_out(found, {}, {}) is None
    said = left_out(found, {}, judged)
    assert said.startswith("19 verdicts do not count: no random sample was drawn; hardneg audit RUN --sample")
    sampled = {Drawn("q", f"d{n}", "0"): 40 for n in range(12)}
    assert left_out(found, sampled, judged) == (
        "19 verdicts do not count: 9 of them are on the sample of 12 negatives, 10 are needed; "
        "3 are on documents that are no negatives of this run any more"
    )
