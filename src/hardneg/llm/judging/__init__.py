"""Language models as judges: they grade doubtful negatives, and their verdicts go into the run directory.

Grades run from 0 to 3 as in TREC Deep Learning and UMBRELA (arXiv 2406.06519); a cheap model may pass what it
finds relevant or cannot decide on to a strong one, as in RLHN (arXiv 2505.16967).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardneg.core import verdicts
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.llm.answer_store import AnswerStore
from hardneg.llm.chat_model import Model
from hardneg.llm.client import Endpoint
from hardneg.llm.judging.cascade import Cascade, Outcome
from hardneg.llm.judging.judge_settings import MOST_OF_A_LEDGER, JudgeSettings
from hardneg.llm.judging.pairs import Pair, doubtful, listed, with_texts
from hardneg.llm.judging.record import Record
from hardneg.llm.judging.steps import Step
from hardneg.llm.prompt import Prompt, read_prompt
from hardneg.llm.request_queue import Queue
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import load_run

__all__ = ["JudgeSettings", "judge"]

PROMPTS = "hardneg.llm.judging.prompts"
FOLDER = "judge"
"""Where, in a run directory, the last call's answers and summary lie."""


def judge(
    run_folder: str | Path,
    endpoint: str,
    *,
    model: str,
    collection: Collection | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Lets a language model judge doubtful negatives of a finished run.

    Verdicts are appended to the run's `judgments.jsonl`, as `llm:MODEL`. The same call again asks nothing
    that was answered before and appends nothing that stands already, so an interrupted one goes on. When a
    call ends, the model's verdicts are in the order of the pairs, also of those that got no answer at first.

    Args:
        run_folder: The run directory.
        endpoint: The base of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: The model's name there.
        collection: What was mined, if it was not loaded from a source.
        cache: Where answers are kept; `hardneg.mining.pipeline.cache_folder()` unless given.
        progress: Is told how many pairs are judged.
        settings: The other attributes of `JudgeSettings`.

    Returns:
        The summary, which is also in `judge/summary.json` of the run directory: what was judged, how, what
        came of it and what it cost; see docs/judging.md.

    Raises:
        ConfigError: A setting, the prompt or the key is not usable, or another process judges this run.
        DataError: The run or its source is not usable, or the endpoint does not answer.
        MissingExtra: httpx2 is not installed.
    """
    chosen = JudgeSettings.build(endpoint=endpoint, model=model, **settings)
    endpoints = _endpoints(chosen)
    prompt = read_prompt(chosen.prompt, PROMPTS, ("query", "document"))
    folder = Path(run_folder)
    run, collection = load_run(folder, collection)
    pairs = with_texts(_ids(folder, run, chosen), collection, chosen.max_characters)
    with RunFolder(folder / FOLDER).opened():
        store = AnswerStore(cache or cache_folder())
        try:
            steps = _steps(chosen, endpoints, prompt, store)
            return _judged(folder, pairs, steps, chosen, progress or NullProgress())
        finally:
            store.close()


def _judged(
    folder: Path, pairs: Sequence[Pair], steps: Sequence[Step], settings: JudgeSettings, progress: Progress
) -> dict[str, Any]:
    """Judges pairs and returns the summary; what was answered is written down however it ends."""
    cascade = Cascade(steps)
    models = [step.model for step in steps]
    queue: Queue[Pair, Outcome] = Queue(models, settings, "pairs", cascade.most, cascade.judge)
    file, judges = folder / verdicts.FILE, [step.judge for step in steps]
    record = Record(file, judges)
    begin = time.perf_counter()

    def done(outcome: Outcome) -> None:
        record.add(outcome)
        task.advance()

    try:
        with progress.task("judge", len(pairs), "pairs") as task:
            queue.run(pairs, done)
    finally:
        summary = {
            **_described(settings, steps),
            "pairs": len(pairs),
            "shortened": sum(pair.shortened for pair in pairs),
            **record.summary(),
            "left": len(pairs) - record.pairs,
            **queue.spending(),
            "seconds": round(time.perf_counter() - begin, 3),
        }
        write_text(folder / FOLDER / "answers.jsonl", record.answers())
        text = json.dumps(summary, indent=2, ensure_ascii=False)
        write_text(folder / FOLDER / "summary.json", f"{text}\n")
        verdicts.arrange(file, judges, [(pair.query_id, pair.doc_id) for pair in pairs])
    return summary


def _described(settings: JudgeSettings, steps: Sequence[Step]) -> dict[str, Any]:
    """Returns what was asked, and of whom; no secret is among it."""
    return {
        "models": [{"model": step.model.name, "endpoint": step.model.endpoint.url} for step in steps],
        "prompt": {"name": steps[0].prompt.name, "digest": steps[0].prompt.digest},
        "relevant_from": settings.relevant_from,
        "options": dict(settings.options),
        "max_characters": settings.max_characters,
    }


def _endpoints(settings: JudgeSettings) -> list[Endpoint]:
    """Returns where the model, and the strong one if there is one, are served."""
    first = Endpoint.of(settings.endpoint, settings.key_env)
    if settings.strong_model is None:
        return [first]
    url = settings.strong_endpoint or settings.endpoint
    return [first, Endpoint.of(url, settings.strong_key_env or settings.key_env)]


def _steps(
    settings: JudgeSettings, endpoints: Sequence[Endpoint], prompt: Prompt, store: AnswerStore
) -> list[Step]:
    names = [name for name in (settings.model, settings.strong_model) if name]
    return [
        Step(Model(name, endpoint, settings.options, store), prompt, settings.relevant_from)
        for name, endpoint in zip(names, endpoints, strict=True)
    ]


def _ids(folder: Path, run: dict[str, Any], settings: JudgeSettings) -> list[tuple[str, str]]:
    if settings.pairs is not None:
        return listed(settings.pairs)[: settings.limit]
    scorer = run["recipe"]["select"]["by"]
    return doubtful(folder, scorer, settings.also == "dropped", settings.limit or MOST_OF_A_LEDGER)
