"""What stands out in a run, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np

from hardneg.report.columns import GROUPS
from hardneg.report.i18n import Locale
from hardneg.report.reasons import Reasons
from hardneg.report.summary import RunSummary
from hardneg.report.tables import leakage
from hardneg.selection.reasons import SURPLUS

Finding = tuple[Literal["good", "plain", "bad"], str]

_QUALITY = ("calibration_error", "auc", "label_frequency")

_HIGH_RATE = 0.1
"""A false-negative rate above this needs attention."""

_HIGH_SHARE = 0.05
"""A share of the queries or negatives above this needs attention."""


_HIGH_LOSS = 0.1
"""A share of the text that a model does not read above this needs attention."""


def findings(summary: RunSummary, locale: Locale) -> list[Finding]:
    """Returns (`good`, `plain` or `bad`, sentence) for what a reader should see first."""
    counts = {
        name: locale.number(summary.run["counts"].get(name, 0))
        for name in ("negatives", "queries", "candidates")
    }
    sentences: list[Finding] = [("bad", _warning(each, summary, locale)) for each in warnings(summary)]
    sentences.append(("plain", locale("find.negatives", **counts)))
    steps = (
        _truncated,
        _positives,
        _verdicts,
        _audited,
        _above_positive,
        _suspected,
        _copies,
        _leaked,
        _main_reason,
        _short,
        _reuse,
    )
    for step in (*steps, _agreement, _skipped):
        sentences += step(summary, locale)
    return sentences


def warnings(summary: RunSummary) -> list[Mapping[str, Any]]:
    """Returns the warnings of run.json."""
    return list(summary.run.get("warnings") or ())


def _warning(warning: Mapping[str, Any], summary: RunSummary, locale: Locale) -> str:
    """Returns a warning in the language of the report, else as run.json has it."""
    key = f"warning.{warning['kind']}"
    if key not in locale.texts:
        return str(warning["text"])
    written: dict[str, Callable[[float], str]] = {
        "share": locale.percent,
        "documents": locale.percent,
        "unread": locale.percent,
        "low": locale.percent,
        "high": locale.percent,
        "scale": partial(locale.decimal, places=2),
        "chance": partial(locale.decimal, places=1),
    }
    values = {
        name: written.get(name, locale.number)(value) if isinstance(value, int | float) else str(value)
        for name, value in warning.items()
    }
    quality = {name: locale.decimal(summary.calibration.get(name)) for name in _QUALITY}
    return locale(key, **values, **quality)


def _truncated(summary: RunSummary, locale: Locale) -> list[Finding]:
    sentences: list[Finding] = []
    warned = {each["ranker"] for each in warnings(summary) if each["kind"] == "truncated"}
    for name, facts in {**summary.run["rankers"], **summary.run["validation"]["validators"]}.items():
        for unit, own in (facts.get("truncation") or {}).items():
            if own["cut"] and not (unit == "documents" and name in warned):
                share, text = locale.percent(own["cut"] / own["sample"]), locale.percent(own["text"])
                limit = locale.number(facts["max_length"])
                sentence = locale(f"find.cut_{unit}", name=name, share=share, text=text, limit=limit)
                if own["sample"] < summary.run["collection"].get(unit, 0):
                    sentence += " " + locale("find.cut_sample", sample=locale.number(own["sample"]))
                sentences.append(("bad" if own["text"] > _HIGH_LOSS else "plain", sentence))
    return sentences


def _positives(summary: RunSummary, locale: Locale) -> list[Finding]:
    own = summary.run.get("positives") or {}
    suspected = _suspected_by(own, locale)
    if own.get("why"):
        return [("plain", locale("find.positives_unknown", why=locale.why(own["why"]))), *suspected]
    if own.get("share") is None or any(each["kind"] == "noisy_positives" for each in warnings(summary)):
        return suspected
    share, low, high = (locale.percent(own[key]) for key in ("share", "low", "high"))
    kind: Literal["good", "plain"] = "good" if own["high"] <= _HIGH_SHARE else "plain"
    sentence = locale(
        "find.positives", share=share, low=low, high=high, suspected=locale.number(own["suspected"])
    )
    return [(kind, sentence), *suspected]


def _suspected_by(positives: Mapping[str, Any], locale: Locale) -> list[Finding]:
    """Returns what suspects how many of the positives, if anything does."""
    numbers = {name: number for name, number in positives.get("suspected_by", {}).items() if number}
    order = sorted(numbers, key=lambda name: (-numbers[name], name))
    labels = {name: name.replace("_", "-") for name in order} | {"consistency": locale("find.consistency")}
    names = ", ".join(f"{labels[name]} {locale.number(numbers[name])}" for name in order)
    return [("plain", locale("find.suspected_by", names=names))] if names else []


def _verdicts(summary: RunSummary, locale: Locale) -> list[Finding]:
    verdicts = summary.run.get("verdicts")
    if not verdicts:
        return []
    numbers = {name: locale.number(verdicts[name]) for name in ("pairs", "removed", "added")}
    found: list[Finding] = [("plain", locale("find.verdicts", **numbers))]
    if "relabelled" in verdicts:
        changed = {name: locale.number(verdicts[name]) for name in ("relabelled", "partly_relevant")}
        found.append(("plain", locale("find.relabelled", **changed)))
    return found


def _audited(summary: RunSummary, locale: Locale) -> list[Finding]:
    audit = summary.audit
    if not audit or audit.get("rate") is None:
        return [("plain", locale("find.no_audit"))]
    rate, low, high = (locale.percent(audit[key]) for key in ("rate", "low", "high"))
    sentence = locale("find.audit", rate=rate, low=low, high=high)
    basis = locale.texts.get(f"find.by.{audit.get('method')}")
    if basis:
        sentence += " " + basis.format(count=locale.number(audit.get("judged") or 0))
    bad, good = audit["rate"] > _HIGH_RATE, audit["high"] <= _HIGH_RATE
    sentences: list[Finding] = [("bad" if bad else "good" if good else "plain", sentence)]
    target = (audit.get("target") or {}).get("rate")
    if target is not None and audit["rate"] > target:
        sentences.append(("bad", locale("find.over_target", target=locale.percent(target))))
    return sentences


def _above_positive(summary: RunSummary, locale: Locale) -> list[Finding]:
    counts = summary.margins.counts[GROUPS.index("negative")]
    if not counts.sum():
        return []
    share = counts[summary.margins.edges[1:] <= 1e-9].sum() / counts.sum()
    if share == 0:
        return [("good", locale("find.none_above"))]
    limits = summary.probability_limits if summary.probabilities.total else []
    if limits and limits[-1] >= 1:
        return [("plain", locale("find.above_kept", share=locale.percent(share)))]
    if limits:
        bound = locale.percent(limits[-1])
        return [("plain", locale("find.above_bound", share=locale.percent(share), bound=bound))]
    return [("bad" if share > _HIGH_SHARE else "plain", locale("find.above", share=locale.percent(share)))]


def _suspected(summary: RunSummary, locale: Locale) -> list[Finding]:
    sentences: list[Finding] = []
    dropped = summary.run["counts"].get("dropped") or {}
    count = sum(dropped.get(reason, 0) for reason in summary.suspected_reasons)
    if count:
        sentences.append(("plain", locale("find.suspected", count=locale.number(count))))
    warned = any(warning["kind"] == "poor_calibration" for warning in warnings(summary))
    if not summary.calibration.get("estimable", True) and not warned:
        why = locale.why(str(summary.calibration.get("why", "")))
        sentences.append(("plain", locale("find.not_estimable", why=why)))
    return sentences


def _copies(summary: RunSummary, locale: Locale) -> list[Finding]:
    copies = [check.of("negative") for check in summary.checks if check.finds == "copies"]
    if not copies:
        return []
    if not any(copies):
        return [("good", locale("find.no_near"))]
    return [("bad", locale("find.near", count=locale.number(sum(copies))))]


def _leaked(summary: RunSummary, locale: Locale) -> list[Finding]:
    sentences: list[Finding] = []
    for facts in leakage(summary):
        counts = {kind: facts[kind]["exact"] + facts[kind]["near"] for kind in ("queries", "positives")}
        numbers = {kind: locale.number(count) for kind, count in counts.items()}
        leaked = any(counts.values())
        key = "find.leaked" if leaked else "find.no_leak"
        sentences.append(("bad" if leaked else "good", locale(key, name=facts["evaluation"], **numbers)))
    return sentences


def _main_reason(summary: RunSummary, locale: Locale) -> list[Finding]:
    dropped: Mapping[str, int] = summary.run["counts"].get("dropped") or {}
    counts = {reason: number for reason, number in dropped.items() if reason != SURPLUS}
    if not counts:
        return []
    reason, reasons = max(counts, key=lambda name: counts[name]), Reasons(locale, summary.run)
    share = locale.percent(counts[reason] / summary.run["counts"]["candidates"])
    label, meaning = reasons.label(reason), reasons.meaning(reason)
    return [("plain", locale("find.main_reason", reason=label, share=share, why=meaning))]


def _short(summary: RunSummary, locale: Locale) -> list[Finding]:
    short: Mapping[str, int] = summary.run.get("short") or {}
    count = sum(short.values())
    if not count:
        return [("good", locale("find.no_short"))]
    share = count / max(len(summary.queries), 1)
    sentence = locale(
        "find.short",
        count=locale.number(count),
        share=locale.percent(share),
        reason=Reasons(locale, summary.run).label(max(short, key=lambda name: short[name])),
    )
    return [("bad" if share > _HIGH_SHARE else "plain", sentence)]


def _reuse(summary: RunSummary, locale: Locale) -> list[Finding]:
    uses = np.array(list(summary.uses.values()) or [0])
    share = uses[uses > 1].sum() / max(uses.sum(), 1)
    sentences: list[Finding] = []
    if share:
        sentences.append(("plain", locale("find.reused", share=locale.percent(share))))
    doc, count = summary.most_used[0] if summary.most_used else ("", 0)
    of_queries = count / max(len(summary.queries), 1)
    if count > 2 and of_queries >= _HIGH_SHARE:
        numbers = {"count": locale.number(count), "share": locale.percent(of_queries)}
        sentences.append(("bad", locale("find.overused", doc=doc, **numbers)))
    return sentences


def _agreement(summary: RunSummary, locale: Locale) -> list[Finding]:
    if not summary.agreement:
        return []
    share, one, other = min(summary.agreement)
    return [("plain", locale("find.agreement", one=one, other=other, share=locale.percent(share)))]


def _skipped(summary: RunSummary, locale: Locale) -> list[Finding]:
    skipped = summary.run["export"].get("skipped") or 0
    return [("plain", locale("find.skipped", count=locale.number(skipped)))] if skipped else []
