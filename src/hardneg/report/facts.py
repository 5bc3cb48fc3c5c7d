"""What the report says in numbers and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hardneg.report.figures.candidates import doubt_limits
from hardneg.report.figures.doubt import calibration
from hardneg.report.gather import GROUPS, Findings
from hardneg.report.i18n import Words

_MANY = 0.1
"""A false-negative rate beyond which a reader should do something."""

_OFTEN = 0.05
"""A document that is a negative for this share of the queries is worth a word."""


def tiles(found: Findings, words: Words) -> list[tuple[str, str, str]]:
    """Returns (value, what it is, a remark) for the figures at the top."""
    run, counts = found.run, found.run["counts"]
    queries = counts.get("queries", 0)
    each = words("tile.per_query", count=words.decimal(counts.get("negatives", 0) / max(queries, 1), 1))
    short = sum((run.get("short") or {}).values())
    shown = [
        (words.number(queries), words("tile.queries"), ""),
        (words.number(run["collection"]["documents"]), words("tile.documents"), ""),
        (words.number(counts.get("candidates", 0)), words("tile.candidates"), ""),
        (words.number(counts.get("negatives", 0)), words("tile.negatives"), each),
        (words.number(short), words("tile.short"), words.percent(short / max(queries, 1))),
        _rate(found, words),
        (_duration(sum((run.get("seconds") or {}).values()), words), words("tile.seconds"), ""),
    ]
    return shown


def findings(found: Findings, words: Words) -> list[tuple[str, str]]:
    """Returns (`good`, `plain` or `bad`, sentence) for what a reader should know first."""
    counts = found.run["counts"]
    told = [
        (
            "plain",
            words(
                "find.negatives",
                negatives=words.number(counts.get("negatives", 0)),
                queries=words.number(counts.get("queries", 0)),
                candidates=words.number(counts.get("candidates", 0)),
            ),
        )
    ]
    steps = (
        _audited,
        _above,
        _suspected,
        _alike,
        _leaked,
        _main_reason,
        _shortness,
        _reuse,
        _overlap,
        _skipped,
    )
    for step in steps:
        told += step(found, words)
    return told


def settings(found: Findings, words: Words) -> list[tuple[str, str]]:
    """Returns (setting, value) for what decides most."""
    run = found.run
    recipe, rank, select = run["recipe"], run["recipe"]["rank"], run["recipe"]["select"]
    told = {
        "source": run.get("source") or run["collection"]["name"],
        "recipe": f"{recipe['name']}: {' '.join((recipe.get('description') or '').split())}",
        "rankers": "; ".join(_component(ranker) for ranker in rank["rankers"]),
        "order": rank["order"],
        "depth": rank["depth"],
        "rules": "; ".join(_component(rule) for rule in select["rules"]) or words("mined.no_rules"),
        "draw": _component(select["draw"]),
        "negatives": select["negatives"],
        "by": found.scorer,
        "anchor": select["anchor"],
        "seed": run["seed"],
        "format": _component(run["export"]["format"]),
        "command": run.get("command") or "",
        "versions": ", ".join(f"{name} {number}" for name, number in run["versions"].items()),
    }
    return [(words(f"mined.{name}"), str(value)) for name, value in told.items() if value != ""]


def reasons(found: Findings, words: Words) -> list[tuple[str, str, str, str]]:
    """Returns (reason, candidates, share of all, what it means) for every reason to drop one."""
    counts = found.run["counts"]
    total = max(counts.get("candidates", 0), 1)
    dropped = sorted((counts.get("dropped") or {}).items(), key=lambda item: (-item[1], item[0]))
    return [
        (words.reason(reason), words.number(number), words.percent(number / total), words.why(reason))
        for reason, number in dropped
    ]


def copies(found: Findings, words: Words) -> list[tuple[str, str]]:
    """Returns (what was found, how often) of texts that repeat."""
    dropped = found.run["counts"].get("dropped") or {}
    notes = found.run["collection"].get("notes") or {}
    rows = [(words.reason(name), dropped.get(name, 0)) for name in ("query_text", "duplicate_of_positive")]
    key = "merged_duplicate_documents"
    rows.append((words(f"data.{key}"), notes.get(key, 0)))
    return [(name, words.number(count)) for name, count in rows if count]


def checked(found: Findings, words: Words) -> list[tuple[str, ...]]:
    """Returns (check, looked at, found, share, negatives among them, their queries) for every check."""
    rows: list[tuple[str, ...]] = []
    for check in found.checks:
        numbers = [check.found, check.of("negative"), check.queries]
        told, negatives, queries = map(words.number, numbers)
        share = words.percent(check.found / max(check.looked_at, 1))
        name = words.check(check.name, check.kind)
        rows.append((name, words.number(check.looked_at), told, share, negatives, queries))
    return rows


def leaks(found: Findings, words: Words) -> list[dict[str, Any]]:
    """Returns for every evaluation set what of the training set it holds, in words."""
    told = []
    for facts in _leakage(found):
        rows = [
            (
                words(f"leak.{kind}"),
                *(words.number(facts[kind][name]) for name in ("looked_at", "exact", "near")),
            )
            for kind in ("queries", "positives")
        ]
        examples = [
            (words(f"leak.{kind}"), text)
            for kind in ("queries", "positives")
            for text in facts[kind]["examples"][:3]
        ]
        dropped = facts.get("dropped_queries", 0)
        told.append({"name": facts["evaluation"], "rows": rows, "examples": examples, "dropped": dropped})
    return told


def _leakage(found: Findings) -> list[Mapping[str, Any]]:
    """Returns what run.json tells of each check for leakage."""
    told = (found.run.get("validation") or {}).get("validators") or {}
    own = [told.get(check.name) or {} for check in found.checks if check.kind == "leakage"]
    return [facts for facts in own if {"evaluation", "queries", "positives"} <= facts.keys()]


def _rate(found: Findings, words: Words) -> tuple[str, str, str]:
    audit = found.audit
    if not audit or audit.get("rate") is None:
        return "–", words("tile.rate"), words("tile.no_audit")
    interval = words(
        "tile.rate_interval",
        low=words.percent(audit["low"]),
        high=words.percent(audit["high"]),
        confidence=words.percent(audit.get("confidence", 0.95)),
    )
    return words.percent(audit["rate"]), words("tile.rate"), interval


def _audited(found: Findings, words: Words) -> list[tuple[str, str]]:
    audit = found.audit
    if not audit or audit.get("rate") is None:
        return [("plain", words("find.no_audit"))]
    rate, low, high = (words.percent(audit[key]) for key in ("rate", "low", "high"))
    kind = "bad" if audit["rate"] > _MANY else "good" if audit["high"] <= _MANY else "plain"
    told = [(kind, words("find.audit", rate=rate, low=low, high=high))]
    basis = words.all.get(f"find.by.{audit.get('method')}")
    if basis:
        told = [(kind, f"{told[0][1]} {basis.format(count=words.number(audit.get('judged') or 0))}")]
    target = (audit.get("target") or {}).get("rate")
    if target is not None and audit["rate"] > target:
        told.append(("bad", words("find.over_target", target=words.percent(target))))
    return told


def _above(found: Findings, words: Words) -> list[tuple[str, str]]:
    counts = found.margins.counts[GROUPS.index("negative")]
    if not counts.sum():
        return []
    share = counts[found.margins.edges[1:] <= 1e-9].sum() / counts.sum()
    if share == 0:
        return [("good", words("find.none_above"))]
    limits = doubt_limits(found) if found.doubt.total else []
    if limits:
        told = words("find.above_bound", share=words.percent(share), bound=words.percent(limits[-1]))
        return [("plain", told)]
    return [("bad" if share > _OFTEN else "plain", words("find.above", share=words.percent(share)))]


def _suspected(found: Findings, words: Words) -> list[tuple[str, str]]:
    told = []
    count = (found.run["counts"].get("dropped") or {}).get("suspected_false_negative", 0)
    if count:
        told.append(("plain", words("find.suspected", count=words.number(count))))
    known = calibration(found)
    if known and not known.get("estimable", True):
        told.append(("plain", words("find.not_estimable", why=str(known.get("why", "")))))
    return told


def _alike(found: Findings, words: Words) -> list[tuple[str, str]]:
    copies = [check.of("negative") for check in found.checks if check.kind == "near-duplicate"]
    if not copies:
        return []
    if not any(copies):
        return [("good", words("find.no_near"))]
    return [("bad", words("find.near", count=words.number(sum(copies))))]


def _leaked(found: Findings, words: Words) -> list[tuple[str, str]]:
    told = []
    for facts in _leakage(found):
        queries, positives = (facts[kind]["exact"] + facts[kind]["near"] for kind in ("queries", "positives"))
        counts = {"queries": words.number(queries), "positives": words.number(positives)}
        sentence = words(
            "find.leaked" if queries + positives else "find.no_leak", name=facts["evaluation"], **counts
        )
        told.append(("bad" if queries + positives else "good", sentence))
    return told


def _main_reason(found: Findings, words: Words) -> list[tuple[str, str]]:
    dropped: Mapping[str, int] = found.run["counts"].get("dropped") or {}
    telling = {reason: number for reason, number in dropped.items() if reason != "surplus"}
    if not telling:
        return []
    reason = max(telling, key=lambda name: telling[name])
    share = words.percent(telling[reason] / found.run["counts"]["candidates"])
    return [
        ("plain", words("find.main_reason", reason=words.reason(reason), share=share, why=words.why(reason)))
    ]


def _shortness(found: Findings, words: Words) -> list[tuple[str, str]]:
    short: Mapping[str, int] = found.run.get("short") or {}
    count = sum(short.values())
    if not count:
        return [("good", words("find.no_short"))]
    share = count / max(len(found.queries), 1)
    told = words(
        "find.short",
        count=words.number(count),
        share=words.percent(share),
        reason=words.reason(max(short, key=lambda name: short[name])),
    )
    return [("bad" if share > _OFTEN else "plain", told)]


def _reuse(found: Findings, words: Words) -> list[tuple[str, str]]:
    uses = np.array(list(found.uses.values()) or [0])
    share = uses[uses > 1].sum() / max(uses.sum(), 1)
    told = [("plain", words("find.reused", share=words.percent(share)))] if share else []
    doc, count = found.most_used[0] if found.most_used else ("", 0)
    often = count / max(len(found.queries), 1)
    if count > 2 and often >= _OFTEN:
        told.append(
            ("bad", words("find.overused", doc=doc, count=words.number(count), share=words.percent(often)))
        )
    return told


def _overlap(found: Findings, words: Words) -> list[tuple[str, str]]:
    names = found.rankers
    pairs = [(found.agreement[i, j], names[j], names[i]) for i in range(len(names)) for j in range(i)]
    if not pairs:
        return []
    share, one, other = min(pairs)
    return [("plain", words("find.agreement", one=one, other=other, share=words.percent(float(share))))]


def _skipped(found: Findings, words: Words) -> list[tuple[str, str]]:
    skipped = found.run["export"].get("skipped") or 0
    return [("plain", words("find.skipped", count=words.number(skipped)))] if skipped else []


def _component(given: Any) -> str:
    """Returns a component of a recipe in words, as `relative-margin (margin 0.05)`."""
    if not isinstance(given, Mapping):
        return str(given)
    name, options = next(iter(given.items()))
    told = [f"{key} {value}" for key, value in (options or {}).items() if value not in (None, "", False)]
    return f"{name} ({', '.join(told)})" if told else str(name)


def _duration(seconds: float, words: Words) -> str:
    if seconds < 90:
        return words("time.seconds", seconds=words.decimal(seconds, 0 if seconds >= 10 else 1))
    minutes = round(seconds / 60)
    if minutes < 90:
        return words("time.minutes", minutes=minutes)
    return words("time.hours", hours=minutes // 60, minutes=minutes % 60)
