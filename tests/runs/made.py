"""Finished runs, written by hand."""

import pyarrow as pa

from hardneg.runs.directory import RunFolder
from hardneg.runs.ledger import Block, FolderLedger

BEGUN = {
    "fingerprint": "0f", "source": None,
    "collection": {
        "name": "c", "documents": 4, "queries": 1, "queries_without_positives": 0, "judgments": 1,
        "digest": "0f", "notes": {},
    },
    "recipe": {
        "name": "naive", "description": "", "seed": 1, "load": {}, "rank": {"rankers": [{"bm25": {}}]},
        "validation": {}, "select": {"by": None, "rules": [], "draw": {"top": {}}, "negatives": 4},
        "format": {"jsonl": {}},
    },
    "rankers": {"bm25": {}}, "validation": {"validators": {}}, "finished": False,
}  # fmt: skip
TOTALS = {"queries": 1, "candidates": 4, "positives": 1, "negatives": 2, "dropped": {"surplus": 1}}
FINISHED = {**BEGUN, "finished": True, "counts": TOTALS, "short": {}, "seconds": {"rank": 0.5}}


def finished_run(folder, outcomes, digest="0f", query="q", **fields):
    """Writes a run of one query whose documents a, b... have these outcomes, as `negative: top`."""
    return finished_parts(folder, [[(query, outcomes)]], digest, **fields)


def finished_parts(folder, parts, digest="0f", **fields):
    """Writes a run whose parts hold queries with the outcomes of their documents."""
    for number, part in enumerate(parts):
        table = pa.concat_tables(_rows(query, outcomes) for query, outcomes in part)
        FolderLedger(folder).write(number, Block(table, {}))
    collection = {**BEGUN["collection"], "digest": digest}
    RunFolder(folder).write({**FINISHED, "collection": collection, "parts": len(parts), **fields})
    return folder


def _rows(query, outcomes):
    size = len(outcomes)
    decisions, reasons = zip(*(outcome.split(": ") for outcome in outcomes), strict=True)
    floats = pa.array([1.0] * size, pa.float32())
    copies = [int(decision == "negative") for decision in decisions]
    rows = {
        "query_id": [query] * size, "doc_id": list("abcdef"[:size]), "score.bm25": floats,
        "positive.bm25": floats, "weight": floats,
        "decision": decisions, "reason": reasons, "copies": pa.array(copies, pa.int16()),
    }  # fmt: skip
    return pa.table(rows)
