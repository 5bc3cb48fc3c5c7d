"""Runs a model over many texts: batches of about equally many real tokens, tokenised ahead of the model.

Texts are sorted by length, so that batches hold hardly any padding, and cut by the tokens that the
tokenizer gave. A second thread tokenises the next window while the model reads this one.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.records import FloatArray
from hardneg.rankers.dense.store import Advance

WINDOW = 1_024
"""Texts tokenised at once."""

_LARGEST_BATCH = 256
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3

Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Task:
    """What is to be done with texts.

    Attributes:
        kind: `query` or `document`.
        prompt: Text before each.
        normalize: Whether vectors are brought to length 1.
        budget: The most tokens in a batch, padding counted; one longer text is a batch of its own.
    """

    kind: str
    prompt: str
    normalize: bool
    budget: int


def run(models: list[Any], texts: list[str], task: Task, advance: Advance) -> FloatArray | None:
    """Returns (n, dimension) float32, or None if the model's features are not rows of tokens.

    Args:
        models: The same model on one device or several; batches go to whichever is free.
        texts: At least one.
        task: What to do.
        advance: Is told of the texts done.
    """
    order = np.argsort([-len(text) for text in texts], kind="stable")
    windows = _ahead(models[0], texts, order, task)
    first = next(windows)
    if not _rows_of_tokens(first[1], len(first[0])):
        return None
    vectors: FloatArray | None = None
    with _steady_memory():
        for places, found in _spread(models, _batches(first, windows, task.budget), task):
            if vectors is None:
                vectors = np.empty((len(texts), found.shape[1]), np.float32)
            vectors[places] = found
            advance(len(places))
    return vectors


def _ahead(
    model: Any, texts: list[str], order: Places, task: Task
) -> Iterator[tuple[Places, dict[str, Any]]]:
    """Yields each window's places and features, the next window being tokenised meanwhile."""
    windows = [order[begin : begin + WINDOW] for begin in range(0, len(order), WINDOW)]

    def tokenise(places: Places) -> dict[str, Any]:
        found: dict[str, Any] = model.preprocess(
            [texts[i] for i in places], prompt=task.prompt, task=task.kind
        )
        return found

    with ThreadPoolExecutor(1) as background:
        upcoming = background.submit(tokenise, windows[0])
        for number, places in enumerate(windows):
            features = upcoming.result()
            if number + 1 < len(windows):
                upcoming = background.submit(tokenise, windows[number + 1])
            yield places, features


def _rows_of_tokens(features: dict[str, Any], count: int) -> bool:
    """Returns whether the features can be cut into batches: padded token ids, one row a text."""
    shapes = [tuple(getattr(features.get(name), "shape", ())) for name in ("input_ids", "attention_mask")]
    return len(shapes[0]) == 2 and shapes[0] == shapes[1] and shapes[0][0] == count


def _batches(
    first: tuple[Places, dict[str, Any]], others: Iterator[tuple[Places, dict[str, Any]]], budget: int
) -> Iterator[tuple[Places, dict[str, Any]]]:
    """Yields batches of about equally many tokens, without the padding that the window needed."""
    window: tuple[Places, dict[str, Any]] | None = first
    while window is not None:
        places, features = window
        widths, left = _widths(features["attention_mask"].numpy() != 0)
        order = np.argsort(-widths, kind="stable")
        begin = 0
        while begin < len(order):
            width = int(widths[order[begin]])
            rows = order[begin : begin + min(_LARGEST_BATCH, max(1, budget // width))]
            yield places[rows], _cut(features, rows, width, left)
            begin += len(rows)
        window = next(others, None)


def _widths(mask: npt.NDArray[np.bool_]) -> tuple[Places, bool]:
    """Returns how many columns each row needs, and whether the padding is on the left."""
    left = not mask[:, 0].all() and bool(mask[:, -1].all())
    first_token = (mask if left else mask[:, ::-1]).argmax(axis=1)
    return np.maximum(mask.shape[1] - first_token, 1), left


def _cut(features: dict[str, Any], rows: Places, width: int, left: bool) -> dict[str, Any]:
    """Returns some rows of the features, all padding that these do not need cut off."""
    shape = features["attention_mask"].shape
    columns = slice(-width, None) if left else slice(width)
    return {
        name: value[rows][:, columns].contiguous() if getattr(value, "shape", ())[:2] == shape else value
        for name, value in features.items()
    }


def _spread(
    models: list[Any], batches: Iterator[tuple[Places, dict[str, Any]]], task: Task
) -> Iterator[tuple[Places, FloatArray]]:
    """Yields (places, vectors) of each batch; with several devices each has a thread and works ahead."""
    if len(models) == 1:
        for places, features in batches:
            yield places, _vectors(models[0], features, task)
        return
    with ThreadPoolExecutor(len(models)) as pool:
        idle = list(models)
        running: dict[Any, tuple[Any, Places]] = {}
        for places, features in batches:
            if not idle:
                yield from _finished(running, idle)
            model = idle.pop()
            running[pool.submit(_vectors, model, features, task)] = model, places
        while running:
            yield from _finished(running, idle)


def _finished(running: dict[Any, tuple[Any, Places]], idle: list[Any]) -> Iterator[tuple[Places, FloatArray]]:
    """Yields what is done, after waiting for at least one; its models are idle again."""
    from concurrent.futures import FIRST_COMPLETED, wait

    for done in wait(running, return_when=FIRST_COMPLETED).done:
        model, places = running.pop(done)
        idle.append(model)
        yield places, done.result()


def _vectors(model: Any, features: dict[str, Any], task: Task) -> FloatArray:
    import torch

    with torch.inference_mode():
        moved = {
            name: value.to(model.device, non_blocking=True) if isinstance(value, torch.Tensor) else value
            for name, value in features.items()
        }
        vectors = model(moved, task=task.kind)["sentence_embedding"][:, : model.truncate_dim].float()
        if task.normalize:
            vectors = torch.nn.functional.normalize(vectors, p=2, dim=1)
        found: FloatArray = vectors.cpu().numpy()
    return found


@contextmanager
def _steady_memory() -> Iterator[None]:
    """Keeps glibc from giving memory back to the system after every batch, to be asked for it at once again.

    Left alone it maps and unmaps the larger tensors of each layer, whose pages the system must then clear.
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
    finally:  # glibc's own upper limits of what it adapts by itself
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 64 << 20)
        libc.mallopt(_M_TOP_PAD, 128 << 10)
        libc.malloc_trim(0)
