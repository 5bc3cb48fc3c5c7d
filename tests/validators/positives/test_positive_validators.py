"""Validators of positives: what they find in collections that a person can read."""

import numpy as np
import pytest

from hardneg.core.components import POSITIVE_VALIDATORS
from hardneg.core.errors import ConfigError
from hardneg.testing import collection
from tests.validators.blocks import CONTEXT

NAN = float("nan")


def probabilities(given, mined, pairs):
    """Returns the probabilities of (query_id, doc_id) pairs."""
    opened = POSITIVE_VALIDATORS.make(given).open(mined, {}, CONTEXT)
    queries = mined.queries.rows([query for query, _ in pairs])
    return opened.probability(queries, mined.documents.rows([doc for _, doc in pairs])).tolist()


@pytest.mark.parametrize("name", POSITIVE_VALIDATORS.names())
def test_every_validator_of_positives_keeps_the_contract(name):
    made = POSITIVE_VALIDATORS.make(name)
    mined = collection({"a": "amber", "b": "birch"}, {"q": "resin"}, [("q", "a", 1)])
    opened = made.open(mined, {}, CONTEXT)
    found = opened.probability(np.zeros(2, np.int32), np.arange(2, dtype=np.int32))
    assert found.shape == (2,) and found.dtype == np.float32
    assert np.isnan(found).all() and dict(opened.facts) is not None
    assert POSITIVE_VALIDATORS.make(POSITIVE_VALIDATORS.describe(made)) == made
    assert {"en", "ru"} <= made.label.keys() and {"en", "ru"} <= made.meaning.keys()


def test_a_text_without_letters_is_too_short():
    mined = collection({"a": "...", "b": "42", "c": "9"}, {"q": "how many"}, [("q", "a", 1)])
    found = probabilities("too-short", mined, [("q", "a"), ("q", "b"), ("q", "c")])
    assert found == pytest.approx([0.9, NAN, 0.9], nan_ok=True)


def about(topics):
    """Returns a collection: an error page for a query of each topic, a guide for ten queries of one topic."""
    documents = {"error": "page not found", "guide": "a guide to amber"}
    documents |= {f"d{topic}": f"on {topic}" for topic in topics}
    queries = {f"q{topic}": f"question about {topic}" for topic in topics}
    queries |= {f"amber{number}": f"amber matter{number}" for number in range(10)}
    judgments = [(f"q{topic}", f"d{topic}", 1) for topic in topics]
    judgments += [(f"q{topic}", "error", 1) for topic in topics[:12]]
    judgments += [(f"amber{number}", "guide", 1) for number in range(10)]
    return collection(documents, queries, judgments)


def test_one_document_for_many_unrelated_queries_is_boilerplate_and_for_related_ones_is_not():
    mined = about([f"topic{number}" for number in range(40)])
    found = probabilities(
        "boilerplate", mined, [("qtopic1", "error"), ("qtopic1", "dtopic1"), ("amber1", "guide")]
    )
    assert found == pytest.approx([0.9, NAN, NAN], nan_ok=True)
    assert np.isnan(probabilities("boilerplate:13", mined, [("qtopic1", "error")])).all()


def test_queries_that_ask_the_same_of_different_things_are_related():
    """One text answers `is ... inherited` for twelve conditions; other queries ask other things."""
    documents = {"rare": "it is passed on by both parents"}
    queries, judgments = {}, []
    for number in range(40):
        inherited = number < 12
        queries[f"q{number}"] = f"is topic{number} inherited" if inherited else f"what is topic{number}"
        documents[f"d{number}"] = f"on topic{number}"
        judgments.append((f"q{number}", f"d{number}", 1))
        judgments += [(f"q{number}", "rare", 1)] if inherited else []
    mined = collection(documents, queries, judgments)
    assert np.isnan(probabilities("boilerplate", mined, [("q0", "rare")])).all()


ENGLISH = "The quick brown fox jumps over the lazy dog and runs through the forest, number {}."
RUSSIAN = "Быстрая коричневая лиса прыгает через ленивую собаку и бежит по тёмному лесу, номер {}."


def texts(english, russian):
    documents = {f"e{number}": ENGLISH.format(number) for number in range(english)}
    documents |= {f"r{number}": RUSSIAN.format(number) for number in range(russian)}
    documents["short"] = "Да."
    return collection(documents, {"q": "fox"}, [("q", doc, 1) for doc in documents])


def test_a_language_that_hardly_any_positive_is_in_is_a_mismatch():
    found = probabilities("language-mismatch", texts(120, 1), [("q", "e1"), ("q", "r0"), ("q", "short")])
    assert found == pytest.approx([NAN, 0.7, NAN], nan_ok=True)


def test_several_languages_of_a_collection_are_its_own():
    found = probabilities("language-mismatch", texts(60, 60), [("q", "e1"), ("q", "r0")])
    assert np.isnan(found).all()


def test_an_unknown_validator_of_positives_is_refused():
    with pytest.raises(ConfigError, match='did you mean "boilerplate"'):
        POSITIVE_VALIDATORS.make("boilerplates")
