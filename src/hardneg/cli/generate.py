"""`hardneg generate`: queries and negatives that a language model writes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hardneg.cli.places import on_disk
from hardneg.cli.shared import (
    Concurrency,
    EndpointUrl,
    JsonSummary,
    KeyEnv,
    MaxCharacters,
    MaxRequests,
    MaxTokens,
    ModelName,
    Quiet,
    Retries,
    Seed,
    Source,
    Timeout,
    load_options,
    print_json,
    progress,
    request_options,
    told,
)
from hardneg.core.errors import ConfigError


class AlsoJudged(StrEnum):
    """Documents that get queries beside those without any."""

    JUDGED = "judged"


def generate(
    source: Source,
    endpoint: EndpointUrl,
    model: ModelName,
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=on_disk, help="The folder to write."),
    ] = None,
    key_env: KeyEnv = None,
    negatives: Annotated[
        int | None, typer.Option("--negatives", help="Write so many negatives a query, in place of queries.")
    ] = None,
    queries: Annotated[int | None, typer.Option("--queries", help="Queries a document.")] = None,
    kinds: Annotated[
        str | None, typer.Option("--kinds", help="Of question, keywords and claim, parted by commas.")
    ] = None,
    also: Annotated[
        AlsoJudged | None, typer.Option("--also", help="Queries for documents too that are a positive.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="At most so many documents, or queries with --negatives.")
    ] = None,
    examples: Annotated[
        int | None, typer.Option("--examples", help="Judged pairs that the prompt shows.")
    ] = None,
    ranker: Annotated[
        str | None, typer.Option("--ranker", help="Must find a query's document again, as bm25.")
    ] = None,
    round_trip: Annotated[
        int | None, typer.Option("--round-trip", help="Within so many ranks; 0 keeps every query.")
    ] = None,
    seed: Seed = None,
    prompt: Annotated[str | None, typer.Option("--prompt", help="A file in place of the prompt.")] = None,
    split: Annotated[str, typer.Option("--split", help="Whose queries and judgments count.")] = "train",
    corpus: Annotated[
        str | None, typer.Option("--corpus", help="More documents than a pairs file holds.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nothing; print one prompt and the costs.")
    ] = False,
    concurrency: Concurrency = 8,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    timeout: Timeout = 120.0,
    retries: Retries = 5,
    max_characters: MaxCharacters = 6000,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE of the request, or load.KEY=VALUE of the source."),
    ] = None,
    quiet: Quiet = False,
    json_: JsonSummary = False,
) -> None:
    """Let a language model write queries for documents, or negatives for queries."""
    from hardneg.llm import generating

    given = {
        "negatives": negatives,
        "queries": queries,
        "kinds": tuple(kinds.split(",")) if kinds else None,
        "also": also.value if also else None,
        "limit": limit,
        "examples": examples,
        "ranker": ranker,
        "round_trip": round_trip,
        "seed": seed,
        "prompt": prompt,
    }
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    settings |= {
        "model": model,
        "load": load_options([each for each in set_ or () if _of_load(each)], split=split, corpus=corpus),
        "key_env": key_env,
        "max_characters": max_characters,
        "options": request_options([each for each in set_ or () if not _of_load(each)]),
    }
    if dry_run:
        _foretell(generating.dry_run(source, endpoint, **settings), json_)
        return
    if out is None:
        raise ConfigError("--out is missing: name the folder to write, or ask for a --dry-run")
    with progress(quiet or json_) as bars:
        summary = generating.generate(
            source,
            out,
            endpoint,
            progress=bars,
            concurrency=concurrency,
            max_requests=max_requests,
            max_tokens=max_tokens,
            timeout=timeout,
            retries=retries,
            **settings,
        )
    from hardneg.cli.console import generated

    told(summary, generated, summary["asked"], summary["unit"], quiet, json_)


def _of_load(setting: str) -> bool:
    return setting.startswith("load.")


def _foretell(foretold: dict[str, Any], json_: bool) -> None:
    """Prints the prompt to standard output and the costs to standard error, or all as JSON."""
    if json_:
        print_json(foretold)
        return
    typer.echo(foretold["prompt"])
    costs = [f"{name.replace('_', ' ')}: {value:,}" for name, value in foretold.items() if name != "prompt"]
    typer.echo(", ".join(costs), err=True)
