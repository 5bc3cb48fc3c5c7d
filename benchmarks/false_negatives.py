"""Measures false negatives where the truth is known: some positives are hidden, then mined.

Of every query with several positives a share is shown, at least one, drawn by query and document; the others
stay in the corpus, as documents that nobody labelled. A negative that is one of them is a false negative. The
rate is a lower bound: relevant documents that the collection's judges never saw are not counted.

A low rate is easy when negatives are easy, so hardness stands beside it: the mean score of the negatives by
the dense model. `as hard as perc-pos` is the rate when the threshold of the recipe's rule is moved until its
negatives are as hard as those of perc-pos. Probabilities, where a recipe has them, are compared with the
truth: ROC AUC over all unjudged candidates and over the first 20 of each query, beside that of the score or
evidence that alone is best there, and expected calibration error.

    python benchmarks/false_negatives.py FOLDER [--split test] [--show 0.5] [--recipe naive --recipe perc-pos]
        [--set rank.rankers.dense.model=MODEL]
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.dataset as ds
import typer

from hardneg.cli.progress import Bars
from hardneg.core import noise
from hardneg.core.records import Collection, Judgments
from hardneg.core.statistics import wilson
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs.finished import open_run
from hardneg.sources import LoadOptions, load

RECIPES = ["naive", "shifted", "abs", "margin-pos", "perc-pos", "default"]
REFERENCE = "perc-pos"
FIRST = 20
# For each rule the settings that make it stricter, step by step.
STRICTER: dict[str, tuple[str, list[float]]] = {
    "max-score": ("maximum", [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]),
    "absolute-margin": ("margin", [-0.3, -0.2, -0.1, 0.0, 0.05, 0.1, 0.15, 0.2, 0.3]),
    "relative-margin": ("margin", [-0.5, -0.3, -0.1, 0.0, 0.05, 0.1, 0.2, 0.3, 0.4]),
    "window": ("first", [1, 6, 11, 21, 31, 41, 61, 81]),
    "false-negative-rate": ("maximum", [1.0, 0.3, 0.2, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002]),
    "suspected-false-negative": ("maximum", [1.0, 0.3, 0.1, 0.05, 0.03, 0.02, 0.01, 0.006, 0.003]),
}


class Measured(NamedTuple):
    """What one setting of a recipe comes to."""

    false: int
    negatives: int
    hardness: float

    @property
    def rate(self) -> float:
        """The share of the negatives that are hidden positives."""
        return self.false / max(self.negatives, 1)


def main(
    folder: str,
    split: str = "test",
    recipe: Annotated[list[str] | None, typer.Option()] = None,
    negatives: int = 4,
    min_relevance: int = 1,
    show: Annotated[float, typer.Option(help="Share of the positives shown; 0 for one a query.")] = 0.0,
    judged: Annotated[bool, typer.Option(help="Show documents judged not relevant, too.")] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting of all recipes.")] = None,
) -> None:
    """Prints, for each recipe, how many of its negatives are hidden positives, with a 95 % interval."""
    options = LoadOptions(split=split, min_relevance=min_relevance, empty_texts="skip")
    whole = load(folder, options)
    visible, hidden = hide(whole, show, judged)
    print(f"{whole.name}: {len(hidden):,} queries, {sum(map(len, hidden.values())):,} hidden positives")
    wanted = 0.0
    with tempfile.TemporaryDirectory() as out:
        for name in [REFERENCE, *(name for name in recipe or RECIPES if name != REFERENCE)]:
            chosen = Recipe.named(name, ["format=jsonl", *(set_ or ())], negatives=negatives)
            with Bars() as bars:
                pipeline.mine(visible, chosen, Path(out) / Path(name).stem, progress=bars)
            found = measure(Path(out) / Path(name).stem, hidden)
            wanted = found.hardness if name == REFERENCE else wanted
            curve = trade_off(Path(out) / Path(name).stem, chosen, visible, hidden)
            tell(name, found, curve, wanted, probabilities(Path(out) / Path(name).stem, hidden))


def tell(name: str, found: Measured, curve: list[Measured], wanted: float, more: str) -> None:
    """Prints one line."""
    low, high = wilson(found.false, found.negatives)
    equal = at_hardness(curve, wanted)
    equal_hardness = "-" if equal is None else f"{equal:.1%}"
    print(
        f"{name:13s} {found.negatives:6,} negatives, {found.rate:6.1%} false [{low:.1%}, {high:.1%}], "
        f"hardness {found.hardness:.3f}, as hard as perc-pos {equal_hardness}{more}",
        flush=True,
    )


def hide(whole: Collection, show: float = 0.0, judged: bool = True) -> tuple[Collection, dict[str, set[str]]]:
    """Returns the collection with some positives a query, and the ids of the others by query id.

    Args:
        whole: All that is judged; queries with one positive are left out.
        show: The share of a query's positives that is shown, at least one and not all.
        judged: Whether documents judged not relevant stay known.
    """
    judgments = whole.judgments
    keep = (judgments.relevance < judgments.min_relevance) & judged
    hidden: dict[str, set[str]] = {}
    for query in judgments.queries_with_positives:
        positives = judgments.positives(int(query))
        drawn = noise.uniform(0, whole.queries.id_keys[[query]], whole.documents.keys[positives])
        count = min(max(1, round(show * len(positives))), len(positives) - 1)
        shown = positives[np.argsort(drawn, kind="stable")[:count]]
        if len(positives) > 1:
            rest = positives[~np.isin(positives, shown)]
            hidden[whole.queries.ids([query])[0]] = set(whole.documents.ids(rest))
            keep |= (judgments.query == query) & np.isin(judgments.doc, shown)
    keep &= np.isin(judgments.query, whole.queries.rows(list(hidden)))
    left = Judgments(
        judgments.query[keep], judgments.doc[keep], judgments.relevance[keep], judgments.min_relevance
    )
    return replace(whole, judgments=left, digest=f"{whole.digest}, {show} {judged}"), hidden


def measure(run: Path, hidden: dict[str, set[str]]) -> Measured:
    """Returns what the negatives of a run come to."""
    score = next(name for name in columns(run) if name.startswith("score.") and "bm25" not in name)
    table = rows(run, ["query_id", "doc_id", score], ds.field("decision") == "negative")
    false = truth(table, hidden)
    scores = table[score].to_numpy()
    return Measured(int(false.sum()), len(false), float(np.nanmean(scores)))


def trade_off(run: Path, recipe: Recipe, visible: Collection, hidden: dict[str, set[str]]) -> list[Measured]:
    """Returns what a run's rule comes to as it gets stricter; one point where it has no threshold."""
    settings: dict[str, Any] = recipe.settings()
    rules: list[tuple[int, dict[str, Any]]] = [
        (place, rule) for place, rule in enumerate(settings["select"]["rules"]) if set(rule) & set(STRICTER)
    ]
    if not rules:
        return [measure(run, hidden)]
    place, rule = rules[-1]
    [(name, values)] = rule.items()
    key, steps = STRICTER[name]
    found = []
    for step in steps:
        settings["select"]["rules"][place] = {name: {**values, key: step}}
        with tempfile.TemporaryDirectory() as out:
            mined = open_run(run, collection=visible)
            pipeline.select(mined, Recipe.build(settings), Path(out) / "again")
            found.append(measure(Path(out) / "again", hidden))
    return found


def at_hardness(curve: list[Measured], wanted: float) -> float | None:
    """Returns the rate at a hardness, between the two nearest points; None outside of the curve."""
    ordered = sorted(curve, key=lambda point: point.hardness)
    hardness = np.array([point.hardness for point in ordered])
    if not hardness[0] - 1e-6 <= wanted <= hardness[-1] + 1e-6:
        return None
    return float(np.interp(wanted, hardness, [point.rate for point in ordered]))


def probabilities(run: Path, hidden: dict[str, set[str]]) -> str:
    """Returns how well the probabilities of a run match the truth, empty if it has none."""
    known = ~ds.field("p_false_negative").is_null()
    single = [name for name in columns(run) if name.startswith(("score.", "evidence."))]
    table = rows(run, ["query_id", "doc_id", "rank", "p_false_negative", *single], known)
    if not len(table):
        return ""
    chance: npt.NDArray[Any] = table["p_false_negative"].to_numpy()
    false, first = truth(table, hidden), first_ranks(table)
    alone = {name: np.nan_to_num(table[name].to_numpy(), nan=-np.inf) for name in single}
    best = max(alone, key=lambda name: auc(alone[name][first], false[first]))
    return (
        f", AUC {auc(chance, false):.3f}, of the first {FIRST} {auc(chance[first], false[first]):.3f} "
        f"({best} alone {auc(alone[best], false):.3f} and {auc(alone[best][first], false[first]):.3f}), "
        f"ECE {error(chance, false):.3f}, {chance.sum():.0f} expected, {false.sum()} relevant"
    )


def first_ranks(table: Any) -> npt.NDArray[np.bool_]:
    """Returns (n,) bool: the first unjudged candidates of each query."""
    ranks = table["rank"].to_numpy().astype(float)
    queries = np.unique(table["query_id"].to_numpy(), return_inverse=True)[1]
    order = np.lexsort((ranks, queries))
    starts = np.searchsorted(queries[order], np.arange(queries.max() + 1))
    places = np.empty(len(order), int)
    places[order] = np.arange(len(order)) - starts[queries[order]]
    return np.asarray((places < FIRST) & ~np.isnan(ranks))


def auc(chance: npt.NDArray[Any], false: npt.NDArray[np.bool_]) -> float:
    """Returns the area under the ROC curve."""
    others = np.sort(chance[~false])
    below = np.searchsorted(others, chance[false], "left") + np.searchsorted(others, chance[false], "right")
    return float(below.mean() / 2 / max(len(others), 1))


def error(chance: npt.NDArray[Any], false: npt.NDArray[np.bool_], bins: int = 10) -> float:
    """Returns the expected calibration error over bins of equal width."""
    places = np.minimum((chance * bins).astype(int), bins - 1)
    apart = [
        (places == place).mean() * abs(chance[places == place].mean() - false[places == place].mean())
        for place in np.unique(places)
    ]
    return float(sum(apart))


def truth(table: Any, hidden: dict[str, set[str]]) -> npt.NDArray[np.bool_]:
    """Returns (n,) bool: which rows are hidden positives."""
    pairs = zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True)
    return np.array([doc in hidden[query] for query, doc in pairs], bool)


def columns(run: Path) -> list[str]:
    """Returns the columns of a run's ledger."""
    return list(ds.dataset(run / "ledger").schema.names)


def rows(run: Path, names: list[str], condition: Any) -> Any:
    """Returns some rows of a run's ledger."""
    return ds.dataset(run / "ledger").to_table(names, filter=condition)


if __name__ == "__main__":
    typer.run(main)
