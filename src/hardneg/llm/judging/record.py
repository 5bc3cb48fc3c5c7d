"""Records the results of judging: new verdicts, answers and counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardneg.core import verdicts
from hardneg.core.verdicts import Judged, Verdict
from hardneg.llm.judging.cascade import PairResult
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.judging.steps import Judgement


class JudgementLog:
    """Appends verdicts to a run's `judgments.jsonl`, and counts results.

    Where the strong model judged a pair, the cheap one's verdict is not written; if in the file, withdrawn.

    Args:
        path: The file of verdicts.
        judges: Names of the judges, in the order of the cascade.

    Raises:
        DataError: The file is corrupt.
    """

    def __init__(self, path: Path, judges: Sequence[str]) -> None:
        self._path = path
        self._written_before = {
            (line.judge, *line.pair): line.verdict for line in verdicts.read(path) if line.judge in judges
        }
        self._verdicts: Counter[str] = Counter()
        self._grades: Counter[int] = Counter()
        self._answers: list[str] = []
        self._last_problem: str | None = None
        self._unreadable = self._failed = self._cached = self._written = self._passed_on = 0
        self.pairs = 0
        """Number of results."""

    def add(self, result: PairResult) -> None:
        """Records one result; the verdict is on disk when this returns.

        Raises:
            DataError: The file cannot be written.
        """
        self.pairs += 1
        self._cached += sum(judgement.tokens is None for judgement in result.judgements)
        self._answers.extend(_line(result.pair, judgement) for judgement in result.judgements)
        if result.problem is not None:
            self._failed += 1
            self._last_problem = result.problem
            return
        *earlier, last = result.judgements
        self._passed_on += len(earlier)
        for judgement in earlier:
            if self._in_file(result.pair, judgement) is not None:
                self._append(result.pair, judgement, Verdict.WITHDRAWN)
        if self._in_file(result.pair, last) != last.verdict:
            self._append(result.pair, last, last.verdict)
        self._verdicts[last.verdict] += 1
        if last.grade is None:
            self._unreadable += 1
        else:
            self._grades[last.grade] += 1

    def summary(self) -> dict[str, Any]:
        """Returns the counts of pairs: judged, by verdict, by grade, unreadable, failed, and others."""
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

    def _in_file(self, pair: Pair, judgement: Judgement) -> Verdict | None:
        return self._written_before.get((f"llm:{judgement.model}", pair.query_id, pair.doc_id))

    def _append(self, pair: Pair, judgement: Judgement, verdict: Verdict) -> None:
        judge, time = f"llm:{judgement.model}", judgement.answer.time
        verdicts.append(self._path, Judged(pair.query_id, pair.doc_id, verdict, judge, time))
        self._written += 1


def _line(pair: Pair, judgement: Judgement) -> str:
    row = {
        "query_id": pair.query_id,
        "doc_id": pair.doc_id,
        "model": judgement.model,
        "grade": judgement.grade,
        "answer": judgement.answer.text,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
