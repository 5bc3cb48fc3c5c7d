"""`hardneg judge`: negatives graded by a language model."""

from __future__ import annotations

from typing import Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import Json, Quiet, Run, print_summary, progress, request_options


def judge(
    run: Run,
    settings: Annotated[Given, OptionsOf("hardneg.llm.judging:JudgeSettings", without=("options",))],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Field of the request, as in `max_tokens=2000`."),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Grade doubtful negatives of a run by a language model.

    The verdicts are appended to `judgments.jsonl` of the run. The same command asks nothing that was answered
    before. Needs the extra `judge`, and the source where it was. See docs/judging.md.
    """
    from hardneg import api
    from hardneg.cli.console import judge_table

    with progress(quiet or json_) as bars:
        summary = api.judge(run, progress=bars, options=request_options(set_), **settings)
    print_summary(summary, judge_table, summary["pairs"], "pairs", quiet, json_)
