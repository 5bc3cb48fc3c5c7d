"""A tokenizer that remembers gives what the tokenizer gives, and asks it once."""

from typing import NamedTuple

from hardneg.training import caching_tokenizer as remember
from hardneg.training.caching_tokenizer import CachingTokenizer


class Encoding(NamedTuple):
    ids: list[int]


class Letters:
    """A tokenizer of letters that counts the texts it reads."""

    def __init__(self, kind="letters"):
        self.kind, self.read = kind, 0

    def to_str(self):
        return self.kind

    def encode_batch(self, texts, add_special_tokens=True):
        self.read += len(texts)
        return [Encoding([1] * add_special_tokens + [ord(letter) for letter in text]) for text in texts]


def ids(found):
    return [list(read.ids) for read in found]


def test_each_text_is_read_once_by_tokenizers_that_are_the_same():
    first, second = Letters("once"), Letters("once")
    assert ids(CachingTokenizer(first).encode_batch(["a", "b", "a"], add_special_tokens=False)) == [
        [97],
        [98],
        [97],
    ]
    assert ids(CachingTokenizer(second).encode_batch(["b", "c"], add_special_tokens=False)) == [[98], [99]]
    assert (first.read, second.read) == (2, 1)
    assert ids(CachingTokenizer(second).encode_batch(["b"])) == [[1, 98]] and second.read == 2


def test_another_tokenizer_is_not_answered_for():
    one, other = Letters("one"), Letters("other")
    CachingTokenizer(one).encode_batch(["a"])
    CachingTokenizer(other).encode_batch(["a"])
    assert (one.read, other.read) == (1, 1) and CachingTokenizer(one).kind == "one"


def test_what_is_kept_has_a_limit(monkeypatch):
    monkeypatch.setattr(remember, "MOST", 3)
    letters = Letters("limit")
    some = CachingTokenizer(letters)
    assert ids(some.encode_batch(["ab", "cd", "ab"], add_special_tokens=False)) == [
        [97, 98],
        [99, 100],
        [97, 98],
    ]
    some.encode_batch(["cd"], add_special_tokens=False)
    assert letters.read == 2
    some.encode_batch(["ab"], add_special_tokens=False)
    assert letters.read == 3
