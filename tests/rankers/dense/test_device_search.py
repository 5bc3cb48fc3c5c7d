"""Search on devices of torch: the same bits as on the processor, whatever the shape and the memory.

The device is torch's own processor here, on which all but the product and the copies is the same as on a GPU.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.rankers.dense import device_search
from hardneg.rankers.dense.device_search import DeviceSearch, OutOfMemory
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch

from .test_topk import brute_force, clustered


def chunked(vectors, size):
    return Vectors([vectors[begin : begin + size] for begin in range(0, len(vectors), size)], size)


def check(documents, queries, depth, devices=("cpu",)):
    found = ExactSearch(documents, devices=devices).search(queries, depth)
    on_processor = ExactSearch(documents, devices=[]).search(queries, depth)
    assert found[0].tolist() == on_processor[0].tolist()
    assert found[1].tobytes() == on_processor[1].tobytes()
    return found


@pytest.fixture
def little_room(monkeypatch):
    """Blocks of 64 queries and tiles of 64 documents or little more."""
    monkeypatch.setattr(device_search, "_MIN_TILE", 16)
    monkeypatch.setattr(device_search, "_MAX_SCORES", 1_024)
    monkeypatch.setattr(device_search, "_MIN_SCORES", 16)


@pytest.fixture
def little_memory(monkeypatch, little_room):
    """Room for a few scores, and for no documents: each search copies them."""
    monkeypatch.setattr(device_search, "_free_memory", lambda device: 4_096)


@pytest.mark.usefixtures("little_room")
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 300),
    size=st.integers(1, 100),
    dimension=st.sampled_from([1, 7, 33, 70]),
    asked=st.integers(1, 150),
    depth=st.integers(1, 70),
    levels=st.sampled_from([2, 1_000_000]),
    scale=st.sampled_from([1e-40, 1e-4, 1.0, 300.0, 1e15]),
    halves=st.booleans(),
    devices=st.integers(1, 3),
)
def test_any_shape(seed, count, size, dimension, asked, depth, levels, scale, halves, devices):
    """Ties, copies, negative and subnormal scores, one query or document, too great a depth, fp16."""
    random = np.random.default_rng(seed)
    whole = random.integers(-levels, levels, (count, dimension)).astype(np.float32) / levels
    whole = np.float32(scale) * whole if not halves else (min(scale, 300.0) * whole).astype(np.float16)
    queries = random.integers(-levels, levels, (asked, dimension)).astype(np.float32) / levels
    check(chunked(whole, size), queries, depth, ["cpu"] * devices)


@pytest.mark.parametrize("copies", ["resident", "copied"])
def test_vectors_as_a_models(copies, request):
    if copies == "copied":
        request.getfixturevalue("little_memory")
    random = np.random.default_rng(3)
    documents, queries = clustered(random, 4_000), clustered(random, 60)
    documents[1_000:1_300] = documents[:300]
    docs, scores = check(chunked(documents, 500), queries, 40)
    expected = brute_force(queries, documents, 40)
    assert docs.tolist() == expected[0].tolist()
    assert scores == pytest.approx(expected[1], abs=1e-6)
    held = DeviceSearch(chunked(documents, 500), 1.0, ["cpu"])._parts[0]._resident
    assert (held is None) == (copies == "copied")


@pytest.mark.parametrize("stored", [np.float32, np.float16])
def test_documents_that_do_not_fit_are_copied_for_each_search(little_memory, stored):
    random = np.random.default_rng(4)
    documents, queries = clustered(random, 700).astype(stored), clustered(random, 9)
    check(chunked(documents, 50), queries, 20, ["cpu", "cpu"])


@pytest.mark.parametrize("better", [0, 3, 30])
def test_copies_without_number_are_told_apart_by_their_order(better):
    """Far more copies than a list has room for, with better documents behind them."""
    random = np.random.default_rng(7)
    documents = np.repeat(clustered(random, 1), 6_000, axis=0)
    documents[5_000 : 5_000 + better] = clustered(random, better)
    queries = np.concatenate([documents[5_000:5_001], clustered(random, 2)])
    docs, _ = check(chunked(documents, 2_500), queries, 20)
    assert docs.tolist() == brute_force(queries, documents, 20)[0].tolist()
    _, overflowed = DeviceSearch(chunked(documents, 2_500), 1.0, ["cpu"]).shortlists(queries, 20)
    assert len(overflowed)


def test_shortlists_are_short_and_hold_the_best():
    random = np.random.default_rng(5)
    documents, queries = clustered(random, 3_000), clustered(random, 30)
    docs, overflowed = DeviceSearch(chunked(documents, 1_000), 1.0, ["cpu"]).shortlists(queries, 50)
    assert not len(overflowed)
    best = brute_force(queries, documents, 50)[0]
    for listed, expected in zip(docs, best, strict=True):
        listed = listed[listed >= 0]
        assert set(expected) <= set(listed) and len(listed) < 75
        assert (np.diff(listed) > 0).all()


def test_no_score_errs_by_more_than_its_margin():
    random = np.random.default_rng(6)
    documents, queries = 40 * clustered(random, 500), clustered(random, 20)
    device = DeviceSearch(chunked(documents, 100), 40.0, ["cpu"])._parts[0]
    rounded, margins = device._rounded_queries(queries)
    ((tile, _),) = device._tiles(1_000)
    coarse = device_search._product(rounded, tile).double()
    exact = torch.tensor(queries.astype(np.float64) @ (documents.astype(np.float64) / 64).T)
    exact *= torch.tensor(2.0 ** -np.frexp(np.linalg.norm(queries.astype(np.float64), axis=1))[1])[:, None]
    assert (coarse - exact).abs().amax(1).le(margins).all()
    assert margins.max() < 2e-3


def running_out(monkeypatch, most):
    """Lets larger products fail for want of memory; returns the sizes that were tried."""
    tried = []
    product = device_search._product

    def limited(queries, documents):
        tried.append(len(queries) * len(documents))
        if tried[-1] > most:
            raise OutOfMemory("no memory")
        return product(queries, documents)

    monkeypatch.setattr(device_search, "_product", limited)
    return tried


def test_where_memory_runs_out_pieces_get_smaller(monkeypatch, little_room):
    tried = running_out(monkeypatch, 300)
    random = np.random.default_rng(8)
    check(chunked(clustered(random, 900), 100), clustered(random, 100), 10)
    assert max(tried) > 300 and tried[-1] <= 300


def test_without_any_memory_the_processor_searches(monkeypatch, little_room):
    tried = running_out(monkeypatch, 0)
    random = np.random.default_rng(9)
    documents, queries = clustered(random, 900), clustered(random, 10)
    search = ExactSearch(chunked(documents, 100), devices=["cpu"])
    expected = brute_force(queries, documents, 10)[0].tolist()
    assert search.search(queries, 10)[0].tolist() == expected
    n_tried = len(tried)
    assert n_tried and search.search(queries, 10)[0].tolist() == expected
    assert len(tried) == n_tried


def test_products_of_fp16_are_never_summed_in_fp16():
    flags = torch.backends.cuda.matmul
    before = flags.allow_fp16_reduced_precision_reduction
    with device_search._sums_in_fp32():
        assert not flags.allow_fp16_reduced_precision_reduction
    assert flags.allow_fp16_reduced_precision_reduction == before


def test_gpus_search_where_the_work_pays_for_the_copies(monkeypatch):
    monkeypatch.setattr("hardneg.rankers.dense.topk.gpus", lambda: ["cpu"])
    random = np.random.default_rng(10)
    documents, queries = chunked(clustered(random, 900), 100), clustered(random, 10)
    for expected, used in [(10, False), (2_000_000, True)]:
        search = ExactSearch(documents, expected)
        search.search(queries, 10)
        assert (search._device_search is not None) == used
