"""The public verbs that make a run or open one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from hardneg.api.places import AnyRun, opened_run, run_folder
from hardneg.api.run import AnyRecipe, Run, made
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.stores import is_url
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe, with_earlier_verdicts
from hardneg.runs.finished import FinishedRun
from hardneg.runs.finished import open_run as finished_run
from hardneg.sources import LoadOptions

CLEAN = "clean"
"""The recipe of `clean`."""


def mine(
    source: Any,
    recipe: AnyRecipe = "default",
    out: str | Path | None = None,
    *,
    chunk: int | str | None = None,
    since: AnyRun | None = None,
    report: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Run:
    """Mines a training set with hard negatives.

    The same source, recipe and seed give byte-identical ledgers and training sets, in memory and in a folder.
    An interrupted run in a folder goes on where it ended when it is called again.

    Args:
        source: A BEIR folder, a pairs file, the URL of one, `ir:ID`, `hf:ID`, `mteb:TASK`, `classes:FILE`,
            `sts:FILE` or `stdlib`; a `Collection`, or what `Collection.of` takes: frames, data sets, dicts
            and lists of pairs.
        recipe: What to do.
        out: The run directory, or its URL; None to keep the run in memory: see `Run` for how much.
        chunk: Cut documents into chunks of so many tokens of the recipe's dense model first, as
            TOKENS or TOKENS:OVERLAP; see `hardneg.chunk`. The run directory holds the chunks.
        since: The run of an earlier state of the source: its verdicts count where their texts are the same.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        HardnegError: The source, a model, or the run directory is not usable; the message says why.

    Example:
        >>> run = hardneg.mine("stdlib", "naive", "run")
        >>> run.info["counts"]["negatives"]
    """
    chosen = _recipe(recipe)
    given = str(source) if isinstance(source, str | Path) else source
    if not isinstance(given, str | Collection):
        given = Collection.of(given, options=chosen.load)
    with nullcontext() if since is None else run_folder(since, progress) as earlier:
        chosen = chosen if earlier is None else with_earlier_verdicts(chosen, earlier)

        def mined(place: Path | None) -> FinishedRun:
            if chunk is None:
                return pipeline.mine(given, chosen, place, progress=progress, cache=cache)
            from hardneg import chunking

            return chunking.mine(given, chosen, place, chunk, progress=progress, cache=cache)

        return made(out, mined, report, progress)


def select(
    run: AnyRun,
    recipe: AnyRecipe,
    out: str | Path | None = None,
    *,
    collection: Collection | None = None,
    report: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Decides again on the candidates of a finished run; nothing is ranked or encoded.

    Args:
        run: The run to read.
        recipe: Its selection, seed and format are used; loading, ranking and validators stay the run's.
        out: Another run directory, to be written, or its URL; None to keep the run in memory.
        collection: What was mined, if it was not loaded from a source.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.

    Raises:
        HardnegError: The run or its source has changed or is not there, or `out` is not usable.

    Example:
        >>> strict = hardneg.select(run, hardneg.Recipe.named("perc-pos", negatives=2))
    """
    with opened_run(run, collection, progress) as finished:
        return Run.of(finished).select(recipe, out, report=report, progress=progress)


def clean(
    file: str | Path,
    out: str | Path | None = None,
    recipe: AnyRecipe = CLEAN,
    *,
    same_format: bool = True,
    report: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Run:
    """Validates the negatives that a training set lists and writes it without the doubtful ones.

    Args:
        file: A pairs file or a training set in a trainer's format, or its URL.
        out: The run directory, or its URL; None to keep the run in memory.
        recipe: What to do; it needs the ranker `listed`, as the recipe `clean` has it.
        same_format: Whether to write the file's own format rather than the recipe's.
        report: Write `report.html` into the run directory; needs the extra `report`.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        ConfigError: The recipe does not read the listed negatives.
        DataError: The file is in no known layout, or lists no negatives.
    """
    from hardneg.mining import cleaning

    return made(
        out,
        lambda place: cleaning.clean(
            file, _recipe(recipe), place, same_format=same_format, progress=progress, cache=cache
        ),
        report,
        progress,
    )


def mix(
    runs: Sequence[AnyRun] | str | Path,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    report: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Mixes the training sets of several runs into one, batch after batch.

    Args:
        runs: The runs, or a YAML file with the settings, whose `parts` name them.
        out: The folder to write: the training set, its card, `mix.json` and the report.
        settings: `hardneg.mixing.MixSettings`, or some of them: `{"batches": "all", "temperature": 0.5}`;
            `parts` in the order of the runs: `[{"prompt": "query: "}, {"weight": 2}]`.
        report: Write `report.html` into the folder; needs the extra `report`.
        progress: Receives the progress of all stages.

    Returns:
        What was mixed, as in `mix.json` of the folder.

    Raises:
        HardnegError: A run or its source is not usable, or the settings do not fit the runs.

    Example:
        >>> hardneg.mix(["runs/scifact", "runs/medquad"], "mixed", {"temperature": 0.5})
    """
    from hardneg import mixing
    from hardneg.report import write_after_work, write_mixture

    given = dict(settings or {})
    if isinstance(runs, str | Path):
        given = {**mixing.read_mixture(Path(runs)), **given}
    else:
        parts = [*given.get("parts", ()), *[{}] * len(runs)]
        given["parts"] = [{"run": _name(run), **part} for run, part in zip(runs, parts, strict=False)]
    made = mixing.MixSettings.of(given)
    with ExitStack() as stack:
        opened = []
        for run in [part.run for part in made.parts] if isinstance(runs, str | Path) else runs:
            folder = stack.enter_context(run_folder(run, progress))
            collection = run.collection if isinstance(run, FinishedRun) else None
            opened.append(finished_run(folder, collection=collection))
        info = mixing.mix(opened, made, Path(out), progress)
    if report:
        with (progress or NullProgress()).task("report", None, "pages"):
            write_after_work(write_mixture, Path(out))
    return info


def chunk(
    source: Any,
    out: str | Path,
    *,
    tokens: int | str,
    splits: Sequence[str] = (),
    load: LoadOptions | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Cuts the documents of a collection into chunks, and carries judgments over to them.

    Of a relevant document the best chunk is the positive, and the others are neither positive nor negative;
    of one judged not relevant no chunk is. The folder is a source for all other verbs.

    Args:
        source: A collection, or what `mine` reads; documents alone will do.
        out: The folder to write.
        tokens: Most tokens of a chunk as the model reads it, its title, prompt and special tokens
            included, and of those that it repeats of the one before: TOKENS or TOKENS:OVERLAP, as in 256:32.
        splits: Judgments to read; all of a BEIR folder, else `train`, unless named.
        load: How the source is read, but for the split.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.
        settings: The other attributes of `hardneg.chunking.ChunkSettings`.

    Returns:
        What was cut, as in `chunks.json` of the folder.

    Raises:
        ConfigError: A setting is not usable, or the folder holds something else.
        DataError: The source is not usable, or the folder cannot be written.
        MissingExtra: semantic-text-splitter, or the library of a model, is not installed.

    Example:
        >>> hardneg.chunk("my-beir-folder", "chunks", tokens=256)
        >>> hardneg.mine("chunks", "default", "run")
    """
    from hardneg import chunking

    made = chunking.ChunkSettings.of(tokens, **settings)
    given = str(source) if isinstance(source, str | Path) else source
    if not isinstance(given, str | Collection):
        given = Collection.of(given, options=load)
    return chunking.chunk(given, Path(out), made, named=splits, options=load, progress=progress, cache=cache)


def _name(run: AnyRun) -> str:
    """Returns what a mixture calls a run: its place, or its collection."""
    if not isinstance(run, FinishedRun):
        return str(run)
    return str(run.url or run.folder or f"in memory: {run.collection.name}")


def open_run(run: AnyRun, *, collection: Collection | None = None) -> Run:
    """Returns a finished run: its run.json, its training set, its figures.

    Args:
        run: The run directory, or its URL.
        collection: What was mined, if it was not loaded from a source.

    Raises:
        DataError: The run is not finished, or its source has changed or is not there.
    """
    with opened_run(run, collection) as finished:
        return Run.of(finished, str(run) if not isinstance(run, FinishedRun) and is_url(run) else None)


def _recipe(recipe: AnyRecipe) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    return Recipe.named(recipe) if isinstance(recipe, str) else Recipe.build(recipe)
