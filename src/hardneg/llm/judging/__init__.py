"""Judges doubtful negatives by language models, whose verdicts are appended to the run directory.

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
from hardneg.llm.chat_model import ChatModel
from hardneg.llm.client import Endpoint
from hardneg.llm.judging.cascade import Cascade, PairResult
from hardneg.llm.judging.judge_settings import LEDGER_LIMIT, JudgeSettings
from hardneg.llm.judging.pairs import Pair, doubtful_negatives, read_pairs, with_texts
from hardneg.llm.judging.record import JudgementLog
from hardneg.llm.judging.steps import Step
from hardneg.llm.prompt import Prompt, read_prompt
from hardneg.llm.request_queue import RequestQueue
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import load_run

__all__ = ["JudgeSettings", "judge"]

PROMPTS = "hardneg.llm.judging.prompts"
FOLDER = "judge"
ANSWERS = "answers.jsonl"
"""Folder in a run directory for the answers and the summary of the last call."""


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
    """Judges doubtful negatives of a finished run by a language model.

    Verdicts are appended to the run's `judgments.jsonl`, as `llm:MODEL`. The same call again repeats no
    answered request and no written verdict, so it resumes an interrupted one. When a call ends, the model's
    verdicts are in the order of the pairs, including those without an answer at first.

    Args:
        run_folder: The run directory.
        endpoint: Base URL of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: Name of the model there.
        collection: What was mined, if it was not loaded from a source.
        cache: Folder of answers; default: `hardneg.core.files.cache_folder()`.
        progress: Receives progress.
        settings: Further attributes of `JudgeSettings`.

    Returns:
        The summary, which is also in `judge/summary.json` of the run directory: settings, results and costs;
        see docs/judging.md.

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
    with RunFolder(folder / FOLDER, ANSWERS).opened() as opened:
        opened.sweep()
        store = AnswerStore(cache or cache_folder())
        try:
            steps = _steps(chosen, endpoints, prompt, store)
            return _judged(folder, pairs, steps, chosen, progress or NullProgress())
        finally:
            store.close()


def _judged(
    folder: Path, pairs: Sequence[Pair], steps: Sequence[Step], settings: JudgeSettings, progress: Progress
) -> dict[str, Any]:
    """Judges pairs and returns the summary; answers are recorded even if an error ends it."""
    cascade = Cascade(steps)
    models = [step.model for step in steps]
    queue: RequestQueue[Pair, PairResult] = RequestQueue(
        models, settings, "pairs", cascade.highest_cost, cascade.judge
    )
    file, judges = folder / verdicts.FILE, [step.judge for step in steps]
    log = JudgementLog(file, judges)
    begin = time.perf_counter()

    def done(result: PairResult) -> None:
        log.add(result)
        task.advance()

    try:
        with progress.task("judge", len(pairs), "pairs") as task:
            queue.run(pairs, done)
    finally:
        summary = {
            **_described(settings, steps),
            "pairs": len(pairs),
            "shortened": sum(pair.shortened for pair in pairs),
            **log.summary(),
            "left": len(pairs) - log.pairs,
            **queue.spending(),
            "seconds": round(time.perf_counter() - begin, 3),
        }
        write_text(folder / FOLDER / ANSWERS, log.answers())
        text = json.dumps(summary, indent=2, ensure_ascii=False)
        write_text(folder / FOLDER / "summary.json", f"{text}\n")
        verdicts.arrange(file, judges, [(pair.query_id, pair.doc_id) for pair in pairs])
    return summary


def _described(settings: JudgeSettings, steps: Sequence[Step]) -> dict[str, Any]:
    """Returns models, prompt and settings for the summary, without secrets."""
    return {
        "models": [{"model": step.model.name, "endpoint": step.model.endpoint.url} for step in steps],
        "prompt": {"name": steps[0].prompt.name, "digest": steps[0].prompt.digest},
        "relevant_from": settings.relevant_from,
        "options": dict(settings.options),
        "max_characters": settings.max_characters,
    }


def _endpoints(settings: JudgeSettings) -> list[Endpoint]:
    """Returns the endpoints of the model and of the strong model, if there is one."""
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
        Step(ChatModel(name, endpoint, settings.options, store), prompt, settings.relevant_from)
        for name, endpoint in zip(names, endpoints, strict=True)
    ]


def _ids(folder: Path, run: dict[str, Any], settings: JudgeSettings) -> list[tuple[str, str]]:
    if settings.pairs is not None:
        return read_pairs(settings.pairs)[: settings.limit]
    scorer = run["recipe"]["select"]["by"]
    return doubtful_negatives(folder, scorer, settings.also == "dropped", settings.limit or LEDGER_LIMIT)
