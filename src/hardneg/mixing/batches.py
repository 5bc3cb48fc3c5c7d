"""The order of a mixture: batches in which no row holds a known or suspected positive of another's query."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hardneg.core.errors import ConfigError
from hardneg.mixing.clusters import Order, near_order
from hardneg.mixing.mix_settings import MixSettings
from hardneg.mixing.part import Part
from hardneg.training.rows import Row

Batch = list[tuple[int, int]]
"""(part, row) each."""
_LOOK_AHEAD = 500
"""Rows that may be put off before the first row of a batch is given up."""
_CLUSTER_ENDS = 16
"""Neighbours in a row that conflict with a batch before it takes those of another row."""
_LEFT_OVER = 0.15
"""The share of the rows that may wait, as they go with no others, when clusters are made anew of all."""
_ALONE = 20, 0.02
"""Rows that may be given up for one batch: this many, and a share of all."""


def shares(parts: Sequence[Part], settings: MixSettings) -> list[int]:
    """Returns the rows of each part, in proportion to (weight x rows)^temperature, and `size` in all."""
    sizes = [len(part.rows) for part in parts]
    total = settings.size or sum(sizes)
    worth = np.array([part.settings.weight * size for part, size in zip(parts, sizes, strict=True)])
    exact = total * worth**settings.temperature / (worth**settings.temperature).sum()
    whole = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(whole - exact, kind="stable")  # the largest remainders are rounded up
    whole[order[: total - int(whole.sum())]] += 1
    return [int(rows) for rows in whole]


def batches(parts: Sequence[Part], counts: Sequence[int], settings: MixSettings) -> Iterator[Batch]:
    """Yields batches of `batch_size` rows; those that make no full batch in the end are left out.

    Raises:
        ConfigError: A part has too few rows that go together.
    """
    random = np.random.default_rng(settings.seed)
    streams = [
        _Rows(number, part, count, settings)
        for number, (part, count) in enumerate(zip(parts, counts, strict=True))
    ]
    if settings.batches == "clustered":  # neighbours follow each other in a stream, as batches must not
        made = list(_filled(parts, streams, _quotas(counts, settings, random)))
        yield from (made[number] for number in random.permutation(len(made)).tolist())
    else:
        yield from _filled(parts, streams, _quotas(counts, settings, random))


def _filled(
    parts: Sequence[Part], streams: Sequence[_Rows], quotas: Iterator[Sequence[int]]
) -> Iterator[Batch]:
    for of_parts in quotas:
        batch = _Filled(parts)
        for stream, quota in zip(streams, of_parts, strict=True):
            stream.take(batch, quota)
        yield batch.rows


def _quotas(
    counts: Sequence[int], settings: MixSettings, random: np.random.Generator
) -> Iterator[Sequence[int]]:
    """Yields how many rows of each part a batch has."""
    size = settings.batch_size
    if settings.batches != "all":
        order = np.repeat(np.arange(len(counts)), [count // size for count in counts])
        for part in random.permutation(order).tolist():
            yield [size * (number == part) for number in range(len(counts))]
        return
    share = np.array(counts) / sum(counts)
    lacking = np.zeros(len(counts))
    for _ in range(sum(counts) // size):
        quota = np.zeros(len(counts), int)
        for _ in range(size):  # each row is of the part that lacks most of its share
            lacking += share
            part = int(lacking.argmax())
            lacking[part] -= 1
            quota[part] += 1
        yield quota.tolist()


class _Member(NamedTuple):
    part: int
    number: int
    row: Row
    query_key: int
    doc_keys: Sequence[int]


class _Filled:
    """A batch that is being filled."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._members: list[_Member] = []
        self._count()

    @property
    def rows(self) -> Batch:
        return [(member.part, member.number) for member in self._members]

    def add(self, part: int, number: int) -> bool:
        """Adds a row unless it conflicts with one that is there; returns whether it did."""
        row = self._parts[part].rows[number]
        keys = self._parts[part].doc_keys([row.positive, *row.negatives])
        member = _Member(part, number, row, self._parts[part].query_key(row), keys)
        if self._has(member) or self._related(member):
            return False
        self._members.append(member)
        self._queries.add(member.query_key)
        self._positives.add(keys[0])
        self._docs.update(keys)
        return True

    def remove(self, part: int, number: int) -> None:
        """Takes a row out again."""
        self._members = [each for each in self._members if (each.part, each.number) != (part, number)]
        self._count()

    def _count(self) -> None:
        self._queries = {member.query_key for member in self._members}
        self._positives = {member.doc_keys[0] for member in self._members}
        self._docs = {key for member in self._members for key in member.doc_keys}

    def _has(self, member: _Member) -> bool:
        """Returns whether its query or positive is there, or it has the positive of another."""
        return (
            member.query_key in self._queries
            or member.doc_keys[0] in self._docs
            or not self._positives.isdisjoint(member.doc_keys)
        )

    def _related(self, member: _Member) -> bool:
        """Returns whether it has a positive of another row's query, of the same part, or the other of its."""
        others = [other.row for other in self._members if other.part == member.part]
        if not others:
            return False
        weights, row = self._parts[member.part].weights, member.row
        docs = [doc for other in others for doc in (other.positive, *other.negatives)]
        if (weights([row.query], docs) <= 0).any():
            return True
        return bool((weights([other.query for other in others], [row.positive, *row.negatives]) <= 0).any())


class _Rows:
    """The rows of a part, pass after pass, at random or neighbours together; those put off come first."""

    def __init__(self, number: int, part: Part, count: int, settings: MixSettings) -> None:
        self._number = number
        self._part = part
        self._count = count
        self._settings = settings
        self._clustered = settings.batches == "clustered"
        self._random = np.random.default_rng((settings.seed, number))
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
        most = given_up = tried = in_a_row = 0
        while len(added) < quota:
            if tried > min(_LOOK_AHEAD, 2 * len(self._part.rows)):
                tried = in_a_row = 0
                if self._clustered and len(self._waiting) < _LEFT_OVER * len(self._part.rows):
                    self._put_back(put_off)
                    self._begin_pass(before=True)
                    continue
                most, given_up = max(most, len(added)), given_up + 1
                self._give_up(batch, added, f"of {quota}, at most {most}", given_up)
                self._put_back(put_off)
            number = self._next()
            if batch.add(self._number, number):
                added.append(number)
                in_a_row = 0
                continue
            put_off.append(number)
            tried, in_a_row = tried + 1, in_a_row + 1
            if self._clustered and in_a_row >= _CLUSTER_ENDS and len(self._waiting) > _LOOK_AHEAD:
                self._put_back(put_off)
                self._waiting.rotate(-int(self._random.integers(len(self._waiting))))
                in_a_row = 0
        self._put_back(put_off)

    def _put_back(self, put_off: list[int]) -> None:
        """Lets rows wait before all others, and empties the list of them."""
        self._waiting.extendleft(reversed(put_off))
        put_off.clear()

    def _give_up(self, batch: _Filled, added: list[int], found: str, times: int) -> None:
        """Takes the first row of the part out of a batch, and of all: it goes with hardly any other."""
        n_rows = len(self._part.rows)
        if not added or times > _ALONE[0] + _ALONE[1] * n_rows or len(self._alone) + 1 >= n_rows:
            raise ConfigError(
                f"{self._part.name}: {found} of its {n_rows:,} rows were found that go into one batch: the "
                "others share queries or documents with them, suspect their documents, or are too few; make "
                "batch_size smaller, or mine with a recipe that suspects fewer"
            )
        self._alone.add(added[0])
        batch.remove(self._number, added.pop(0))

    def _next(self) -> int:
        while True:
            if not self._waiting:
                self._begin_pass()
            number = self._waiting.popleft()
            if number not in self._alone:
                return number

    def _begin_pass(self, before: bool = False) -> None:
        """Lets the rows of the next pass wait, perhaps before those of the last."""
        rows = self._pass().tolist()
        self._passes += 1
        if before:
            self._put_back(rows)
        else:
            self._waiting.extend(rows)

    def _pass(self) -> Order:
        """Returns the rows of the next pass; of neighbours the last one has only as many as are missing."""
        n_rows, size = len(self._part.rows), self._settings.batch_size
        random = np.random.default_rng((self._settings.seed, self._number, self._passes))
        rows = random.permutation(n_rows)
        if not self._clustered:
            return rows
        missing = self._count - self._passes * n_rows
        layers = _layers(self._part.rows, rows[:missing] if 0 < missing < n_rows else rows)
        return np.concatenate([near_order(self._part.vectors, layer, size, random) for layer in layers])


def _layers(rows: Sequence[Row], chosen: Order) -> list[Order]:
    """Returns the chosen rows parted so that no two in a layer have the same query or the same positive.

    Such rows are nearest to each other and can be in no batch together.
    """
    first_free: Counter[tuple[str, int]] = Counter()
    layers: list[list[int]] = []
    for number in chosen.tolist():
        keys = ("query", rows[number].query), ("positive", rows[number].positive)
        layer = max(first_free[key] for key in keys)
        for key in keys:
            first_free[key] = layer + 1
        layers += [[]] if layer == len(layers) else []
        layers[layer].append(number)
    return [np.array(layer) for layer in layers]
