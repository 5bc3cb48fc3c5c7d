"""The state of a review: the next candidates, the progress, the judgments."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from hardneg.core import verdicts
from hardneg.core.display import visible
from hardneg.core.errors import DataError
from hardneg.core.records import Collection
from hardneg.core.verdicts import Judged, Verdict, by_judge, texts_digests
from hardneg.report.i18n import Locale
from hardneg.report.reasons import Reasons
from hardneg.review.queue import Item, Queue

_AHEAD = 3
_POSITIVES = 5
_TEXT = 8_000
_NAME = 60
_EVIDENCE = ("score.", "evidence.", "percentile.", "noise.")
_FACTS = ("rank", "margin", "p_false_negative", "p_noisy")
_COUNTED = (Verdict.RELEVANT, Verdict.NOT_RELEVANT, Verdict.UNSURE)
_DECIDED = (Verdict.RELEVANT, Verdict.NOT_RELEVANT)


class Session:
    """The judging of one run."""

    def __init__(self, folder: Path, queue: Queue, collection: Collection, locale: Locale) -> None:
        self.path = folder / verdicts.FILE
        self._queue = queue
        self._collection = collection
        self._reasons = Reasons(locale, queue.summary.run)
        self._items = {item.pair: item for item in queue.items}
        self._lock = threading.Lock()

    def state(self, judge: str) -> dict[str, Any]:
        """Returns the next candidates of one judge, their last judgment, and the progress of all judges."""
        judged = verdicts.read(self.path)
        own = sorted((one for one in judged if one.judge == judge), key=lambda one: one.time)
        done = {one.pair for one in own}
        left = [item for item in self._queue.items if item.pair not in done]
        counts = Counter(str(one.verdict) for one in own)
        return {
            "judge": judge,
            "items": [self._shown(item) for item in left[:_AHEAD]],
            "judged": len(done & set(self._items)),
            "total": len(self._queue.items),
            "counts": {str(verdict): counts[str(verdict)] for verdict in _COUNTED},
            "last": next((list(one.pair) for one in reversed(own) if one.pair in self._items), None),
            "judges": dict(Counter(one.judge for one in judged)),
            "agreements": agreements(judged),
        }

    def judge(self, answer: Mapping[str, Any]) -> None:
        """Writes a judgment to disk."""
        judge = answer.get("judge")
        pair = (str(answer.get("query_id")), str(answer.get("doc_id")))
        name = judge.strip() if isinstance(judge, str) else ""
        if not 0 < len(name) <= _NAME or visible(name) != name or {*name} & {"\n", "\t"}:
            raise DataError(f"a judgment needs the name of its judge, {_NAME} characters at most")
        if pair not in self._items or answer.get("verdict") not in list(Verdict):
            raise DataError("a judgment is of a candidate of this review, and one of " + ", ".join(Verdict))
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        [texts] = texts_digests(self._collection, [pair])
        judged = Judged(*pair, Verdict(answer["verdict"]), name, now, texts=texts)
        with self._lock:
            verdicts.append(self.path, judged)

    def _shown(self, item: Item) -> dict[str, Any]:
        collection, row = self._collection, item.row
        query = collection.queries.rows([item.query_id])
        positives = collection.judgments.positives(int(query[0]))
        own = collection.documents.rows([item.doc_id])[0]
        positives = positives[positives != own][:_POSITIVES]
        documents = [*collection.documents.ids(positives), item.doc_id]
        places = collection.documents.rows(documents)
        titles, bodies = collection.documents.titles(places), collection.documents.bodies(places)
        shown = [
            {"doc_id": doc, "title": title, "text": body[:_TEXT]}
            for doc, title, body in zip(documents, titles, bodies, strict=True)
        ]
        facts = {
            name: value
            for name, value in row.items()
            if value is not None and (name.startswith(_EVIDENCE) or name in _FACTS)
        }
        return {
            "query_id": item.query_id,
            "query": collection.queries.texts(query)[0],
            "positives": shown[:-1],
            "candidate": shown[-1],
            "reason": self._reasons.label(row["reason"]),
            "facts": facts,
        }


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float | None:
    """Returns Cohen's kappa (1960) of two judges' answers on the same pairs.

    1 is full agreement, 0 chance agreement; None without pairs, or where both always gave one answer.
    """
    count = len(one)
    if not count:
        return None
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / count
    yes = (sum(one) / count, sum(other) / count)
    expected = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if expected == 1 else (observed - expected) / (1 - expected)


def agreements(verdicts: list[Judged]) -> list[dict[str, Any]]:
    """Returns for each two `judges` the number of pairs that `both` decided, and `kappa`."""
    answers = {
        judge: {pair: verdict == Verdict.RELEVANT for pair, verdict in own.items() if verdict in _DECIDED}
        for judge, own in by_judge(verdicts)
    }
    rows = []
    for one, other in combinations(answers, 2):
        pairs = [pair for pair in answers[one] if pair in answers[other]]
        if pairs:
            value = kappa([answers[one][pair] for pair in pairs], [answers[other][pair] for pair in pairs])
            rows.append({"judges": [one, other], "both": len(pairs), "kappa": value})
    return rows
