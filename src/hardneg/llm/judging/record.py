"""Writes down what came of the pairs: verdicts that are new, answers for a look, and the counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardneg.core import verdicts
from hardneg.core.verdicts import Judged, Verdict
from hardneg.llm.judging.cascade import Outcome
from hardneg.llm.judging.steps import Judgement


class Record:
    """Appends verdicts to a run's `judgments.jsonl` and counts.

    Where a strong model had the last word, the cheap one's verdict is not written; one that stands from
    before is withdrawn.

    Args:
        path: The file of verdicts.
        judges: The names of the models as judges, in the order in which they are asked.

    Raises:
        DataError: The file is damaged.
    """

    def __init__(self, path: Path, judges: Sequence[str]) -> None:
        self._path = path
        self._standing = {
            (said.judge, *said.pair): said.verdict for said in verdicts.read(path) if said.judge in judges
        }
        self._verdicts: Counter[str] = Counter()
        self._grades: Counter[int] = Counter()
        self._answers: list[str] = []
        self._last_problem: str | None = None
        self._unreadable = self._failed = self._cached = self._written = self._passed_on = 0
        self.pairs = 0
        """How many outcomes there were."""

    def add(self, outcome: Outcome) -> None:
        """Writes down one outcome; the verdict is on disk when this returns.

        Raises:
            DataError: The file cannot be written.
        """
        self.pairs += 1
        self._cached += sum(said.tokens is None for said in outcome.said)
        self._answers.extend(_line(outcome, said) for said in outcome.said)
        if outcome.problem is not None:
            self._failed += 1
            self._last_problem = outcome.problem
            return
        *before, last = outcome.said
        self._passed_on += len(before)
        for said in before:
            if self._stands(outcome, said) is not None:
                self._append(outcome, said, Verdict.WITHDRAWN)
        if self._stands(outcome, last) != last.verdict:
            self._append(outcome, last, last.verdict)
        self._verdicts[last.verdict] += 1
        if last.grade is None:
            self._unreadable += 1
        else:
            self._grades[last.grade] += 1

    def summary(self) -> dict[str, Any]:
        """Returns the counts of pairs: judged, by verdict and by grade, and those that went another way."""
        return {
            "judged": sum(self._verdicts.values()),
            "verdicts": {name: self._verdicts[name] for name in Verdict if name != Verdict.WITHDRAWN},
            "grades": {str(grade): count for grade, count in sorted(self._grades.items())},
            "unreadable": self._unreadable,
            "passed_on": self._passed_on,
            "failed": self._failed,
            "last_problem": self._last_problem,
            "cached": self._cached,
            "written": self._written,
        }

    def answers(self) -> str:
        """Returns JSON lines of query_id, doc_id, model, grade and answer, in the order of the pairs."""
        return "".join(self._answers)

    def _stands(self, outcome: Outcome, said: Judgement) -> Verdict | None:
        return self._standing.get((f"llm:{said.model}", outcome.pair.query_id, outcome.pair.doc_id))

    def _append(self, outcome: Outcome, said: Judgement, verdict: Verdict) -> None:
        pair = outcome.pair
        judged = Judged(pair.query_id, pair.doc_id, verdict, f"llm:{said.model}", said.answer.time)
        verdicts.append(self._path, judged)
        self._written += 1


def _line(outcome: Outcome, said: Judgement) -> str:
    row = {
        "query_id": outcome.pair.query_id,
        "doc_id": outcome.pair.doc_id,
        "model": said.model,
        "grade": said.grade,
        "answer": said.answer.text,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
