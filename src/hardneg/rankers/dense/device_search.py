"""Exact search on GPUs: a device rules out all documents but shortlists, which the processor scores exactly.

The coarse product is fp16 with sums in fp32, in which tensor cores may truncate. What is within its largest
error of a query's k-th best stays on the query's list, so that results have the same bytes as without a GPU.
Documents stay on the devices where they fit; else each search copies them, one tile ahead of the product.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hardneg.core.records import FloatArray, IntArray
from hardneg.rankers.dense.approximate import norms
from hardneg.rankers.dense.store import Vectors

_RESIDENT = 0.6
"""Share of a device's free memory that documents may take for good."""
_MAX_SCORES, _MIN_SCORES = 2**29, 2**20
"""Scores computed at once: 2 GB at most."""
_MIN_TILE = 8_192
"""Documents for which a product must have room: fewer leave the device idle."""
_COPIED = 32_768
"""Documents copied at once, where they do not stay on the device."""
_GROUP = 64
"""Documents of which only the best score is looked at while it is below the query's threshold."""
_SPARE = 1_024
"""Documents that a list holds beyond `depth`: those within the margins; with more it overflows."""
_SURE_MARGINS = 2.25
"""Margins between the coarse scores of two documents whose order is sure: two, and their rounding."""
_TINY = 1e-37

Shortlists = tuple[IntArray, IntArray]
OutOfMemory = torch.cuda.OutOfMemoryError


class DeviceSearch:
    """Shortlists documents on one or several devices, each of which searches a part of them.

    Args:
        documents: The document vectors, finite.
        max_norm: The length of the longest.
        devices: As torch names them.
    """

    def __init__(self, documents: Vectors, max_norm: float, devices: Sequence[str]) -> None:
        n_chunks = -(-len(documents.chunks) // len(devices))
        begins = range(0, len(documents.chunks), n_chunks)
        self._offsets = [begin * documents.size for begin in begins]
        self._threads = ThreadPoolExecutor(len(devices), "hardneg-device")
        self._lock = threading.Lock()
        parts = [documents.part(begin, begin + n_chunks) for begin in begins]
        opened = self._threads.map(_Device, parts, [max_norm] * len(parts), devices)
        self._parts = list(opened)

    def shortlists(self, queries: FloatArray, depth: int) -> Shortlists:
        """Returns docs (n, m) int32, -1 for none, and the rows of queries whose lists overflowed.

        A query's docs ascend and hold all of its best `depth`. Its list overflows where far more documents
        are within the margins of one another, such as copies; it is then empty.

        Raises:
            OutOfMemory: A device lacks memory for the least piece of work.
        """
        with self._lock, _sums_in_fp32():
            found = list(self._threads.map(lambda part: part.shortlists(queries, depth), self._parts))
        moved = [
            np.where(docs >= 0, docs + np.int32(offset), np.int32(-1))
            for (docs, _), offset in zip(found, self._offsets, strict=True)
        ]
        docs = np.concatenate(moved, axis=1)
        overflowed = np.unique(np.concatenate([rows for _, rows in found]))
        docs[overflowed] = -1
        return docs, overflowed


class _Device:
    """The search of one device in its documents."""

    def __init__(self, documents: Vectors, max_norm: float, device: str) -> None:
        self._documents = documents
        self._device = torch.device(device)
        halves = all(chunk.dtype == np.float16 for chunk in documents.chunks)
        stored = torch.float16 if halves else torch.float32
        self._step = max(1, min(_COPIED // documents.size, len(documents.chunks)))
        shape = self._step * documents.size, documents.dimension
        self._buffer = torch.empty(shape, dtype=stored, pin_memory=self._device.type == "cuda")
        # A power of two brings the longest to a length of at most 1, for which fp16 has most digits.
        self._scale = 1.0 if halves else 2.0 ** -int(np.frexp(max_norm)[1])
        self._max_norm = max_norm * self._scale
        self._max_error = 0.0
        self._resident: Tensor | None = None
        with torch.inference_mode():
            self._prepare()

    def _prepare(self) -> None:
        """Measures the largest error of rounding, and keeps the documents on the device where they fit."""
        shape = len(self._documents), self._documents.dimension
        free = _free_memory(self._device)
        self._max_scores = max(_MIN_SCORES, min(_MAX_SCORES, free // 32))
        if 2 * shape[0] * shape[1] <= _RESIDENT * free:
            self._resident = torch.empty(shape, dtype=torch.float16, device=self._device)
        elif self._buffer.dtype == torch.float16:  # nothing is rounded
            return
        for tile, offset in self._copied():
            rounded = self._rounded(tile)
            errors = (tile.double() * self._scale - rounded.double()).norm(dim=1)
            self._max_error = max(self._max_error, 1.001 * float(errors.max()))
            if self._resident is not None:
                self._resident[offset : offset + len(tile)] = rounded

    def shortlists(self, queries: FloatArray, depth: int) -> Shortlists:
        """Returns the shortlists of queries, in blocks that are halved where memory runs out."""
        blocks: list[tuple[IntArray, IntArray]] = []
        begin = 0
        with torch.inference_mode():
            while begin < len(queries):
                block = queries[begin : begin + max(1, self._max_scores // _MIN_TILE)]
                try:
                    docs, overflowed = self._search(block, depth)
                except OutOfMemory:
                    self._use_less_memory()
                    continue
                blocks.append((docs, overflowed + np.int32(begin)))
                begin += len(block)
        width = max(docs.shape[1] for docs, _ in blocks)
        rests = [((0, 0), (0, width - docs.shape[1])) for docs, _ in blocks]
        padded = [
            np.pad(docs, rest, constant_values=-1) for (docs, _), rest in zip(blocks, rests, strict=True)
        ]
        return np.concatenate(padded), np.concatenate([rows for _, rows in blocks])

    def _use_less_memory(self) -> None:
        if self._max_scores > _MIN_SCORES:
            self._max_scores //= 2
        elif self._resident is not None:
            self._resident = None
        else:
            raise OutOfMemory(f"{self._device} lacks memory for a search")

    def _search(self, queries: FloatArray, depth: int) -> Shortlists:
        rounded, margins = self._rounded_queries(queries)
        lists = _Lists(margins, depth)
        for tile, offset in self._tiles(self._max_scores // len(queries)):
            lists.update(_product(rounded, tile), offset)
        return lists.result()

    def _rounded_queries(self, queries: FloatArray) -> tuple[Tensor, Tensor]:
        """Returns queries in fp16, of a length of at most 1, and the most that scores err by, (n,) fp32."""
        scaled = np.ldexp(queries.astype(np.float64), -np.frexp(norms(queries))[1][:, None])
        rounded = scaled.astype(np.float16).astype(np.float64)
        longest = self._max_norm + self._max_error
        # Eight times the bound of sums in fp32: truncated ones, in blocks aligned to their largest term.
        unit = (queries.shape[1] + 32) * 2.0**-21
        margins = norms(scaled - rounded) * self._max_norm + norms(rounded) * (
            self._max_error + longest * unit
        )
        return (
            torch.tensor(rounded, dtype=torch.float16, device=self._device),
            torch.tensor(1.001 * margins, dtype=torch.float32, device=self._device),
        )

    def _tiles(self, n_documents: int) -> Iterator[tuple[Tensor, int]]:
        """Yields all documents in fp16, at most about `n_documents` at a time, and the row of the first."""
        size = max(1, n_documents // _GROUP) * _GROUP
        for documents, offset in [(self._resident, 0)] if self._resident is not None else self._copied():
            for begin in range(0, len(documents), size):
                yield self._rounded(documents[begin : begin + size]), offset + begin

    def _rounded(self, documents: Tensor) -> Tensor:
        if documents.dtype == torch.float16:
            return documents
        return (documents.double() * self._scale).half()

    def _copied(self) -> Iterator[tuple[Tensor, int]]:
        """Yields all documents as stored, some chunks at a time, and the row of the first.

        The next ones are meanwhile read, and copied through pinned memory on a stream of their own.
        """
        chunks = self._documents.chunks
        cuda: Any = torch.cuda
        stream = cuda.Stream(self._device) if self._device.type == "cuda" else None

        def copy(begin: int) -> Tensor:
            some = chunks[begin : begin + self._step]
            filled = self._buffer[: sum(map(len, some))]
            np.concatenate(some, out=filled.numpy())
            if stream is None:
                return filled.to(self._device, copy=True)
            with torch.cuda.stream(stream):
                copied = filled.to(self._device, non_blocking=True)
            stream.synchronize()
            return copied

        with ThreadPoolExecutor(1, "hardneg-copy") as thread:
            ahead = thread.submit(copy, 0)
            for begin in range(0, len(chunks), self._step):
                tile = ahead.result()
                if begin + self._step < len(chunks):
                    ahead = thread.submit(copy, begin + self._step)
                if stream is not None:
                    tile.record_stream(torch.cuda.current_stream(self._device))
                yield tile, begin * self._documents.size


class _Lists:
    """The documents that may be among the best of some queries, over tiles of documents, ascending.

    The margins, (n,), are the largest differences of exact and coarse scores.
    """

    def __init__(self, margins: Tensor, depth: int) -> None:
        # The last term is for vectors of zeros, which have no margin: equal scores must not be dropped.
        self._gaps = _SURE_MARGINS * margins + _TINY
        self._depth = depth
        self._thresholds = torch.full_like(margins, -torch.inf)
        self._best = margins.new_empty((len(margins), 0))
        self._entries: list[tuple[Tensor, Tensor, Tensor]] = []

    def update(self, scores: Tensor, offset: int) -> None:
        """Adds the scores (n, m) of a tile whose first document is row `offset`."""
        rest = -scores.shape[1] % _GROUP
        if rest:
            scores = torch.nn.functional.pad(scores, (0, rest), value=-torch.inf)
        groups = scores.view(len(scores), -1, _GROUP)
        maxima = groups.amax(2)
        self._raise_thresholds(maxima)
        rows, numbers = (maxima > self._thresholds[:, None]).nonzero(as_tuple=True)
        near = groups[rows, numbers]
        entries, lanes = (near > self._thresholds[rows, None]).nonzero(as_tuple=True)
        docs = offset + numbers[entries] * _GROUP + lanes
        self._entries.append((rows[entries], docs, near[entries, lanes]))
        if sum(len(part[0]) for part in self._entries) > len(self._gaps) * (self._depth + _SPARE):
            self._prune()

    def result(self) -> Shortlists:
        """Returns docs (n, m) int32, ascending, -1 behind the last, and the rows that overflowed."""
        rows, docs, _ = self._prune()
        rows, docs, begins, sizes = self._by_row(docs, rows, docs)
        columns = torch.arange(len(rows), device=rows.device) - begins[rows]
        listed = docs.new_full((len(sizes), max(1, int(sizes.max()))), -1, dtype=torch.int32)
        listed[rows, columns] = docs.int()
        overflowed = self._thresholds.isposinf().nonzero()[:, 0]
        return listed.cpu().numpy(), overflowed.int().cpu().numpy()

    def _raise_thresholds(self, maxima: Tensor) -> None:
        """Takes the k-th best maximum of a group for the k-th best score, which is no lower.

        Queries with too many groups above overflow.
        """
        best = torch.cat([self._best, maxima], dim=1)
        self._best = best.topk(min(self._depth, best.shape[1])).values
        if self._best.shape[1] == self._depth:
            self._thresholds = self._thresholds.maximum(self._best[:, -1] - self._gaps)
        self._overflow((maxima > self._thresholds[:, None]).sum(1))

    def _overflow(self, sizes: Tensor) -> None:
        self._thresholds[sizes > self._depth + _SPARE] = torch.inf

    def _by_row(self, key: Tensor, rows: Tensor, *columns: Tensor) -> tuple[Tensor, ...]:
        """Returns rows and columns of entries by row, then by key; where each row begins, and its size."""
        order = key.argsort()
        order = order[rows[order].argsort(stable=True)]
        sizes = torch.bincount(rows, minlength=len(self._gaps))
        return rows[order], *(column[order] for column in columns), sizes.cumsum(0) - sizes, sizes

    def _prune(self) -> tuple[Tensor, Tensor, Tensor]:
        """Drops entries below the margins of the k-th best; returns rows, docs and scores of the rest."""
        rows, docs, scores = (torch.cat(parts) for parts in zip(*self._entries, strict=True))
        rows, docs, scores, begins, sizes = self._by_row(-scores, rows, docs, scores)
        full = (sizes >= self._depth).nonzero()[:, 0]
        last = begins[full] + self._depth - 1
        self._thresholds[full] = self._thresholds[full].maximum(scores[last] - self._gaps[full])
        kept = scores > self._thresholds[rows]
        self._overflow(torch.bincount(rows[kept], minlength=len(self._gaps)))
        kept &= scores > self._thresholds[rows]
        self._entries = [(rows[kept], docs[kept], scores[kept])]
        return self._entries[0]


def _product(queries: Tensor, documents: Tensor) -> Tensor:
    """Returns (n, m) fp32: coarse scores."""
    if queries.device.type == "cuda" and torch.version.cuda is not None:
        try:
            return torch.mm(queries, documents.T, out_dtype=torch.float32)
        except TypeError:  # torch before 2.8
            pass
    return queries.float() @ documents.float().T


@contextmanager
def _sums_in_fp32() -> Iterator[None]:
    """Keeps products of fp16 matrices from summing, or joining partial sums, in fp16."""
    flags = torch.backends.cuda.matmul
    names = [
        name
        for name in ("allow_fp16_reduced_precision_reduction", "allow_fp16_accumulation")
        if hasattr(flags, name)
    ]
    before = [getattr(flags, name) for name in names]
    for name in names:
        setattr(flags, name, False)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(flags, name, value)


def _free_memory(device: torch.device) -> int:
    """Returns the bytes that a device has left; of one that cannot say, what any has."""
    if device.type != "cuda":
        return 2**32
    torch.cuda.empty_cache()
    return int(torch.cuda.mem_get_info(device)[0])
