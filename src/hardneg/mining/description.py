"""The part of run.json that describes a run before its work begins."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.core.records import Collection
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import fingerprint, fingerprinted, versions
from hardneg.selection.reasons import describe_reasons


def describe(
    source: str | Collection,
    collection: Collection,
    recipe: Recipe,
    facts: Mapping[str, Any],
    validators: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns the part of run.json that does not depend on the work.

    Args:
        source: Where the collection is from.
        collection: What is mined.
        recipe: How.
        facts: What the rankers record, by name.
        validators: What the validators record, by name.
    """
    settings = recipe.settings()
    judged, positives = len(collection.queries), len(collection.judgments.queries_with_positives)
    return {
        "fingerprint": fingerprint(
            fingerprinted(settings), collection.digest, facts, validators, versions()["hardneg"]
        ),
        "command": shlex.join(["hardneg", *sys.argv[1:]]) if sys.argv[0].endswith("hardneg") else None,
        "source": _located(source) if isinstance(source, str) else None,
        "collection": {
            "name": collection.name,
            "documents": len(collection.documents),
            "queries": positives,
            "queries_without_positives": judged - positives,
            "judgments": len(collection.judgments),
            "digest": collection.digest,
            "notes": dict(collection.notes),
        },
        "recipe": settings,
        "seed": recipe.seed,
        "rankers": dict(facts),
        "validation": {"validators": dict(validators)},
        "reasons": describe_reasons(recipe.select.rules, recipe.select.draw),
    }


def _located(source: str) -> str:
    """Returns a source by its absolute path, where it has one."""
    scheme = "hf:" if source.startswith("hf:") else ""
    path = Path(source.removeprefix(scheme))
    return f"{scheme}{path.resolve()}" if path.exists() else source
