"""On a cluster of three nodes on this machine, of which one dies in each stage."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import ray
import torch
from ray.cluster_utils import Cluster

from hardneg.core.errors import ConfigError, HardnegError
from hardneg.core.files import digest_file
from hardneg.core.records.collection import part
from hardneg.engines.ray import Ray
from hardneg.mining import pipeline
from hardneg.mining.pipeline import mine
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense import remote_encoding, store
from hardneg.rankers.sharded_search import ShardingPlan
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from tests import tiny

DESCRIBE = ("document", [])
QUERIES = 2_100  # three parts of a ledger
STAGES = ("encode", "search", "decide")
SOON = 300.0


@pytest.fixture(scope="module")
def cluster():
    begun = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in STAGES:
        begun.add_node(num_cpus=1)
    ray.init(address=begun.address, log_to_driver=False, logging_level="ERROR")
    yield begun
    ray.shutdown()
    begun.shutdown()


@dataclass(frozen=True)
class Gate:
    """Opens a tool that, before each job, records its node and waits until the gate is open."""

    opener: Any
    folder: Path

    def __call__(self):
        tool, node = self.opener(), ray.get_runtime_context().get_node_id()

        def do(job):
            if job != DESCRIBE:
                (self.folder / f"{node}-{uuid4()}").touch()
                until((self.folder / "go").exists)
            return tool(job)

        return do


class GatedRay(Ray):
    """Ray, each stage behind a gate in a folder of its own."""

    def run(self, opener, jobs, stage):
        (folder := Path(self.gates) / stage).mkdir(parents=True, exist_ok=True)
        yield from super().run(Gate(opener, folder), jobs, stage)


def until(true):
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "nothing happened for five minutes"
        time.sleep(0.02)


def words():
    builder, draw = CollectionBuilder("words", LoadOptions()), np.random.default_rng(3)
    for number in range(150):
        builder.add_document(f"d{number}", " ".join(f"w{n}" for n in draw.integers(0, 60, 8)), where="test")
    for number in range(QUERIES):
        builder.add_query(f"q{number}", " ".join(f"w{n}" for n in draw.integers(0, 60, 4)), where="test")
        builder.add_judgment(f"q{number}", f"d{number % 150}", 1, where="test")
    return builder.build()


def recipe(rankers, engine="local"):
    more = ["format=jsonl", "rank.depth=10", "validation.calibrate=true"]
    return Recipe.named("naive", more, rankers=rankers, engine=engine)


def rankers(folder, collection):
    """Returns rankers that are divided over the workers, and one over a graph, which is searched whole."""
    draw = np.random.default_rng(4)
    for name, texts in (("documents", collection.documents), ("queries", collection.queries)):
        np.save(folder / f"{name}.npy", draw.normal(size=(len(texts), 8)).astype(np.float32))
    model, sparse = tiny.bi_encoder(folder), tiny.sparse_encoder(folder / "sparse")
    graph = {"dense": {"model": str(model), "search": "hnsw", "name": "graph"}}
    return ["bm25", f"dense:{model}", f"sparse:{sparse}", f"vectors:{folder}", graph]


def content(folder):
    files = (*folder.glob("train*"), *folder.glob("ledger/*"))
    return {path.name: digest_file(path) for path in files}


def test_a_run_ends_as_the_local_one_though_a_node_dies_in_each_stage(cluster, tmp_path, monkeypatch):
    for module in (store, remote_encoding):  # many shards: those of this process are also the workers'
        monkeypatch.setattr(module, "SHARD", 20)
    monkeypatch.setattr(pipeline, "ShardingPlan", partial(ShardingPlan, min_shards=2, shard=20))
    collection = words()
    given = rankers(tmp_path, collection)
    with threads(1):  # as many as an encoder of the cluster has
        local = mine(collection, recipe(given), tmp_path / "local", cache=tmp_path / "cache")

    monkeypatch.setattr(GatedRay, "gates", str(tmp_path / "gates"), raising=False)
    gated = recipe(given).model_copy(update={"engine": GatedRay(encoders=2, miners=2)})
    nodes = {node.node_id: node for node in cluster.worker_nodes}
    with threads(1), ThreadPoolExecutor(1) as beside:  # `sparse` encodes in this process
        running = beside.submit(mine, collection, gated, tmp_path / "ray", cache=tmp_path / "other")
        for stage in STAGES:
            gate = tmp_path / "gates" / stage
            gate.mkdir(parents=True, exist_ok=True)
            until(lambda gate=gate: running.done() or len(at_work(gate)) == 2)
            assert not running.done(), running.result()
            cluster.remove_node(nodes[min(at_work(gate) & nodes.keys())], allow_graceful=False)
            (gate / "go").touch()
        spread = running.result(SOON)

    assert spread.info["fingerprint"] == local.info["fingerprint"]
    assert spread.info["counts"] == local.info["counts"] and spread.info["counts"]["queries"] == QUERIES
    assert len(list((tmp_path / "ray" / "ledger").glob("*.parquet"))) == 3
    assert not (tmp_path / "ray" / ".hardneg-searches").exists()
    assert content(tmp_path / "ray") == content(tmp_path / "local")


def test_workers_score_pairs_as_one_process_does_and_keep_the_scores(cluster, tmp_path):
    model, collection = tiny.cross_encoder(tmp_path), words()
    collection = part(collection, np.arange(90, dtype=np.int32), np.arange(150, dtype=np.int32))
    more = ["format=jsonl", "rank.depth=10", "validation.calibrate=true"]
    more.append(f"validation.validators=[cross-encoder:{model}]")

    def mined(folder, engine):
        recipe = Recipe.named("naive", more, rankers=["bm25", f"cross-encoder:{model}"], engine=engine)
        return mine(collection, recipe, tmp_path / folder, cache=tmp_path / f"cache-{folder}")

    with threads(1):
        local = mined("local", "local")
    spread = mined("ray", Ray(encoders=1, miners=1))
    assert spread.info["fingerprint"] == local.info["fingerprint"]
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    stored = {
        folder: sum(path.stat().st_size // 36 for path in tmp_path.glob(f"cache-{folder}/pairs/*/*.pairs"))
        for folder in ("local", "ray")
    }
    assert stored["ray"] == stored["local"] >= 900, "a pair is scored once, whoever asks for it"


@contextmanager
def threads(count):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    yield
    torch.set_num_threads(before)


def at_work(gate):
    return {path.name.partition("-")[0] for path in gate.iterdir()}


def refuses():
    raise ConfigError("there is no such model")


def test_an_error_of_a_worker_is_raised_in_one_line(cluster):
    with pytest.raises(HardnegError, match="^there is no such model$"):
        list(Ray().run(refuses, [1, 2, 3], "decide"))
    with pytest.raises(ConfigError, match="no node of the Ray cluster has 64 CPUs and 1 GPUs"):
        list(Ray(miner_cpus=64, miner_gpus=1).run(refuses, [1], "decide"))
    with pytest.raises(
        ConfigError, match=r"cannot be sent to workers .*cannot pickle '_thread.lock'"
    ) as caught:
        list(Ray().run(partial(refuses, Lock()), [1], "search"))
    assert "\n" not in str(caught.value)
    assert list(Ray().run(refuses, [], "encode")) == []


@pytest.mark.parametrize(
    ("gpus", "setting", "expected"), [(2, None, 1), (0, None, 0), (2, 0.5, 0.5), (2, 0, 0)]
)
def test_an_encoder_has_a_gpu_where_a_node_has_any(gpus, setting, expected):
    nodes = [{"Alive": True, "Resources": {"CPU": 4.0, "GPU": float(gpus)}}]
    engine = Ray(encoder_gpus=setting)
    assert engine._share(SimpleNamespace(nodes=lambda: nodes), "encode") == (None, 1, expected)
