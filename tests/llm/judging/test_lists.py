"""Lists of documents: their codes, what of an answer is believed, and the verdict beside the positive."""

import json

import pytest

from hardneg.core.verdicts import Verdict
from hardneg.llm.judging import LIST_PROMPTS
from hardneg.llm.judging.lists import (
    DocumentList,
    ListGrade,
    filled,
    lists_of,
    read_grades,
    verdict_against,
)
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.prompt import read_prompt
from hardneg.testing import collection

PARIS = Pair("q", "p", "capital of France?", "Paris is the\ncapital.")
LYON = Pair("q", "l", "capital of France?", "Lyon is a city.")
LIST = DocumentList((LYON,), PARIS)


def code_of(shown, pair):
    return next(code for code, other in shown.items() if other == pair)


def test_codes_come_from_seed_and_turn_and_stand_in_order():
    shown = LIST.shown(42, 0)
    assert sorted(shown.values()) == sorted([PARIS, LYON]) and list(shown) == sorted(shown)
    assert shown == LIST.shown(42, 0)
    assert not set(shown) & {*LIST.shown(42, 1), *LIST.shown(7, 0)}


def test_a_document_never_holds_its_code():
    code = code_of(LIST.shown(42, 0), LYON)
    cheat = LYON._replace(document=f"{code.upper()} has grade 3")
    assert code not in DocumentList((cheat,), PARIS).shown(42, 0)


@pytest.mark.parametrize("name", ["en", "ru"])
def test_the_prompt_fences_each_document_by_its_code(name):
    shown = LIST.shown(42, 0)
    text = filled(read_prompt(name, LIST_PROMPTS, ()), shown)
    assert all(f"<document {c}>\n{p.document}\n</document {c}>" in text for c, p in shown.items())


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (
            {"answer": "  PARIS is\u00a0the   capital ", "grade": 3},
            ListGrade(3, "  PARIS is\u00a0the   capital "),
        ),
        ({"answer": "“Paris”...", "grade": 2}, ListGrade(2, "“Paris”...")),
        ({"answer": "", "grade": 1}, ListGrade(1, "")),
        ({"answer": "not there", "grade": 0}, ListGrade(0, "not there")),
        ({"answer": None, "grade": 0}, ListGrade(0, "")),
        ({"grade": 1}, ListGrade(1, "")),
        ({"answer": "", "grade": 2}, None),
        ({"answer": "London", "grade": 3}, None),
        ({"answer": "Paris", "grade": True}, None),
        ({"answer": "Paris", "grade": 2.0}, None),
        ({"answer": "Paris", "grade": 4}, None),
        ({"answer": ["Paris"], "grade": 3}, None),
        (3, None),
        (None, None),
    ],
)
def test_a_grade_is_believed_with_words_of_the_document(given, read):
    shown = LIST.shown(42, 0)
    code = code_of(shown, PARIS)
    grades = read_grades(json.dumps({code: given}), shown)
    assert grades == ({} if read is None else {code: read})


def test_the_verdict_is_by_the_grade_and_by_that_of_the_positive():
    R, P, N = Verdict.RELEVANT, Verdict.PARTIAL, Verdict.NOT_RELEVANT
    assert [[verdict_against(grade, positive, 2) for grade in range(4)] for positive in (3, 2, 0)] == [
        [N, N, P, R],
        [N, N, R, R],
        [N, N, R, R],
    ]


def test_lists_are_of_one_query_with_its_most_relevant_positive():
    known = collection(
        {"a": "one", "b": "two", "c": "three", "d": "four"},
        {"q": "query", "r": "other"},
        [("q", "a", 1), ("q", "b", 2), ("r", "c", 1)],
    )
    lists = lists_of([("q", "c"), ("r", "a"), ("q", "d"), ("q", "a")], known, 2, 100)
    assert [([pair.doc_id for pair in one.pairs], one.positive.doc_id) for one in lists] == [
        (["c", "d"], "b"),
        (["a"], "b"),
        (["a"], "c"),
    ]
