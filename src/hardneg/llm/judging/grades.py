"""Reads the grade in a model's answer; what cannot be read is no grade, never a low one."""

from __future__ import annotations

import json
import re

from hardneg.core.verdicts import Verdict
from hardneg.llm.texts import said

HIGHEST = 3
_WORD = r"(?:(?:final|relevance)\s+)?(?:grade|score|relevance|оценка)"
_OUT_OF = r"(?:\s*(?:/|of|out of|из)\s*3)?"
_LINE = re.compile(
    rf"""^[\s*_#>`"'«»(\[]*{_WORD}[\s:=*_`"'«»]*([0-3]){_OUT_OF}[\s*_`"'«».)\]]*$""", re.IGNORECASE
)
_ALONE = re.compile(r"""^[\s*_`"']*([0-3])[\s*_`"'.]*$""")
_MENTION = re.compile(rf"{_WORD}\W{{1,4}}[0-3]", re.IGNORECASE)


def read_grade(answer: str, material: str = "") -> int | None:
    """Returns the grade from 0 to 3 that an answer gives, None if it gives none or several.

    Understood are a number alone, a line such as `Grade: 2` that is the last or the only one of its kind,
    and a JSON object with `grade`. Where the material itself speaks of grades, a longer answer may be
    quoting it, so the answer must then be the grade and nothing else.

    Args:
        answer: What the model wrote; thoughts in `<think>` tags are passed over.
        material: The query and the document.
    """
    text = said(answer)
    if text is None:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and (alone := _ALONE.match(lines[0])):
        return int(alone[1])
    if text.startswith("{"):
        return _in_object(text)
    found = [_LINE.match(line) for line in lines]
    if len(lines) > 1 and _MENTION.search(material):
        return None
    if found and found[-1]:
        return int(found[-1][1])
    grades = {int(line[1]) for line in found if line}
    return grades.pop() if len(grades) == 1 else None


def verdict(grade: int | None, relevant_from: int) -> Verdict:
    """Returns what a grade says: relevant from `relevant_from` on; unsure where there is no grade."""
    if grade is None:
        return Verdict.UNSURE
    return Verdict.RELEVANT if grade >= relevant_from else Verdict.NOT_RELEVANT


def _in_object(text: str) -> int | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    grade = said.get("grade") if isinstance(said, dict) else None
    return grade if type(grade) is int and 0 <= grade <= HIGHEST else None
