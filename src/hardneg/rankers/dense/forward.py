"""Runs a model over many texts: batches of about equally many real tokens, tokenised ahead of the model.

Texts are sorted by length, so that batches have hardly any padding, and batches are cut by numbers of
tokens. A second thread tokenises the next window while the model encodes this one. From a GPU, the outputs
of several batches are copied at once, so that it never waits; a batch for which it lacks memory is halved.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray
from hardneg.rankers.dense.store import Advance

WINDOW = 1_024
"""Texts tokenised at once."""

_LARGEST_BATCH = 256
_BATCH_TOKENS = {"cpu": 2_048}
_GPU_BATCH_TOKENS = 32_768
_COPIED = 32
"""Batches whose outputs are copied from a GPU at once: each copy waits for all that was asked of it."""
_SHORTEST = 1e-12
"""The length below which torch does not divide by it."""
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3

Positions = npt.NDArray[np.intp]
Batch = tuple[Positions, dict[str, Any]]
"""The positions of some texts, and their features."""


class Job(Protocol):
    """What a model does with its inputs; one longer than the budget is a batch of its own."""

    @property
    def budget(self) -> int:
        """The most tokens per batch."""

    def features(self, model: Any, inputs: list[Any]) -> dict[str, Any]:
        """Returns the tokens of some inputs, as the model reads them."""

    def outputs(self, model: Any, features: dict[str, Any]) -> Any:
        """Returns the tensor of the outputs, (n, dimension), of features on the model's device."""


@dataclass(frozen=True)
class EncodingJob:
    """How texts are encoded."""

    kind: Literal["query", "document"]
    prompt: str
    normalize: bool
    budget: int

    def features(self, model: Any, inputs: list[str]) -> dict[str, Any]:
        """Returns the tokens of texts after the prompt."""
        features: dict[str, Any] = model.preprocess(inputs, prompt=self.prompt, task=self.kind)
        return features

    def outputs(self, model: Any, features: dict[str, Any]) -> Any:
        """Returns (n, dimension) the vectors of texts."""
        vectors = model(features, task=self.kind)["sentence_embedding"][:, : model.truncate_dim].float()
        return normalized(vectors) if self.normalize else vectors


def batch_tokens(device: str) -> int:
    """Returns the most tokens per batch that suit a kind of device, as torch names it."""
    return _BATCH_TOKENS.get(device, _GPU_BATCH_TOKENS)


def run(model: Any, inputs: Sequence[Any], job: Job, advance: Advance) -> FloatArray | None:
    """Returns (n, dimension) float32, or None if the model's features are not rows of tokens.

    Inputs are texts or tuples of texts.
    """
    order = np.argsort([-_length(each) for each in inputs], kind="stable")
    windows = _windows(model, inputs, order, job)
    first = next(windows)
    if not _has_token_rows(first[1], len(first[0])):
        return None
    vectors: FloatArray | None = None
    with _retained_memory():
        batches = _batches(chain([first], windows), job.budget)
        for positions, encoded in _encode_batches(model, batches, job):
            if vectors is None:
                vectors = np.empty((len(inputs), encoded.shape[1]), np.float32)
            vectors[positions] = encoded
            advance(len(positions))
    return vectors


def _length(given: Any) -> int:
    """Returns the characters of a text, or of a tuple of texts."""
    return len(given) if isinstance(given, str) else sum(map(len, given))


def _windows(model: Any, inputs: Sequence[Any], order: Positions, job: Job) -> Iterator[Batch]:
    """Yields the windows, the next one being tokenised meanwhile."""
    windows = [order[begin : begin + WINDOW] for begin in range(0, len(order), WINDOW)]

    def tokenise(positions: Positions) -> dict[str, Any]:
        return job.features(model, [inputs[i] for i in positions])

    with ThreadPoolExecutor(1) as background:
        upcoming = background.submit(tokenise, windows[0])
        for number, positions in enumerate(windows):
            features = upcoming.result()
            if number + 1 < len(windows):
                upcoming = background.submit(tokenise, windows[number + 1])
            yield positions, features


def _has_token_rows(features: dict[str, Any], count: int) -> bool:
    """Returns whether the features can be cut into batches: padded token ids, one row a text."""
    shapes = [tuple(getattr(features.get(name), "shape", ())) for name in ("input_ids", "attention_mask")]
    return len(shapes[0]) == 2 and shapes[0] == shapes[1] and shapes[0][0] == count


def _batches(windows: Iterable[Batch], budget: int) -> Iterator[Batch]:
    """Yields batches of about equally many tokens, without the padding of the window."""
    for positions, features in windows:
        widths, left = _widths(features["attention_mask"].numpy() != 0)
        order = np.argsort(-widths, kind="stable")
        begin = 0
        while begin < len(order):
            width = int(widths[order[begin]])
            rows = order[begin : begin + min(_LARGEST_BATCH, max(1, budget // width))]
            yield positions[rows], _cut(features, rows, width, left)
            begin += len(rows)


def _widths(mask: npt.NDArray[np.bool_]) -> tuple[Positions, bool]:
    """Returns how many columns each row needs, and whether the padding is on the left."""
    left = not mask[:, 0].all() and bool(mask[:, -1].all())
    first_token = (mask if left else mask[:, ::-1]).argmax(axis=1)
    return np.maximum(mask.shape[1] - first_token, 1), left


def _cut(features: dict[str, Any], rows: Positions, width: int, left: bool) -> dict[str, Any]:
    """Returns some rows of the features, cut to their own width."""
    shape = features["attention_mask"].shape
    columns = slice(-width, None) if left else slice(width)
    return {
        name: value[rows][:, columns].contiguous() if getattr(value, "shape", ())[:2] == shape else value
        for name, value in features.items()
    }


def _encode_batches(model: Any, batches: Iterator[Batch], job: Job) -> Iterator[tuple[Positions, FloatArray]]:
    """Returns (positions, vectors) of some batches, from a GPU those of several together."""
    at_once = 1 if model.device.type == "cpu" else _COPIED
    outputs = ((positions, _outputs(model, features, job)) for positions, features in batches)
    return _copied(outputs, at_once)


def _copied(outputs: Iterable[tuple[Positions, Any]], at_once: int) -> Iterator[tuple[Positions, FloatArray]]:
    """Yields outputs in the processor's memory, those of so many batches together."""
    import torch

    batches = iter(outputs)
    while held := list(islice(batches, at_once)):
        positions, tensors = zip(*held, strict=True)
        yield np.concatenate(positions), torch.cat(tensors).cpu().numpy()


def _outputs(model: Any, features: dict[str, Any], job: Job) -> Any:
    """Returns the tensor of a batch's outputs, on its device."""
    import torch

    try:
        with torch.inference_mode():
            moved = {
                name: value.to(model.device, non_blocking=True) if isinstance(value, torch.Tensor) else value
                for name, value in features.items()
            }
            return job.outputs(model, moved)
    except torch.cuda.OutOfMemoryError:
        count, width = features["attention_mask"].shape
        if count == 1:
            raise
    torch.cuda.empty_cache()  # not in the handler, whose traceback holds what was computed
    halves = np.array_split(np.arange(count), 2)
    return torch.cat([_outputs(model, _cut(features, rows, width, False), job) for rows in halves])


def normalized(vectors: Any) -> Any:
    """Returns (n, dimension) vectors brought to length 1, zero ones as they are.

    Those whose length is no 32-bit number, or too small for one, become NaN: torch would make them zero, or
    leave them short, and they would look like vectors.
    """
    import torch

    return torch.nn.functional.normalize(_with_lengths(vectors), p=2, dim=1)


@contextmanager
def checked_lengths(model: Any) -> Iterator[None]:
    """Has the model's own normalisation give NaN inside the block, where `normalized` does."""
    hooks = [
        module.register_forward_pre_hook(_checked)
        for module in model.modules()
        if type(module).__name__ == "Normalize"
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _checked(module: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    features, *others = arguments
    return {**features, "sentence_embedding": _with_lengths(features["sentence_embedding"])}, *others


def _with_lengths(vectors: Any) -> Any:
    """Returns the vectors, those without a length that divides them being NaN."""
    lengths = vectors.norm(p=2, dim=1)
    bad = ~lengths.isfinite() | ((lengths < _SHORTEST) & (vectors != 0).any(dim=1))
    return vectors.masked_fill(bad[:, None], float("nan"))


@contextmanager
def _retained_memory() -> Iterator[None]:
    """Keeps glibc from returning memory to the system after every batch.

    By default it maps and unmaps the larger tensors of each layer, whose pages the system must then clear.
    """
    libc: Any = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
    if libc is None:
        yield
        return
    for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
        libc.mallopt(option, 1 << 30)
    libc.mallopt(_M_TOP_PAD, 64 << 20)
    try:
        yield
    finally:  # the upper limits of glibc's dynamic thresholds
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 64 << 20)
        libc.mallopt(_M_TOP_PAD, 128 << 10)
        libc.malloc_trim(0)
