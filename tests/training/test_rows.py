"""What a training reads from the ledger: what is said of its teacher's scores."""

from hardneg.training.losses.kl import Kl
from hardneg.training.losses.margin_mse import MarginMse
from hardneg.training.rows import Row, warnings


def row(*scores):
    return Row(0, 0, [1], [1.0], list(scores))


def test_margins_of_scores_between_0_and_1_are_a_warning():
    [text] = warnings([row(0.99, 0.01), row(1.0, float("nan"))], MarginMse())
    assert text.startswith(
        "the scores of the teacher lie between 0 and 1 (0.01 to 1): if they are probabilities"
    )


def test_other_scores_and_other_losses_are_none():
    assert warnings([row(0.99, -0.1)], MarginMse()) == [] and warnings([row(7.0, 0.5)], MarginMse()) == []
    assert warnings([row(0.99, 0.01)], Kl()) == [] and warnings([], MarginMse()) == []
