"""Blocks decided on by workers: searches come first, deeper ones are asked for, nothing is lost."""

from functools import partial

import pytest

from hardneg.engines.local import Local
from hardneg.mining import miner as blocks
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense import remote_encoding, store
from hardneg.rankers.sharded_search import ShardingPlan
from tests import tiny


class Workers(Local):
    """Another process that is this one: each job is noted, and one may fail."""

    spreads = True
    done = ()
    fails_at = None

    def run(self, opener, jobs, stage):
        for result in super().run(opener, jobs, stage):
            Workers.done = (*Workers.done, stage)
            if len(Workers.done) == Workers.fails_at:
                raise KeyboardInterrupt
            yield result


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 2)
    monkeypatch.setattr(pipeline, "ShardingPlan", partial(ShardingPlan, min_shards=1, shard=10))
    for each in (store, remote_encoding):
        monkeypatch.setattr(each, "SHARD", 10)
    monkeypatch.setattr(store.Store.vectors, "__defaults__", (10,))  # the same batches in this process
    Workers.done, Workers.fails_at = (), None


@pytest.fixture
def mined(beir, tmp_path):
    model = tiny.bi_encoder(tmp_path)

    def mine(name, engine, *options):
        chosen = Recipe.named(
            "perc-pos",
            ["format=jsonl", "rank.depth=2", "select.negatives=3", *options],
            rankers=["bm25", f"dense:{model}"],
        )
        chosen = chosen.model_copy(update={"engine": engine})
        result = pipeline.mine(str(beir), chosen, tmp_path / name, cache=tmp_path / f"cache-{name}")
        files = [*(tmp_path / name).glob("train*"), *(tmp_path / name).glob("ledger/*")]
        return result, {path.name: path.read_bytes() for path in files}

    return mine


@pytest.mark.parametrize("options", [(), ("validation.calibrate=true",), ("select.max_uses=1",)])
def test_workers_write_what_this_process_writes(mined, tmp_path, options):
    result, files = mined("workers", Workers(), *options)
    assert files == mined("here", Local(), *options)[1]
    assert result.info["counts"]["queries"] == 7
    assert not (tmp_path / "workers" / ".hardneg-searches").exists()


def test_blocks_wait_for_deeper_searches(mined):
    mined("workers", Workers())
    stages = [
        stage for stage, before in zip(Workers.done, (None, *Workers.done), strict=False) if stage != before
    ]
    assert stages[:3] == ["encode", "search", "decide"] and stages[-1] == "decide"
    assert stages.count("search") > 1  # two documents of each ranker are too few for three negatives
    assert Workers.done.count("search") % 6 == 0  # 30 documents are three shards, searched by two rankers


@pytest.mark.parametrize("fails_at", [7, 10, 15, 18, 21])
def test_what_was_interrupted_goes_on_with_its_lists(mined, tmp_path, fails_at):
    whole = mined("whole", Workers())[1]
    steps, Workers.done = len(Workers.done), ()
    Workers.fails_at = fails_at
    with pytest.raises(KeyboardInterrupt):
        mined("run", Workers())
    assert (tmp_path / "run" / ".hardneg-searches").exists()
    Workers.fails_at = None
    result, files = mined("run", Workers())
    assert result.info["resumed"] and files == whole
    assert len(Workers.done) <= steps + 6  # the interrupted job, workers begun anew, no more
