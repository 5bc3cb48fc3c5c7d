"""What every ranker does, on a small collection."""

import numpy as np
import pytest

from hardneg.core.components import RANKERS
from hardneg.testing import check_ranker, example_collection
from tests.tiny import bi_encoder, cross_encoder, late


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Returns the settings of rankers that have required ones."""
    folder = tmp_path_factory.mktemp("rankers")
    known, rng = example_collection(), np.random.default_rng(0)
    for name, texts in (("documents", known.documents), ("queries", known.queries)):
        np.save(folder / f"{name}.npy", rng.normal(size=(len(texts), 4)).astype(np.float32))
    lines = [f"q{q} Q0 d{d} {d} {1 / d} test" for q in (1, 2, 3) for d in (2, 1, 5)]
    (folder / "run.txt").write_text("\n".join([*lines, "q1 Q0 d3 4 0.5 test", ""]))
    return {
        "dense": {"model": str(bi_encoder(folder / "bi"))},
        "cross-encoder": {"model": str(cross_encoder(folder / "cross"))},
        "late": {"model": str(late(folder / "late"))},
        "run": {"file": str(folder / "run.txt")},
        "vectors": {"folder": str(folder)},
    }


@pytest.mark.parametrize("name", RANKERS.names())
def test_every_ranker_keeps_the_contract(name, given):
    required = [s for s, f in RANKERS.get(name).__pydantic_fields__.items() if f.is_required()]
    if required and name not in given:
        pytest.skip(f"its own test calls check_ranker with {required[0]}")
    check_ranker({name: given.get(name, {})})


def two(texts):
    return [[len(text), 1.0] for text in texts]


def common(query, documents):
    return [len({*query.split()} & {*text.split()}) for text in documents]


@pytest.mark.parametrize("function", [two, common])
def test_functions_keep_the_contract(function):
    check_ranker(function)
