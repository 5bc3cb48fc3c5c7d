"""Records the results of judging: new verdicts, answers and counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardneg.core import verdicts
from hardneg.core.verdicts import Judged, Verdict
from hardneg.llm.judging.cascade import Judgement, PairResult
from hardneg.llm.judging.pairs import Pair


class JudgementLog:
    """Appends verdicts of judges to a run's `judgments.jsonl`, and counts results.

    Where the strong model judged a pair, the cheap one's verdict is not written; if in the file, withdrawn.
    """

    def __init__(self, path: Path, judges: Sequence[str]) -> None:
        self._path = path
        self._written_before = {
            (line.judge, *line.pair): line.verdict for line in verdicts.read(path) if line.judge in judges
        }
        self._written = 0
        self.results: list[PairResult] = []

    def add(self, result: PairResult) -> None:
        """Records one result; the verdict is on disk when this returns."""
        if result.problem is None:
            *earlier, last = result.judgements
            for judgement in earlier:
                if self._in_file(result.pair, judgement) is not None:
                    self._append(result.pair, judgement, Verdict.WITHDRAWN)
            if self._in_file(result.pair, last) != last.verdict:
                self._append(result.pair, last, last.verdict)
        self.results.append(result)

    def summary(self) -> dict[str, Any]:
        """Returns the counts of pairs: judged, by verdict, by grade, unreadable, failed, and others."""
        judged = [result.judgements for result in self.results if result.problem is None]
        problems = [result.problem for result in self.results if result.problem is not None]
        tokens = [judgement.tokens for result in self.results for judgement in result.judgements]
        found = Counter(judgements[-1].verdict for judgements in judged)
        grades = Counter(str(judgements[-1].grade) for judgements in judged)
        unreadable = grades.pop("None", 0)
        return {
            "judged": len(judged),
            "verdicts": {name: found[name] for name in Verdict if name != Verdict.WITHDRAWN},
            "grades": dict(sorted(grades.items())),
            "unreadable": unreadable,
            "passed_on": sum(len(judgements) - 1 for judgements in judged),
            "failed": len(problems),
            "last_problem": problems[-1] if problems else None,
            "cached": tokens.count(None),
            "written": self._written,
        }

    def answers(self) -> str:
        """Returns JSON lines of query_id, doc_id, model, grade and answer, in the order of the pairs."""
        return "".join(
            _line(result.pair, judgement) for result in self.results for judgement in result.judgements
        )

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
