import numpy as np

from hardneg.rankers.dense.shortlist import Shortlist

LITTLE = np.full(1, 1e-6, np.float32)


def row(*scores):
    return np.array([scores], np.float32)


def listed(shortlist):
    docs, crowded = shortlist.result()
    return docs.tolist(), crowded.tolist()


def test_the_best_by_hand_in_the_corpus_order():
    shortlist = Shortlist(LITTLE, 2)
    shortlist.update(row(0.1, 0.9, 0.2), 0)
    shortlist.update(row(0.8, 0.3), 3)
    assert listed(shortlist) == ([[1, 3]], [])


def test_what_the_margin_cannot_tell_apart_stays():
    shortlist = Shortlist(np.array([0.02], np.float32), 1)
    shortlist.update(row(0.5, 0.46, 0.1, 0.47), 0)
    assert listed(shortlist) == ([[0, 1, 3]], [])


def test_a_query_with_fewer_documents_than_it_wants_keeps_them_all():
    shortlist = Shortlist(np.full(2, 1e-6, np.float32), 5)
    shortlist.update(np.array([[1, 2], [3, 4]], np.float32), 7)
    assert listed(shortlist) == ([[7, 8], [7, 8]], [])


def test_equal_scores_all_stay_until_they_crowd_the_list():
    few, many = Shortlist(LITTLE, 3), Shortlist(LITTLE, 3)
    few.update(np.ones((1, 20), np.float32), 0)
    many.update(np.ones((1, 2_000), np.float32), 0)
    assert listed(few) == ([list(range(20))], [])
    assert listed(many) == ([[-1]], [0])


def test_many_tiles_of_any_width_leave_the_best():
    random = np.random.default_rng(0)
    scores = random.normal(size=(6, 5_000)).astype(np.float32)
    shortlist, begin = Shortlist(np.full(6, 1e-6, np.float32), 10), 0
    for width in [1, 3, 127, 128, 129, 1_000, 2_000, 1_612]:
        shortlist.update(np.ascontiguousarray(scores[:, begin : begin + width]), begin)
        begin += width
    docs, crowded = shortlist.result()
    assert begin == 5_000 and not len(crowded)
    assert docs.tolist() == np.sort(np.argsort(-scores, axis=1)[:, :10], axis=1).tolist()


def test_scores_too_great_for_their_kind_crowd_a_list_and_end():
    shortlist = Shortlist(LITTLE, 2)
    shortlist.update(np.full((1, 2_000), np.inf, np.float32), 0)
    assert listed(shortlist)[1] == [0]
