"""Commands in forked children: what is heavy to import is imported once, and a kill hits the child alone."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.world import World

Arm = Callable[[], None]
"""Prepares a fault, in the child."""


@dataclass(frozen=True)
class End:
    """How a command ended.

    Attributes:
        code: Its exit code; negative for the signal that killed it.
        said: What it printed to standard error.
    """

    code: int
    said: str

    @property
    def refused(self) -> bool:
        """Whether it ended with exit code 2 and one line that says why."""
        lines = self.said.strip().splitlines()
        return self.code == 2 and len(lines) == 1 and lines[0].startswith("hardneg: ")


def prepare() -> None:
    """Imports what commands will need, and makes blocks and shards small, so that there are many."""
    import numba
    import py3langid
    import sentence_transformers  # noqa: F401
    import torch
    from transformers import BertModel, BertTokenizer  # noqa: F401

    from hardneg.core.components import FORMATS, RANKERS, VALIDATORS
    from hardneg.endpoints import client
    from hardneg.mining import miner as blocks
    from hardneg.rankers.dense import store

    py3langid.classify("a language")
    numba.njit(lambda number: number)(1)
    torch.set_num_threads(1)
    for registry in (RANKERS, VALIDATORS, FORMATS):
        for name in registry.names():
            registry.get(name)
    blocks.BLOCK, store.SHARD = 4, 16
    client.backoff = lambda attempt, key: 0.01


def start(world: World, arguments: list[str], arm: Arm | None = None) -> tuple[int, int]:
    """Starts a command in a child and returns (process id, what its standard error is read from)."""
    steps, telling = os.pipe()
    child = os.fork()
    if child:
        os.close(telling)
        return child, steps
    code = 70
    try:
        os.dup2(telling, 2)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        os.environ["HARDNEG_CACHE"] = str(world.cache)
        sys.argv = ["hardneg", *arguments]
        code = _ended(arm)
    finally:
        os._exit(code)


def finish(started: tuple[int, int]) -> End:
    """Waits for a child."""
    child, steps = started
    with os.fdopen(steps, encoding="utf-8", errors="replace") as opened:
        said = opened.read()
    _, status = os.waitpid(child, 0)
    return End(os.waitstatus_to_exitcode(status), said)


def call(world: World, arguments: list[str], arm: Arm | None = None) -> End:
    """Runs a command in a child, with a fault if there is one."""
    return finish(start(world, arguments, arm))


def _ended(arm: Arm | None) -> int:
    from hardneg import cli

    try:
        if arm is not None:
            arm()
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
