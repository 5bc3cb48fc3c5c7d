import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.records import PairSet

ROWS = st.integers(0, 5)


def rows(*values):
    return np.array(values, np.int32)


def test_a_pair_is_in_the_set_with_its_query_alone():
    pairs = PairSet(rows(0, 0, 2), rows(1, 3, 1))
    asked = np.array([[1, 2, 3, -1], [1, 2, 3, -1], [1, 2, 3, -1]], np.int32)
    assert pairs.has(rows(0, 1, 2), asked).tolist() == [
        [True, False, True, False],
        [False, False, False, False],
        [True, False, False, False],
    ]


def test_nothing_is_in_an_empty_set():
    assert not PairSet(rows(), rows()).has(rows(0), np.zeros((1, 3), np.int32)).any()


@given(
    st.sets(st.tuples(ROWS, ROWS)), st.lists(st.lists(st.integers(-1, 5), min_size=4, max_size=4), max_size=6)
)
def test_it_is_a_set_of_pairs(pairs, block):
    queries = np.arange(len(block), dtype=np.int32)
    docs = np.array(block, np.int32).reshape(-1, 4)
    known = np.array(sorted(pairs), np.int32).reshape(-1, 2)
    expected = [[(query, doc) in pairs for doc in line] for query, line in enumerate(block)]
    assert PairSet(known[:, 0], known[:, 1]).has(queries, docs).tolist() == expected
