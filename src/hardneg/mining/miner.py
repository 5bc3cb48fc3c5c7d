"""Decides on the queries of a run block by block, each block one part of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from hardneg.calibration.calibration import Calibration
from hardneg.calibration.noisy_positives import NoisyPositives
from hardneg.core.components import (
    RULES,
    Context,
    OpenedPositiveValidator,
    OpenedRanker,
    OpenedValidator,
)
from hardneg.core.exclusions import Exclusions
from hardneg.core.records import BoolArray, Candidates, Collection, IntArray
from hardneg.mining.positives import PositivesStage
from hardneg.mining.recipe import Recipe
from hardneg.mining.validation import ValidationStage
from hardneg.rankers.pool import Pool
from hardneg.rankers.sharded_search import Search, SearchNotPrepared, ShardableRanker, ShardedRanker, sharded
from hardneg.runs.directory import Clock
from hardneg.runs.ledger import Block, Ledger
from hardneg.runs.table import block_table, stored_candidates
from hardneg.selection.anchor import anchored
from hardneg.selection.combining import combined
from hardneg.selection.fitting import FitSample, fitted_rules, learns
from hardneg.selection.selector import Decisions, Selector

BLOCK = 1_024
"""Queries in one part of the ledger."""

_CELLS = 1 << 20
"""Candidates decided on together: bounds memory when short queries are searched deeper."""


class _Blocks:
    """Decides on the blocks of a ledger one by one with one selector.

    `sample` are the candidates on which probabilities were last calibrated, where rules learn from them.
    """

    sample = FitSample((), 0.0)

    def __init__(
        self,
        collection: Collection,
        recipe: Recipe,
        open_validators: Mapping[str, OpenedValidator],
        rankers: Mapping[str, OpenedRanker] | None = None,
        positive_validators: Mapping[str, OpenedPositiveValidator] | None = None,
    ) -> None:
        self.collection = collection
        self.settings = recipe.select
        self.weighted = recipe.validation.weights and not recipe.select.attenuate
        self.exclusions = Exclusions(collection)
        self.selector = Selector(collection, recipe.select, recipe.seed)
        self.validation = ValidationStage(collection, recipe.validation, recipe.rank.scorers, open_validators)
        self.weighted_positives = recipe.positives.action == "weight"
        self.positives = PositivesStage(
            collection,
            recipe.positives,
            self.exclusions,
            rankers,
            positive_validators,
            rank=recipe.rank,
            seed=recipe.seed,
        )

    def calibrated(self, pools: Iterable[Candidates]) -> Calibration:
        """Returns what is learned from the pools of a sample of the queries, and uses it from now on."""
        blocks = list(map(self._with_evidence, pools))
        learned = self.validation.calibrate(blocks)
        if not any(map(learns, self.selector.rules)):
            return learned
        shown = map(self.validation.with_hidden_positives, blocks)
        self.sample = FitSample(
            tuple((self._anchored(block), positive) for block, positive in shown),
            learned.unlabelled_per_labelled * learned.highest_scale,
        )
        rules = fitted_rules(self.selector, self.sample)
        return self.use(replace(learned, rules=tuple(map(RULES.describe, rules))))

    def use(self, calibration: Calibration) -> Calibration:
        """Decides from now on by a calibration, and returns it."""
        self.validation.calibration = calibration
        if calibration.rules:
            self.selector.rules = tuple(map(RULES.make, calibration.rules))
        return calibration

    def decide(self, pooled: Candidates) -> tuple[Candidates, Decisions]:
        """Returns the candidates and the decisions; what is chosen unread is read, and decided on again."""
        found = self._with_evidence(pooled, whole=False)
        read = np.zeros(found.shape, bool)
        while True:
            candidates = self._anchored(self.validation.validate(found))
            decisions = self.selector.select(candidates)
            if not self.validation.reads_chosen:
                return candidates, decisions
            unread = self.validation.unread(found, _chosen(found, candidates, decisions)) & ~read
            if not unread.any():
                return candidates, decisions
            self.selector.forget(candidates, decisions, np.ones(len(candidates.queries), bool))
            found, read = self.validation.with_evidence_of(found, unread), read | unread

    def examined(self, pooled: Candidates) -> Candidates:
        return self._anchored(self.validation.validate(self._with_evidence(pooled)))

    def _with_evidence(self, pooled: Candidates, *, whole: bool = True) -> Candidates:
        """Returns candidates with evidence of false negatives and of wrong positives."""
        pooled = combined(pooled, self.settings.ensemble, self.settings.teachers)
        found = self.validation.with_evidence(self.exclusions.mark(pooled), whole=whole)
        return self.positives.examine(found, self.validation.verdict_shares(found))

    def _anchored(self, candidates: Candidates) -> Candidates:
        return anchored(candidates, self.collection, self.settings.anchor)

    def table(self, candidates: Candidates, decisions: Decisions) -> pa.Table:
        decided = decisions.reasons, decisions.reason, decisions.copies
        return block_table(self.collection, candidates, *decided, self.weighted, self.weighted_positives)

    def recount(self, ledger: Ledger, number: int) -> None:
        """Takes a finished part's negatives into account; without a cap the part is not read."""
        if self.selector.usage is not None:
            table = ledger.read(number).table
            docs = self.collection.documents.rows(table["doc_id"].to_pylist())
            self.selector.recount(np.repeat(docs, table["copies"].to_numpy()))

    def short(self, candidates: Candidates, missing: Any, reasons: Any) -> dict[str, str]:
        rows = np.flatnonzero(missing)
        names = self.collection.queries.ids(candidates.queries[rows])
        if candidates.pair is not None:
            pairs = self.collection.documents.ids(candidates.pair[rows])
            names = [f"{query}\t{pair}" for query, pair in zip(names, pairs, strict=True)]
        return {name: reasons[row] for name, row in zip(names, rows, strict=True)}


class Miner(_Blocks):
    """Ranks and decides, searching deeper for the queries that stay short."""

    @classmethod
    def opened(
        cls,
        collection: Collection,
        recipe: Recipe,
        context: Context,
        clock: Clock,
        ready: Mapping[str, OpenedRanker] | None = None,
    ) -> Miner:
        """Returns a miner, its rankers and validators opened, which encodes what must be encoded."""
        recipe.check_installed()
        rankers: dict[str, OpenedRanker] = {}
        for name, settings in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
            with clock.stage(f"open {name}"):
                opened = None if ready is None else ready.get(name)
                opened = settings.open(collection, context) if opened is None else opened
                rankers[name] = sharded(name, opened, collection, context)
        validators = open_validators(recipe, collection, rankers, context, clock)
        own = open_positive_validators(recipe, collection, rankers, context)
        return cls(collection, recipe, rankers, validators, own)

    def __init__(
        self,
        collection: Collection,
        recipe: Recipe,
        rankers: Mapping[str, OpenedRanker],
        open_validators: Mapping[str, OpenedValidator],
        positive_validators: Mapping[str, OpenedPositiveValidator] | None = None,
    ) -> None:
        super().__init__(collection, recipe, open_validators, rankers, positive_validators)
        self.facts = {name: dict(ranker.facts) for name, ranker in rankers.items()}
        self.shardable: dict[str, ShardableRanker] = {
            name: ranker.lists.ranker for name, ranker in rankers.items() if isinstance(ranker, ShardedRanker)
        }
        refused = [getattr(validator, "refused", ()) for validator in open_validators.values()]
        queries = np.setdiff1d(
            collection.judgments.queries_with_positives, np.concatenate([*refused, np.empty(0, np.int32)])
        ).astype(np.int32)
        self.blocks = [queries[i : i + BLOCK] for i in range(0, len(queries), BLOCK)]
        self.sizes = [len(block) for block in self.blocks]
        self._pool = Pool(collection, rankers, recipe.rank.order, recipe.select.by or "")
        self._limit = min(recipe.rank.max_depth or len(collection.documents), len(collection.documents))
        self._depth = min(_first_depth(recipe), self._limit)

    def learn_positives(self) -> NoisyPositives:
        """Returns what a sample of the queries shows of their positives."""
        return self.positives.learn(np.concatenate([*self.blocks, np.empty(0, np.int32)]))

    def calibrate(self) -> Calibration:
        """Returns the calibration learned from a sample of the queries."""
        queries = self.validation.sample_queries(np.concatenate([*self.blocks, np.empty(0, np.int32)]))
        sample = Search(queries, self._depth)
        self.prepare([sample])
        return self.calibrated(self._pool.candidates(s.queries, s.depth) for s in _pieces(sample))

    def first(self, number: int) -> Search:
        """Returns the search that a block begins with."""
        return Search(self.blocks[number], self._depth)

    def prepare(self, searches: Iterable[Search]) -> None:
        """Makes ready for these searches the rankers that answer prepared ones only."""
        self._pool.prepare([piece for search in searches for piece in _pieces(search)])

    def block(self, number: int) -> Block:
        """Returns the decisions on one block of queries."""
        tables: list[pa.Table] = []
        owners: list[IntArray] = []
        short: dict[str, str] = {}
        search = self.first(number)
        while len(search.queries):
            deeper = []
            for candidates, decisions, again in self._decided(search):
                deeper.append(again)
                tables.append(self.table(candidates, decisions))
                owners.append(np.repeat(candidates.queries, (candidates.docs >= 0).sum(axis=1)))
                short.update(self.short(candidates, decisions.missing, self._reasons(candidates, decisions)))
            search = Search(np.concatenate(deeper), min(2 * search.depth, self._limit))
        order = np.argsort(np.concatenate(owners), kind="stable")
        return Block(pa.concat_tables(tables).take(pa.array(order)), dict(sorted(short.items())))

    def _decided(self, search: Search) -> Iterator[tuple[Candidates, Decisions, IntArray]]:
        """Yields what `_decide_at` gives for the queries of a search, piece by piece."""
        try:
            for piece in _pieces(search):
                yield self._decide_at(piece.queries, piece.depth)
        except SearchNotPrepared:
            raise SearchNotPrepared(search) from None

    def _decide_at(self, queries: IntArray, depth: int) -> tuple[Candidates, Decisions, IntArray]:
        """Returns the final decisions, and the queries to search deeper, which are left out of them."""
        candidates, decisions = self.decide(self._pool.candidates(queries, depth))
        if depth >= self._limit:
            return candidates, decisions, np.empty(0, np.int32)
        again = np.unique(candidates.queries[decisions.deeper]).astype(np.int32)
        final = ~np.isin(candidates.queries, again)
        self.selector.forget(candidates, decisions, ~final)
        rows = np.flatnonzero(final)
        return candidates.take(rows), decisions.take(rows), again

    def _reasons(self, candidates: Candidates, decisions: Decisions) -> list[str]:
        exhausted = candidates.exhausted
        assert exhausted is not None
        return [
            "corpus_exhausted" if done else "depth_limit" if deeper else "rules_exhausted"
            for done, deeper in zip(exhausted, decisions.deeper, strict=True)
        ]


class Reselector(_Blocks):
    """Decides again on the candidates that a finished run has stored, with validators that are not.

    `add_evidence` returns the candidates of a part, by its number, with further scores and evidence.
    """

    def __init__(
        self,
        collection: Collection,
        recipe: Recipe,
        ledger: Ledger,
        open_validators: Mapping[str, OpenedValidator],
        add_evidence: Callable[[int, Candidates], Candidates] | None = None,
    ) -> None:
        super().__init__(collection, recipe, open_validators)
        self._add_evidence = add_evidence
        self.ledger = ledger
        self.sizes = [ledger.counts(number).get("queries", 0) for number in range(len(ledger))]
        self._scorer = recipe.select.by or ""

    def calibrate(self) -> Calibration:
        """Returns the calibration learned from the stored candidates of a sample of the queries."""
        queries = self.validation.sample_queries(self.collection.judgments.queries_with_positives)
        stored = (self._stored(number) for number in range(len(self.sizes)))
        return self.calibrated(
            block.take(np.flatnonzero(np.isin(block.queries, queries))) for block in stored
        )

    def candidates(self, number: int) -> Candidates:
        """Returns the stored candidates of one part, examined and with their anchor scores."""
        return self.examined(self._stored(number))

    def _stored(self, number: int) -> Candidates:
        stored = stored_candidates(self.ledger.read(number).table, self.collection, self._scorer)
        return stored if self._add_evidence is None else self._add_evidence(number, stored)

    def block(self, number: int) -> Block:
        """Returns the decisions on one part of the ledger."""
        candidates, decisions = self.decide(self._stored(number))
        reasons = ["stored_candidates_exhausted"] * len(candidates.queries)
        return Block(self.table(candidates, decisions), self.short(candidates, decisions.missing, reasons))


def open_validators(
    recipe: Recipe,
    collection: Collection,
    rankers: Mapping[str, OpenedRanker],
    context: Context,
    clock: Clock,
) -> dict[str, OpenedValidator]:
    """Returns the recipe's validators, opened."""
    opened: dict[str, OpenedValidator] = {}
    for name, validator in zip(recipe.validation.names, recipe.validation.validators, strict=True):
        with clock.stage(f"open {name}"):
            opened[name] = validator.open(collection, rankers, context)
    return opened


def open_positive_validators(
    recipe: Recipe, collection: Collection, rankers: Mapping[str, OpenedRanker], context: Context
) -> dict[str, OpenedPositiveValidator]:
    """Returns the recipe's validators of positives, opened; none where positives are not examined."""
    if not recipe.positives.estimate:
        return {}
    named = zip(recipe.positives.names, recipe.positives.validators, strict=True)
    return {name: validator.open(collection, rankers, context) for name, validator in named}


def _chosen(pooled: Candidates, candidates: Candidates, decisions: Decisions) -> BoolArray:
    """Returns (n_queries, depth) bool: the pooled candidates that are negatives, for whichever positive."""
    chosen = np.zeros(pooled.shape, bool)
    order = np.argsort(pooled.queries, kind="stable")
    rows = order[np.searchsorted(pooled.queries, candidates.queries, sorter=order)]
    np.logical_or.at(chosen, rows, decisions.copies > 0)
    return chosen


def _first_depth(recipe: Recipe) -> int:
    """Returns the depth of the first search: a window must be whole before anything is drawn from it."""
    return max([recipe.rank.depth, *(rule.needed_depth() for rule in recipe.select.rules)])


def _pieces(search: Search) -> list[Search]:
    """Returns a search in pieces whose candidates fit into memory."""
    size = max(1, _CELLS // search.depth)
    starts = range(0, len(search.queries), size)
    return [Search(search.queries[begin : begin + size], search.depth) for begin in starts]
