"""Runs jobs on a Ray cluster (Moritz et al., OSDI 2018)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Engine, engine
from hardneg.core.components.engine import J, R, Stage
from hardneg.core.errors import ConfigError, MissingExtra, require
from hardneg.core.trust import TRUSTED
from hardneg.engines._worker_pool import Worker, WorkerPool


@engine("ray")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Ray(Engine):
    """Runs the jobs on a Ray cluster whose nodes share the disk of the cache and of the run directory.

    Attributes:
        address: The cluster, as `ray.init` takes it; None for `RAY_ADDRESS`, else one on this machine.
        encoders: Workers that encode, each with a model of its own; None for as many as there is room for.
        encoder_cpus: Processors of one encoder; parts of one are allowed.
        encoder_gpus: GPUs of one encoder; parts of one are allowed. None for one where a node has any.
        miners: Workers that rank and decide, each with its own index; None for as many as there is room for.
        miner_cpus: Processors of one miner.
        miner_gpus: GPUs of one miner, for cross-encoders and exact search.
        retries: How often a job may be lost together with its worker, and is done again by another one.
    """

    address: str | None = None
    encoders: int | None = Field(default=None, ge=1)
    encoder_cpus: float = Field(default=1, ge=0)
    encoder_gpus: float | None = Field(default=None, ge=0)
    miners: int | None = Field(default=None, ge=1)
    miner_cpus: float = Field(default=1, ge=0)
    miner_gpus: float = Field(default=0, ge=0)
    retries: int = Field(default=5, ge=0)
    shorthand = "address"
    spreads = True

    def check_installed(self) -> None:
        """Checks that Ray is installed."""
        require("ray", "ray")

    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields the results of the jobs as they are done; see `Engine.run`.

        Raises:
            MissingExtra: Ray is not installed.
            ConfigError: The cluster cannot be reached, has no room for a worker, or loses too many.
        """
        waiting = iter(jobs)
        first = list(islice(waiting, 1))
        if not first:
            return
        ray = _connected(self.address)
        most, cpus, gpus = self._share(ray, stage)
        if not _room(ray, cpus, gpus):
            raise ConfigError(
                f"no node of the Ray cluster has {cpus:g} CPUs and {gpus:g} GPUs, which one worker is to "
                f"have; ask for less: --set engine.ray.{'encoder' if stage == 'encode' else 'miner'}_cpus=N"
            )
        threads = os.environ.get("NUMBA_NUM_THREADS", str(max(1, int(cpus))))
        trusted = {TRUSTED: os.environ[TRUSTED]} if TRUSTED in os.environ else {}
        environment = {"env_vars": {"NUMBA_NUM_THREADS": threads, **trusted}}
        actor = ray.remote(Worker).options(num_cpus=cpus, num_gpus=gpus, runtime_env=environment)
        start = partial(actor.remote, _sent(ray, opener), os.getcwd())

        def room() -> int:
            free = _room(ray, cpus, gpus)
            return min(most or free, free)

        yield from WorkerPool(ray, start, room, chain(first, waiting), self.retries).results()

    def _share(self, ray: Any, stage: Stage) -> tuple[int | None, float, float]:
        """Returns the most workers of a stage, None for no limit, and the CPUs and GPUs of each."""
        if stage == "encode":
            gpus = min(1, _room(ray, 0, 1)) if self.encoder_gpus is None else self.encoder_gpus
            return self.encoders, self.encoder_cpus, gpus
        return self.miners, self.miner_cpus, self.miner_gpus


def _connected(address: str | None) -> Any:
    """Returns the library, connected to a cluster until the process ends."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("ray", "ray") from None
    if not ray.is_initialized():
        own = address is None and "RAY_ADDRESS" not in os.environ
        more: dict[str, Any] = {"include_dashboard": False} if own else {}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **more)
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = address or os.environ.get("RAY_ADDRESS") or "this machine"
            raise ConfigError(
                f"cannot reach a Ray cluster at {where}: {str(error).splitlines()[0]}"
            ) from None
    return ray


def _sent(ray: Any, opener: Callable[[], Any]) -> Any:
    """Returns the handle by which workers get an object; raises ConfigError where it cannot be pickled."""
    try:
        return ray.put(opener)
    except (OSError, MemoryError, ray.exceptions.RayError):
        raise
    except Exception as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise ConfigError(
            f"a component of the recipe cannot be sent to workers ({reason}); keep what cannot "
            "be pickled out of its attributes"
        ) from error


def _room(ray: Any, cpus: float, gpus: float) -> int:
    """Returns how many workers fit on the nodes of the cluster."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    needs = {kind: share for kind, share in (("CPU", cpus), ("GPU", gpus)) if share}
    return sum(min((int(node.get(kind, 0) // needs[kind]) for kind in needs), default=1) for node in nodes)
