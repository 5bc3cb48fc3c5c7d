"""A comparison on a deeply judged collection that has no training split: its queries are divided.

The queries are dealt into parts by a digest of their ids. Each part is tested in turn, with all its
judgments, by students that learned from the other parts' queries. Of a training query one positive is shown,
drawn by query and document; the others stay in the corpus as documents that nobody labelled, which is how
most training sets are. A negative that is one of them is false, so rates are counted, not estimated: lower
bounds, as the judges did not see every document. Test queries touch neither mining nor training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from false_negatives import Measured, hide, measure
from pooled import qrels

from hardneg.comparison import recipe_comparison
from hardneg.comparison.compare_settings import UNTRAINED, CompareSettings
from hardneg.comparison.recipe_comparison import Comparison
from hardneg.comparison.students import read as result_of
from hardneg.comparison.students import rows
from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.core.statistics import wilson
from hardneg.evaluation.output import file_name
from hardneg.sources import LoadOptions, load

Hidden = dict[str, set[str]]
TEST = "test"


def compare(
    folder: str, settings: CompareSettings, parts: int, out: Path, progress: Progress
) -> dict[str, Any]:
    """Returns the facts of a comparison over all queries of a test split, as compare.json has them."""
    whole = load(folder, LoadOptions(split=TEST, min_relevance=settings.min_relevance, empty_texts="skip"))
    found: list[Comparison] = []
    hidden: list[Hidden] = []
    for number in range(parts):
        own = out / f"part-{number}"
        truth = write(Path(folder), whole, parts, number, own / whole.name)
        source, audit = str(own / whole.name), partial(rate, truth)
        found.append(
            recipe_comparison.compare(source, settings, own / "compared", progress=progress, audit=audit)
        )
        hidden.append(truth)
    facts = {
        **found[0].facts,
        "collection": counts([one.facts["collection"] for one in found]),
        "rows": rows(
            settings,
            {arm: results(settings, arm, found) for arm in settings.arms},
            {arm: mined(arm, found, hidden) for arm in settings.arms[2:]},
        ),
    }
    recipe_comparison.write(out, facts)
    return facts


def write(folder: Path, whole: Collection, parts: int, number: int, out: Path) -> Hidden:
    """Writes a BEIR folder that tests one part and trains on the others; returns what it hides."""
    ids = whole.queries.table["query_id"].to_pylist()
    test = np.array([part_of(query, parts) == number for query in ids])
    judgments = whole.judgments
    rest = replace(whole, judgments=judgments.only(~test[judgments.query]))
    visible, hidden = hide(rest, judged=False)
    (out / "qrels").mkdir(parents=True, exist_ok=True)
    for name in ("corpus.jsonl", "queries.jsonl"):
        if not (out / name).exists():
            (out / name).symlink_to((folder / name).resolve())
    for split, chosen in (("train", visible.judgments), (TEST, judgments.only(test[judgments.query]))):
        (out / "qrels" / f"{split}.tsv").write_text(qrels(whole, chosen), encoding="utf-8")
    return hidden


def part_of(query_id: str, parts: int) -> int:
    """Returns the part of a query."""
    return int(hashlib.sha256(query_id.encode()).hexdigest(), 16) % parts


def rate(hidden: Hidden, run: Path) -> dict[str, Any]:
    """Returns the share of a run's negatives that are hidden positives, with its interval."""
    return _rate([measure(run, hidden)])


def results(settings: CompareSettings, arm: str, found: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Returns one result a seed, its values those of all parts' test queries."""
    names = [""] if arm == UNTRAINED else [str(settings.train.seed + n) for n in range(settings.seeds)]
    joined = []
    for name in names:
        own = [result_of(one.folder / "students" / file_name(arm) / name) or {} for one in found]
        values = {str(m): [v for part in own for v in part["values"][str(m)]] for m in settings.all_measures}
        seconds = {key: sum(part["seconds"][key] for part in own) for key in ("train", "evaluate")}
        joined.append({"values": values, "seconds": seconds})
    return joined


def mined(arm: str, found: Sequence[Comparison], hidden: Sequence[Hidden]) -> dict[str, Any]:
    """Returns the summary of a recipe's negatives over all parts."""
    own = [next(row["mined"] for row in one.facts["rows"] if row["arm"] == arm) for one in found]
    measured = [
        measure(one.folder / "runs" / file_name(arm), truth) for one, truth in zip(found, hidden, strict=True)
    ]
    score = float(np.mean([part["hardness"]["score"] for part in own]))
    hardness = {"by": own[0]["hardness"]["by"], "score": score}
    total = {name: sum(part[name] for part in own) for name in ("queries", "negatives")}
    shared = float(np.mean([part["shared_with_first"] for part in own]))
    total["shared_with_first"] = shared
    return {**own[0], **total, "hardness": hardness, "false_negatives": _rate(measured)}


def counts(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the summary of the collection: mean training queries of a part, test queries of all."""
    test = {**parts[0]["test"], "queries": sum(part["test"]["queries"] for part in parts)}
    mean = round(sum(part["queries"] for part in parts) / len(parts))
    shared = sum(part["shared_query_texts"] for part in parts)
    return {**parts[0], "queries": mean, "test": test, "shared_query_texts": shared}


def _rate(measured: Sequence[Measured]) -> dict[str, Any]:
    false, negatives = (sum(one[place] for one in measured) for place in (0, 1))
    low, high = wilson(false, negatives)
    return {"method": "counted", "rate": false / negatives, "low": float(low), "high": float(high)}
