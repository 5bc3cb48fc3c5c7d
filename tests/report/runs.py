"""Runs as validation and audit leave them, made from a mined one."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa

from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder


def validated(folder, seed=0):
    """Gives a run's ledger evidence and p(false negative), and the directory an audit and a comparison."""
    random = np.random.default_rng(seed)
    moved = Counter()
    for number, block in enumerate(map(ledger.read_part, ledger.parts(folder))):
        table = block.table
        scorer = next(name for name in table.column_names if name.startswith("positive."))
        anchor = table[scorer].to_numpy()
        gap = (anchor - table[scorer.replace("positive", "score")].to_numpy()) / np.maximum(
            np.abs(anchor), 1e-6
        )
        negative = table["decision"].to_numpy(zero_copy_only=False) == "negative"
        looked = negative | (random.random(len(table)) < 0.2)
        p = np.clip(1 / (1 + np.exp(8 * gap + random.normal(0, 1, len(table)))), 0, 1)
        positive = table["decision"].to_numpy(zero_copy_only=False) == "positive"
        dropped = looked & (p > 0.4) & ~negative & ~positive
        moved.update(table["reason"].to_numpy(zero_copy_only=False)[dropped].tolist())
        decision = table["decision"].to_numpy(zero_copy_only=False)
        reason = np.where(dropped, "suspected_false_negative", table["reason"].to_numpy(zero_copy_only=False))
        columns = {name: table[name] for name in table.column_names}
        columns["reason"] = pa.array(reason, pa.string())
        columns["decision"] = pa.array(decision, pa.string())
        columns["p_false_negative"] = pa.array(p.astype(np.float32), mask=~looked | positive)
        columns["weight"] = pa.array((1 - p).astype(np.float32), mask=~negative)
        for name in ("guide", "near_duplicate"):
            columns[f"evidence.{name}"] = pa.array(p.astype(np.float32), mask=~looked)
        ledger.FolderLedger(folder).write(number, ledger.Block(pa.table(columns), block.short))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["recipe"]["select"]["rules"].append({"suspected-false-negative": {"maximum": 0.4, "otherwise": None}})
    counts = Counter(run["counts"]["dropped"])
    counts.subtract(moved)
    run["counts"]["dropped"] = {**counts, "suspected_false_negative": moved.total()}
    run["recipe"]["validation"] = {"validators": ["near-duplicate"], "calibrate": True}
    run["validation"] = {
        "validators": {"guide": {"model": "some"}, "near_duplicate": {}},
        "calibration": {
            "estimable": True,
            "why": "",
            "method": "isotonic",
            "queries": 40,
            "label_frequency": None,
            "reliability": [
                {"low": x / 10, "high": (x + 1) / 10, "count": 200 - 18 * x, "predicted": x / 10 + 0.05,
                 "observed": min(1, x / 10 + 0.02 * (x % 3))}
                for x in range(10)
            ],
            "calibration_error": 0.03,
            "auc": 0.87,
        },
        
    }  # fmt: skip
    RunFolder(folder).write(run)
    write(folder / "audit.json", AUDIT)
    if folder.parent.name == "runs":
        write(folder.parent.parent / "compare.json", COMPARED)
    return folder


def write(path, content):
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _part(rate, count):
    return {"rate": rate, "low": max(0, rate - 0.06), "high": rate + 0.07, "count": count}


AUDIT = {
    "method": "judged_sample",
    "rate": 0.12,
    "low": 0.08,
    "high": 0.17,
    "confidence": 0.95,
    "judged": 200,
    "hardness": {"score": 0.52, "relative_margin": 0.2, "rank": 14.0},
    "by": {
        "ranker": {"bm25": _part(0.09, 80), "dense": _part(0.15, 120)},
        "rank": {"1-10": _part(0.18, 90), "11-50": _part(0.08, 110)},
        "language": {"en": _part(0.12, 200)},
    },
    "trade_off": [
        {"setting": "p_false_negative", "threshold": t, "rate": t**2 * 0.6, "low": max(0, t**2 * 0.6 - 0.03),
         "high": t**2 * 0.6 + 0.05, "hardness": 0.4 + 0.2 * t, "negatives": int(900 + 900 * t)}
        for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
    ],
    "target": {"rate": 0.1},
}  # fmt: skip


def _arm(name, mean, difference=None, p=None, rate=None, spread=0.01):
    ends = {"mean": mean, "low": mean - 0.03, "high": mean + 0.03}
    against = None
    if difference is not None:
        apart = {"mean": difference, "low": difference - 0.02, "high": difference + 0.02}
        against = {"difference": apart, "p_randomisation": p, "p_t": p, "p_holm": p, "base": "naive"}
    estimate = {"method": "calibrated", "rate": rate, "low": 0.5 * (rate or 0), "high": 1.5 * (rate or 0)}
    return {
        "arm": name,
        "measures": {"nDCG@10": ends, "recall@100": {"mean": 0.9, "low": 0.85, "high": 0.95}},
        "spread": spread,
        "gain": mean - 0.4,
        "against_first": against,
        "against_best": None,
        "best": name == "default",
        "mined": None
        if rate is None
        else {"false_negatives": estimate, "hardness": {"score": 0.5}, "shared_with_first": 0.4},
        "seconds": {"train": 12.3, "evaluate": 1.0},
    }


COMPARED = {
    "finished": True,
    "settings": {"train": {"student": "static:<m>"}, "seeds": 3},
    "collection": {"name": "some & other", "queries": 800, "test": {"queries": 300}},
    "rows": [
        _arm("untrained", 0.4, -0.05, 0.001, spread=None),
        _arm("naive", 0.45, rate=0.3),
        _arm("perc-pos", 0.46, 0.01, 0.4, rate=0.08),
        _arm("default", 0.48, 0.03, 0.01, rate=0.03),
    ],
}
