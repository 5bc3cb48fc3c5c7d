"""Commands that read finished runs: audit, review, report, diff, push."""

from __future__ import annotations

import getpass
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hardneg.cli.options import Given, OptionsOf
from hardneg.cli.shared import RECIPE, Json, Quiet, Run, on_disk, print_json, print_tables, progress
from hardneg.cli.terminal import Terminal, echo
from hardneg.core.display import counted

if TYPE_CHECKING:
    from hardneg.core.progress import Progress


def audit(
    run: Annotated[str, typer.Argument(help="A finished run directory, or a source to mine first.")],
    settings: Annotated[
        Given, OptionsOf("hardneg.api:audit", "method", "report", target_fnr="target", hide="share")
    ],
    drawing: Annotated[Given, OptionsOf("hardneg.auditing:draw_sample", "seed")],
    recipe: Annotated[
        Given,
        OptionsOf(
            RECIPE,
            "split",
            "strict",
            unset="the recipe's",
            **{"recipe": "name", "set": "overrides", "column": "columns"},
        ),
    ],
    max_fnr: Annotated[
        float | None, typer.Option(metavar="X", help="Exit with 1 if the rate is higher, 0.05 = 5 %.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", help="Draw N negatives to be judged into `audit_sample.jsonl`, and stop."),
    ] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure the false-negative rate of a run, with its interval.

    The audit is written to `audit.json` of the run. A source is mined first, in memory. Exits
    with 1 if the rate is above `--max-fnr`, or if no threshold reaches `--target-fnr`. See docs/auditing.md.
    """
    from hardneg import api
    from hardneg.cli.console import audit_table
    from hardneg.core.errors import ConfigError
    from hardneg.mining.recipe import Recipe
    from hardneg.sources import local

    with progress(quiet or json_) as bars:
        place = local(run, bars)
        is_run = (Path(place) / "run.json").exists()
        if is_run and recipe:
            raise ConfigError(
                f"{run} is a run and keeps its recipe; decide again by hardneg select {run} --out DIR"
            )
        if sample is not None:
            _draw(run, is_run, sample, drawing, bars)
            return
        audited = run if is_run else api.mine(place, Recipe.named(**recipe), progress=bars)
        summary = api.audit(audited, progress=bars, **settings)
    if json_:
        print_json(summary)
    elif not quiet:
        lines = [f"to measure by judgments: hardneg review {run}, then audit again"]
        print_tables(
            [audit_table(summary)], lines if is_run and "judged_sample" not in summary["estimates"] else ()
        )
    missed = summary["target"] is not None and summary["target"]["threshold"] is None
    if missed or (max_fnr is not None and summary["rate"] > max_fnr):
        raise typer.Exit(1)


def _draw(run: str, is_run: bool, size: int, settings: Given, bars: Progress) -> None:
    """Draws negatives to be judged and prints where they are."""
    from hardneg.api.places import run_folder
    from hardneg.auditing import draw_sample
    from hardneg.core.errors import ConfigError

    if not is_run:
        raise ConfigError(f"{run} is no run directory, into which --sample writes; hardneg mine writes one")
    with run_folder(run, bars, changes=True) as folder:
        count = draw_sample(folder, size, progress=bars, **settings)
        line = f"{counted(count, 'negative')} drawn into {folder / 'audit_sample.jsonl'}; judge them with "
        print_tables([], [f"{line}hardneg review or hardneg judge, then audit again"])


def review(
    run: Run,
    settings: Annotated[
        Given,
        OptionsOf(
            "hardneg.review:open_server", "port", "count", "positives", least={"count": 1}, lang="language"
        ),
    ],
    judge: Annotated[str | None, typer.Option(help="Name of the judge. Default: your login.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Judge doubtful negatives on a local page.

    Every judgment is appended to `judgments.jsonl` of the run at once. Ctrl-C ends the review. The address on
    standard error holds a token: whoever has it can judge. See docs/review.md.
    """
    from hardneg.api.places import opened_run
    from hardneg.core.stores import display_url
    from hardneg.review import open_server

    with opened_run(run) as opened:
        name = judge or getpass.getuser()
        server = open_server(opened.directory, opened.collection, judge=name, **settings)
        try:
            echo(f"{server.url}\nCtrl-C ends the review.", err=True)
            if not no_browser:
                webbrowser.open(server.url)
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            next_step = f"\njudgments are in {server.session.path}; next: hardneg audit {run}"
            echo(display_url(next_step), err=True)
        finally:
            server.server_close()


def report(
    run: Annotated[
        str,
        typer.Argument(
            help="A finished run directory, or one of `hardneg compare` or `hardneg mix`; or its URL."
        ),
    ],
    settings: Annotated[
        Given, OptionsOf("hardneg.api:write_report", least={"examples": 0}, lang="language", examples="limit")
    ],
    other: Annotated[
        str | None, typer.Argument(help="A second run, to show what it decides differently.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            parser=on_disk,
            metavar="FILE",
            help="The file to write. Default: report.html, for two runs report-OTHER.html, in the first.",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(parser=on_disk, metavar="DIR", help="Also write each figure to DIR, as SVG and PNG."),
    ] = None,
) -> None:
    """Write the report of a run, of a comparison, of a mixture, or of two runs.

    The report is one HTML file. Without the source, it shows ids instead of texts. See docs/report.md.
    """
    from hardneg import api
    from hardneg.core.stores import display_url

    echo(display_url(str(api.write_report(run, out, other=other, figures=figures, **settings))))


def diff(
    run: Run,
    other: Annotated[str, typer.Argument(help="Another run directory on the same collection, or its URL.")],
    json_: Json = False,
) -> None:
    """Show how the decisions of two runs differ.

    Counts the negatives that both runs chose, and the candidates with another decision, by reason.
    """
    from hardneg.api.places import run_folder
    from hardneg.runs.diff import compare, table

    with run_folder(run) as first, run_folder(other) as second:
        differences = compare(first, second)
    if json_:
        print_json(differences)
    else:
        Terminal().print(table(differences))


def push(
    run: Run,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="NAME or OWNER/NAME on the hub.")],
    public: Annotated[
        bool, typer.Option("--public", help="Make a new repository public. Default: private.")
    ] = False,
    judgments: Annotated[
        bool, typer.Option("--judgments", help="Upload judgments.jsonl too; it names its judges.")
    ] = False,
) -> None:
    """Upload a run to the Hugging Face hub as a dataset.

    The repository is created if there is none, and its address is printed. Needs the extra `hub` and a login.
    """
    from hardneg import api

    echo(api.push(run, repository, private=not public, judgments=judgments))
