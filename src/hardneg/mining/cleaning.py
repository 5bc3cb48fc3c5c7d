"""Cleans a training set of any origin: suspected false negatives are dropped, all else stays as it was."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.components import RANKERS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import atomic
from hardneg.core.lines import is_parquet, uncompressed_name
from hardneg.core.progress import Progress
from hardneg.core.records import NOISY_POSITIVE, Collection, Decision
from hardneg.exporters.rows import Add, rows_to, text_to, to_json
from hardneg.mining.pipeline import mine_loaded
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock
from hardneg.runs.finished import FinishedRun
from hardneg.runs.ledger import Ledger
from hardneg.runs.training_set import TrainingSet
from hardneg.sources import LoadOptions, load, local, training
from hardneg.sources.json_values import form_of
from hardneg.sources.tables import Row, delimiter_of

_READ_ALONE = ("hard-negatives", "nemo")
"""Layouts whose files hold more than the rows that were read."""

_LEFT_OUT = ("without_negatives", "without_positives", "with_wrong_positives", "of_queries_not_examined")


def clean(
    source: str | Path,
    recipe: Recipe,
    out: str | Path | None = None,
    *,
    same_format: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> FinishedRun:
    """Validates the negatives that a training set lists and writes it without the doubtful ones.

    In the same format every row stays as it was, but for the negatives that are dropped; a row with none left
    is left out, and where all rows must be equally long the negatives left are repeated in turn.
    """
    path = Path(local(str(source), progress))
    if not path.is_file():
        raise DataError(f"there is no file {path}; hardneg clean cleans a training set, one file")
    if not any(RANKERS.name_of(ranker) == "listed" for ranker in recipe.rank.rankers):
        raise ConfigError("the recipe has no ranker listed: start from the recipe clean, or add it")
    recipe.check_installed()
    clock = Clock()
    with clock.stage("load"):
        collection = load(str(path), recipe.load)
    recipe = _wide_enough(recipe, _longest(collection, path))
    if same_format and (form := training.format_of(path)) in _READ_ALONE:
        raise ConfigError(
            f"{path.name}: the layout {form} is read, and not written as it was; take another: --format jsonl"
        )

    def write(training_set: TrainingSet, folder: Path) -> dict[str, Any]:
        return _write(path, folder, training_set.ledger, collection, recipe.load)

    return mine_loaded(
        str(source),
        collection,
        recipe,
        out,
        clock,
        write=write if same_format else None,
        progress=progress,
        cache=cache,
    )


def _longest(collection: Collection, path: Path) -> int:
    """Returns the most negatives that are listed for one query."""
    listed, _ = collection.listed()
    if not len(listed):
        also = " but positives of the same queries" if collection.notes.get("conflicting_judgments") else ""
        raise DataError(f"{path} lists no negatives{also}; hardneg mine finds them")
    return int(np.bincount(listed).max())


def _wide_enough(recipe: Recipe, longest: int) -> Recipe:
    """Returns the recipe with room for all negatives of the longest list."""
    depth = max(recipe.rank.depth, longest)
    rank = {"depth": depth, "max_depth": max(recipe.rank.max_depth or depth, depth)}
    return recipe.model_copy(
        update={
            "rank": recipe.rank.model_copy(update=rank),
            "select": recipe.select.model_copy(update={"negatives": longest}),
        }
    )


def _write(
    path: Path, folder: Path, ledger: Ledger, collection: Collection, options: LoadOptions
) -> dict[str, Any]:
    """Writes the training set without what the ledger dropped, and returns run.json's `export`."""
    notes: Counter[str] = Counter({"dropped_negatives": 0})
    suffix = Path(uncompressed_name(path)).suffix.lower()
    out, rows = folder / f"train{suffix}", 0
    dropped, queries, wrong = _examined(ledger, collection)
    table = training.without_negatives(path, dropped, options, notes, queries, wrong)
    first = next(table, None)
    with _rows_to(out, path, list(first or {})) as add:
        for row in chain([] if first is None else [first], table):
            add(row)
            rows += 1
    files = [out, *(_copied(each, path, out) for each in training.companion_files(path))]
    return {
        "format": {training.format_of(path): {}},
        "files": [file.name for file in files],
        "rows": rows,
        "skipped": sum(notes[f"rows_{reason}"] for reason in _LEFT_OUT),
        "notes": {
            name: count for name, count in sorted(notes.items()) if count or name == "dropped_negatives"
        },
    }


def _examined(
    ledger: Ledger, collection: Collection
) -> tuple[set[training.Pair], set[int], set[training.Pair]]:
    """Returns the pairs that are no negatives, positives among them, the queries' `text_key`, wrong pairs."""
    pairs: set[training.Pair] = set()
    wrong: set[training.Pair] = set()
    keys: set[int] = set()
    for block in ledger:
        decision = block.table["decision"]
        dropped = pc.and_(pc.is_valid(block.table["score.listed"]), pc.not_equal(decision, Decision.NEGATIVE))
        noisy = pc.equal(block.table["reason"], NOISY_POSITIVE)
        keep = pc.or_(pc.or_(dropped, noisy), pc.equal(decision, Decision.POSITIVE))
        table = block.table.filter(keep)
        is_wrong = np.asarray(noisy.filter(keep))
        queries = collection.queries.rows(table["query_id"].to_pylist())
        keys.update(collection.queries.keys[queries].tolist())
        docs = collection.documents.rows(table["doc_id"].to_pylist())
        for texts in (collection.documents.keys[docs], collection.documents.body_keys[docs]):
            found = list(zip(collection.queries.keys[queries].tolist(), texts.tolist(), strict=True))
            pairs.update(found)
            wrong.update(found[place] for place in np.flatnonzero(is_wrong))
    return pairs, keys, wrong


@contextmanager
def _rows_to(out: Path, source: Path, columns: list[str]) -> Iterator[Add]:
    """Yields a function that adds a row to a file of the source's kind."""
    if out.suffix in (".csv", ".tsv"):
        plain: dict[str, Any] = {"quoting": csv.QUOTE_NONE, "quotechar": None} if out.suffix == ".tsv" else {}
        with text_to(out) as opened:
            writer = csv.DictWriter(
                opened, columns, delimiter=delimiter_of(source), lineterminator="\n", **plain
            )
            writer.writeheader()
            yield lambda row: writer.writerow({name: _cell(value) for name, value in row.items()})
        return
    if out.suffix != ".parquet" and not is_parquet(source):
        yield from _json_to(out, *form_of(source))
        return
    with rows_to(out, pq.read_schema(source) if out.suffix == ".parquet" else None) as add:
        yield add


def _json_to(out: Path, array: bool, lists: bool) -> Iterator[Add]:
    """Yields a function that adds a row to a JSON file: to its array or as a line, as an object or a list."""
    before = "[\n" if array else ""

    def add(row: Row) -> None:
        nonlocal before
        opened.write(before + to_json([*row.values()] if lists else row) + ("" if array else "\n"))
        before = ",\n" if array else ""

    with text_to(out) as opened:
        yield add
        if array:
            opened.write("\n]\n" if before == ",\n" else "[]\n")


def _cell(value: Any) -> Any:
    return to_json(value) if isinstance(value, list) else value


def _copied(beside: Path, source: Path, out: Path) -> Path:
    """Copies a file beside the training set, named after the new one, and returns its path."""
    stem = Path(uncompressed_name(source)).stem
    copy = out.with_name(out.stem + beside.name.removeprefix(stem))
    with atomic(copy) as temporary:
        temporary.write_bytes(beside.read_bytes())
    return copy
