"""The drop-in gives what sentence-transformers' function gives, for any arguments."""

import inspect
import itertools
import random
from collections import Counter

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sentence_transformers.util import mine_hard_negatives as original

from hardneg.compat.sentence_transformers import mine_hard_negatives

SOURCE = random.Random(3)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = [" ".join(SOURCE.sample(LETTERS, SOURCE.randint(2, 9))) for _ in range(60)]
QUERIES, DOCUMENTS = TEXTS[:12], [*TEXTS[12:], ""]

OFTEN = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


def maybe(strategy):
    return st.none() | strategy


def fractions(low, high):
    return st.integers(int(low * 1000), int(high * 1000)).map(lambda n: n / 1000 + 0.000137)


@st.composite
def datasets_(draw):
    """Pairs: with repetitions, anchors with several positives, anchors that are their own positive."""
    query = st.sampled_from(QUERIES)
    pair = st.tuples(query, st.sampled_from(DOCUMENTS)) | query.map(lambda text: (text, text))
    pairs = draw(st.lists(pair, min_size=1, max_size=25))
    own = {text for text, document in pairs if text == document}
    present = {document for _, document in pairs}
    # An anchor in the corpus that is not its own positive is a matter of its own: see test_differences.
    pairs += [(text, text) for text, _ in pairs if text in present and text not in own]
    columns = {"q": [text for text, _ in pairs], "extra": [1] * len(pairs), "d": [doc for _, doc in pairs]}
    return Dataset.from_dict(columns)


@st.composite
def arguments(draw):
    """A value for every parameter, now and then one that is refused."""
    bounds = {
        "max_score": draw(maybe(fractions(-0.5, 1))),
        "min_score": draw(maybe(fractions(-1, 0.7))),
        "absolute_margin": draw(maybe(fractions(-0.3, 0.5))),
        "relative_margin": draw(maybe(fractions(-0.3, 0.5))),
        "margin": draw(maybe(fractions(0, 0.3))),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(bounds)), max_size=2))
    names = maybe(st.sampled_from(["query", "document", "other"]))
    return {
        **{name: bound for name, bound in bounds.items() if name in chosen},
        "anchor_column_name": draw(st.sampled_from([None, "q"])),
        "positive_column_name": "d",
        "corpus": draw(maybe(st.lists(st.sampled_from(DOCUMENTS), max_size=50))),
        "range_min": draw(st.integers(0, 4)),
        "range_max": draw(maybe(st.integers(1, 60))),
        "num_negatives": draw(st.integers(1, 5)),
        "query_prompt_name": draw(names),
        "query_prompt": draw(maybe(st.sampled_from(["", "find "]))),
        "corpus_prompt_name": draw(names),
        "corpus_prompt": draw(maybe(st.sampled_from(["", "read "]))),
        "include_positives": draw(st.integers(0, 3)) == 0,
        "output_format": draw(
            st.sampled_from(["triplet", "n-tuple", "labeled-pair", "labeled-list", "n-tuple-scores"])
        ),
        "output_scores": draw(st.booleans()),
        "batch_size": draw(st.integers(5, 40)),
        "faiss_batch_size": draw(st.integers(1, 30)),
        "as_triplets": draw(st.sampled_from([None, None, None, True, False])),
    }


def assert_same(ours, theirs):
    """Same features, rows and order; scores to 1e-5."""
    assert ours.features == theirs.features
    assert len(ours) == len(theirs)
    for column in theirs.column_names:
        if column in ("score", "scores"):
            assert flat(ours[column]) == pytest.approx(flat(theirs[column]), abs=1e-5)
        else:
            assert ours[column][:] == theirs[column][:]


def flat(scores):
    return list(itertools.chain.from_iterable(row if isinstance(row, list) else [row] for row in scores))


def compare(dataset, model, **given):
    try:
        theirs = original(dataset, model, verbose=False, **given)
    except ZeroDivisionError:  # all candidates dropped by two bounds: see test_differences
        return
    except ValueError:
        with pytest.raises(ValueError):
            mine_hard_negatives(dataset, model, verbose=False, **given)
        return
    assert_same(mine_hard_negatives(dataset, model, verbose=False, **given), theirs)


@OFTEN
@given(dataset=datasets_(), given=arguments(), similarity=st.sampled_from(["cosine", "dot"]))
def test_same_rows(model, dataset, given, similarity):
    model.similarity_fn_name = similarity
    compare(dataset, model, **given)


@settings(OFTEN, max_examples=20)
@given(dataset=datasets_(), given=arguments())
def test_same_rows_of_a_transformer(bert, dataset, given):
    compare(dataset, bert, **given)


@settings(OFTEN, max_examples=60)
@given(dataset=datasets_(), given=arguments(), similarity=st.sampled_from(["euclidean", "manhattan"]))
def test_same_rows_by_distance(model, dataset, given, similarity):
    for bound in {"min_score", "max_score"} & given.keys():
        given[bound] = given[bound] and 4 * given[bound] - 3  # distances count below zero
    model.similarity_fn_name = similarity
    try:
        compare(dataset, model, **given)
    finally:
        model.similarity_fn_name = "cosine"


@settings(OFTEN, max_examples=20)
@given(dataset=datasets_(), given=arguments())
def test_same_rows_with_a_cross_encoder(model, cross_encoder, dataset, given):
    bounds = {"max_score", "min_score", "absolute_margin", "relative_margin", "margin"}
    if all(given.get(bound) is None for bound in bounds):
        given["max_score"] = 2.0  # without any bound the original ignores it: see test_differences
    compare(dataset, model, cross_encoder=cross_encoder, **given)


@settings(OFTEN, max_examples=60)
@given(dataset=datasets_(), given=arguments(), seed=st.integers(0, 9))
def test_random_draws_come_from_the_same_window(model, dataset, given, seed):
    """As many as the original draws, all from what `top` gives when all of the window is asked for."""
    given = {**given, "output_format": "triplet", "as_triplets": None, "include_positives": False}
    try:
        theirs = original(dataset, model, verbose=False, **given, sampling_strategy="random")
    except (ValueError, ZeroDivisionError):
        return
    reports = []
    ask = {"sampling_strategy": "random", "seed": seed, "verbose": False, "report": reports.append}
    ours = mine_hard_negatives(dataset, model, **given, **ask)
    again = mine_hard_negatives(dataset, model, **given, **ask)
    assert ours.to_dict() == again.to_dict()
    assert [ours["q"][:], ours["d"][:]] == [theirs["q"][:], theirs["d"][:]]
    whole = {
        **given,
        "range_max": reports[0].range_max,
        "num_negatives": reports[0].range_max - given["range_min"],
    }
    window = mine_hard_negatives(dataset, model, verbose=False, **whole)
    rows = zip(window["q"], window["negative"], strict=True)
    assert set(zip(ours["q"], ours["negative"], strict=True)) <= set(rows)


def test_random_draws_are_uniform(angles):
    """Three of ten, for a thousand anchors: each about 300 times (standard deviation 14.5)."""
    anchors = ["0 " * n for n in range(1, 1001)]
    corpus = [str(n) for n in range(2, 30)]
    mined = mine_hard_negatives(
        Dataset.from_dict({"a": anchors, "b": ["1"] * len(anchors)}),
        angles,
        corpus=corpus,
        range_max=10,
        sampling_strategy="random",
        seed=5,
        verbose=False,
    )
    counts = Counter(mined["negative"])
    assert sorted(counts, key=int) == corpus[:10]
    assert min(counts.values()) > 240 and max(counts.values()) < 360


def test_random_draws_leave_global_states_alone(angles):
    dataset = Dataset.from_dict({"a": ["0"], "b": ["1"]})
    ask = {"corpus": [str(n) for n in range(2, 90)], "sampling_strategy": "random", "range_max": 60}
    python, numpy = random.getstate(), np.random.get_state()[1].tolist()
    mined = [mine_hard_negatives(dataset, angles, verbose=False, **ask)["negative"][:] for _ in range(3)]
    assert random.getstate() == python and np.random.get_state()[1].tolist() == numpy
    assert mined[0] != mined[1] or mined[1] != mined[2]


def test_signature_is_the_original_ones():
    theirs = list(inspect.signature(original).parameters.values())
    ours = list(inspect.signature(mine_hard_negatives).parameters.values())
    shape = [(p.name, p.kind, p.default) for p in ours]
    assert shape[: len(theirs)] == [(p.name, p.kind, p.default) for p in theirs]
    assert all(p.kind is p.KEYWORD_ONLY for p in ours[len(theirs) :])


@pytest.mark.parametrize(
    "given",
    [
        {"as_triplets": True},
        {"as_triplets": False},
        {"margin": 0.05},
        {"output_format": "n-tuple-scores"},
        {"include_positives": True},
        {"include_positives": True, "output_format": "n-tuple", "range_min": 1},
        {"query_prompt": "a", "query_prompt_name": "other"},
    ],
)
def test_warnings_come_with_the_same_result(model, given, caplog):
    dataset = Dataset.from_dict({"q": QUERIES, "d": DOCUMENTS[:12]})
    compare(dataset, model, **given)
    by_logger = {record.name for record in caplog.records if record.levelname == "WARNING"}
    assert "hardneg.compat.sentence_transformers" in by_logger
    assert any(name.startswith("sentence_transformers.") for name in by_logger)
