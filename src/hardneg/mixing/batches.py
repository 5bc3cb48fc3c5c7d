"""The order of a mixture: batches in which no row holds a known or suspected positive of another's query."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hardneg.core.errors import ConfigError
from hardneg.mixing.mix_settings import MixSettings
from hardneg.mixing.part import Part
from hardneg.training.rows import Row

Batch = list[tuple[int, int]]
"""(part, row) each."""
_LOOK_AHEAD = 1_000
"""Rows that may be put off before a batch is given up."""


def shares(parts: Sequence[Part], settings: MixSettings) -> list[int]:
    """Returns the rows of each part, in proportion to (weight x rows)^temperature, and `size` in all."""
    sizes = [len(part.rows) for part in parts]
    total = settings.size or sum(sizes)
    worth = np.array([part.settings.weight * size for part, size in zip(parts, sizes, strict=True)])
    exact = total * worth**settings.temperature / (worth**settings.temperature).sum()
    whole = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return [int(rows) for rows in whole]


def batches(parts: Sequence[Part], counts: Sequence[int], settings: MixSettings) -> Iterator[Batch]:
    """Yields batches of `batch_size` rows; those that make no full batch in the end are left out.

    Raises:
        ConfigError: A part has too few rows that go together.
    """
    random = np.random.default_rng(settings.seed)
    streams = [_Rows(number, part, settings.seed) for number, part in enumerate(parts)]
    for quotas in _quotas(counts, settings, random):
        batch = _Filled(parts)
        for stream, quota in zip(streams, quotas, strict=True):
            stream.take(batch, quota)
        yield batch.rows


def _quotas(
    counts: Sequence[int], settings: MixSettings, random: np.random.Generator
) -> Iterator[Sequence[int]]:
    """Yields how many rows of each part a batch has."""
    size = settings.batch_size
    if settings.batches == "one":
        order = np.repeat(np.arange(len(counts)), [count // size for count in counts])
        for part in random.permutation(order).tolist():
            yield [size * (number == part) for number in range(len(counts))]
        return
    given = np.zeros(len(counts), int)
    for number in range(1, sum(counts) // size + 1):
        due = number * size * np.array(counts) / sum(counts)
        quota = np.floor(due + 1e-9).astype(int) - given
        order = np.argsort(given + quota - due, kind="stable")
        quota[order[: size - int(quota.sum())]] += 1
        given += quota
        yield quota.tolist()


class _Member(NamedTuple):
    part: int
    number: int
    row: Row
    query_key: int
    positive_key: int
    doc_keys: frozenset[int]


class _Filled:
    """A batch that is being filled."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._members: list[_Member] = []

    @property
    def rows(self) -> Batch:
        return [(member.part, member.number) for member in self._members]

    def add(self, part: int, number: int) -> bool:
        """Adds a row unless it conflicts with one that is there; returns whether it did."""
        row = self._parts[part].rows[number]
        docs = row.positive, *row.negatives
        keys = self._parts[part].doc_keys(docs)
        member = _Member(part, number, row, self._parts[part].query_key(row), keys[0], frozenset(keys))
        if any(_alike(member, other) for other in self._members) or self._related(member):
            return False
        self._members.append(member)
        return True

    def remove(self, part: int, number: int) -> None:
        """Takes a row out again."""
        self._members = [each for each in self._members if (each.part, each.number) != (part, number)]

    def _related(self, member: _Member) -> bool:
        """Returns whether it has a positive of another row's query, of the same part, or the other of its."""
        others = [other.row for other in self._members if other.part == member.part]
        if not others:
            return False
        weights, row = self._parts[member.part].weights, member.row
        docs = [doc for other in others for doc in (other.positive, *other.negatives)]
        of_query = weights([row.query], docs)
        of_others = weights([other.query for other in others], [row.positive, *row.negatives])
        return bool(min(of_query.min(), of_others.min()) <= 0)


def _alike(one: _Member, other: _Member) -> bool:
    """Returns whether rows have one query, or one's positive is among the other's documents."""
    return (
        one.query_key == other.query_key
        or one.positive_key in other.doc_keys
        or other.positive_key in one.doc_keys
    )


class _Rows:
    """The rows of a part in random order, pass after pass; rows that were put off come first."""

    def __init__(self, number: int, part: Part, seed: int) -> None:
        self._number = number
        self._part = part
        self._seed = seed
        self._waiting: deque[int] = deque()
        self._alone: set[int] = set()
        self._passes = 0

    def take(self, batch: _Filled, quota: int) -> None:
        """Adds rows to a batch.

        Raises:
            ConfigError: No so many rows go together.
        """
        put_off: list[int] = []
        added: list[int] = []
        while len(added) < quota:
            if len(put_off) > min(_LOOK_AHEAD, 2 * len(self._part.rows)):
                self._give_up(batch, added, quota)
                self._waiting.extendleft(reversed(put_off))
                put_off = []
            number = self._next()
            if batch.add(self._number, number):
                added.append(number)
            else:
                put_off.append(number)
        self._waiting.extendleft(reversed(put_off))

    def _give_up(self, batch: _Filled, added: list[int], quota: int) -> None:
        """Takes the first row of the part out of a batch, and of all: it goes with hardly any other."""
        if not added or len(self._alone) + quota >= len(self._part.rows):
            raise ConfigError(
                f"{self._part.name}: no {quota} of its {len(self._part.rows):,} rows go into one batch: they "
                "share queries or documents, or are too few; make batch_size smaller"
            )
        self._alone.add(added[0])
        batch.remove(self._number, added.pop(0))

    def _next(self) -> int:
        while True:
            if not self._waiting:
                random = np.random.default_rng((self._seed, self._number, self._passes))
                self._waiting.extend(random.permutation(len(self._part.rows)).tolist())
                self._passes += 1
            number = self._waiting.popleft()
            if number not in self._alone:
                return number
