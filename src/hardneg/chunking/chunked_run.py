"""Cuts the documents of a source into a folder, or into that of a run, which is then mined from them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from hardneg.chunking.chunk_settings import ChunkSettings
from hardneg.chunking.folder import ChunkJob, write
from hardneg.core.components import RANKERS, Context, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.dense import Dense
from hardneg.runs.directory import Clock, RunFolder
from hardneg.runs.finished import FinishedRun
from hardneg.sources import LoadOptions, chunks, load, load_with_or_without_queries, splits


def chunk(
    source: str | Collection,
    out: Path,
    settings: ChunkSettings,
    *,
    named: Sequence[str] = (),
    options: LoadOptions | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Cuts the documents of a source into a folder; see `hardneg.chunk`.

    `named` are the splits; all of a BEIR folder, else that of the options, unless given.
    """
    model = Dense(model=settings.model)
    ranker: Ranker = model if settings.ranker is None else RANKERS.make(settings.ranker)
    context = Context(cache or cache_folder(), progress or NullProgress())
    with context.progress.task("load", None, "rows"):
        collections = _collections(source, named, options or LoadOptions(), context.progress)
    return write(ChunkJob(collections, _place(source), settings, model, ranker), out, context)


def mine(
    source: str | Collection,
    recipe: Recipe,
    out: Path | None,
    tokens: int | str,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> FinishedRun:
    """Cuts documents by the tokens of the recipe's dense model, and mines the chunks; see `hardneg.mine`.

    The folder of the run holds the chunks. The best chunk is found by the first ranker of the recipe whose
    scores mean the same for every query, else by BM25.
    """
    recipe.check_installed()
    model = next((ranker for ranker in recipe.rank.rankers if isinstance(ranker, Dense)), Dense())
    settings = ChunkSettings.of(tokens, model=model.model)
    clock = Clock()
    context = Context(cache or cache_folder(), progress or NullProgress(), recipe.engine)
    with clock.stage("load"), context.progress.task("load", None, "rows"):
        collection = load(source, recipe.load, progress) if isinstance(source, str) else source
    job = ChunkJob({recipe.load.split: collection}, _place(source), settings, model, _comparable(recipe))
    of_chunks = replace(recipe.load, corpus=None, columns={}, strict=False)  # the rest was for the source
    recipe = recipe.model_copy(update={"load": of_chunks})
    with ExitStack() as stack:
        folder = _folder(out, stack)
        with clock.stage("chunk"):
            write(job, folder, context)
        with clock.stage("load"), context.progress.task("load", None, "rows"):
            cut = load(str(folder), recipe.load)
    place = cut if out is None else str(folder)
    return pipeline.mine_loaded(place, cut, recipe, out, clock, progress=progress, cache=cache)


def _folder(out: Path | None, stack: ExitStack) -> Path:
    """Returns where a run's chunks are kept, the run's folder being locked until the stack ends."""
    if out is None:
        return (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hardneg-chunks-"))) / chunks.FOLDER
        )
    stack.enter_context(RunFolder(out).opened())
    folder = out / chunks.FOLDER
    if (out / "run.json").exists() and not chunks.fits(folder):
        raise ConfigError(
            f"{out} holds a run that was mined without --chunk; choose another --out, or delete it"
        )
    return folder


def _comparable(recipe: Recipe) -> Ranker:
    """Returns the first ranker of a recipe whose scores mean the same for every query, else BM25."""
    able = (each for each in recipe.rank.rankers if each.comparable and each.reads_texts and each.scored)
    return next(able, Bm25())


def _collections(
    source: str | Collection, named: Sequence[str], options: LoadOptions, progress: Progress
) -> Mapping[str, Collection]:
    """Returns the collections of the splits."""
    if isinstance(source, Collection):
        return {options.split: source}
    chosen = list(dict.fromkeys(named)) or splits(source, progress) or [options.split]
    return {split: load_with_or_without_queries(source, replace(options, split=split)) for split in chosen}


def _place(source: str | Collection) -> str | None:
    return pipeline.source_place(source) if isinstance(source, str) else None
