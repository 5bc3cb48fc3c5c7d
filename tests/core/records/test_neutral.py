"""Pairs that are neither positive nor negative."""

import numpy as np

from hardneg.core.records import SAME_CLASS, UNDECIDED, Neutral

NONE = np.empty(0, np.int32)


def rows(*numbers):
    return np.array(numbers, np.int32)


def of_classes(queries, docs):
    return Neutral(rows(*queries), rows(*docs), NONE, NONE, SAME_CLASS)


def test_documents_of_the_query_s_class_are_neutral():
    neutral = of_classes([0, 1, -1], [0, 1, 0, -1, Neutral.SEVERAL])
    found = neutral.has(rows(0, 1, 2), np.tile(rows(0, 1, 2, 3, 4, -1), (3, 1)))
    assert found.tolist() == [
        [True, False, True, False, True, False],
        [False, True, False, False, True, False],
        [False, False, False, False, False, False],
    ]


def test_single_pairs_are_neutral():
    neutral = Neutral(rows(-1, -1), rows(-1, -1, -1), rows(1, 0), rows(2, 0), UNDECIDED)
    assert neutral.has(rows(0, 1), np.tile(rows(0, 2, -1), (2, 1))).tolist() == [
        [True, False, False],
        [False, True, False],
    ]


def test_the_most_that_a_query_may_have():
    assert of_classes([0], [0, 1, 1, 1, Neutral.SEVERAL]).most == 4
    assert Neutral(rows(-1, -1), rows(-1), rows(1, 1, 0), rows(0, 0, 0), UNDECIDED).most == 2
    assert of_classes([], []).most == 0


def test_a_part_has_new_rows():
    neutral = Neutral(rows(0, 1, 2), rows(2, 1, 0), rows(0, 2, 2), rows(1, 0, 2), SAME_CLASS)
    part = neutral.part(rows(0, 2), rows(1, 2))
    assert (part.query_class.tolist(), part.doc_class.tolist()) == ([0, 2], [1, 0])
    assert list(zip(part.query, part.doc, strict=True)) == [(0, 0), (1, 1)]


def test_memory_of_a_class_grows_with_its_documents_not_with_their_pairs():
    same = of_classes([0] * 10_000, [0] * 10_000)
    arrays = (same.query_class, same.doc_class, same.query, same.doc)
    assert sum(each.nbytes for each in arrays) == 80_000
    assert same.has(rows(0, 9_999), np.tile(rows(0, 9_999), (2, 1))).all()


def test_the_digest_tells_classes_and_pairs():
    made = [of_classes([0], [0]), of_classes([0], [1]), of_classes([0, 0], [0]), of_classes([0], [0, 0])]
    assert len({each.digest("a") for each in made} | {made[0].digest("b")}) == 5
    assert made[0].digest("a") == of_classes([0], [0]).digest("a")
