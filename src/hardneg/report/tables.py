"""The report's tiles and tables, as texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardneg.core.exclusions import DUPLICATE_OF_POSITIVE, QUERY_TEXT
from hardneg.core.records import Collection
from hardneg.mining.recipe import Recipe, recipe_names
from hardneg.report.i18n import Locale, cut
from hardneg.report.reasons import Reasons
from hardneg.report.summary import RunSummary

_TEXT = 120


def tiles(summary: RunSummary, locale: Locale) -> list[tuple[str, str, str]]:
    """Returns (value, what it is, a remark) for the numbers at the top."""
    run, counts = summary.run, summary.run["counts"]
    queries = counts.get("queries", 0)
    negatives = counts.get("negatives", 0)
    per_query = locale("tile.per_query", count=locale.decimal(negatives / max(queries, 1), 1))
    short = sum((run.get("short") or {}).values())
    return [
        (locale.number(queries), locale("tile.queries"), ""),
        (locale.number(run["collection"]["documents"]), locale("tile.documents"), ""),
        (locale.number(counts.get("candidates", 0)), locale("tile.candidates"), ""),
        (locale.number(negatives), locale("tile.negatives"), per_query),
        (locale.number(short), locale("tile.short"), locale.percent(short / max(queries, 1))),
        _rate(summary, locale),
        (_duration(sum((run.get("seconds") or {}).values()), locale), locale("tile.seconds"), ""),
    ]


def settings(summary: RunSummary, locale: Locale) -> list[tuple[str, str]]:
    """Returns (setting, value) for the settings that matter most."""
    run = summary.run
    recipe, rank, select = run["recipe"], run["recipe"]["rank"], run["recipe"]["select"]
    values = {
        "source": run.get("source") or run["collection"]["name"],
        "recipe": f"{recipe['name']}: {_description(recipe, locale)}",
        "rankers": "; ".join(_component(ranker) for ranker in rank["rankers"]),
        "order": rank["order"],
        "depth": rank["depth"],
        "rules": "; ".join(_component(rule) for rule in select["rules"]) or locale("mined.no_rules"),
        "draw": _component(select["draw"]),
        "negatives": select["negatives"],
        "by": summary.scorer,
        "anchor": select["anchor"],
        "seed": run["seed"],
        "format": _component(run["export"]["format"]),
        "command": run.get("command") or "",
        "versions": ", ".join(f"{name} {number}" for name, number in run["versions"].items()),
    }
    return [(locale(f"mined.{name}"), str(value)) for name, value in values.items() if value != ""]


def _description(recipe: Mapping[str, Any], locale: Locale) -> str:
    """Returns what a recipe does: its description where that is in the language and true, else its parts."""
    rank, select = recipe["rank"], recipe["select"]
    described = " ".join((recipe.get("description") or "").split())
    if described and (recipe["name"] not in recipe_names() or locale.language == "en" and _is_own(recipe)):
        return described
    rules = ", ".join(map(_component, select["rules"])) or locale("mined.no_rules")
    rankers = ", ".join(map(_component, rank["rankers"]))
    return locale("mined.description", rankers=rankers, rules=rules, negatives=select["negatives"])


def _is_own(recipe: Mapping[str, Any]) -> bool:
    """Returns whether rankers, rules and draw are those of the named recipe, as its description says."""
    named = Recipe.named(recipe["name"]).settings()
    parts = (("rank", "rankers"), ("select", "rules"), ("select", "draw"))
    return all(named[part][key] == recipe[part].get(key) for part, key in parts)


def quality(summary: RunSummary, locale: Locale) -> list[tuple[str, ...]]:
    """Returns (ranker, MRR, recall@10, share beyond the depth) of the known positives, for each ranker."""
    return [
        (
            name,
            locale.decimal(own["mrr"]),
            locale.decimal(own["recall_at_10"]),
            locale.percent(own["beyond_depth"]),
        )
        for name, own in (summary.run.get("ranking") or {}).items()
    ]


def separation(summary: RunSummary, locale: Locale) -> list[tuple[str, str, str]]:
    """Returns (measure, value, what it means) of the probabilities, where there are any."""
    measures = {name: summary.calibration.get(name) for name in ("auc", "auc_first_20", "calibration_error")}
    return [
        (locale(f"separation.{name}"), locale.decimal(value, 3), locale(f"separation.{name}_meaning"))
        for name, value in measures.items()
        if value is not None
    ]


def dropped(summary: RunSummary, locale: Locale) -> list[tuple[str, str, str, str]]:
    """Returns (reason, candidates, share of all, what it means) for every reason to drop one."""
    counts, reasons = summary.run["counts"], Reasons(locale, summary.run)
    total = max(counts.get("candidates", 0), 1)
    numbers = sorted((counts.get("dropped") or {}).items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for reason, number in numbers:
        share = locale.percent(number / total)
        rows.append((reasons.label(reason), locale.number(number), share, reasons.meaning(reason)))
    return rows


def copies(summary: RunSummary, locale: Locale) -> list[tuple[str, str]]:
    """Returns (what was found, how often) of texts that repeat."""
    counts, reasons = summary.run["counts"].get("dropped") or {}, Reasons(locale, summary.run)
    rows = [(reasons.label(name), counts.get(name, 0)) for name in (QUERY_TEXT, DUPLICATE_OF_POSITIVE)]
    merged = "merged_duplicate_documents"
    rows.append((locale(f"data.{merged}"), (summary.run["collection"].get("notes") or {}).get(merged, 0)))
    return [(name, locale.number(count)) for name, count in rows if count]


def checks(summary: RunSummary, locale: Locale) -> list[tuple[str, ...]]:
    """Returns (check, examined, found, share, negatives among them, their queries) for every check."""
    rows: list[tuple[str, ...]] = []
    for check in summary.checks:
        share = locale.percent(check.found / max(check.examined, 1))
        counts = (check.examined, check.found, check.of("negative"), check.queries)
        examined, found, *others = map(locale.number, counts)
        rows.append((check.label(locale), examined, found, share, *others))
    return rows


def leaks(summary: RunSummary, locale: Locale) -> list[dict[str, Any]]:
    """Returns for every evaluation set what it has in common with the training set."""
    tables = []
    for facts in leakage(summary):
        kinds = [(locale(f"leak.{kind}"), facts[kind]) for kind in ("queries", "positives")]
        columns = ("looked_at", "exact", "near")
        rows = [(label, *(locale.number(own[name]) for name in columns)) for label, own in kinds]
        examples = [(label, text) for label, own in kinds for text in own["examples"][:3]]
        removed = facts.get("dropped_queries", 0)
        tables.append({"name": facts["evaluation"], "rows": rows, "examples": examples, "dropped": removed})
    return tables


def leakage(summary: RunSummary) -> list[Mapping[str, Any]]:
    """Returns what run.json holds of each check for leakage."""
    facts = (summary.run.get("validation") or {}).get("validators") or {}
    own = [facts.get(check.name) or {} for check in summary.checks if check.finds == "leakage"]
    return [leak for leak in own if {"evaluation", "queries", "positives"} <= leak.keys()]


def noisy_positives(
    summary: RunSummary, collection: Collection | None, locale: Locale
) -> list[tuple[str, ...]]:
    """Returns (query_id, query, positive, p, why) of the positives that are most probably wrong."""
    queries, docs = [""] * len(summary.noisy), [doc for _, _, doc, _ in summary.noisy]
    if collection is not None and docs:
        rows = collection.queries.rows([query for _, query, _, _ in summary.noisy])
        queries = collection.queries.texts(rows)
        docs = collection.documents.texts(collection.documents.rows(docs))
    return [
        (query_id, cut(query, _TEXT), cut(doc, _TEXT), locale.decimal(p), why)
        for (p, query_id, _, why), query, doc in zip(summary.noisy, queries, docs, strict=True)
    ]


def relabelled(summary: RunSummary, locale: Locale) -> list[tuple[str, ...]]:
    """Returns (query_id, query, document, was, became, grade) of pairs that judges relabelled."""
    return [
        (
            row["query_id"],
            cut(row["query"], _TEXT),
            cut(row["document"], _TEXT),
            locale(f"check.{row['was']}"),
            locale(f"check.{row['became']}"),
            "" if row["grade"] is None else locale.decimal(row["grade"], 1),
        )
        for row in summary.run.get("relabelled") or ()
    ]


def most_used(summary: RunSummary, collection: Collection | None) -> list[tuple[str, str, int]]:
    """Returns (doc_id, beginning of its text, uses) of the documents that are negatives more than once."""
    used = [(doc, count) for doc, count in summary.most_used if count > 1]
    texts = [""] * len(used)
    if collection is not None and used:
        texts = collection.documents.texts(collection.documents.rows([doc for doc, _ in used]))
    return [(doc, cut(text, _TEXT), count) for (doc, count), text in zip(used, texts, strict=True)]


def short_queries(
    summary: RunSummary, collection: Collection | None, locale: Locale
) -> list[tuple[str, str, str]]:
    """Returns (query_id, beginning of its text, reason) of the first queries with too few negatives."""
    reasons, ids = Reasons(locale, summary.run), [query for query, _, _ in summary.short]
    texts = [""] * len(ids)
    if collection is not None and ids:
        texts = collection.queries.texts(collection.queries.rows(ids))
    rows = zip(summary.short, texts, strict=True)
    return [(query, cut(text, _TEXT), reasons.label(reason)) for (query, _, reason), text in rows]


def _rate(summary: RunSummary, locale: Locale) -> tuple[str, str, str]:
    audit = summary.audit
    if not audit or audit.get("rate") is None:
        return "–", locale("tile.rate"), locale("tile.no_audit")
    interval = locale(
        "tile.rate_interval",
        low=locale.percent(audit["low"]),
        high=locale.percent(audit["high"]),
        confidence=locale.percent(audit.get("confidence", 0.95)),
    )
    return locale.percent(audit["rate"]), locale("tile.rate"), interval


def _component(described: Any) -> str:
    """Returns a component of a recipe as text, as `relative-margin (margin 0.05)`."""
    if not isinstance(described, Mapping):
        return str(described)
    name, options = next(iter(described.items()))
    shown = [f"{key} {value}" for key, value in (options or {}).items() if value not in (None, "", False)]
    return f"{name} ({', '.join(shown)})" if shown else str(name)


def _duration(seconds: float, locale: Locale) -> str:
    if seconds < 90:
        return locale("time.seconds", seconds=locale.decimal(seconds, 0 if seconds >= 10 else 1))
    minutes = round(seconds / 60)
    if minutes < 90:
        return locale("time.minutes", minutes=minutes)
    return locale("time.hours", hours=minutes // 60, minutes=minutes % 60)
