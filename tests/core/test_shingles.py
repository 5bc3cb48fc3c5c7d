import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.core import shingles as shingles
from hardneg.core.errors import MissingExtra
from hardneg.core.shingles import Signatures, signatures, similar_pairs, similarity_matrix

WORDS = [f"word{number}" for number in range(400)]


def text(begin, end):
    return " ".join(WORDS[begin:end])


def jaccard(one, other, size=5):
    sets = [{t[i : i + size] for i in range(len(t) - size + 1)} for t in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_the_same_text_in_another_form_has_the_same_signature():
    signed = signatures(["Ёлка  in the ﬁeld", "ёлка in\nthe FIELD", "another text"], 5)
    assert (signed[0] == signed[1]).all() and not (signed[0] == signed[2]).any()


@pytest.mark.parametrize(("begin", "end"), [(0, 100), (10, 110), (50, 150), (200, 300)])
def test_similarity_matrix_estimates_the_jaccard_similarity(begin, end):
    one, other = text(0, 100), text(begin, end)
    found = similarity_matrix(signatures([one], 5), signatures([other], 5))[0, 0]
    assert abs(found - jaccard(one, other)) < 0.15  # more than three standard errors


def test_texts_shorter_than_a_shingle_and_texts_of_nothing_can_be_compared():
    signed = signatures(["ab", "AB", "ba", "", " "], 5)
    assert signed.shape == (5, 128)
    assert similarity_matrix(signed[:3], signed[:3]).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert signatures([], 5).shape == (0, 128)


def test_alike_finds_just_the_pairs_above_the_bound():
    some = signatures([text(0, 100), text(100, 200), text(200, 300)], 5)
    others = signatures([text(300, 400), text(203, 300), text(0, 100), text(150, 250)], 5)
    found = similar_pairs(some, others, 0.8)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(0, 2), (2, 1)]
    assert found.similarity[0] == 1 and found.similarity[1] == similarity_matrix(some[2:], others[1:2])[0, 0]
    assert (
        len(similar_pairs(some, others[:0], 0.5).left) == len(similar_pairs(some[:0], others, 0.5).left) == 0
    )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abc ", max_size=12), min_size=1, max_size=8))
def test_similar_pairs_agree_with_comparing_all(texts):
    signed = signatures(texts, 3)
    found = similar_pairs(signed, signed, 0.9)
    expected = np.nonzero(similarity_matrix(signed, signed) >= 0.9)
    assert {*zip(*map(list, found[:2]), strict=True)} == {*zip(*map(list, expected), strict=True)}


def test_signatures_are_computed_once_and_forgotten_when_there_are_too_many(monkeypatch):
    asked = []

    def texts(rows):
        asked.extend(rows.tolist())
        return [f"text number {row}" for row in rows]

    monkeypatch.setattr(shingles, "_KEPT", 3)
    known = Signatures(texts, 5)
    rows = np.array([0, 1, 0], np.int32)
    assert (known.of(rows) == signatures(["text number 0", "text number 1", "text number 0"], 5)).all()
    known.of(np.array([1, 2], np.int32))
    assert asked == [0, 1, 2]
    known.of(np.array([2, 3], np.int32))
    assert asked == [0, 1, 2, 3] and known.of(rows[:0]).shape == (0, 128)
    known.of(np.array([0, 2], np.int32))
    assert asked == [0, 1, 2, 3, 0]


def test_a_missing_library_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rensa", None)
    with pytest.raises(MissingExtra, match=r"hardneg\[dedup\]"):
        signatures(["text"], 5)
