"""How many texts a model cuts and how much of them it does not read, by hand with a tokenizer of words."""

import math

import pytest

from hardneg.core.components import Context
from hardneg.rankers import truncation as module
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.dense import Dense
from hardneg.rankers.truncation import sampled, truncation
from hardneg.testing import collection
from tests import tiny


def words(texts, add_special_tokens=True, truncation=True, verbose=True):
    """A tokenizer whose tokens are words, with one before and one after each text."""
    assert not truncation
    return {"input_ids": [[0] * (len(text.split()) + 2 * add_special_tokens) for text in texts]}


def test_the_tokens_beyond_the_limit_are_lost():
    # 6 tokens leave room for 4 words: of 3 + 4 + 9 words 5 are lost.
    texts = ["a b c", "a b c d", "a b c d e f g h i"]
    assert truncation(words, 6, texts) == {"sample": 3, "cut": 1, "text": round(5 / 16, 4)}


def test_a_prompt_takes_its_tokens_from_the_text():
    assert truncation(words, 6, ["a b c", "a b"], "find this: ") == {"sample": 2, "cut": 1, "text": 0.2}


def test_a_query_takes_its_tokens_from_the_document_it_is_read_with():
    # Two words, two special tokens and the one after the document leave room for three words; then for one.
    found = truncation(words, 8, ["a b c d", "a b c d"], queries=["one two", "one two three four"])
    assert found == {"sample": 2, "cut": 2, "text": 0.5}


@pytest.mark.parametrize(
    ("tokenizer", "limit"), [(words, None), (words, math.inf), (words, 10**30), (None, 4)]
)
def test_without_a_limit_or_a_tokenizer_nothing_is_cut(tokenizer, limit):
    assert truncation(tokenizer, limit, ["a b c d e"]) == {"sample": 1, "cut": 0, "text": 0.0}
    assert truncation(words, 4, []) == {"sample": 0, "cut": 0, "text": 0.0}


def test_what_is_beyond_the_counted_characters_is_taken_to_be_like_them(monkeypatch):
    monkeypatch.setattr(module, "_LONGEST", 10)
    assert truncation(words, 12, ["a " * 20])["text"] == 0.5


def test_a_sample_is_spread_over_all_texts(monkeypatch):
    documents = {f"d{n}": f"text {n}" for n in range(9)}
    known = collection(documents, {"q": "text"}, [("q", "d0", 1)])
    assert sampled(known.documents) == list(documents.values())
    monkeypatch.setattr(module, "SAMPLE", 3)
    assert sampled(known.documents) == ["text 0", "text 4", "text 8"]


def test_rankers_record_it(tmp_path):
    # Each letter is a token of the tiny models; 2 of their 8 are special, a pair has 3.
    documents = {"a": "a b c", "b": "a b c d e f g h i", "c": ""}
    known = collection({k: v for k, v in documents.items() if v}, {"q": "a b"}, [("q", "a", 1)])
    context = Context(tmp_path)
    dense = Dense(str(tiny.bi_encoder(tmp_path / "bi")), max_length=8).open(known, context)
    assert dense.facts["truncation"] == {
        "documents": {"sample": 2, "cut": 1, "text": 0.25},
        "queries": {"sample": 1, "cut": 0, "text": 0.0},
    }
    model = str(tiny.cross_encoder(tmp_path / "cross"))
    pairs = CrossEncoder(model, max_length=8).open(known, context)
    assert pairs.facts["truncation"] == {"documents": {"sample": 2, "cut": 1, "text": 0.5}}
