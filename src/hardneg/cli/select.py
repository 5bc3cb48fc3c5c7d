"""`hardneg select`: decide again."""

from __future__ import annotations

from hardneg.cli.shared import (
    FormatName,
    Json,
    Judgments,
    Negatives,
    Out,
    Page,
    Quiet,
    RecipeName,
    Run,
    Seed,
    Set,
    progress,
    report,
)


def select(
    run: Run,
    out: Out,
    recipe: RecipeName,
    negatives: Negatives = None,
    format_: FormatName = None,
    judgments: Judgments = None,
    seed: Seed = None,
    page: Page = True,
    set_: Set = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Decide again from the candidates of a run; nothing is encoded again."""
    from hardneg import api
    from hardneg.mining.recipe import Recipe
    from hardneg.runs.directory import RunFolder

    chosen = Recipe.named(
        recipe,
        set_ or (),
        ranked_by=RunFolder(run).read()["recipe"],
        verdicts=judgments,
        negatives=negatives,
        format=format_,
        seed=seed,
    )
    with progress(quiet or json_) as bars:
        result = api.select(run, chosen, out, report=page, progress=bars)
    report(result, quiet, json_)
