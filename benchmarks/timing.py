"""What the benchmarks share: interleaved runs, medians of ratios, the machine's description."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.records import FloatArray

THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"
Runs = Mapping[str, Callable[[], Any]]


def compare(runs: Runs, rounds: int) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Returns the seconds of each round, and what each gave, by name; all take turns, after a warm-up.

    Seconds are those of the processor if one thread does all, so that other work on the machine is not
    counted; else they are those that passed.

    Args:
        runs: What to time; the first is what the others are compared with.
        rounds: How many times each runs.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    given = {name: run() for name, run in runs.items()}
    for _ in range(rounds):
        for name, run in runs.items():
            begin = clock()
            run()
            seconds[name].append(clock() - begin)
    return seconds, given


def clock() -> float:
    """Returns the seconds of the processor if one thread does all, so that other work is not counted."""
    return time.process_time() if one_thread() else time.perf_counter()


def one_thread() -> bool:
    """Returns whether the environment leaves all libraries a single thread."""
    return all(os.environ.get(name) == "1" for name in THREADS)


def table(seconds: Mapping[str, list[float]], notes: Mapping[str, str]) -> None:
    """Prints the median seconds, and the median of each round's ratio to the first, as Markdown."""
    first = next(iter(seconds.values()))
    print("| variant | seconds | speed | |\n|---|---|---|---|")
    for name, spent in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(first, spent, strict=True))
        print(f"| {name} | {statistics.median(spent):.2f} | {ratio:.2f} | {notes.get(name, '')} |")


def machine(*libraries: str) -> None:
    """Prints what the numbers were measured on."""
    import torch

    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    flags = torch.backends.cpu.get_cpu_capability()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", *libraries))
    processor = names[0].split(":")[1].strip() if names else platform.processor()
    print(f"{processor}, {os.cpu_count()} cores, {flags},")
    kind = "the processor's time" if one_thread() else "the time that passed"
    print(f"{torch.get_num_threads()} threads of torch, seconds of {kind}; load before: {load}; {versions}\n")


def clustered(count: int, seed: int, dimension: int = 384) -> FloatArray:
    """Returns (count, dimension) float32 of length 1: clusters of unequal size, variance falling by axis.

    The spectrum is like that of all-MiniLM-L6-v2 on English texts: half of the variance lies in some 60 of
    384 directions. The clusters are the same for every seed.
    """
    axes = (np.arange(1, dimension + 1) + 8.0) ** -0.6
    centres = np.random.default_rng(0).normal(size=(500, dimension)) * axes
    random = np.random.default_rng(seed)
    made = np.empty((count, dimension), np.float32)
    for begin in range(0, count, 65_536):
        part = made[begin : begin + 65_536]
        owners = (500 * random.random(len(part)) ** 2).astype(int)
        part[:] = centres[owners] + 0.9 * random.normal(size=part.shape) * axes
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return made
