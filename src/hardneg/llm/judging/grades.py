"""Reads the grade in a model's answer; an unreadable answer has no grade, never a low one."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from hardneg.core.verdicts import HIGHEST, Verdict
from hardneg.llm.prompt import json_form, without_thoughts

FORM = json_form("grade", {"type": "integer", "enum": list(range(HIGHEST + 1))})
"""The `response_format` of a grade, with no room for anything else."""
_WORD = r"(?:(?:final|relevance)\s+)?(?:grade|score|relevance|оценка)"
_OUT_OF = r"(?:\s*(?:/|of|out of|из)\s*3)?"
_LINE = re.compile(
    rf"""^[\s*_#>`"'«»(\[]*{_WORD}[\s:=*_`"'«»]*([0-3]){_OUT_OF}[\s*_`"'«».)\]]*$""", re.IGNORECASE
)
_ALONE = re.compile(r"""^[\s*_`"']*([0-3])[\s*_`"'.]*$""")
_MENTION = re.compile(r"(?:grade|score|relevance|оценка).{0,12}[0-3]")
"""In a text of letters and digits alone: whatever stands between is spacing, marks, or a word or two."""
_ODD_SPACE = re.compile(r"\s\s|[^\S ]")
_END_OF_THOUGHT = re.compile(r"</think", re.IGNORECASE)


def read_grade(answer: str, material: str = "") -> int | None:
    """Returns the grade from 0 to 3 that an answer gives, None if it gives none or several.

    Accepted are a number alone, a line such as `Grade: 2` that is the last or the only one of its kind, and a
    JSON object with `grade`. Where query or document mention grades, in whatever spacing and signs, a longer
    answer may quote them, so the answer must then be the grade and nothing else. Likewise a thought that
    may quote its own end.
    """
    text = without_thoughts(answer)
    if text is None or (_END_OF_THOUGHT.search(answer) and _END_OF_THOUGHT.search(material)):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and (alone := _ALONE.match(lines[0])):
        return int(alone[1])
    if text.startswith("{"):
        return _in_object(text)
    matches = [_LINE.match(line) for line in lines]
    if _mentions_grades(material) and (len(lines) > 1 or _ODD_SPACE.search(text)):
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


def _mentions_grades(material: str) -> bool:
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", material).casefold()))
    return _MENTION.search(letters) is not None


def _in_object(text: str) -> int | None:
    try:
        parsed = json.loads(text, object_pairs_hook=distinct)
    except (ValueError, RecursionError):
        return None
    grade = parsed.get("grade") if isinstance(parsed, dict) else None
    return grade if type(grade) is int and 0 <= grade <= HIGHEST else None


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the object of these names and values; raises where a name is given twice."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)
