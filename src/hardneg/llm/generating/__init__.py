"""Queries for documents without any, and negatives for queries, written by a language model.

What is written is marked as such wherever it goes: its ids begin with `generated:`. It is not taken at its
word: queries must lead a ranker back to their documents, and negatives are validated like any others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.llm.answer_store import AnswerStore
from hardneg.llm.chat_model import Model
from hardneg.llm.client import Endpoint
from hardneg.llm.generating.generate_settings import GenerateSettings
from hardneg.llm.generating.job import GenerationJob, Task
from hardneg.llm.generating.json_requester import Asker, Outcome
from hardneg.llm.generating.negatives import NegativeWork
from hardneg.llm.generating.queries import QueryWork
from hardneg.llm.prompt import read_prompt
from hardneg.llm.request_queue import Queue
from hardneg.runs.directory import RunFolder
from hardneg.sources import LoadOptions, load_with_or_without_queries

__all__ = ["GenerateSettings", "dry_run", "generate"]

PROMPTS = "hardneg.llm.generating.prompts"
SUMMARY = "generate.json"
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
    """Lets a language model write queries for documents, or negatives for queries.

    The same call again asks nothing that was answered before, so an interrupted one goes on.

    Args:
        source: A collection, or what `hardneg.sources.load` reads; for queries, documents alone will do.
        out: The folder to write: a BEIR folder for queries, `train.jsonl` for negatives.
        endpoint: The base of an OpenAI-compatible interface, as in `http://localhost:8000/v1`.
        model: The model's name there.
        load: How the source is read.
        cache: Where answers and vectors are kept; `hardneg.core.files.cache_folder()` unless given.
        progress: Is told how far it is.
        settings: The other attributes of `GenerateSettings`.

    Returns:
        The summary, which is also in `generate.json` of the folder; see docs/generating.md.

    Raises:
        ConfigError: A setting, the prompt or the key is not usable, or the folder holds something else.
        DataError: The source is not usable, or the endpoint does not answer.
        MissingExtra: httpx2 is not installed.
    """
    chosen = GenerateSettings.build(endpoint=endpoint, model=model, **settings)
    folder, context = Path(out), Context(cache or cache_folder(), progress or NullProgress())
    with _prepared(source, load or LoadOptions(), chosen, context.cache) as ready:
        with RunFolder(folder).opened():
            begun = ready.begin(folder)
            summary = ready.done(folder, context)
            return _write(folder, {**begun, **summary, "finished": True})


def dry_run(
    source: str | Path | Collection,
    endpoint: str,
    *,
    model: str,
    load: LoadOptions | None = None,
    cache: Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Returns what `generate` would ask, without asking: the first `prompt`, and what all would cost.

    `requests` are those that no kept answer spares; `most_tokens` is the most that they may cost together if
    every answer can be read: one token for every two bytes of the prompts, and the longest answers allowed.

    Args:
        source: As for `generate`.
        endpoint: As for `generate`.
        model: As for `generate`.
        load: As for `generate`.
        cache: As for `generate`.
        settings: As for `generate`.

    Raises:
        HardnegError: As for `generate`.
    """
    chosen = GenerateSettings.build(endpoint=endpoint, model=model, **settings)
    with _prepared(source, load or LoadOptions(), chosen, cache or cache_folder()) as ready:
        rows = ready.work.rows.tolist()
        costs = [ready.asker.once(row) for row in rows]
        return {
            ready.work.unit: len(rows),
            "cached": sum(not cost.requests for cost in costs),
            "requests": sum(cost.requests for cost in costs),
            "most_tokens": sum(cost.tokens for cost in costs),
            "prompt": ready.work.question(rows[0]).content,
        }


@dataclass(frozen=True)
class _Ready:
    order: GenerationJob
    work: Task
    model: Model
    asker: Asker

    def begin(self, folder: Path) -> dict[str, Any]:
        """Takes the folder for this work, and returns what the summary says of it from the beginning.

        Raises:
            ConfigError: The folder holds something else.
        """
        order, chosen = self.order, self.order.settings
        idle = {"endpoint", "model", "seed", "prompt", "key_env", "concurrency", "timeout", "retries"}
        begun = {
            "writes": self.work.name,
            "collection": order.collection.digest,
            "endpoint": self.model.endpoint.url,
            **order.origin,
            "settings": chosen.model_dump(mode="json", exclude=idle),
            "finished": False,
        }
        known = _read(folder)
        if any(known[name] != begun[name] for name in ("writes", "collection") if known):
            raise ConfigError(f"{folder} holds {known['writes']} of another call; name another folder")
        return _write(folder, begun)

    def done(self, folder: Path, context: Context) -> dict[str, Any]:
        """Asks, writes what came of it, and returns the counts."""
        begin = time.perf_counter()
        queue: Queue[int, Outcome] = Queue(
            [self.model], self.order.settings, self.work.unit, self.asker.most, self.asker.ask
        )
        outcomes: list[Outcome] = []
        rows = self.work.rows.tolist()
        with context.progress.task(f"write {self.work.name}", len(rows), self.work.unit) as task:

            def done(outcome: Outcome) -> None:
                outcomes.append(outcome)
                task.advance()

            queue.run(rows, done)
        return {
            **_counted(outcomes, self.work.unit, len(rows)),
            **self.work.write(outcomes, folder, context),
            **queue.spending(),
            "seconds": round(time.perf_counter() - begin, 3),
        }


@contextmanager
def _prepared(
    source: str | Path | Collection, load: LoadOptions, chosen: GenerateSettings, cache: Path
) -> Iterator[_Ready]:
    """Yields what is to be done.

    Raises:
        HardnegError: A setting or the source is not usable, or nothing is to be done.
    """
    served = Endpoint.of(chosen.endpoint, chosen.key_env)
    sort: type[QueryWork] | type[NegativeWork] = QueryWork if chosen.negatives is None else NegativeWork
    prompt = read_prompt(chosen.prompt or sort.name, PROMPTS, _PLACES[sort.name])
    if isinstance(source, Collection):
        collection = source
    else:
        collection = load_with_or_without_queries(str(source), load)
    order = GenerationJob(collection, chosen, prompt, load.split)
    work = sort(order)
    if not len(work.rows):
        why = "no query has a positive"
        if chosen.negatives is None:
            why = 'every document is a positive of a query; ask for those too with also="judged"'
        raise DataError(f"{collection.name}: no {work.unit} to write {work.name} for: {why}")
    store = AnswerStore(cache)
    try:
        model = Model(chosen.model, served, chosen.options, store)
        yield _Ready(order, work, model, Asker(model, work.question))
    finally:
        store.close()


def _counted(outcomes: Sequence[Outcome], unit: str, asked: int) -> dict[str, Any]:
    """Returns the counts of what was asked about: answered or why not."""
    problems = [outcome.problem for outcome in outcomes if outcome.problem is not None]
    return {
        "unit": unit,
        "asked": asked,
        "answered": sum(outcome.texts is not None for outcome in outcomes),
        "unreadable": sum(outcome.texts is None and outcome.problem is None for outcome in outcomes),
        "asked_again": sum(outcome.again for outcome in outcomes),
        "failed": len(problems),
        "last_problem": problems[-1] if problems else None,
        "cached": sum(outcome.cached for outcome in outcomes),
        "left": asked - len(outcomes),
    }


def _read(folder: Path) -> dict[str, Any]:
    """Returns the summary that a folder holds, empty for an empty folder.

    Raises:
        ConfigError: The folder holds something else.
    """
    path = folder / SUMMARY
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            return {"writes": known["writes"], "collection": known["collection"]}
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(f"{path} is damaged; delete it, or name another folder") from None
    others = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    if others:
        raise ConfigError(f"{folder} holds {others[0]}, and no {SUMMARY}; name an empty or a new folder")
    return {}


def _write(folder: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    write_text(folder / SUMMARY, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return dict(summary)
