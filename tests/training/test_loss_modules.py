"""From texts to the loss, with students whose vectors and scores are known."""

import math

import pytest
import torch

from hardneg.rankers.dense.prompts import Prompts
from hardneg.training import TrainSettings
from hardneg.training.loss_modules import PairLoss, VectorLoss, in_pieces, loss_of
from hardneg.training.student import Student

VECTORS = {"q": (3.0, 4.0), "r": (0.0, 2.0), "p": (3.0, 4.0), "n": (4.0, -3.0), "s": (0.0, 1.0)}


class Encoder(torch.nn.Module):
    """Gives each text its vector times a factor, and remembers how it was asked."""

    device = torch.device("cpu")

    def __init__(self, vectors=VECTORS):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(()))
        self.vectors, self.asked = vectors, []

    def preprocess(self, texts, prompt=None, task=None):
        self.asked.append((texts, prompt, task))
        return {"vectors": torch.tensor([self.vectors[text] for text in texts])}

    def forward(self, features):
        return {"sentence_embedding": features["vectors"] * self.factor}


class Pairs(Encoder):
    """Scores pairs by the product of the vectors' first numbers."""

    def preprocess(self, pairs):
        self.asked.append(pairs)
        return {"scores": torch.tensor([self.vectors[q][0] * self.vectors[d][0] for q, d in pairs])}

    def forward(self, features):
        return {"scores": features["scores"][:, None] * self.factor}


def student(model, kind="dense", cosine=False, prompts=("", "")):
    return Student(kind, model, "model", Prompts(*prompts), cosine)


def collated(queries, documents, own, **more):
    """A batch whose query n has document n for its positive, all of weight 1."""
    shape = (len(queries), len(documents))
    filled = {"weight": torch.ones(shape), "teacher": torch.full(shape, float("nan"))}
    target, own = torch.arange(len(queries)), torch.tensor(own)
    return {"queries": queries, "documents": documents, "target": target, "own": own, **filled, **more}


ONE = collated(["q"], ["p", "n"], [[False, True]])


def vector_loss(batch, cosine=False, kind="dense", **settings):
    settings = {"query_flops": 0, "document_flops": 0, **settings}
    made = loss_of(student(Encoder(), kind, cosine), TrainSettings(student="m", **settings))
    assert isinstance(made, VectorLoss)
    return float(made(batch).detach())


def test_scores_are_products_or_cosines_by_the_student_s_similarity():
    # products 25 and 0; cosines 1 and 0 at a temperature of 0.05
    assert vector_loss(ONE) == pytest.approx(0, abs=1e-6)
    far = collated(["q"], ["n", "p"], [[False, True]])
    assert vector_loss(far) == pytest.approx(25)
    assert vector_loss(far, cosine=True) == pytest.approx(20)
    assert vector_loss(far, cosine=True, loss="infonce:1") == pytest.approx(math.log(1 + math.e))


def test_smaller_vectors_are_trained_too_and_the_mean_is_the_loss():
    # both numbers: 25 against 0; the first alone: 9 against 12
    far = collated(["q"], ["n", "p"], [[False, True]])
    assert vector_loss(far, dimensions=(1,)) == pytest.approx((25 + math.log(1 + math.exp(-3))) / 2)
    # of cosines the first numbers alone are 1 and 1
    assert vector_loss(far, cosine=True, dimensions=(1,)) == pytest.approx((20 + math.log(2)) / 2)
    assert vector_loss(far, dimensions=(2,)) == pytest.approx(25)


def test_sparse_students_pay_for_the_squared_mean_of_each_dimension():
    batch = collated(["q", "r"], ["p", "s"], [[False, False]] * 2)
    free = vector_loss(batch, kind="sparse")
    # queries (3, 4) and (0, 2): means 1.5 and 3; documents (3, 4) and (0, 1): 1.5 and 2.5
    assert vector_loss(batch, kind="sparse", query_flops=1) - free == pytest.approx(2.25 + 9)
    assert vector_loss(batch, kind="sparse", document_flops=2) - free == pytest.approx(2 * (2.25 + 6.25))
    assert vector_loss(batch, query_flops=1) == pytest.approx(free), "a dense student pays nothing"


def test_activations_below_zero_are_dense_too():
    batch = collated(["q"], ["p", "n"], [[False, True]])
    free = vector_loss(batch, kind="sparse")
    # (3, 4) and (4, -3): means 3.5 and 3.5
    assert vector_loss(batch, kind="sparse", document_flops=1) - free == pytest.approx(2 * 3.5**2)


def test_queries_and_documents_have_their_prompts():
    model = Encoder()
    made = VectorLoss(student(model, prompts=("query: ", "")), TrainSettings(student="m", mini_batch=1))
    made(ONE)
    assert model.asked == [(["q"], "query: ", "query"), (["p"], None, "document"), (["n"], None, "document")]


def test_a_cross_encoder_scores_each_query_with_its_own_documents_alone():
    model = Pairs()
    batch = collated(["q", "r"], ["p", "s", "n"], [[False, False, True], [False] * 3])
    made = loss_of(student(model, "cross-encoder"), TrainSettings(student="m"))
    assert isinstance(made, PairLoss)
    # q scores p with 9 and n with 12; r has its positive alone
    assert float(made(batch).detach()) == pytest.approx(math.log(1 + math.exp(3)) / 2)
    assert model.asked == [[("q", "p"), ("q", "n"), ("r", "s")]]


@pytest.mark.parametrize("mini_batch", [None, 1])
def test_a_loss_flows_back_to_the_student(mini_batch):
    settings = TrainSettings(student="m", mini_batch=mini_batch)
    far = collated(["q"], ["n", "p"], [[False, True]])
    model = Encoder()
    loss_of(student(model), settings)(far).backward()
    assert float(model.factor.grad) == pytest.approx(50)  # of 25 times the factor's square
    model = Pairs()
    loss_of(student(model, "cross-encoder"), settings)(far).backward()
    assert float(model.factor.grad) == pytest.approx(-3 / (1 + math.exp(3)))  # of ln(1 + exp(-3 factor))


@pytest.mark.parametrize(("size", "pieces"), [(None, [5]), (5, [5]), (4, [4, 1]), (2, [2, 2, 1])])
def test_pieces_hold_at_most_so_many_items(size, pieces):
    seen = []

    def compute(items):
        seen.append(len(items))
        return torch.tensor(items)

    assert in_pieces(compute, [1.0, 2.0, 3.0, 4.0, 5.0], size).tolist() == [1, 2, 3, 4, 5]
    assert seen == pieces


def test_pieces_keep_their_order_and_draw_the_same_random_numbers_again():
    weight = torch.ones(1, requires_grad=True)
    drawn = []

    def noisy(items):
        drawn.append(torch.rand(len(items)))
        return torch.tensor(items) * weight * drawn[-1]

    found = in_pieces(noisy, [1.0, 2.0, 3.0, 4.0, 5.0], 2)
    forward = torch.cat(drawn)
    assert torch.equal(found.detach(), torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]) * forward)
    found.sum().backward()
    assert float(weight.grad) == pytest.approx(float(found.detach().sum()))
