"""The public verbs that ask language models, and that train and measure students."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardneg.api.places import AnyRun, opened_run, run_folder
from hardneg.core.errors import ConfigError, require_all
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.verdicts import FILE
from hardneg.mining.recipe import recipe_of, with_verdicts
from hardneg.runs.finished import FinishedRun
from hardneg.sources import LoadOptions

if TYPE_CHECKING:
    from hardneg.comparison import Comparison
    from hardneg.comparison.compare_settings import CompareSettings
    from hardneg.evaluation import Evaluation
    from hardneg.training import Trained, TrainSettings

TEST = LoadOptions(split="test")
"""How `evaluate` reads a source."""


def judge(
    run: AnyRun,
    endpoint: str,
    *,
    model: str,
    out: str | Path | None = None,
    collection: Collection | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Lets a language model grade doubtful negatives of a run, into its `judgments.jsonl`.

    Args:
        run: The run directory, its URL, or a run in one of these.
        endpoint: The base of an OpenAI-compatible interface, as `http://localhost:8000/v1`.
        model: The model's name at the endpoint.
        out: Another run directory, in which the run's recipe then decides again with all verdicts; None for
            none.
        collection: What was mined, if it was not loaded from a source.
        cache: Where answers are kept; `HARDNEG_CACHE` or the user's cache folder unless given.
        progress: Receives the progress of judging.
        settings: The other attributes of `hardneg.llm.judging.JudgeSettings`.

    Returns:
        What was judged, the verdicts and the costs, as in `judge/summary.json`; with `out`, under `selected`
        what the verdicts changed, as run.json's `verdicts`.

    Raises:
        ConfigError: A setting, the prompt or the key is not usable, or the run is in memory.
        DataError: The run or its source is not usable, or the endpoint does not answer.
        MissingExtra: httpx2 is not installed.
    """
    from hardneg.llm import judging

    relabel = bool(settings.get("relabel"))
    if relabel and out is None:
        raise ConfigError("relabelling makes a new training set: name the run to write, --out DIR")
    with run_folder(run, progress, changes=True) as folder:
        given = _collection(run, collection)
        if out is not None and Path(out).resolve() == folder.resolve():
            raise ConfigError(f"{out} is the run that is judged; choose another --out")
        summary = judging.judge(
            folder, endpoint, model=model, collection=given, cache=cache, progress=progress, **settings
        )
        if out is not None and not summary["failed"]:
            summary["selected"] = _selected_again(folder, out, given, progress, relabel=relabel)
        return summary


def _selected_again(
    folder: Path,
    out: str | Path,
    collection: Collection | None,
    progress: Progress | None,
    *,
    relabel: bool,
) -> dict[str, Any]:
    """Returns what changes where a run's recipe decides again with the verdicts in its folder.

    A run that was relabelled holds them too, so that it can be judged in its turn.
    """
    from hardneg.api.runs import select

    with opened_run(folder, collection, progress) as finished:
        recipe = with_verdicts(recipe_of(finished), folder / FILE, relabel=relabel)
        decided = select(finished, recipe, out, report=relabel, progress=progress)
    if relabel and decided.folder is not None and not (decided.folder / FILE).exists():
        shutil.copyfile(folder / FILE, decided.folder / FILE)
    return dict(decided.info.get("verdicts", {}))


def generate(
    source: str | Path | Collection,
    out: str | Path,
    endpoint: str,
    *,
    model: str,
    load: LoadOptions | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Lets a language model write queries for documents, or negatives for queries.

    Args:
        source: A collection, or what `mine` reads; for queries, documents alone will do.
        out: The folder to write: a BEIR folder for queries, `train.jsonl` for negatives.
        endpoint: The base of an OpenAI-compatible interface, as `http://localhost:8000/v1`.
        model: The model's name at the endpoint.
        load: How the source is read.
        cache: Where answers and vectors are kept; the default cache unless given.
        progress: Receives the progress of writing.
        settings: The other attributes of `hardneg.llm.generating.GenerateSettings`.

    Returns:
        What was written, left out and spent, as in `generate.json` of the folder.

    Raises:
        ConfigError: A setting, the prompt or the key is not usable, or the folder holds something else.
        DataError: The source is not usable, or the endpoint does not answer.
        MissingExtra: httpx2 is not installed.
    """
    from hardneg.llm import generating

    return generating.generate(
        source, out, endpoint, model=model, load=load, cache=cache, progress=progress, **settings
    )


def train(
    run: AnyRun,
    out: str | Path,
    settings: TrainSettings | Mapping[str, Any] | None = None,
    *,
    rounds: int = 1,
    collection: Collection | None = None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Trained:
    """Trains a student on a finished run and saves it; an interrupted training goes on.

    Args:
        run: The run to learn from.
        out: The model directory.
        settings: `TrainSettings`, or some of them: `{"student": "static:default", "epochs": 2}`.
        rounds: Rounds of mining and training; from the second on the student mines.
        collection: What was mined, if it was not loaded from a source.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        HardnegError: The run, the student or `out` is not usable; the message says why.
    """
    from hardneg import training
    from hardneg.training.training_run import train_in_rounds

    chosen = settings
    if not isinstance(chosen, training.TrainSettings):
        chosen = training.TrainSettings.build(dict(chosen or {}))
    with run_folder(run, progress) as folder:
        if rounds > 1:
            return train_in_rounds(folder, chosen, out, rounds, progress=progress, cache=cache)
        given = _collection(run, collection)
        return training.train(folder, chosen, out, collection=given, progress=progress, cache=cache)


def evaluate(
    source: str | Path | Collection,
    models: Sequence[str] = (),
    runs: Sequence[str | Path] = (),
    *,
    measures: Sequence[str] = (),
    load: LoadOptions | None = None,
    depth: int = 1000,
    pool: str = "bm25",
    pool_depth: int = 100,
    max_length: int | None = None,
    baseline: str | None = None,
    out: str | Path | None = None,
    seed: int = 42,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Evaluation:
    """Measures how well models, rankers and run files rank, per query and on average, and compares them.

    Args:
        source: A collection, or what `mine` reads.
        models: Model, or ranker as `bm25`, `sparse:MODEL` or `cross-encoder:MODEL`.
        runs: TREC run file.
        measures: Measure, as `nDCG@10` or `recall@100`; nDCG@10 and six others unless given.
        load: How the source is read; the split `test` unless given.
        depth: Documents per query.
        pool: Ranker that retrieves for a cross-encoder.
        pool_depth: Documents that a cross-encoder scores.
        max_length: Tokens after which texts are cut.
        baseline: System that the others are compared with; the first unless named.
        out: A folder in which the values of each query are written.
        seed: Seed of the resampling.
        progress: Receives the progress of ranking.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        ConfigError: Nothing is named to evaluate, a name is unknown, or a measure does not fit.
        DataError: The source or a run file is not usable.
        MissingExtra: ir-measures, scipy or the library of a model is not installed.
    """
    from hardneg import evaluation
    from hardneg.core.components import Context
    from hardneg.core.files import cache_folder, user_path
    from hardneg.evaluation import systems
    from hardneg.evaluation.measures import DEFAULT, check_installed, parse
    from hardneg.evaluation.output import check_free, save
    from hardneg.sources import load as load_source

    if not models and not runs:
        raise ConfigError("name what to evaluate: --model MODEL or --run FILE")
    chosen = parse(list(measures)) if measures else DEFAULT
    names = systems.distinct([*models, *(Path(file).name.split(".")[0] for file in runs)])
    evaluation.baseline_of(baseline, names)
    check_installed()
    require_all(systems.ranker_of(model) for model in models)
    collection = source
    if not isinstance(collection, Collection):
        collection = load_source(str(source), load or TEST, progress)
    if out is not None:
        check_free(Path(out))
    listed = [
        systems.read_run(name, user_path(file), collection)
        for file, name in zip(runs, names[len(models) :], strict=True)
    ]
    context = Context(cache or cache_folder(), progress or NullProgress())
    ranked = [
        systems.run_model(
            model,
            collection,
            context,
            depth,
            pool=pool,
            pool_depth=pool_depth,
            max_length=max_length,
            name=name,
        )
        for model, name in zip(models, names, strict=False)
    ]
    summary = evaluation.evaluate(collection, [*ranked, *listed], chosen, baseline=baseline, seed=seed)
    if out is not None:
        save(summary, Path(out))
    return summary


def compare(
    source: str | Path,
    settings: CompareSettings | Mapping[str, Any] | Sequence[str],
    out: str | Path,
    *,
    report: bool = True,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> Comparison:
    """Mines, trains and measures every recipe, and writes `compare.json`, tables and a report.

    Args:
        source: Has the splits that are mined and measured.
        settings: `CompareSettings`, some of them, or the recipes alone: `["naive", "default"]`.
        out: The folder to write; an interrupted comparison goes on.
        report: Write the report of each recipe's run too.
        progress: Receives the progress of all stages.
        cache: Where vectors are kept; `HARDNEG_CACHE` or the user's cache folder unless given.

    Raises:
        HardnegError: The source, a recipe, the student or `out` is not usable.
    """
    from hardneg import comparison
    from hardneg.comparison.compare_settings import CompareSettings

    if not isinstance(settings, CompareSettings):
        given = dict(settings) if isinstance(settings, Mapping) else {"recipes": tuple(settings)}
        settings = CompareSettings.build(given)
    return comparison.compare(str(source), settings, out, report=report, progress=progress, cache=cache)


def _collection(run: AnyRun, collection: Collection | None) -> Collection | None:
    return run.collection if isinstance(run, FinishedRun) else collection
