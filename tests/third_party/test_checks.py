"""What the checks of `hardneg.testing` find wrong with components."""

import numpy as np
import pytest

from hardneg.core.components import Format, Ranker, Source, Validator, Written
from hardneg.testing import (
    FakeRanker,
    check_draw,
    check_format,
    check_ranker,
    check_rule,
    check_source,
    check_validator,
    example_collection,
)  # fmt: skip


def problem(check, *given):
    with pytest.raises(AssertionError) as caught:
        check(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rule(**attributes):
    """Returns a rule that keeps all, but for the attributes given."""
    everything = {"keep": lambda self, candidates: np.ones(candidates.shape, bool)}
    return type("Given", (), {**everything, **attributes})()


def test_a_rule_that_is_right_passes():
    check_rule(rule())
    check_rule("window:3")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"keep": lambda self, c: np.ones(c.shape)}, r"keep\(\) returns float64 \(3, 7\), expected bool"),
        ({"keep": lambda self, c: [True]}, r"keep\(\) returns list, expected bool"),
        (
            {"keep": lambda self, c: np.full(c.shape, len(c.queries) > 1)},
            "of one query depends on the others",
        ),
        ({"reads": "scores"}, 'reads is "scores", not one of nothing'),
        ({"reads": "score"}, "keeps candidates without a score"),
        ({"useful_deeper": lambda self, c: True}, r"useful_deeper\(\) returns bool"),
        ({"needed_depth": lambda self: -1}, r"needed_depth\(\) is below 0"),
    ],
)
def test_a_rule_that_is_wrong_is_found(attributes, message):
    import re

    assert re.search(message, problem(check_rule, rule(**attributes)))


def test_a_rule_that_changes_is_found():
    calls = []

    def keep(self, candidates):
        calls.append(1)
        return np.full(candidates.shape, len(calls) % 2 == 0)

    assert "differs when called again" in problem(check_rule, rule(keep=keep))


def test_a_draw_of_what_is_no_candidate_is_found():
    assert "draws what is no candidate" in problem(check_draw, lambda candidates, noise: noise)
    assert "is infinite" in problem(check_draw, lambda c, noise: np.where(c.docs < 0, np.nan, np.inf))
    check_draw(lambda candidates, noise: np.where(candidates.docs < 0, np.nan, noise))


class Reversed(FakeRanker):
    def search(self, queries, depth):
        docs, scores = super().search(queries, depth)
        return docs[:, ::-1], scores[:, ::-1]


class Unsure(FakeRanker):
    def score(self, queries, docs):
        return super().score(queries, docs) + np.float32(0.1)


class Blind(FakeRanker):
    def score(self, queries, docs):
        return np.zeros(docs.shape, np.float32)


class Divided(FakeRanker):
    """Finds documents of a part with all of their scores halved by `halved`."""

    halved = 1

    def part(self, begin, end, n_queries):
        whole, halved = self, self.halved

        class Part:
            def search(self, queries, depth, floors):
                docs, scores = whole.search(queries, depth)
                return docs, scores / np.float32(halved)

        return Part()


class Halving(Divided):
    halved = 2


class Unpicklable(Divided):
    def __reduce__(self):
        raise TypeError("it holds a lock")


def test_a_ranker_whose_parts_are_wrong_is_found():
    known = example_collection()
    scores = np.random.default_rng(0).normal(size=(3, 6))
    check_ranker(Divided(scores), known)
    assert "part() of all documents finds others than search()" in problem(
        check_ranker, Halving(scores), known
    )
    assert "has part(), but cannot be pickled: it holds a lock" in problem(
        check_ranker, Unpicklable(scores), known
    )


def test_a_ranker_that_is_wrong_is_found():
    known = example_collection()
    scores = np.random.default_rng(0).normal(size=(3, 6))
    check_ranker(FakeRanker(scores), known)
    check_ranker(FakeRanker(scores, retrieves=False), known)
    assert "does not return the best first" in problem(check_ranker, Reversed(scores), known)
    assert "differs between score() and search()" in problem(check_ranker, Unsure(scores), known)
    assert "not NaN where there is no document" in problem(check_ranker, Blind(scores), known)


class Opened:
    facts = {"set": {1}}

    def evidence(self, candidates):
        return np.where(candidates.docs < 0, np.nan, 2).astype(np.float32)


class Flags(Validator):
    kind, opened = "flag", Opened

    def open(self, collection, rankers, context):
        return self.opened()


def test_a_validator_that_is_wrong_is_found():
    assert "facts cannot be written as JSON" in problem(check_validator, Flags())
    plain = type("Plain", (Opened,), {"facts": {}})
    flags = type("Flagged", (Flags,), {"opened": plain})
    assert "the evidence of a flag is outside 0 and 1" in problem(check_validator, flags())
    check_validator(type("Scores", (flags,), {"kind": "score"})())
    assert "weight is above 0 for all but a note" in problem(
        check_validator, type("Note", (flags,), {"kind": "note"})()
    )


class Careless(Format):
    def write(self, examples, out):
        with out.open("w") as file:
            for example in examples:
                file.write(f"{example.query_id}\n")
        return Written((out,), 1)


def test_a_format_that_leaves_half_a_file_is_found():
    assert "an error while reading examples leaves another file" in problem(check_format, Careless())


class Changing(Source):
    numbers = iter(range(10))

    def read(self, name, options):
        from hardneg.testing import collection

        number = next(self.numbers)
        return collection({"a": f"text {number}"}, {"q": "what"}, [("q", "a", 1)])


def test_a_source_that_changes_is_found():
    assert "another collection when called again" in problem(check_source, Changing(), "name")


def test_what_is_no_frozen_dataclass_is_found():
    from dataclasses import dataclass

    @dataclass
    class Loose(Ranker):
        size: int = 1

        def open(self, collection, context):
            pytest.fail("it is refused before it is opened")

    assert "it is no frozen dataclass" in problem(check_ranker, Loose())
