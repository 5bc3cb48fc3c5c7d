"""The cascade over lists: a cheap model grades all documents, a strong one those that may be relevant.

What an answer leaves out or does not quote is asked about once more, in another order under other codes; what
is not answered then is unsure, never irrelevant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hardneg.core.verdicts import HIGHEST, MODEL, Verdict
from hardneg.endpoints.chat_model import ChatModel, Cost, Reply, Request
from hardneg.endpoints.client import NoAnswer
from hardneg.endpoints.request_queue import Attempt
from hardneg.llm.judging.cascade import Judgement, PairResult
from hardneg.llm.judging.lists import DocumentList, filled, form_of, lists_of, read_grades, verdict_against
from hardneg.llm.judging.pairs import Pair
from hardneg.llm.prompt import Prompt

__all__ = ["ListCascade", "ListResult", "ListStep", "lists_of"]

_TURNS = 2
_TOKENS, _TOKENS_A_DOCUMENT = 128, 160
"""Of the longest answer."""
Graded = dict[Pair, Judgement]


class ListResult(NamedTuple):
    """The results of a list's pairs.

    Attributes:
        pairs: One result a pair.
        positive: The grade of the known positive by the last model that was asked; None without one.
        problem: Why some pairs have no judgement.
    """

    pairs: tuple[PairResult, ...]
    positive: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class ListStep:
    """A model with its prompt for lists."""

    model: ChatModel
    prompt: Prompt
    relevant_from: int  # least grade of relevant documents
    seed: int  # of codes and order

    @property
    def judge(self) -> str:
        """The judge's name in its verdicts."""
        return f"{MODEL}{self.model.name}"

    async def ask(self, docs: DocumentList, attempt: Attempt) -> tuple[Graded, str | None]:
        """Returns the model's judgements of a list, on disk when this returns, and why some are missing."""
        graded: Graded = {}
        for turn in range(_TURNS):
            if rest := self._rest(docs, graded):
                model, request = self._request(rest, turn)
                try:
                    reply = await attempt.ask(model, request)
                except NoAnswer as problem:
                    return {pair: own for pair, own in graded.items() if own.grade is not None}, str(problem)
                self._add(rest, turn, reply, graded)
        return graded, None

    def stored(self, docs: DocumentList) -> tuple[Graded, Cost]:
        """Returns the judgements of stored answers, and the most that the others may cost."""
        graded: Graded = {}
        for turn in range(_TURNS):
            if rest := self._rest(docs, graded):
                model, request = self._request(rest, turn)
                answer = model.stored(request)
                if answer is None:
                    cost = model.highest_cost(request)
                    left = _TURNS - turn
                    return {}, Cost(left * cost.requests, left * cost.tokens)
                self._add(rest, turn, Reply(answer, None), graded)
        return graded, Cost()

    def restore(self, docs: DocumentList, texts: Mapping[tuple[str, str, str], str]) -> int:
        """Stores earlier answers, by (query_id, doc_id, model), that were lost; returns how many."""
        graded: Graded = {}
        known = {texts.get((pair.query_id, pair.doc_id, self.model.name), "") for pair in docs.pairs}
        count = 0
        for turn in range(_TURNS):
            rest = self._rest(docs, graded)
            text = rest and next((one for one in sorted(known) if self._read(rest, turn, one)), None)
            if not rest or not text:
                break
            model, request = self._request(rest, turn)
            count += model.restore(request, text)
            if (answer := model.stored(request)) is not None:
                self._add(rest, turn, Reply(answer, None), graded)
        return count

    def _rest(self, docs: DocumentList, graded: Graded) -> DocumentList | None:
        """Returns the list of those documents that have no grade yet, None without any."""
        left = tuple(pair for pair in docs.pairs if pair not in graded or graded[pair].grade is None)
        return docs._replace(pairs=left) if left else None

    def content(self, docs: DocumentList, turn: int = 0) -> str:
        """Returns the prompt about a list."""
        return filled(self.prompt, docs.shown(self.seed, turn))

    def _request(self, docs: DocumentList, turn: int) -> tuple[ChatModel, Request]:
        shown = docs.shown(self.seed, turn)
        longest = _TOKENS + _TOKENS_A_DOCUMENT * len(shown)
        request = self.model.request(
            [{"role": "user", "content": self.content(docs, turn)}], max_tokens=longest
        )
        return replace(self.model, form=form_of(shown)), request

    def _read(self, docs: DocumentList, turn: int, answer: str) -> bool:
        return bool(read_grades(answer, docs.shown(self.seed, turn)))

    def _add(self, docs: DocumentList, turn: int, reply: Reply, graded: Graded) -> None:
        shown = docs.shown(self.seed, turn)
        grades = read_grades(reply.answer.text, shown)
        of_pair = {pair: grades[code] for code, pair in shown.items() if code in grades}
        beside = of_pair[docs.positive].grade if docs.positive in of_pair else HIGHEST
        for pair in (*docs.pairs, docs.positive):
            own = of_pair.get(pair)
            verdict = verdict_against(own.grade, beside, self.relevant_from) if own else Verdict.UNSURE
            grade, span = own or (None, "")
            graded[pair] = Judgement(self.model.name, reply.answer, grade, verdict, reply.tokens, span)


class ListCascade:
    """Judges lists by one model, or by a cheap and a strong one."""

    def __init__(self, steps: Sequence[ListStep]) -> None:
        self._steps = steps

    def highest_cost(self, docs: DocumentList) -> Cost:
        """Returns the most that a list may cost, without stored answers."""
        cost = Cost()
        for step in self._steps:
            graded, own = step.stored(docs)
            cost = cost.plus(own)
            left = _passed(docs.pairs, graded)
            if not left:
                break
            docs = docs._replace(pairs=left)
        return cost

    async def judge(self, docs: DocumentList, attempt: Attempt) -> ListResult:
        """Returns the judgements of a list's pairs."""
        results = {pair: PairResult(pair, ()) for pair in docs.pairs}
        left, positive = docs.pairs, None
        for step in self._steps:
            if left:
                graded, problem = await step.ask(docs._replace(pairs=left), attempt)
                for pair in left:
                    own = results[pair].judgements
                    results[pair] = (
                        PairResult(pair, (*own, graded[pair]))
                        if pair in graded
                        else PairResult(pair, own, problem)
                    )
                left = tuple(pair for pair in _passed(left, graded) if pair in graded)
                positive = graded[docs.positive].grade if docs.positive in graded else positive
        problems = [result.problem for result in results.values() if result.problem is not None]
        return ListResult(tuple(results.values()), positive, problems[-1] if problems else None)


def _passed(pairs: Sequence[Pair], graded: Graded) -> tuple[Pair, ...]:
    """Returns the pairs that a model did not find irrelevant, or did not judge."""
    return tuple(pair for pair in pairs if pair not in graded or graded[pair].verdict != Verdict.NOT_RELEVANT)
