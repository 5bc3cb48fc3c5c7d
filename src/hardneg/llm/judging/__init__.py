"""Judges doubtful negatives by language models, whose verdicts are appended to the run directory.

Grades run from 0 to 3 as in TREC Deep Learning and UMBRELA (arXiv 2406.06519); a cheap model may pass what it
finds relevant or cannot decide on to a strong one, as in RLHN (arXiv 2505.16967). To relabel, the documents
of a query are graded together with a known positive, the words that answer being quoted, as in ARHN (arXiv
2604.11092).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from hardneg.core import verdicts
from hardneg.core.errors import ConfigError
from hardneg.core.files import cache_folder, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection
from hardneg.core.verdicts import HIGHEST
from hardneg.endpoints.answer_store import AnswerStore
from hardneg.endpoints.chat_model import ChatModel
from hardneg.endpoints.endpoint import Endpoint
from hardneg.endpoints.request_queue import RequestQueue
from hardneg.endpoints.settings import EndpointSettings
from hardneg.llm.judging.budget import JudgeBudget
from hardneg.llm.judging.cascade import Cascade, JudgementLog, PairResult, Step
from hardneg.llm.judging.earlier_answers import ANSWERS, SUMMARY, restore
from hardneg.llm.judging.grades import FORM
from hardneg.llm.judging.lists import DocumentList
from hardneg.llm.judging.listwise import ListCascade, ListResult, ListStep, lists_of
from hardneg.llm.judging.near_decision import NearDecision, near_decision
from hardneg.llm.judging.pairs import Pair, doubtful_negatives, doubtful_positives, read_pairs, with_texts
from hardneg.llm.prompt import Prompt, read_prompt
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import load_run
from hardneg.selection.fitting import suspected_reasons

__all__ = ["JudgeSettings", "dry_run", "judge"]

PROMPTS = "hardneg.llm.judging.prompts"
LIST_PROMPTS = "hardneg.llm.judging.list_prompts"
FOLDER = "judge"
"""Folder in a run directory for the answers and the summary of the last call."""
LEDGER_LIMIT = 1000
"""Most pairs of a ledger by default."""
_MOST_NEAR = 20_000
"""Most pairs that a budget of tokens is spent on."""


class JudgeSettings(EndpointSettings):
    """How pairs are judged; in addition to the settings of `EndpointSettings`.

    Attributes:
        strong_model: Model that judges again what `model` finds relevant or cannot decide; None for none.
        strong_endpoint: Base URL of the strong model; None for the same endpoint.
        strong_key_env: Environment variable of its key; None for that of the first model.
        pairs: JSON lines file of `query_id` and `doc_id` to judge; None for the ledger's doubtful negatives.
        also: Candidates to judge as well: `dropped`, those dropped as suspected false negatives.
        positives: Judge the labelled positives that are most probably wrong, in place of negatives.
        limit: Most pairs to judge; None for 1,000 of a ledger and all of a file.
        judge_budget: Most to spend, `500` pairs, `200000 tokens` or `2.5 money`: pairs near the decision are
            judged, in the order of what their verdicts are worth; None to judge the doubtful negatives.
        price: Price of a million tokens, for a budget in money, and for the cost in a dry run.
        prompt: Prompt, `en`, `ru` or a file with `{query}` and `{document}` in it; to relabel, `{documents}`.
        relevant_from: Least grade, 0 to 3, of relevant documents.
        relabel: Grade the documents of a query together with a known positive: what answers no worse becomes
            a positive, what answers in part is left out. Needs `--out`.
        list_size: Most documents graded together, beside the positive, to relabel.
        seed: Seed of the order in which documents are shown, to relabel.
    """

    strong_model: str | None = Field(default=None, min_length=1)
    strong_endpoint: str | None = None
    strong_key_env: str | None = None
    pairs: Path | None = None
    also: Literal["dropped"] | None = None
    positives: bool = False
    limit: int | None = Field(default=None, ge=1)
    judge_budget: str | None = None
    price: float | None = Field(default=None, ge=0)
    prompt: str = "en"
    relevant_from: int = Field(default=2, ge=1, le=HIGHEST)
    relabel: bool = False
    list_size: int = Field(default=10, ge=1, le=100)
    seed: int = 42

    def check(self) -> None:
        """Checks that the settings fit together."""
        if self.strong_model is None and (self.strong_endpoint or self.strong_key_env):
            raise ConfigError("an endpoint or key of the strong model needs a strong model")
        if self.strong_model == self.model:
            raise ConfigError(f'the strong model is "{self.model}" too: name another, or none')
        if self.pairs is not None and self.also is not None:
            raise ConfigError("pairs come from the file or from the ledger: give either pairs or also")
        if self.positives and (others := self._of_negatives()):
            raise ConfigError(f"{others[0]} is for negatives: give either that or positives")
        if self.judge_budget is not None:
            given = [name for name in ("pairs", "also", "limit") if getattr(self, name) is not None]
            if given:
                raise ConfigError(f"judge_budget chooses the pairs by itself: leave out {given[0]}")
            JudgeBudget.of(self.judge_budget, self.price)

    def _of_negatives(self) -> list[str]:
        return [name for name in ("pairs", "also", "judge_budget", "relabel") if getattr(self, name)]

    def within_budget(self) -> JudgeSettings:
        """Returns the settings with what the budget allows as their limits."""
        if self.judge_budget is None:
            return self
        budget = JudgeBudget.of(self.judge_budget, self.price)
        tokens = [most for most in (budget.tokens, self.max_tokens) if most is not None]
        return self.model_copy(update={"limit": budget.pairs, "max_tokens": min(tokens, default=None)})


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
    """Judges doubtful negatives of a run directory by a language model; see `hardneg.judge`.

    Verdicts are appended to the run's `judgments.jsonl`, as `llm:MODEL`. The same call again repeats no
    answered request and no written verdict, so it resumes an interrupted one. When a call ends, the model's
    verdicts are in the order of the pairs, including those without an answer at first.
    """
    chosen = JudgeSettings.build(endpoint=endpoint, model=model, **settings)
    folder, chosen = Path(run_folder), chosen.within_budget()
    asked, near = _read(folder, chosen, collection)
    _refuse_link(folder / FOLDER)
    with (
        RunFolder(folder / FOLDER, ANSWERS).opened() as opened,
        closing(AnswerStore(cache or cache_folder())) as store,
    ):
        opened.sweep()
        steps = _steps(chosen, store)
        opened.path.chmod(0o700)
        restore(folder / FOLDER, _described(chosen, steps), asked, steps)
        return _judged(folder, asked, near, steps, chosen, progress or NullProgress())


def dry_run(
    run_folder: str | Path,
    endpoint: str,
    *,
    model: str,
    price: float | None = None,
    collection: Collection | None = None,
    cache: Path | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Returns the first `prompt` of `judge` and the costs of all requests, without sending any.

    `pairs` are those to judge, `cached` those that need no request. `most_tokens` is the most that the
    `requests` may cost, one token for every two bytes of the prompts and the longest answers allowed; a
    strong model counts as if it were asked about every pair. `most_cost` is there with a price of a million
    tokens, in its currency.
    """
    chosen = JudgeSettings.build(endpoint=endpoint, model=model, price=price, **settings).within_budget()
    asked, _ = _read(Path(run_folder), chosen, collection)
    with closing(AnswerStore(cache or cache_folder())) as store:
        steps = _steps(chosen, store)
        cascade = _cascade(steps)
        costs = [cascade.highest_cost(one) for one in asked]
    tokens = sum(cost.tokens for cost in costs)
    return {
        "pairs": len(_pairs(asked)),
        "cached": len(_pairs([one for one, cost in zip(asked, costs, strict=True) if not cost.requests])),
        "requests": sum(cost.requests for cost in costs),
        "most_tokens": tokens,
        **({} if price is None else {"most_cost": round(tokens * price / 1_000_000, 4)}),
        "prompt": steps[0].content(asked[0]) if asked else "",
    }


def _read(
    folder: Path, settings: JudgeSettings, collection: Collection | None
) -> tuple[list[Any], NearDecision | None]:
    """Returns the pairs or lists to judge, and where they are from with a budget."""
    _models(settings), _prompt(settings)  # mistakes in them are errors before a collection is loaded
    run, collection = load_run(folder, collection)
    near = None if settings.judge_budget is None else near_decision(folder, run)
    ids = _ids(folder, run, settings) if near is None else near.pairs[: settings.limit or _MOST_NEAR]
    if settings.relabel:
        return list(lists_of(ids, collection, settings.list_size, settings.max_characters)), near
    return list(with_texts(ids, collection, settings.max_characters)), near


def _prompt(settings: JudgeSettings) -> Prompt:
    if settings.relabel:
        return read_prompt(settings.prompt, LIST_PROMPTS, ("query", "documents"))
    return read_prompt(settings.prompt, PROMPTS, ("query", "document"))


def _steps(settings: JudgeSettings, store: AnswerStore) -> list[Any]:
    """Returns a step for each model, of pairs, or of lists to relabel."""
    prompt = _prompt(settings)
    models = [
        ChatModel(name, endpoint, settings.options, store, FORM) for name, endpoint in _models(settings)
    ]
    if settings.relabel:
        return [ListStep(model, prompt, settings.relevant_from, settings.seed) for model in models]
    return [Step(model, prompt, settings.relevant_from) for model in models]


def _cascade(steps: Sequence[Any]) -> Cascade | ListCascade:
    return ListCascade(steps) if isinstance(steps[0], ListStep) else Cascade(steps)


def _pairs(asked: Sequence[Any]) -> list[Pair]:
    """Returns the pairs of what is asked about, one by one."""
    return [pair for one in asked for pair in (one.pairs if isinstance(one, DocumentList) else (one,))]


def _judged(
    folder: Path,
    asked: Sequence[Any],
    near: NearDecision | None,
    steps: Sequence[Any],
    settings: JudgeSettings,
    progress: Progress,
) -> dict[str, Any]:
    """Judges pairs or lists and returns the summary; answers are recorded even if an error ends it."""
    cascade, pairs = _cascade(steps), _pairs(asked)
    queue: RequestQueue[Any, PairResult | ListResult] = RequestQueue(
        [step.model for step in steps],
        settings,
        "lists" if settings.relabel else "pairs",
        cascade.highest_cost,
        cascade.judge,
    )
    file, judges = folder / verdicts.FILE, [step.judge for step in steps]
    log = JudgementLog(file, judges)
    begin = time.perf_counter()

    beside: list[int] = []

    def done(result: PairResult | ListResult) -> None:
        if isinstance(result, ListResult) and result.positive is not None:
            beside.append(result.positive)
        for one in result.pairs:
            log.add(one)
        task.advance(len(result.pairs))

    try:
        with progress.task("judge", len(pairs), "pairs") as task:
            queue.run(asked, done)
    finally:
        summary = {
            **_described(settings, steps),
            "pairs": len(pairs),
            "shortened": sum(pair.shortened for pair in pairs),
            **log.summary(),
            **(_known_positives(beside, settings.relevant_from) if settings.relabel else {}),
            "left": len(pairs) - len(log.results),
            **queue.spending(),
            **({} if near is None else {"budget": _bought(settings, near, log)}),
            "seconds": round(time.perf_counter() - begin, 3),
        }
        write_text(folder / FOLDER / ANSWERS, log.answers(), private=True)
        text = json.dumps(summary, indent=2, ensure_ascii=False)
        write_text(folder / FOLDER / SUMMARY, f"{text}\n", private=True)
        verdicts.arrange(file, judges, [(pair.query_id, pair.doc_id) for pair in pairs])
    return summary


def _known_positives(grades: Sequence[int], relevant_from: int) -> dict[str, Any]:
    """Returns how often a known positive was graded among others, and found relevant: what a judge misses."""
    return {"known_positives": {"graded": len(grades), "relevant": sum(g >= relevant_from for g in grades)}}


def _bought(settings: JudgeSettings, near: NearDecision, log: JudgementLog) -> dict[str, Any]:
    """Returns the budget, what it bought, and what more would buy."""
    said = {
        (result.pair.query_id, result.pair.doc_id): result.judgements[-1].verdict
        for result in log.results
        if result.problem is None
    }
    return {"given": settings.judge_budget, **near.summary(said)}


def _described(settings: JudgeSettings, steps: Sequence[Any]) -> dict[str, Any]:
    """Returns models, prompt and settings for the summary, without secrets."""
    return {
        "models": [{"model": step.model.name, "endpoint": step.model.endpoint.url} for step in steps],
        "prompt": {"name": steps[0].prompt.name, "digest": steps[0].prompt.digest},
        "relevant_from": settings.relevant_from,
        "options": dict(settings.options),
        "max_characters": settings.max_characters,
        **({"relabel": True} if settings.relabel else {}),
    }


def _refuse_link(folder: Path) -> None:
    """Refuses a link in a received run, which leads out of it."""
    if folder.is_symlink():
        raise ConfigError(f"{folder} is a symbolic link, which is not written through; delete it")


def _models(settings: JudgeSettings) -> list[tuple[str, Endpoint]]:
    """Returns name and endpoint of the model, and of the strong model if there is one."""
    first = settings.model, Endpoint.of(settings.endpoint, settings.key_env)
    if settings.strong_model is None:
        return [first]
    url, key_env = settings.strong_endpoint or settings.endpoint, settings.strong_key_env or settings.key_env
    return [first, (settings.strong_model, Endpoint.of(url, key_env))]


def _ids(folder: Path, run: dict[str, Any], settings: JudgeSettings) -> list[tuple[str, str]]:
    if settings.pairs is not None:
        return read_pairs(settings.pairs)[: settings.limit]
    if settings.positives:
        return doubtful_positives(folder, settings.limit or LEDGER_LIMIT)
    dropped_for = suspected_reasons(run) if settings.also == "dropped" else frozenset[str]()
    scorer = run["recipe"]["select"]["by"]
    limit, graded = settings.limit or LEDGER_LIMIT, not settings.relabel
    return doubtful_negatives(folder, scorer, dropped_for, limit, graded=graded)
