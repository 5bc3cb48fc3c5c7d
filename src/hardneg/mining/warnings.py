"""What a user should read first of a finished run: how it failed, or which of its steps took very much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hardneg.core.components import RANKERS, VALIDATORS, Ranker
from hardneg.core.display import counted, squeezed
from hardneg.core.errors import DataError
from hardneg.core.settings import parse_yaml
from hardneg.core.statistics import wilson
from hardneg.mining.outcome import TOP
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.prompts import shown
from hardneg.rankers.random import Random

LOST = 0.5
"""The share of the queries that a run may leave without negatives before it says so first."""

NOISY = 0.02
"""The share of wrong and of suspected positives from which on it is said first."""

UNREAD = 0.1
"""The share of the documents' text that a ranker may leave unread before it is said first."""

TAKEN = 0.25
"""The share of the negatives that one step may take away before it is said first."""

_CHANCE = 2.0
"""A ranker is near chance if it may be no more than so many times as good as a random order."""

_ENGLISH = re.compile(
    r"(^|[/_-])(all-minilm|all-mpnet|msmarco|multi-qa|e5-(small|base|large)|(small|base|large)-en)(-|$)"
)
_MANY = re.compile(r"multilingual|bge-m3|labse", re.IGNORECASE)
_FRONT, _FEW = 20_000, 5
"""Characters of a model card that are read; a model for more languages than so many may be for any."""


Warning = dict[str, Any]


def warnings(info: Mapping[str, Any], recipe: Recipe) -> list[Warning]:
    """Returns `{"kind", "text", ...}` with the numbers that the text names, the gravest first."""
    gravest = _lost, _noisy_positives, _poor_calibration, _verdicts, _fewer
    steps = *gravest, _languages, _truncated, _prompts, _lengths, _near_chance, _unread_scores, _squeezed
    return [warning for step in steps for warning in step(info, recipe)]


def _lost(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    lost, queries = info["lost_queries"], info["counts"].get("queries", 0)
    share = lost / max(queries, 1)
    if queries and not info["counts"].get("negatives", 0):
        text = f"the training set is empty: none of {queries:,} queries has a negative"
        yield {"kind": "empty", "text": text, "queries": queries}
    elif share >= LOST:
        text = f"{lost:,} of {queries:,} queries ({share:.0%}) have no negative in the training set"
        yield {"kind": "lost_queries", "text": text, "lost": lost, "queries": queries, "share": share}


def _noisy_positives(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    positives = info.get("positives") or {}
    suspected_share = positives.get("suspected", 0) / max(positives.get("examined", 0), 1)
    if min(positives.get("share", 0), suspected_share) < NOISY:
        return
    share, low, high = (positives[name] for name in ("share", "low", "high"))
    suspected = positives["suspected"]
    advice = "" if recipe.positives.action == "drop" else "; --set positives.action=drop leaves them out"
    text = (
        f"{share:.1%} of the positives ({low:.1%} to {high:.1%}) seem to be wrong, by their scores no more "
        f"relevant than other queries' positives; {suspected:,} are suspected{advice}"
    )
    numbers = {"share": share, "low": low, "high": high, "suspected": suspected}
    yield {"kind": "noisy_positives", "text": text, **numbers}


def _poor_calibration(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    facts = info["validation"].get("calibration") or {}
    if facts.get("label_frequency") is not None and not facts["estimable"]:
        why = str(facts["why"])
        text = f"the probabilities of false negatives are not used: {why}; margins stand in for them"
        yield {"kind": "poor_calibration", "text": text, "why": why}
    if left_out := facts.get("left_out"):
        names, why = ", ".join(left_out), next(iter(left_out.values()))
        text = f"the evidence of {names} does not count in the probabilities: with it {why}"
        yield {"kind": "evidence_left_out", "text": text, "names": names, "why": why}


def _verdicts(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    verdicts = info.get("verdicts") or {}
    before, after = verdicts.get("negatives_without", 0), verdicts.get("negatives", 0)
    if changed := sum(facts.get("changed_texts", 0) for facts in info["validation"]["validators"].values()):
        does = "does" if changed == 1 else "do"
        text = f"{counted(changed, 'verdict')} {does} not count: the texts have changed since"
        yield {"kind": "changed_texts", "text": text, "verdicts": changed}
    if before - after > TAKEN * before:
        text = (
            f"{verdicts['pairs']:,} verdicts leave {after:,} of {before:,} negatives: they multiply "
            f"all probabilities by {verdicts['scale']:.2f}"
        )
        numbers = {"pairs": verdicts["pairs"], "before": before, "after": after, "scale": verdicts["scale"]}
        yield {"kind": "verdicts", "text": text, **numbers}


def _fewer(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    origin = info.get("selected_from") or {}
    before, after = origin.get("negatives", 0), info["counts"].get("negatives", 0)
    if before - after > TAKEN * before:
        text = f"{after:,} negatives are left of {before:,} in the run that was selected from"
        yield {"kind": "fewer", "text": text, "before": before, "after": after}


def _languages(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    found = sorted({code for code in info["languages"].values() if code is not None})
    for name, ranker in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
        known = model_languages(ranker)
        foreign = [code for code in found if known and code not in known]
        if foreign:
            shown, own, model = ", ".join(foreign), ", ".join(sorted(known)), getattr(ranker, "model", "")
            better = "russian" if set(found) <= {"ru"} else "multilingual"
            text = f"{name}: the model {model} is for {own}, the texts are in {shown}; try --recipe {better}"
            numbers = {"ranker": name, "model": model, "own": own, "found": shown}
            yield {"kind": "language", "text": text, **numbers}


def _truncated(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    for name, ranker in zip(recipe.rank.names, recipe.rank.rankers, strict=True):
        facts = info["rankers"].get(name, {})
        own = (facts.get("truncation") or {}).get("documents") or {}
        if own.get("text", 0) <= UNREAD or getattr(ranker, "max_length", None) is not None:
            continue
        limit, documents = facts["max_length"], own["cut"] / own["sample"]
        text = (
            f"{name} reads the first {limit:,} tokens of a document: {documents:.0%} of the documents are "
            f"longer, {own['text']:.0%} of all text is not read; --chunk {limit} cuts them into chunks"
        )
        numbers = {"limit": limit, "documents": documents, "unread": own["text"]}
        yield {"kind": "truncated", "text": text, "ranker": name, **numbers}


def _prompts(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    for name, path, facts in _described(info, recipe):
        if unused := facts.get("unused_prompts"):
            setting = f"{path}.{'prompt' if 'prompt' in facts else 'query_prompt'}"
            names = shown(unused)
            text = (
                f"{name}: the model has prompts that are not used: {names}; choose one, as in --set "
                f"{setting}={unused[0]}"
            )
            yield {"kind": "prompts", "text": text, "ranker": name, "names": names, "setting": setting}


def _lengths(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    for name, path, facts in _described(info, recipe):
        if lengths := facts.get("lengths"):
            shortest, longest = (f"{length:.3g}" for length in lengths)
            text = (
                f"{name}: the vectors have lengths from {shortest} to {longest}, so their cosine is taken; "
                f"if the model was trained for the dot product: --set {path}.similarity=dot"
            )
            numbers = {"shortest": shortest, "longest": longest, "setting": f"{path}.similarity=dot"}
            yield {"kind": "lengths", "text": text, "ranker": name, **numbers}


def _described(info: Mapping[str, Any], recipe: Recipe) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yields the name, the path in a recipe and the facts of each ranker and validator."""
    rank, validation = recipe.rank, recipe.validation
    for where, names, registry, components, facts in (
        ("rank.rankers", rank.names, RANKERS, rank.rankers, info["rankers"]),
        ("validation.validators", validation.names, VALIDATORS, validation.validators,
         info["validation"]["validators"]),
    ):  # fmt: skip
        kinds = [registry.name_of(component) for component in components]
        for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            yield name, f"{where}.{kind if kinds.count(kind) == 1 else number}", facts.get(name, {})


def _near_chance(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    rankers = dict(zip(recipe.rank.names, recipe.rank.rankers, strict=True))
    chance = TOP / max(info["collection"]["documents"], 1)
    for name, own in info["ranking"].items():
        if isinstance(rankers[name], Random) or not own["positives"] or _CHANCE * chance >= 1:
            continue
        hits, positives = own[f"in_top_{TOP}"], own["positives"]
        if float(wilson(hits, positives)[0]) <= _CHANCE * chance:
            text = (
                f"{name} ranks hardly better than chance: {hits:,} of {positives:,} known positives are in "
                f"its first {TOP}, {chance * positives:,.1f} would be by chance"
            )
            numbers = {"ranker": name, "hits": hits, "positives": positives, "chance": chance * positives}
            yield {"kind": "near_chance", "text": text, **numbers}


def _unread_scores(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    given = [f"given:{name}" for name in info["collection"].get("scores") or ()]
    if given and not any(RANKERS.name_of(ranker) == "given" for ranker in recipe.rank.rankers):
        names = ", ".join(given)
        text = f"the source brings scores that no ranker reads: --ranker {names}"
        yield {"kind": "unread_scores", "text": text, "names": names}


def _squeezed(info: Mapping[str, Any], recipe: Recipe) -> Iterator[Warning]:
    own = info.get("scores")
    if not own or not recipe.format.carries_margins() or own["scale"] in ("logits", "z-scores"):
        return
    if own["scale"] == "probabilities" or (own["low"] >= 0 and own["high"] <= 1):
        text = squeezed(str(own["ranker"]), own["low"], own["high"])
        numbers = {"ranker": own["ranker"], "low": f"{own['low']:.2g}", "high": f"{own['high']:.2g}"}
        yield {"kind": "squeezed_scores", "text": f"{text}; --set select.scores=logits", **numbers}


def model_languages(ranker: Ranker) -> frozenset[str]:
    """Returns the languages of a ranker's model by its card, else by its name; empty if it may be for any."""
    model = getattr(ranker, "model", None)
    if not isinstance(model, str):
        return frozenset()
    if model == "default":
        return frozenset({"en"})
    if _MANY.search(model):
        return frozenset()
    return _card_languages(model) or frozenset({"en"} if _ENGLISH.search(model.lower()) else ())


def _card_languages(model: str) -> frozenset[str]:
    """Returns what the front matter of a model's README.md names, on this disk; empty for many or none."""
    card = Path(model).expanduser() / "README.md"
    try:
        if not card.is_file():
            from huggingface_hub import try_to_load_from_cache

            card = Path(str(try_to_load_from_cache(model, "README.md")))
        front = card.read_text(encoding="utf-8")[:_FRONT].split("---", 2)[1]
        named = parse_yaml(front, str(card)).get("language") or ()
    except (ImportError, OSError, ValueError, IndexError, AttributeError, DataError):
        return frozenset()
    codes = {str(code).lower() for code in ([named] if isinstance(named, str) else named)}
    return frozenset() if len(codes) > _FEW or "multilingual" in codes else frozenset(codes)
