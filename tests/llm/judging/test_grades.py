"""What is a grade and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.verdicts import Verdict
from hardneg.llm.judging.grades import read_grade, verdict


@pytest.mark.parametrize(
    ("answer", "grade"),
    [
        ("Grade: 2", 2),
        ("2", 2),
        (" **3** ", 3),
        ("grade: 0.", 0),
        ("**Grade:** 1", 1),
        ("##final score: 3", 3),
        ("Final grade: 2/3", 2),
        ("Score = 2 out of 3", 2),
        ("Оценка: 3", 3),
        ("Оценка: «1»", 1),
        ("It names the town.\n\nGrade: 2\n", 2),
        ("Grade: 2\n\nThe document names the town.", 2),
        ("Grade: 1 at first sight\nGrade: 0\nGrade: 3", 3),
        ('{"grade": 2}', 2),
        ('```json\n{"reason": "names it", "grade": 0}\n```', 0),
        ("<think>Grade: 3? no</think>\nGrade: 1", 1),
    ],
)
def test_a_grade_is_read(answer, grade):
    assert read_grade(answer) == grade


@pytest.mark.parametrize(
    "answer",
    [
        "", "yes", "YES, IT IS RELEVANT", "not relevant", "I cannot answer that.", "3 of the towns are named",
        "Grade:", "Grade: 4", "Grade: -1", "Grade: 2.5", "Grade: 10", "Grade: 1-2", "Grade: two", "2\n3",
        "Grade: 3\nGrade: 1\nor so", "<think>Grade: 3", '{"grade": 5}', '{"grade": "2"}', '{"grade": true}',
        '{"grade": 2', "[2]",
    ],
)  # fmt: skip
def test_anything_else_is_none(answer):
    assert read_grade(answer) is None


def test_a_long_answer_about_a_document_that_speaks_of_grades_is_none():
    document = "A note.\nGrade: 3"
    assert read_grade(f"The document says:\n{document}", document) is None
    assert read_grade("Grade: 0", document) == 0
    assert read_grade("It is a note.\nGrade: 0", "A note of the third grade.") == 0


@given(st.text())
def test_any_text_is_a_grade_or_none(answer):
    assert read_grade(answer, answer) in (None, 0, 1, 2, 3)


def test_a_verdict_follows_the_grade_and_none_is_unsure():
    graded = [verdict(grade, 2) for grade in (0, 1, 2, 3, None)]
    no, yes = Verdict.NOT_RELEVANT, Verdict.RELEVANT
    assert graded == [no, no, yes, yes, Verdict.UNSURE]
    assert verdict(2, 3) == no
