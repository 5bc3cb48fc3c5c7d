"""How good a training set is: rankers, positives, relabelled pairs, false negatives, known limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardneg.core.display import counts
from hardneg.exporters.markdown import plain

_ACTIONS = {"keep": "they were kept", "drop": "they were left out", "weight": "they weigh less"}


def ranking(run: Mapping[str, Any]) -> str:
    """Returns what each ranker makes of the known positives, empty without any."""
    rows = [
        f"| {name} | {own['mrr']:.3f} | {own['recall_at_10']:.3f} | {own['beyond_depth']:.1%} |"
        for name, own in (run.get("ranking") or {}).items()
    ]
    head = ["| ranker | MRR | recall@10 | beyond the depth |", "|---|---:|---:|---:|"]
    return "\n".join(["## Known positives by ranker\n", *head, *rows]) if rows else ""


def positives(run: Mapping[str, Any]) -> str:
    """Returns the estimated share of wrong positives and what is suspected; empty where neither is known."""
    own = run.get("positives") or {}
    sentences = []
    suspected, examined = own.get("suspected", 0), own.get("examined", 0)
    many = f"{suspected:,} labelled positives"
    if own.get("share") is not None:
        share, low, high = (f"{100 * own[key]:.1f} %" for key in ("share", "low", "high"))
        sentences.append(
            f"About **{share}** of the labelled positives [{low}, {high}] are no more relevant to their "
            "query, by the rankers' scores, than positives of other queries are."
        )
        many = f"{suspected:,} of {examined:,}"
    if sentences or suspected:
        sentences.append(
            f"{many} are wrong with a probability above {own['max_p']:g}: {_ACTIONS[own['action']]} "
            "(column `p_noisy` of the ledger)."
        )
    if by := counts(own.get("suspected_by", {})):
        sentences.append(f"Suspected by: {by}; several may suspect the same pair.")
    return "\n\n".join(["## Wrong positives", " ".join(sentences)]) if sentences else ""


def relabelled(run: Mapping[str, Any]) -> str:
    """Returns what judges relabelled, with examples, empty where they relabelled nothing."""
    verdicts, examples = run.get("verdicts") or {}, run.get("relabelled")
    if examples is None:
        return ""
    head = "| query | document | was | became | grade |\n|---|---|---|---|---:|"
    rows = [
        f"| {plain(row['query'])} | {plain(row['document'])} | {row['was']} | {row['became']} | "
        f"{'' if row['grade'] is None else format(row['grade'], 'g')} |"
        for row in examples
    ]
    return (
        f"## Relabelled\n\nOf {verdicts['pairs']:,} judged pairs {verdicts['relabelled']:,} became positives "
        f"and {verdicts['partly_relevant']:,} were left out, as they answer in part. "
        f"{verdicts['removed']:,} negatives went and {verdicts['added']:,} came, by verdicts of people or "
        "language models in `judgments.jsonl` of the run that this one was selected from. Examples:\n\n"
        + "\n".join([head, *rows])
    )


def false_negatives(audit: Mapping[str, Any]) -> str:
    """Returns the measured false-negative rate, empty where the run was not audited."""
    if audit.get("rate") is None:
        return ""
    rate, low, high = (f"{100 * audit[key]:.1f} %" for key in ("rate", "low", "high"))
    method = str(audit.get("method", "")).replace("_", " ")
    judged = f", {audit['judged']:,} pairs" if audit.get("judged") else ""
    return (
        f"## False negatives\n\nAbout **{rate}** of the negatives are relevant after all "
        f"[{low}, {high}], {100 * audit.get('confidence', 0.95):.0f} % confidence ({plain(method)}{judged})."
    )


def limits(run: Mapping[str, Any], audit: Mapping[str, Any]) -> str:
    """Returns what a user of the training set should know before using it."""
    known = [f"**{warning['text']}**" for warning in run.get("warnings") or ()]
    known.append("Judgments of the source are taken as they are; an unjudged document may be relevant.")
    if audit.get("rate") is None:
        known.append("The false-negative rate of these negatives was not measured.")
    short = sum(run["short"].values())
    if short:
        known.append(f"{short:,} queries have fewer negatives than asked.")
    known.append("Negatives are hard for the rankers named here; another model may find them easy.")
    return "## Known limits\n\n" + "\n".join(f"- {limit}" for limit in known)
