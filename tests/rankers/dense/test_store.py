"""Shards: encoded once, never stale, whole or absent."""

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.core.progress import NullProgress
from hardneg.rankers.dense.store import Store, Vectors


class Counting:
    """Encodes a text to its length, and counts what it was asked."""

    def __init__(self, factor=1.0, fails_at=None):
        self.calls = []
        self.factor, self.fails_at = factor, fails_at

    def __call__(self, texts, advance):
        advance(len(texts))
        if len(self.calls) == self.fails_at:
            raise KeyboardInterrupt
        self.calls.append(list(texts))
        return np.array([[len(text) * self.factor, 1.0] for text in texts], np.float32)


def vectors(folder, texts, encode, fingerprint="f" * 64):
    stored = Store(folder, fingerprint).vectors(
        lambda rows: [texts[row] for row in rows], len(texts), encode, NullProgress(), ("encode", "texts"), 2
    )
    return np.concatenate(stored.chunks)[:, 0].tolist()


TEXTS = ["a", "bb", "ccc", "dddd"]


def test_the_second_time_nothing_is_encoded(tmp_path):
    assert vectors(tmp_path, TEXTS, Counting()) == [1, 2, 3, 4]
    again = Counting()
    assert vectors(tmp_path, TEXTS, again) == [1, 2, 3, 4]
    assert again.calls == []


def test_only_a_changed_text_is_encoded_again(tmp_path):
    vectors(tmp_path, TEXTS, Counting())
    again = Counting()
    assert vectors(tmp_path, ["a", "bb", "ccc", "changed"], again) == [1, 2, 3, 7]
    assert again.calls == [["changed"]]


def test_texts_added_at_the_top_are_encoded_alone_though_all_shards_move(tmp_path):
    vectors(tmp_path, TEXTS, Counting())
    again = Counting()
    assert vectors(tmp_path, ["seven..", *TEXTS], again) == [7, 1, 2, 3, 4]
    assert again.calls == [["seven.."]]
    assert vectors(tmp_path, ["seven..", *TEXTS], again) == [7, 1, 2, 3, 4]
    assert len(again.calls) == 1


def test_a_damaged_shard_of_another_collection_is_not_copied_from(tmp_path):
    vectors(tmp_path, TEXTS, Counting())
    for path in tmp_path.rglob("*.npy"):
        content = bytearray(path.read_bytes())
        content[-40] ^= 1
        path.write_bytes(content)
    again = Counting()
    assert vectors(tmp_path, ["seven..", *TEXTS], again) == [7, 1, 2, 3, 4]
    assert [text for call in again.calls for text in call] == ["seven..", *TEXTS]


def test_a_killed_run_ends_with_the_vectors_of_one_that_was_not(tmp_path):
    """The texts of its own shards do not count as stored, so batches are the same."""
    twice = ["a", "bb", "a", "ccc"]
    with pytest.raises(KeyboardInterrupt):
        vectors(tmp_path, twice, Counting(fails_at=1))
    again = Counting()
    vectors(tmp_path, twice, again)
    assert again.calls == [["a", "ccc"]]


def test_vectors_of_another_length_are_not_mixed_with_the_stored(tmp_path):
    """A server's address may have another model tomorrow."""
    vectors(tmp_path, TEXTS, Counting())

    def longer(texts, advance):
        return np.ones((len(texts), 3), np.float32)

    stored = Store(tmp_path, "f" * 64).vectors(
        lambda rows: [["new", *TEXTS][row] for row in rows], 2, longer, NullProgress(), ("encode", "texts")
    )
    assert stored.dimension == 3


def test_another_encoder_never_meets_these_vectors(tmp_path):
    vectors(tmp_path, TEXTS, Counting(), "a" * 64)
    assert vectors(tmp_path, TEXTS, Counting(factor=2.0), "b" * 64) == [2, 4, 6, 8]


def test_texts_are_told_apart_where_they_join(tmp_path):
    vectors(tmp_path, ["ab", "c"], Counting())
    again = Counting()
    vectors(tmp_path, ["a", "bc"], again)
    assert again.calls == [["a", "bc"]]


def test_an_interrupted_run_keeps_its_finished_shards(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        vectors(tmp_path, TEXTS, Counting(fails_at=1))
    again = Counting()
    assert vectors(tmp_path, TEXTS, again) == [1, 2, 3, 4]
    assert again.calls == [["ccc", "dddd"]]


def test_a_damaged_shard_is_made_again(tmp_path):
    vectors(tmp_path, TEXTS, Counting())
    for path in tmp_path.rglob("*.npy"):
        path.write_bytes(path.read_bytes()[:90])
    assert vectors(tmp_path, TEXTS, Counting()) == [1, 2, 3, 4]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "vectors").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot write"):
        vectors(tmp_path, TEXTS, Counting())


def test_take_gathers_across_chunks():
    whole = np.arange(10, dtype=np.float32).reshape(5, 2)
    parts = Vectors([whole[:2], whole[2:4], whole[4:]], 2)
    assert len(parts) == 5 and parts.dimension == 2
    assert parts.take(np.array([4, 0, 3, 0], np.int32)).tolist() == whole[[4, 0, 3, 0]].tolist()
