"""The cascade: a cheap model first, a strong one for what it finds relevant or cannot decide; its results.

Source: RLHN, arXiv 2505.16967, section 3: GPT-4o-mini judges all pairs, GPT-4o those that it finds relevant.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.core import verdicts
from hardneg.core.state_files import with_checksum
from hardneg.core.verdicts import MODEL, Judged, Verdict
from hardneg.endpoints.chat_model import ChatModel, Cost, Reply, Request
from hardneg.endpoints.client import Answer, NoAnswer
from hardneg.endpoints.request_queue import Attempt
from hardneg.llm.judging.grades import read_grade, verdict
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.prompt import Prompt

_RARE = (Verdict.PARTIAL, Verdict.WITHDRAWN)
"""Verdicts that a summary counts only where there are some."""


class Judgement(NamedTuple):
    """A model's judgement of one pair."""

    model: str
    answer: Answer
    grade: int | None  # 0 to 3; None where the answer has none
    verdict: Verdict
    tokens: int | None  # that this call paid for; None for a stored answer
    span: str = ""  # words of the document that answer, where they were asked for


@dataclass(frozen=True)
class Step:
    """A model with its prompt."""

    model: ChatModel
    prompt: Prompt
    relevant_from: int  # least grade of relevant documents

    @property
    def judge(self) -> str:
        """The judge's name in its verdicts."""
        return f"{MODEL}{self.model.name}"

    def stored(self, pair: Pair) -> Judgement | None:
        """Returns the judgement of a stored answer; None without one."""
        answer = self.model.stored(self._request(pair))
        return self._judgement(pair, Reply(answer, None)) if answer else None

    def restore(self, pair: Pair, texts: Mapping[tuple[str, str, str], str]) -> int:
        """Stores an earlier answer, by (query_id, doc_id, model), if it was lost; returns how many were."""
        text = texts.get((pair.query_id, pair.doc_id, self.model.name))
        return 0 if text is None else int(self.model.restore(self._request(pair), text))

    def highest_cost(self, pair: Pair) -> Cost:
        """Returns the most that one request may cost."""
        return self.model.highest_cost(self._request(pair))

    async def ask(self, pair: Pair, attempt: Attempt) -> Judgement:
        """Returns the model's judgement of a pair; its answer is stored on disk before this returns."""
        return self._judgement(pair, await attempt.ask(self.model, self._request(pair)))

    def _judgement(self, pair: Pair, reply: Reply) -> Judgement:
        grade = read_grade(reply.answer.text, f"{pair.query}\n{pair.document}")
        return Judgement(
            self.model.name, reply.answer, grade, verdict(grade, self.relevant_from), reply.tokens
        )

    def content(self, pair: Pair) -> str:
        """Returns the prompt about a pair."""
        return self.prompt.fill(query=pair.query, document=pair.document)

    def _request(self, pair: Pair) -> Request:
        return self.model.request([{"role": "user", "content": self.content(pair)}])


class PairResult(NamedTuple):
    """The judgements of one pair, one per model; the last one counts."""

    pair: Pair
    judgements: tuple[Judgement, ...]
    problem: str | None = None  # why there is no final judgement

    @property
    def pairs(self) -> tuple[PairResult, ...]:
        """The results of the pairs that were asked about together: this one."""
        return (self,)


class Cascade:
    """Judges pairs by one model, or by a cheap and a strong one."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps

    def highest_cost(self, pair: Pair) -> Cost:
        """Returns the most that a pair may cost, without stored answers."""
        cost = Cost()
        for step in self._steps:
            stored = step.stored(pair)
            if stored is None:
                cost = cost.plus(step.highest_cost(pair))
            elif stored.verdict == Verdict.NOT_RELEVANT:
                break
        return cost

    async def judge(self, pair: Pair, attempt: Attempt) -> PairResult:
        """Returns the judgements of a pair."""
        judgements: list[Judgement] = []
        try:
            for step in self._steps:
                judgements.append(await step.ask(pair, attempt))
                if judgements[-1].verdict == Verdict.NOT_RELEVANT:
                    break
        except NoAnswer as problem:
            return PairResult(pair, tuple(judgements), str(problem))
        return PairResult(pair, tuple(judgements))


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
            "verdicts": {name: found[name] for name in Verdict if name not in _RARE or found[name]},
            "grades": dict(sorted(grades.items())),
            "unreadable": unreadable,
            "passed_on": sum(len(judgements) - 1 for judgements in judged),
            "failed": len(problems),
            "last_problem": problems[-1] if problems else None,
            "cached": tokens.count(None),
            "written": self._written,
        }

    def answers(self) -> str:
        """Returns JSON lines: query_id, doc_id, model, grade, answer, checksum, in the order of the pairs."""
        return "".join(
            _line(result.pair, judgement) for result in self.results for judgement in result.judgements
        )

    def _in_file(self, pair: Pair, judgement: Judgement) -> Verdict | None:
        return self._written_before.get((f"{MODEL}{judgement.model}", pair.query_id, pair.doc_id))

    def _append(self, pair: Pair, judgement: Judgement, verdict: Verdict) -> None:
        judge, time = f"{MODEL}{judgement.model}", judgement.answer.time
        grade = None if verdict == Verdict.WITHDRAWN else judgement.grade
        judged = Judged(pair.query_id, pair.doc_id, verdict, judge, time, grade, pair.texts)
        verdicts.append(self._path, judged)
        self._written += 1


def _line(pair: Pair, judgement: Judgement) -> str:
    row = {
        "query_id": pair.query_id,
        "doc_id": pair.doc_id,
        "model": judgement.model,
        "grade": judgement.grade,
        **({"span": judgement.span} if judgement.span else {}),
        "answer": judgement.answer.text,
    }
    return json.dumps(with_checksum(row), ensure_ascii=False) + "\n"
