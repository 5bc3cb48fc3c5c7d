"""Generates queries for documents, or negatives for queries, by a language model.

Generated texts have ids that begin with `generated:`. They are checked: a ranker must retrieve the document
of a query, and negatives are validated like any others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.state_files import read_state, write_state
from hardneg.endpoints.answer_store import AnswerStore
from hardneg.endpoints.chat_model import ChatModel
from hardneg.endpoints.endpoint import Endpoint
from hardneg.endpoints.request_queue import RequestQueue
from hardneg.llm.generating.generate_settings import GenerateSettings
from hardneg.llm.generating.job import GeneratedTexts, GenerationJob, JsonRequester
from hardneg.llm.generating.negatives import NegativeTask
from hardneg.llm.generating.queries import QueryTask
from hardneg.llm.prompt import json_form, read_prompt
from hardneg.runs.directory import RunFolder
from hardneg.sources import LoadOptions, load_with_or_without_queries

__all__ = ["GenerateSettings", "dry_run", "generate"]

PROMPTS = "hardneg.llm.generating.prompts"
SUMMARY = "generate.json"
_CLAIMS = ("writes", "collection")
_NOT_RECORDED = {"endpoint", "model", "seed", "prompt", "key_env", "concurrency", "timeout", "retries"}
_PLACES = {"queries": ("document", "kinds", "count"), "negatives": ("query", "document", "count")}


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
    """Generates queries for documents, or negatives for queries; see `hardneg.generate`.

    The same call again repeats no answered request, so it resumes an interrupted one.
    """
    chosen = GenerateSettings.build(endpoint=endpoint, model=model, **settings)
    folder, context = Path(out), Context(cache or cache_folder(), progress or NullProgress())
    with (
        _prepared(source, load or LoadOptions(), chosen, context.cache) as prepared,
        RunFolder(folder, SUMMARY).opened() as opened,
    ):
        origin = prepared.claim(folder)
        opened.sweep()
        return _write(folder, {**origin, **prepared.run(folder, context), "finished": True})


def dry_run(
    source: str | Path | Collection,
    endpoint: str,
    *,
    model: str,
    load: LoadOptions | None = None,
    cache: Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Returns the first `prompt` of `generate` and the costs of all requests, without sending any.

    `requests` counts those without a stored answer; `most_tokens` is the most that they may cost together if
    every answer can be read: one token for every two bytes of the prompts, and the longest answers allowed.
    """
    chosen = GenerateSettings.build(endpoint=endpoint, model=model, **settings)
    with _prepared(source, load or LoadOptions(), chosen, cache or cache_folder()) as prepared:
        rows = prepared.task.rows.tolist()
        costs = [prepared.requester.cost_without_repeat(row) for row in rows]
        return {
            prepared.task.unit: len(rows),
            "cached": sum(not cost.requests for cost in costs),
            "requests": sum(cost.requests for cost in costs),
            "most_tokens": sum(cost.tokens for cost in costs),
            "prompt": prepared.task.question(rows[0]).content,
        }


@dataclass(frozen=True)
class _Prepared:
    job: GenerationJob
    task: QueryTask | NegativeTask
    model: ChatModel
    requester: JsonRequester

    def claim(self, folder: Path) -> dict[str, Any]:
        """Claims the folder for this call, and returns the summary's first part."""
        origin = {
            "writes": self.task.name,
            "collection": self.job.collection.digest,
            "endpoint": self.model.endpoint.url,
            **self.job.origin,
            "settings": self.job.settings.model_dump(mode="json", exclude=_NOT_RECORDED),
            "finished": False,
        }
        stored = _read(folder)
        if any(stored[name] != origin[name] for name in _CLAIMS if stored):
            raise ConfigError(f"{folder} holds {stored['writes']} of another call; name another folder")
        return _write(folder, origin)

    def run(self, folder: Path, context: Context) -> dict[str, Any]:
        """Sends the requests, writes the results, and returns the counts."""
        begin = time.perf_counter()
        requester, unit = self.requester, self.task.unit
        queue: RequestQueue[int, GeneratedTexts] = RequestQueue(
            [self.model], self.job.settings, unit, requester.highest_cost, requester.ask
        )
        results: list[GeneratedTexts] = []
        rows = self.task.rows.tolist()
        with context.progress.task(f"write {self.task.name}", len(rows), unit) as progress:

            def done(result: GeneratedTexts) -> None:
                results.append(result)
                progress.advance()

            queue.run(rows, done)
        return {
            **_counts(results, unit, len(rows)),
            **self.task.write(results, folder, context),
            **queue.spending(),
            "seconds": round(time.perf_counter() - begin, 3),
        }


@contextmanager
def _prepared(
    source: str | Path | Collection, load: LoadOptions, chosen: GenerateSettings, cache: Path
) -> Iterator[_Prepared]:
    """Yields the prepared call; the store of answers is closed afterwards."""
    endpoint = Endpoint.of(chosen.endpoint, chosen.key_env)
    kind: type[QueryTask] | type[NegativeTask] = QueryTask if chosen.negatives is None else NegativeTask
    prompt = read_prompt(chosen.prompt or kind.name, PROMPTS, _PLACES[kind.name])
    if isinstance(source, Collection):
        collection = source
    else:
        collection = load_with_or_without_queries(str(source), load)
    job = GenerationJob(collection, chosen, prompt, load.split)
    task = kind(job)
    if not len(task.rows):
        why = "no query has a positive"
        if chosen.negatives is None:
            why = 'every document is a positive of a query; include those with also="judged"'
        raise DataError(f"{collection.name}: no {task.unit} to write {task.name} for: {why}")
    with closing(AnswerStore(cache)) as store:
        form = json_form(kind.name, {"type": "array", "items": {"type": "string"}})
        model = ChatModel(chosen.model, endpoint, chosen.options, store, form)
        yield _Prepared(job, task, model, JsonRequester(model, task.question))


def _counts(results: Sequence[GeneratedTexts], unit: str, asked: int) -> dict[str, Any]:
    """Returns the counts of the rows: answered, unreadable, repeated, failed."""
    problems = [result.problem for result in results if result.problem is not None]
    return {
        "unit": unit,
        "asked": asked,
        "answered": sum(result.texts is not None for result in results),
        "unreadable": sum(result.texts is None and result.problem is None for result in results),
        "asked_again": sum(result.repeated for result in results),
        "failed": len(problems),
        "last_problem": problems[-1] if problems else None,
        "cached": sum(result.cached for result in results),
        "left": asked - len(results),
    }


def _read(folder: Path) -> dict[str, Any]:
    """Returns the summary that a folder holds, empty for an empty folder."""
    path, mend = folder / SUMMARY, "delete it, or name another folder"
    if path.exists():
        stored = read_state(path, mend)
        if not all(isinstance(stored.get(name), str) for name in _CLAIMS):
            raise DataError(f"{path} is damaged: {' or '.join(_CLAIMS)} is missing; {mend}")
        return {name: stored[name] for name in _CLAIMS}
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if files:
        raise ConfigError(f"{folder} holds {files[0]}, and no {SUMMARY}; name an empty or a new folder")
    return {}


def _write(folder: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    write_state(folder / SUMMARY, summary)
    return dict(summary)
