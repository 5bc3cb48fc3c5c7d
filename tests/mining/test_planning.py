import pytest

from hardneg.cli.console import plan_text
from hardneg.core.components import RANKERS
from hardneg.mining.planning import Stage, _deciding, _opening, plan
from hardneg.mining.planning.measure import Line, Measured, measured
from hardneg.mining.recipe import Recipe


def test_what_grows_is_carried_on_in_a_straight_line():
    assert Line.through((10, 2.0), (20, 3.0)).at(30) == pytest.approx(4.0)
    assert Line.through((10, 3.0), (20, 2.0)) == Line(2.0, 0.0)  # noise: it does not shrink
    assert Line.through((10, 1.0), (20, 3.0)) == Line(0.0, 0.2)  # nor begin below 0
    assert Line.through((20, 3.0), (20, 4.0)).at(40) == pytest.approx(8.0)


def test_stages_by_hand():
    # Opening: 2 s, and 0.01 s for each of the half of 1,000 documents that the cache lacks.
    ranker = Measured("dense", Line(2.0, 0.01), Line(0.0, 1e-6), cached=0.5, dimension=4, encodes=True)
    assert _opening(ranker, 1_000, 1_000, own=True) == Stage(
        "open dense", 7.0, "100 documents a second, 50% cached"
    )
    assert _opening(ranker, 1_000, 500, own=False).seconds == 12.0
    # A trial of 10 queries on 100 documents took 0.5 s: 0.0001 s a query searching, 0.0499 s for the rest.
    tried = {"documents": 100.0, "rank and select": 0.5, "export": 0.1}
    naive = Recipe.named("naive", rankers=["bm25"])
    deciding, export = _deciding([ranker], 10, tried, naive, 1_000_000, 1_000)
    assert deciding.seconds == pytest.approx(1_000 * (1.0 + 0.0499))
    assert export.seconds == pytest.approx(10.0)


def test_no_opening_finds_what_another_has_cached(collection, tmp_path, monkeypatch):
    caches = []
    monkeypatch.setattr(
        "hardneg.mining.planning.measure._open", lambda *given: caches.append(given[-1].cache)
    )
    monkeypatch.setattr("hardneg.mining.planning.measure._dimension", lambda *_: 0)
    measured(
        "dense", RANKERS.make("dense"), collection, 256, tmp_path, 10
    )  # the first two sizes are the same
    assert len(set(caches)) == 3


def test_a_plan_of_a_small_collection(beir, tmp_path):
    recipe = Recipe.named("naive", rankers=["bm25"])
    found = plan(str(beir), recipe, documents=1_000_000, queries=500, cache=tmp_path / "cache")
    assert [stage.name for stage in found.stages] == ["load", "open bm25", "rank and select", "export"]
    assert all(stage.seconds >= 0 for stage in found.stages) and found.seconds > 0
    assert (found.documents, found.queries, found.cache) == (1_000_000, 500, 0)
    assert found.memory > 130 * 1_000_000 and found.temporary > 0 and found.run > 0
    assert "1,000,000 documents, 500 queries" in plan_text(found)
    assert list((tmp_path / "cache").iterdir()) == []
