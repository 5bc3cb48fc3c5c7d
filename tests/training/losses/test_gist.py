"""InfoNCE without what a guide finds as relevant as the positive."""

import pytest

from hardneg.core.components import LOSSES
from hardneg.core.errors import ConfigError
from tests.training.losses.grids import NAN, loss, softmax_loss


def test_gist_masks_what_the_guide_finds_as_relevant_as_the_positive():
    scores, guide = [[1.0, 3.0, 0.5, 0.2]], [[0.8, 0.81, 0.79, 0.3]]
    assert loss("gist", scores, guide=guide) == pytest.approx(softmax_loss(1.0, (0.5, 1), (0.2, 1)))


@pytest.mark.parametrize(
    ("kind", "margin", "kept"),
    [
        ("absolute", 0.05, [0.7, 0.3]),
        ("absolute", 0.15, [0.3]),
        ("relative", 0.2, [0.3]),
        ("relative", 0.1, [0.7, 0.3]),
    ],
)
def test_gist_margins_hold_for_every_negative_column(kind, margin, kept):
    # the guide gives the positive .8: kept up to .75, .65, .64 and .72
    guide = [[0.8, 0.79, 0.7, 0.3]]
    found = loss({"gist": {"margin": margin, "kind": kind}}, guide, guide=guide)
    assert found == pytest.approx(softmax_loss(0.8, *((score, 1) for score in kept)))


def test_gist_s_relative_margin_is_safe_for_a_negative_positive():
    # -1 - |-1| * .5 = -1.5
    found = loss({"gist": {"margin": 0.5, "kind": "relative"}}, [[0.0, 0.0, 0.0]], guide=[[-1, -1.2, -2]])
    assert found == pytest.approx(softmax_loss(0.0, (0.0, 1)))


def test_gist_without_a_guide_reads_the_teacher_and_keeps_what_it_does_not_know():
    found = loss("gist", [[1.0, 3.0, 0.5]], teacher=[[0.8, 0.9, NAN]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 1)))
    with pytest.raises(ConfigError, match="needs scores"):
        loss("gist", [[1.0, 0.5]])


def test_gist_keeps_what_the_guide_scores_just_at_the_bound():
    found = loss("gist:0.25", [[1.0, 0.5, 0.2]], guide=[[0.75, 0.5, 0.75]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 1)))


def test_gist_with_nothing_left_costs_nothing():
    assert loss("gist", [[1.0, 5.0]], guide=[[0.5, 0.9]]) == pytest.approx(0)


@pytest.mark.parametrize("given", [{"margin": -0.1}, {"kind": "percent"}, {"temperature": 0}])
def test_gist_refuses_what_is_no_margin(given):
    with pytest.raises(ConfigError, match=next(iter(given))):
        LOSSES.make({"gist": given})
