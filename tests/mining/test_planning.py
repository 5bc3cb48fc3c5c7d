from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.cli.console import plan_text
from hardneg.core.components import RANKERS, Ranker
from hardneg.mining.planning import Stage, Trial, _deciding, _opening, measure, plan, try_out
from hardneg.mining.planning.measure import ENCODING, Line, Measured, Samples, grow, sizes
from hardneg.mining.recipe import Recipe


class FakeTimer:
    """A clock that moves only when a test moves it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@dataclass(frozen=True)
class Slow(Ranker):
    """Takes a second to open, and two more for each document."""

    timer: FakeTimer
    encodes = True

    def open(self, collection, context):
        self.timer.now += 1.0 + 2.0 * len(collection.documents)
        return RANKERS.make("random").open(collection, context)


@dataclass(frozen=True)
class SlowEncoder(Ranker):
    """Loads a model in three seconds, and encodes a thousand characters in one."""

    timer: FakeTimer
    encodes = True

    def encoder(self):
        self.timer.now += 3.0
        return SimpleNamespace(documents=self._documents, fingerprint=lambda kind: "slow" * 16)

    def _documents(self, texts):
        self.timer.now += sum(map(len, texts)) / 1_000
        return np.ones((len(texts), 8), np.float32)

    def open(self, collection, context):
        """Is not called: documents are encoded directly."""
        raise AssertionError


def samples(collection, folder, timer, most=1_024):
    return Samples(collection, folder, folder / "cache", most, 10, timer)


def test_what_grows_is_carried_on_in_a_straight_line():
    assert Line.through((10, 2.0), (20, 3.0)).at(30) == pytest.approx(4.0)
    assert Line.through((10, 3.0), (20, 2.0)) == Line(2.0, 0.0)  # noise: it does not shrink
    assert Line.through((10, 1.0), (20, 3.0)) == Line(0.0, 0.2)  # nor begin below 0
    assert Line.through((20, 3.0), (20, 4.0)).at(40) == pytest.approx(8.0)


def test_samples_grow_while_the_next_one_is_expected_to_fit():
    timer = FakeTimer()

    def work(size):
        timer.now += 1.0 + 0.1 * size
        return f"made of {size}"

    assert sizes(4, 100) == [4, 16, 64, 100] and sizes(4, 3) == [3]
    points = grow(work, sizes(4, 10_000), 12.0, timer)  # 1.4 + 2.6 + 7.4 s; 256 would take 26.6 s more
    assert [(point.size, round(point.seconds, 3)) for point in points] == [(4, 1.4), (16, 2.6), (64, 7.4)]
    assert points[-1].made == "made of 64"
    assert [point.size for point in grow(work, sizes(4, 10_000), 0.0, timer)] == [4, 16]  # two always


def test_work_is_bounded_however_slow_a_ranker_is(collection, tmp_path):
    timer = FakeTimer()
    found = samples(collection, tmp_path, timer).ranker("slow", Slow(timer))
    documents = len(samples(collection, tmp_path, timer).part(16)[0].documents)
    assert timer.now <= 3 * (1.0 + 2.0 * documents)  # to get warm and twice: beyond the budget already
    assert found.opening.at(samples(collection, tmp_path, timer).mean_characters() * 1_000) > 500


def test_encoding_is_extrapolated_by_characters_within_the_budget(collection, tmp_path, monkeypatch):
    timer = FakeTimer()
    monkeypatch.setattr(measure, "vector_search", lambda dimension, depth, timer, size: 1e-6 * size)
    drawn = samples(collection, tmp_path, timer)
    found = drawn.with_search(drawn.ranker("slow", SlowEncoder(timer)))
    assert found.searching.at(1_000_000) == pytest.approx(1.0)
    assert found.opening.fixed == 3.0 and found.opening.slope == pytest.approx(1e-3)
    assert found.dimension == 8 and found.cached == 0.0
    assert timer.now <= 3.0 + ENCODING + 1.0


def test_stages_by_hand():
    # Opening: 2 s, and 0.0001 s per character for each of the half of 1,000 documents of 100 characters that
    # the cache lacks.
    ranker = Measured("dense", Line(2.0, 0.0001), Line(0.0, 1e-6), cached=0.5, dimension=4)
    assert _opening(ranker, 1_000, 100.0, own=True) == Stage(
        "open dense", 7.0, "100 documents a second, 50% cached"
    )
    assert _opening(ranker, 1_000, 100.0, own=False).seconds == 12.0
    # A trial on 100 documents took 0.05 s per query: 0.0001 s searching, 0.0499 s for the rest.
    trial = Trial(100, Line(0.0, 0.0), Line(0.0, 0.05), Line(0.0, 0.01), 1_000.0)
    naive = Recipe.named("naive", rankers=["bm25"])
    deciding, export = _deciding([ranker], trial, naive, 1_000_000, 1_000)
    assert deciding.seconds == pytest.approx(1_000 * (1.0 + 0.0499))
    assert export.seconds == pytest.approx(10.0)
    # On 50 documents a pool of 100 has half its size.
    deciding, _ = _deciding([ranker], Trial(50, *[Line(0.0, 0.05)] * 3, 0.0), naive, 1_000_000, 1_000)
    assert deciding.seconds == pytest.approx(1_000 * (1.0 + 2 * (0.05 - 0.00005)))


def test_no_opening_finds_what_another_has_cached(collection, tmp_path):
    caches = []

    class Opened(Slow):
        def open(self, collection, context):
            caches.append(context.cache)
            return super().open(collection, context)

    samples(collection, tmp_path, timer := FakeTimer(), 256).ranker("opened", Opened(timer))
    assert len(set(caches)) == len(caches) == 3


def test_a_trial_run_validates_and_writes_no_report(collection, tmp_path):
    recipe = Recipe.named("naive", ["validation.calibrate=true"], rankers=["bm25", "random"])
    drawn = samples(collection, tmp_path, lambda: 0.0)
    rankers = dict(
        zip(recipe.rank.names, map(drawn.ranker, recipe.rank.names, recipe.rank.rankers), strict=True)
    )
    assert rankers["bm25"].whole is None and rankers["random"].whole is not None  # it reads no texts
    trial = try_out(drawn, recipe, rankers)
    assert trial.bytes_per_query > 0 and trial.deciding == Line(0.0, 0.0)  # the clock stands still
    assert list(tmp_path.rglob("train*")) and not list(tmp_path.rglob("*.html"))


def test_a_plan_of_a_small_collection(beir, tmp_path):
    recipe = Recipe.named("naive", rankers=["bm25"])
    found = plan(str(beir), recipe, documents=1_000_000, queries=500, cache=tmp_path / "cache")
    assert [stage.name for stage in found.stages] == ["load", "open bm25", "rank and select", "export"]
    assert all(stage.seconds >= 0 for stage in found.stages) and found.seconds > 0
    assert (found.documents, found.queries, found.cache) == (1_000_000, 500, 0)
    assert found.memory > 130 * 1_000_000 and found.temporary > 0 and found.run > 0
    assert "1,000,000 documents, 500 queries" in plan_text(found)
    assert list((tmp_path / "cache").iterdir()) == []
