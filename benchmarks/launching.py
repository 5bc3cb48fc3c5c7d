"""How many batches a second one process can start with several threads, and several processes can.

python benchmarks/launching.py [--layers 6] [--layers 24] [--workers 2] [--batches 200] [--rounds 5]

A GPU computes a batch while Python goes through the model's layers to start the next one, and threads of a
process take turns at that. Here batches of two tokens go through a narrow BERT on the processor: there is
next to nothing to compute, and what is left is what Python and torch do to start a batch, of whatever size.
Rounds take turns.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Annotated, Any

import torch
import typer
from timing import machine

WIDTH = 64
"""Dimensions of the model: so few that products take no time to speak of."""
_models: dict[int, Any] = {}


def main(
    layers: Annotated[list[int] | None, typer.Option()] = None,
    workers: int = 2,
    batches: int = 200,
    rounds: int = 5,
) -> None:
    """Prints a line for each number of layers."""
    machine("transformers")
    print("| layers | ms of the processor a batch | batches a second, one thread | threads | processes |")
    print("|---|---|---|---|---|")
    processes = multiprocessing.get_context("spawn")
    with ThreadPoolExecutor(workers) as threads, ProcessPoolExecutor(workers, processes) as others:
        for depth in layers or [6, 24]:
            rates: dict[str, list[float]] = {"one": [], "threads": [], "processes": []}
            spent = []
            for _ in range(rounds + 1):  # the first to warm up
                begin = time.process_time()
                rates["one"].append(rate(threads, depth, batches, 1))
                spent.append((time.process_time() - begin) / batches)
                rates["threads"].append(rate(threads, depth, batches, workers))
                rates["processes"].append(rate(others, depth, batches, workers))
            one, *several = [each[1:] for each in rates.values()]
            ratios = [statistics.median(a / b for a, b in zip(each, one, strict=True)) for each in several]
            shown = " | ".join(f"{ratio:.2f} times" for ratio in ratios)
            print(f"| {depth} | {1000 * min(spent[1:]):.1f} | {statistics.median(one):.0f} | {shown} |")


def rate(pool: Executor, layers: int, batches: int, workers: int) -> float:
    """Returns the batches a second that all workers together start."""
    begin = time.perf_counter()
    list(pool.map(start, [layers] * workers, [batches] * workers))
    return workers * batches / (time.perf_counter() - begin)


def start(layers: int, batches: int) -> None:
    """Sends batches of two tokens through a model of this process."""
    torch.set_num_threads(1)
    if layers not in _models:
        _models[layers] = bert(layers)
    tokens = {"input_ids": torch.ones(1, 2, dtype=torch.long), "attention_mask": torch.ones(1, 2)}
    with torch.inference_mode():
        for _ in range(batches):
            _models[layers](**tokens)


def bert(layers: int) -> Any:
    """Returns a BERT with random weights, in the state for inference."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=100, hidden_size=WIDTH, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=4 * WIDTH,
    )  # fmt: skip
    model: Any = BertModel(config)
    return model.eval()


if __name__ == "__main__":
    typer.run(main)
