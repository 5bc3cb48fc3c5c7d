"""Cohen's kappa, by hand."""

import pytest

from hardneg.core.verdicts import Judged, Verdict
from hardneg.review.session import agreements, kappa


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # 35 of 50 agree; chance: .5 * .6 + .5 * .4 = .5; (.7 - .5) / .5
        ([1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15, 0.4),
        ([1, 0, 1], [1, 0, 1], 1.0),
        ([1, 0], [0, 1], -1.0),
        ([1, 1], [1, 1], None),
        ([], [], None),
    ],
)
def test_kappa(one, other, expected):
    value = kappa([bool(x) for x in one], [bool(x) for x in other])
    assert value == expected if expected is None else value == pytest.approx(expected)


def test_only_what_both_are_sure_of_counts():
    verdicts = [
        Judged("q", "a", Verdict.RELEVANT, "anna"),
        Judged("q", "b", Verdict.NOT_RELEVANT, "anna"),
        Judged("q", "c", Verdict.UNSURE, "anna"),
        Judged("q", "a", Verdict.RELEVANT, "boris"),
        Judged("q", "b", Verdict.NOT_RELEVANT, "boris"),
        Judged("q", "c", Verdict.RELEVANT, "boris"),
        Judged("q", "z", Verdict.RELEVANT, "chen"),
    ]
    assert agreements(verdicts) == [{"judges": ["anna", "boris"], "both": 2, "kappa": 1.0}]
