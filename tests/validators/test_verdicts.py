"""Verdicts of people and models on pairs, as evidence."""

import numpy as np
import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.verdicts import Judged, Verdict, append, texts_digest
from tests.validators.blocks import CONTEXT, NAN, built, evidence_of, suspected


def test_verdicts_are_the_share_of_judges_who_find_a_pair_relevant(judged):
    path = judged(
        ("a", "relevant", "ann"), ("b", "relevant", "ann"), ("b", "not_relevant", "bob"),
        ("b", "unsure", "cy"),
        ("c", "not_relevant", "ann"), ("d", "relevant", "ann"), ("d", "withdrawn", "ann"),
        ("z", "relevant", "ann"),
    )  # fmt: skip
    validator, evidence = evidence_of(f"verdicts:{path}", built(("a", 1)))
    assert evidence[0, :3].tolist() == [1, 0.5, 0] and np.isnan(evidence[0, 3])
    assert suspected(validator, evidence) == [[True, False, False, False]]
    with pytest.raises(ConfigError, match="there are no verdicts"):
        evidence_of("verdicts:nowhere.jsonl", built(("a", 1)))
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"judgments.jsonl:1: \"query_id\" is missing"):
        evidence_of(f"verdicts:{path}", built(("a", 1)))


def test_pairs_that_the_collection_does_not_hold_are_counted(judged):
    path = judged(("b", "relevant", "ann"), ("z", "relevant", "ann"), ("a", "not_relevant", "ann"))
    with path.open("a") as file:
        file.write('{"query_id": "y", "doc_id": "a", "verdict": "relevant", "judge": "ann"}\n')
    known = built(("a", 1))
    validator, _ = evidence_of(f"verdicts:{path}", known)
    opened = validator.open(known, {}, CONTEXT)
    assert (opened.facts["pairs"], opened.facts["unknown_pairs"]) == (4, 2)
    assert opened.queries == [0]


def test_verdicts_on_texts_that_have_changed_do_not_count(judged):
    path = judged()
    collection = built(("a", 1))
    query, documents = collection.queries.texts([0])[0], collection.documents.texts([0, 1, 2])
    given = {"a": documents[0], "b": "what b said before", "c": documents[2], "z": "no longer there"}
    for name, text in given.items():
        digest = texts_digest(query, text)
        append(path, Judged(collection.queries.ids([0])[0], name, Verdict.RELEVANT, "ann", texts=digest))
    validator, evidence = evidence_of(f"verdicts:{path}", collection)
    assert evidence[0, 0] == 1 and np.isnan(evidence[0, 1]) and evidence[0, 2] == 1
    facts = validator.open(collection, {}, CONTEXT).facts
    assert (facts["changed_texts"], facts["unknown_pairs"]) == (1, 1)


def test_half_of_the_judges_are_no_majority(judged):
    validator, _ = evidence_of(f"verdicts:{judged()}", built(("a", 1)))
    evidence = np.array([[0.51, 0.5, NAN]], np.float32)
    assert suspected(validator, evidence) == [[True, False, False]]
