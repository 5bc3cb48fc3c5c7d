"""Work spread over a Ray cluster (Moritz et al., OSDI 2018)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, ClassVar

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Engine, engine
from hardneg.core.components.engine import J, R, Stage
from hardneg.core.errors import ConfigError, MissingExtra
from hardneg.engines._worker_pool import Worker, WorkerPool


@engine("ray")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Ray(Engine):
    """Runs the jobs on a Ray cluster whose nodes share the disk of the cache and of the run directory.

    Attributes:
        address: The cluster, as `ray.init` takes it; None for `RAY_ADDRESS`, else one begun on this machine.
        encoders: Workers that encode, each with a model of its own; None for as many as there is room for.
        encoder_cpus: Processors of one encoder; parts of one are allowed.
        encoder_gpus: GPUs of one encoder; parts of one are allowed.
        miners: Workers that rank and decide, each with its own index; None for as many as there is room for.
        miner_cpus: Processors of one miner.
        miner_gpus: GPUs of one miner, for cross-encoders.
        retries: How often Ray begins a lost worker, and the jobs that it had, again.
        patience: Seconds after which a job that takes three times as long as the slowest so far is given to
            an idle worker too; whoever is first counts.
    """

    address: str | None = None
    encoders: int | None = Field(default=None, ge=1)
    encoder_cpus: float = Field(default=1, ge=0)
    encoder_gpus: float = Field(default=0, ge=0)
    miners: int | None = Field(default=None, ge=1)
    miner_cpus: float = Field(default=1, ge=0)
    miner_gpus: float = Field(default=0, ge=0)
    retries: int = Field(default=5, ge=0)
    patience: float = Field(default=30, ge=0)
    shorthand: ClassVar[str] = "address"
    spreads: ClassVar[bool] = True

    def run(self, opener: Callable[[], Callable[[J], R]], jobs: Iterable[J], stage: Stage) -> Iterator[R]:
        """Yields what the jobs give, as they are done; see `Engine.run`.

        Raises:
            MissingExtra: Ray is not installed.
            ConfigError: The cluster cannot be reached, has no room for a worker, or loses too many.
        """
        waiting = iter(jobs)
        begun = list(islice(waiting, 1))
        if not begun:
            return
        ray = _connected(self.address)
        asked, cpus, gpus = self._share(stage)
        room = _room(ray, cpus, gpus)
        if not room:
            raise ConfigError(
                f"no node of the Ray cluster has {cpus:g} CPUs and {gpus:g} GPUs, which one worker is to "
                f"have; change engine.ray.{'encoder' if stage == 'encode' else 'miner'}_cpus or _gpus"
            )
        shared = ray.put(opener)
        actor = ray.remote(Worker).options(
            num_cpus=cpus, num_gpus=gpus, max_restarts=self.retries, max_task_retries=self.retries
        )
        crew = WorkerPool(
            ray,
            lambda: actor.remote(os.getcwd(), max(1, int(cpus))),
            min(asked or room, room),
            ((shared, job) for job in chain(begun, waiting)),
            self.patience,
            self.retries,
        )
        yield from crew.results()

    def _share(self, stage: Stage) -> tuple[int | None, float, float]:
        """Returns how many workers a stage is to have, and the CPUs and GPUs of each."""
        if stage == "encode":
            return self.encoders, self.encoder_cpus, self.encoder_gpus
        return self.miners, self.miner_cpus, self.miner_gpus


def _connected(address: str | None) -> Any:
    """Returns the library, connected to a cluster until the process ends."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtra("ray", "ray") from None
    if not ray.is_initialized():
        alone = address is None and "RAY_ADDRESS" not in os.environ
        more: dict[str, Any] = {"include_dashboard": False} if alone else {}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **more)
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = address or os.environ.get("RAY_ADDRESS") or "this machine"
            raise ConfigError(
                f"cannot reach a Ray cluster at {where}: {str(error).splitlines()[0]}"
            ) from None
    return ray


def _room(ray: Any, cpus: float, gpus: float) -> int:
    """Returns how many workers fit on the nodes of the cluster."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    asked = {"CPU": cpus, "GPU": gpus}
    return sum(
        min([int(node.get(kind, 0) // share) for kind, share in asked.items() if share], default=1)
        for node in nodes
    )
