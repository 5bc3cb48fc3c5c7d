"""`hardneg judge`: a language model's word on doubtful negatives."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
    RequestFields,
    Retries,
    Run,
    Timeout,
    progress,
    request_options,
    told,
)


class Also(StrEnum):
    """Candidates that are judged beside the negatives."""

    DROPPED = "dropped"


def judge(
    run: Run,
    endpoint: EndpointUrl,
    model: ModelName,
    key_env: KeyEnv = None,
    strong_model: Annotated[
        str | None, typer.Option("--strong-model", help="Judges what --model calls relevant or unsure.")
    ] = None,
    strong_endpoint: Annotated[
        str | None, typer.Option("--strong-endpoint", help="Where it is served, if elsewhere.")
    ] = None,
    strong_key_env: Annotated[
        str | None, typer.Option("--strong-key-env", help="The variable with its key, if another.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="JSON lines of query_id and doc_id to judge instead.")
    ] = None,
    also: Annotated[
        Also | None, typer.Option("--also", help="Judge suspected false negatives that were dropped too.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many pairs.")] = None,
    prompt: Annotated[str, typer.Option("--prompt", help="en, ru, or a file.")] = "en",
    relevant_from: Annotated[
        int, typer.Option("--relevant-from", help="The least grade, 0 to 3, of relevant documents.")
    ] = 2,
    concurrency: Concurrency = 8,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    timeout: Timeout = 120.0,
    retries: Retries = 5,
    max_characters: MaxCharacters = 6000,
    set_: RequestFields = None,
    quiet: Quiet = False,
    json_: JsonSummary = False,
) -> None:
    """Let a language model grade doubtful negatives of a run."""
    from hardneg.llm import judging

    with progress(quiet or json_) as bars:
        summary = judging.judge(
            run,
            endpoint,
            model=model,
            progress=bars,
            key_env=key_env,
            strong_model=strong_model,
            strong_endpoint=strong_endpoint,
            strong_key_env=strong_key_env,
            pairs=pairs,
            also=also.value if also else None,
            limit=limit,
            prompt=prompt,
            relevant_from=relevant_from,
            concurrency=concurrency,
            max_requests=max_requests,
            max_tokens=max_tokens,
            timeout=timeout,
            retries=retries,
            max_characters=max_characters,
            options=request_options(set_),
        )
    from hardneg.cli.console import judgement

    told(summary, judgement, summary["pairs"], "pairs", quiet, json_)
