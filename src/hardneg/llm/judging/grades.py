"""Reads the grade in a model's answer; an unreadable answer has no grade, never a low one."""

from __future__ import annotations

import json
import re

from hardneg.core.verdicts import Verdict
from hardneg.llm.prompt import without_thoughts

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

    Accepted are a number alone, a line such as `Grade: 2` that is the last or the only one of its kind, and a
    JSON object with `grade`. Where query or document mention grades, a longer answer may quote them, so the
    answer must then be the grade and nothing else.
    """
    text = without_thoughts(answer)
    if text is None:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and (alone := _ALONE.match(lines[0])):
        return int(alone[1])
    if text.startswith("{"):
        return _in_object(text)
    matches = [_LINE.match(line) for line in lines]
    if len(lines) > 1 and _MENTION.search(material):
        return None
    if matches and matches[-1]:
        return int(matches[-1][1])
    grades = {int(match[1]) for match in matches if match}
    return grades.pop() if len(grades) == 1 else None


def verdict(grade: int | None, relevant_from: int) -> Verdict:
    """Returns the verdict of a grade: relevant from `relevant_from` on; unsure without a grade."""
    if grade is None:
        return Verdict.UNSURE
    return Verdict.RELEVANT if grade >= relevant_from else Verdict.NOT_RELEVANT


def _in_object(text: str) -> int | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    grade = parsed.get("grade") if isinstance(parsed, dict) else None
    return grade if type(grade) is int and 0 <= grade <= HIGHEST else None
