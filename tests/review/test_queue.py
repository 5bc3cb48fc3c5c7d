"""Which candidates are judged, in which order."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from hardneg.auditing import sample
from hardneg.review.queue import STRATA, SUSPECTED, Queue, _percentile
from hardneg.runs import ledger
from tests.report.runs import validated


def rows(run):
    return [row for block in ledger.iterate(run) for row in block.table.to_pylist()]


def test_all_negatives_are_in_the_queue_once(run):
    queue = Queue.of(run)
    negatives = {(r["query_id"], r["doc_id"]) for r in rows(run) if r["decision"] == "negative"}
    assert {item.pair for item in queue.items} == negatives
    assert len(queue.items) == len(negatives) == sum(queue.sizes.values())
    assert queue.sizes[SUSPECTED] == 0


def test_the_order_is_always_the_same_and_a_shorter_queue_is_its_beginning(run):
    whole = [item.pair for item in Queue.of(run).items]
    assert whole == [item.pair for item in Queue.of(run).items]
    assert [item.pair for item in Queue.of(run, 5).items] == whole[:5]


def test_the_smaller_the_margin_the_earlier_the_stratum(run):
    items = Queue.of(run).items
    margins = {name: [i.row["margin"] for i in items if i.stratum == name] for name in STRATA}
    strata = [[margin for margin in own if margin is not None] for own in margins.values()]
    for one, following in pairwise(own for own in strata if own):
        assert max(map(abs, one)) <= min(map(abs, following))
    sizes = Counter(item.stratum for item in items)
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_the_first_stratum_comes_up_most_often(run):
    first = [item.stratum for item in Queue.of(run).items[:8]]
    assert first[0] == "1" and first.count("1") > first.count("3")


def test_suspected_false_negatives_are_in_the_queue(run):
    validated(run)
    queue = Queue.of(run)
    suspected = [r for r in rows(run) if r["reason"] == "suspected_false_negative"]
    assert queue.sizes[SUSPECTED] == len(suspected) > 0
    assert {item.row["reason"] for item in queue.items if item.stratum == SUSPECTED} == {
        "suspected_false_negative"
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0, 1.0, 2.0], [2 / 3, 0, 1 / 3]), ([float("nan"), 5.0], [0, 0.5]), ([], [])],
)
def test_percentiles(values, expected):
    np.testing.assert_allclose(_percentile(np.array(values)), expected)


def test_without_a_sample_the_negatives_of_the_queue_become_it(run):
    queue = Queue.of(run, 10)
    assert queue.for_audit(run).items == queue.items
    drawn = sample.read(run)
    assert [(one.query_id, one.doc_id) for one in drawn] == [item.pair for item in queue.items]
    assert set(drawn.values()) == {queue.sizes[one.stratum] for one in drawn}
    assert [item.pair for item in Queue.of(run).for_audit(run).items[:10]] == [i.pair for i in queue.items]


def test_a_sample_that_an_audit_drew_comes_first(run):
    items = Queue.of(run).items
    last = [sample.Drawn(*item.pair, "0") for item in items[-3:]]
    sample.write(run, last, {"0": len(items)})
    queue = Queue.of(run, 5).for_audit(run).items
    assert [item.pair for item in queue[:3]] == [item.pair for item in items[-3:]] and len(queue) == 8
