"""Measures what a judge's answers bring where the truth is known: an audit, a budget, relabelling.

Positives are hidden as in `false_negatives.py`, and a recipe mines. A server on this machine then answers in
the place of a language model, by the hidden labels: a relevant document has grade 3, any other 0, and a share
of the answers, drawn by query and document, is turned round. With a budget of pairs

- `hardneg audit` draws a sample, which is judged and audited: rate, 95 % interval, and the true rate;
- `hardneg judge --judge-budget` decides again: the rate and the hardness before and after;
- `hardneg judge --relabel` makes positives of what it finds: how many hidden ones, how many that are none.

    python benchmarks/judging.py FOLDER [--split test] [--min-relevance 2] [--noise 0.1] [--pairs 500]
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import typer
from false_negatives import Measured, hide, measure, rows

from hardneg import api, auditing
from hardneg.core.records import Collection
from hardneg.core.statistics import wilson
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.sources import LoadOptions, load

_DOCUMENT = re.compile(r"<document (\w+)>\n(.*?)\n</document \1>", re.DOTALL)
_QUERY = re.compile(r"<query (\w+)>\n(.*?)\n</query \1>", re.DOTALL)
TURNS = 3
"""Most runs that are relabelled, each from the one before."""
_BEGINNING = 200
"""Characters by which documents are known again, also where a prompt cuts them."""


class Judge:
    """Answers by the truth, but for a share of the pairs."""

    def __init__(self, collection: Collection, noise: float) -> None:
        relevant = collection.judgments.relevance >= collection.judgments.min_relevance
        judged = collection.judgments.query[relevant], collection.judgments.doc[relevant]
        self._texts = collection.queries.texts(judged[0]), collection.documents.texts(judged[1])
        self._relevant = {(query, _known(doc)) for query, doc in zip(*self._texts, strict=True)}
        self._noise = noise

    def grade(self, query: str, document: str) -> int:
        """Returns 3 or 0."""
        pair = query, _known(document)
        digest = hashlib.blake2b("\0".join(pair).encode(), digest_size=8).digest()
        wrong = int.from_bytes(digest, "little") / 2**64 < self._noise
        return 3 if (pair in self._relevant) != wrong else 0

    def answer(self, prompt: str) -> str:
        """Returns the answer to a prompt about one document or a list."""
        found = _QUERY.search(prompt)
        assert found is not None
        documents = _DOCUMENT.findall(prompt)
        if '{"CODE"' not in prompt:
            return f"Grade: {self.grade(found[2], documents[0][1])}"
        return json.dumps(
            {code: {"answer": text[:40], "grade": self.grade(found[2], text)} for code, text in documents}
        )


@contextmanager
def serving(judge: Judge) -> Iterator[str]:
    """Yields the URL at which a judge is served."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = judge.answer(request["messages"][0]["content"])
            body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()


def main(
    folder: str,
    split: str = "test",
    recipe: str = "default",
    negatives: int = 4,
    min_relevance: int = 1,
    show: float = 0.0,
    noise: float = 0.1,
    pairs: int = 500,
) -> None:
    """Prints what so many answered pairs bring."""
    whole = load(folder, LoadOptions(split=split, min_relevance=min_relevance, empty_texts="skip"))
    visible, hidden = hide(whole, show, judged=False)
    with tempfile.TemporaryDirectory() as out, serving(Judge(whole, noise)) as url:
        chosen = Recipe.named(recipe, ["format=jsonl"], negatives=negatives)
        for name in ("audit", "budget", "relabel"):
            pipeline.mine(visible, chosen, Path(out) / name)
        mined = measure(Path(out) / "audit", hidden)
        print(f"{whole.name}: {_told(mined)}; {noise:.0%} of the answers wrong, {pairs} pairs")
        asked: dict[str, Any] = {"collection": visible, "cache": Path(out), "model": "m", "concurrency": 4}
        audit(Path(out) / "audit", url, pairs, asked, mined)
        budget(Path(out), url, pairs, asked, hidden)
        relabel(Path(out), url, pairs, asked, hidden)


def audit(run: Path, url: str, pairs: int, asked: dict[str, Any], mined: Measured) -> None:
    """Prints the rate that a judged sample gives."""
    auditing.draw_sample(run, pairs, collection=asked["collection"])
    api.judge(run, url, pairs=run / "audit_sample.jsonl", **asked)
    found = auditing.audit(run, method="judged_sample", collection=asked["collection"])
    width = found["high"] - found["low"]
    print(
        f"audit    {found['rate']:6.1%} [{found['low']:.1%}, {found['high']:.1%}], {width:.1%} wide, by "
        f"{found['judged']} verdicts; true {mined.rate:.1%}",
        flush=True,
    )


def budget(out: Path, url: str, pairs: int, asked: dict[str, Any], hidden: dict[str, set[str]]) -> None:
    """Prints the rate after the pairs near the decision were judged."""
    bought = api.judge(out / "budget", url, judge_budget=str(pairs), out=out / "budget-new", **asked)[
        "budget"
    ]
    after = measure(out / "budget-new", hidden)
    print(
        f"budget   {_told(after)}; {bought['judged']} judged of "
        f"{bought['near']}, found {bought['found']}, admitted {bought['admitted']}",
        flush=True,
    )


def relabel(out: Path, url: str, pairs: int, asked: dict[str, Any], hidden: dict[str, set[str]]) -> None:
    """Prints what relabelling makes of the negatives; what is left of the budget judges those that came."""
    run, left, turn = out / "relabel", pairs, 0
    before = _pairs(run, ds.field("decision") == "negative")
    while left > 0 and turn < TURNS:
        turn += 1
        new = out / f"relabel-{turn}"
        judged = api.judge(run, url, relabel=True, limit=left, out=new, **asked)["pairs"]
        print(f"relabel  {_told(measure(new, hidden))}; turn {turn}, {judged} pairs", flush=True)
        left, run = left - judged if judged else 0, new
    positive = _pairs(run, ds.field("reason") == "relabelled")
    unlabelled = {pair for pair in positive | before if pair[1] in hidden[pair[0]]}
    print(
        f"         {len(positive & unlabelled)} of {len(positive)} new positives are relevant; of "
        f"{len(before & unlabelled)} false negatives {len(before & unlabelled & positive)} became positives, "
        f"of {len(before - unlabelled)} true ones {len((before - unlabelled) & positive)}",
        flush=True,
    )


def _pairs(run: Path, condition: Any) -> set[tuple[str, str]]:
    table = rows(run, ["query_id", "doc_id"], condition)
    return set(zip(table["query_id"].to_pylist(), table["doc_id"].to_pylist(), strict=True))


def _told(found: Measured) -> str:
    low, high = wilson(found.false, found.negatives)
    rate = f"{found.rate:.1%} [{low:.1%}, {high:.1%}] false"
    return f"{found.negatives:,} negatives, {rate}, hardness {found.hardness:.3f}"


def _known(document: str) -> str:
    return " ".join(document.split())[:_BEGINNING]


if __name__ == "__main__":
    typer.run(main)
