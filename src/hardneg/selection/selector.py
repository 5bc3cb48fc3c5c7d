"""Decides on blocks of candidates: exclusions, rules, the draw, and why a query is short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hardneg.core.components import Rule
from hardneg.core.exclusions import EXCLUSIONS, excluded
from hardneg.core.noise import uniform
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray, IntArray
from hardneg.selection.reasons import (
    ATTENUATED,
    MAX_USES,
    NO_ANCHOR_SCORE,
    NO_POSITIVE,
    NO_SCORE,
    SURPLUS,
    draw_reason,
    rule_reason,
)
from hardneg.selection.settings import SelectSettings

Codes = npt.NDArray[np.int16]

_ATTENUATION = 0x6174_7465_6E75_6174
"""Tells the noise of attenuation from that of the draw."""


@dataclass(frozen=True)
class Decisions:
    """The decisions on all candidates of a block.

    Attributes:
        reasons: All reasons that occur.
        reason: (n_queries, depth) int16, an index into `reasons`; -1 where there is no candidate.
        copies: (n_queries, depth) int16, how often a candidate is a negative; 0 if it is none.
        missing: (n_queries,) int32, how many negatives a query is short of.
        deeper: (n_queries,) bool, whether more depth may find the missing ones.
    """

    reasons: tuple[str, ...]
    reason: Codes
    copies: Codes
    missing: IntArray
    deeper: BoolArray

    def take(self, rows: npt.NDArray[np.intp]) -> Decisions:
        """Returns the decisions on some of the queries."""
        return Decisions(
            self.reasons, self.reason[rows], self.copies[rows], self.missing[rows], self.deeper[rows]
        )


class _TeacherDecisions(NamedTuple):
    """What rules and draw decide by the scores of one teacher.

    Attributes:
        reason: (n_queries, depth) int16, why a candidate is dropped; surplus for the allowed.
        orders: For each query the columns of the allowed, the first to be drawn first.
    """

    reason: Codes
    orders: list[list[int]]


class Selector:
    """Applies one selection to the candidates of a collection, block by block.

    Under a cap (`max_uses`) blocks must come in the order of the queries, and the uses made so far count:
    `usage` has the number of each document, (n_documents,) int32, and is None without a cap.
    `rules` are those of the settings, or the same with what they have learned from a sample.
    """

    def __init__(self, collection: Collection, settings: SelectSettings, seed: int) -> None:
        self._settings = settings
        self._collection = collection
        self._seed = seed
        self.negative_reason = draw_reason(settings.draw)
        self._draw = settings.draw.for_count(settings.negatives)
        self.rules: tuple[Rule, ...] = settings.rules
        rules = map(rule_reason, settings.rules)
        others = (NO_POSITIVE, NO_SCORE, NO_ANCHOR_SCORE, SURPLUS, MAX_USES, ATTENUATED)
        self.reasons = tuple(dict.fromkeys((*EXCLUSIONS, *rules, *others, self.negative_reason)))
        self.usage: IntArray | None = None
        if settings.max_uses is not None:
            self.usage = np.zeros(len(collection.documents), np.int32)

    def with_rules(self, rules: tuple[Rule, ...]) -> Selector:
        """Returns a selector by other rules in place of its own, which has chosen nothing yet."""
        settings = self._settings.model_copy(update={"rules": rules})
        return Selector(self._collection, settings, self._seed)

    def select(self, candidates: Candidates) -> Decisions:
        """Returns the decisions on one block."""
        codes = excluded(candidates).astype(np.int16)
        codes[candidates.docs < 0] = -2
        lost = self._without_positive(candidates)
        codes[(codes == -1) & lost[:, None]] = self._code(NO_POSITIVE)
        noise = self._noise(candidates)
        thinned = self._thinned(candidates)
        by_teacher = [self._decide_by(one, codes, noise, thinned) for one in self._teacher_views(candidates)]
        reason = np.where(codes == -2, np.int16(-1), by_teacher[0].reason)
        for decided in by_teacher[1:]:
            allowed = (decided.reason == self._code(SURPLUS)) & (reason >= 0)
            reason[allowed] = decided.reason[allowed]
        copies = self._pick(candidates, by_teacher, reason)
        wanted = np.where(lost, 0, self._settings.negatives)
        missing = np.maximum(wanted - copies.sum(axis=1), 0).astype(np.int32)
        return Decisions(self.reasons, reason, copies, missing, self._deeper(candidates, missing))

    def forget(self, candidates: Candidates, decisions: Decisions, rows: BoolArray) -> None:
        """Subtracts the negatives of some rows from the cap's counts: they will be decided again."""
        if self.usage is not None:
            docs = np.repeat(candidates.docs[rows].ravel(), decisions.copies[rows].ravel())
            np.subtract.at(self.usage, docs, 1)

    def recount(self, docs: IntArray) -> None:
        """Adds negatives chosen earlier, one entry a use, to the cap's counts."""
        if self.usage is not None:
            np.add.at(self.usage, docs, 1)

    def _teacher_views(self, candidates: Candidates) -> list[Candidates]:
        """Returns the candidates as each teacher scores them; without an ensemble, as the scorer does."""
        if self._settings.ensemble == "none" or self._settings.combines:
            return [candidates]
        return [candidates.seen_by(teacher) for teacher in self._settings.teachers]

    def _without_positive(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries,) bool: which queries have lost all their positives as wrong."""
        if candidates.noisy is None:
            return np.zeros(len(candidates.queries), bool)
        own = self._collection.judgments.relevant.has(candidates.queries, candidates.docs)
        return np.asarray(own.any(axis=1) & ~(own & ~candidates.noisy).any(axis=1))

    def _thinned(self, candidates: Candidates) -> BoolArray:
        """Returns (n_queries, depth) bool: what is left out, each with its p(false negative)."""
        if not self._settings.attenuate or candidates.probability is None:
            return np.zeros(candidates.shape, bool)
        return np.asarray(self._noise(candidates, _ATTENUATION) < candidates.probability)

    def _noise(self, candidates: Candidates, purpose: int = 0) -> FloatArray:
        keys = self._collection.queries.id_keys[candidates.queries] ^ np.uint64(purpose)
        if candidates.pair is not None:
            keys = keys ^ self._collection.documents.keys[candidates.pair]
        return uniform(self._seed, keys[:, None], self._collection.documents.keys[candidates.docs])

    def _decide_by(
        self, view: Candidates, codes: Codes, noise: FloatArray, thinned: BoolArray
    ) -> _TeacherDecisions:
        reason = codes.copy()
        for rule in self.rules:
            reason = np.where((reason == -1) & ~rule.keep(view), self._drop_reason(rule, view), reason)
        reason[(reason == -1) & thinned] = self._code(ATTENUATED)
        allowed = reason == -1
        priority = self._draw.priority(view.only(allowed), noise)
        undrawable = allowed & np.isnan(priority)
        reason[undrawable] = self._code(NO_SCORE)
        allowed &= ~undrawable
        reason[allowed] = self._code(SURPLUS)
        order = np.argsort(np.where(allowed, -priority, np.inf), axis=1, kind="stable")
        counts = allowed.sum(axis=1)
        orders = [row[:count].tolist() for row, count in zip(order, counts, strict=True)]
        return _TeacherDecisions(reason, orders)

    def _drop_reason(self, rule: Rule, view: Candidates) -> Codes:
        """Returns (n_queries, depth) int16: the rule's own reason, or that a score is missing."""
        codes = np.full(view.shape, self._code(rule_reason(rule)), np.int16)
        if rule.reads not in ("score", "anchor"):
            return codes
        codes[np.isnan(view.score(rule.by))] = self._code(NO_SCORE)
        if rule.reads == "anchor":
            codes[np.isnan(view.anchor(rule.by)[:, 0])] = self._code(NO_ANCHOR_SCORE)
        return codes

    def _pick(self, candidates: Candidates, by_teacher: list[_TeacherDecisions], reason: Codes) -> Codes:
        """Returns how often each candidate is taken, and writes why into `reason`."""
        copies = np.zeros(candidates.shape, np.int16)
        turns = self._turns(candidates, len(by_teacher))
        for row in range(len(copies)):
            orders = [by_teacher[turn].orders[row] for turn in turns[row]]
            taken, capped = self._take(candidates.docs[row], orders)
            np.add.at(copies[row], taken, 1)
            reason[row, capped] = self._code(MAX_USES)
            reason[row, taken] = self._code(self.negative_reason)
        return copies

    def _take(self, docs: IntArray, orders: list[list[int]]) -> tuple[list[int], list[int]]:
        """Returns the columns of a query taken from the orders in turn, and those passed over by the cap."""
        taken: list[int] = []
        capped: list[int] = []
        waiting = [iter(order) for order in orders]
        while waiting and len(taken) < self._settings.negatives:
            teacher = waiting.pop(0)
            for column in teacher:
                if self._settings.distinct and column in taken:
                    continue
                if self._used_up(docs[column]):
                    capped.append(column)
                    continue
                taken.append(column)
                if self.usage is not None:
                    self.usage[docs[column]] += 1
                waiting.append(teacher)
                break
        return taken, capped

    def _used_up(self, doc: int) -> bool:
        limit = self._settings.max_uses
        return self.usage is not None and limit is not None and bool(self.usage[doc] >= limit)

    def _turns(self, candidates: Candidates, teachers: int) -> npt.NDArray[np.intp]:
        """Returns (n_queries, turns) int: which teachers choose for each query, in turn, at random."""
        keys = self._collection.queries.id_keys[candidates.queries][:, None]
        drawn = uniform(self._seed, keys, np.arange(teachers, dtype=np.uint64)[None, :])
        turns = np.argsort(drawn, axis=1, kind="stable")
        return turns[:, :1] if self._settings.ensemble == "cross-sample" else turns

    def _deeper(self, candidates: Candidates, missing: IntArray) -> BoolArray:
        unfinished = missing > 0
        if candidates.exhausted is not None:
            unfinished &= ~candidates.exhausted
        useful = np.zeros_like(unfinished)
        for view in self._teacher_views(candidates):
            passing = np.ones_like(unfinished)
            for rule in self.rules:
                passing &= rule.useful_deeper(view)
            useful |= passing
        return np.asarray(unfinished & useful)

    def _code(self, reason: str) -> np.int16:
        return np.int16(self.reasons.index(reason))
