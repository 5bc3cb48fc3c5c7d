"""Measures of a ranking, computed by trec_eval (through ir-measures), one value per query.

| name | trec_eval's | value |
|---|---|---|
| `nDCG@k` | `ndcg_cut_k` | gain = relevance (Järvelin and Kekäläinen, TOIS 2002) |
| `nDCG-exp@k` | `ndcg_cut_k` | gain = 2^relevance - 1 (Burges et al., ICML 2005) |
| `MRR`, `MRR@k` | `recip_rank` | 1 / rank of the first positive, 0 beyond k |
| `MAP`, `MAP@k` | `map`, `map_cut_k` | mean precision at the ranks of the positives |
| `recall@k` | `recall_k` | share of the positives within the first k |
| `P@k` | `P_k` | share of positives among the first k |
| `hit@k` | `success_k` | whether a positive is within the first k |

Gains depend on the relevance; all others on positives, documents of `relevance >= min_relevance`.
Documents of equal score rank by descending id, as in trec_eval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hardneg.core.errors import ConfigError, MissingExtra, require, unknown_name

Judged = Mapping[str, Mapping[str, int]]
"""Relevance by query id and document id."""

Listed = Mapping[str, Mapping[str, float]]
"""Score by query id and document id."""

_NAMES = {
    "nDCG": ("ndcg",),
    "nDCG-exp": ("ndcg-exp",),
    "MRR": ("mrr", "rr"),
    "MAP": ("map", "ap"),
    "recall": ("recall", "r"),
    "P": ("p", "precision"),
    "hit": ("hit", "success"),
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}
_WITHOUT_CUTOFF = ("nDCG", "nDCG-exp", "MRR", "MAP")
_LARGEST_EXPONENT = 30


class Measure(NamedTuple):
    """One measure; `str` gives its name."""

    kind: str
    cutoff: int | None = None

    def __str__(self) -> str:
        return self.kind if self.cutoff is None else f"{self.kind}@{self.cutoff}"


def parse(names: Iterable[str]) -> tuple[Measure, ...]:
    """Returns the measures of these names, each once: `nDCG@10`, `nDCG-exp@10`, `MRR@10`, `MAP`, ..."""
    return tuple(dict.fromkeys(_parsed(name.strip()) for name in names))


def _parsed(name: str) -> Measure:
    kind, at, cutoff = name.partition("@")
    canonical = _KINDS.get(kind.lower().replace("_", "-"))
    if canonical is None:
        raise unknown_name("measure", kind, _NAMES)
    if at and not re.fullmatch("[1-9][0-9]*", cutoff):
        raise ConfigError(f'measure "{name}": the cut-off is a number from 1, as in {canonical}@10')
    if not at and canonical not in _WITHOUT_CUTOFF:
        raise ConfigError(f'measure "{name}" needs a cut-off, as in {canonical}@10')
    return Measure(canonical, int(cutoff) if at else None)


DEFAULT = parse(("nDCG@10", "nDCG-exp@10", "MRR@10", "MAP", "recall@100", "P@10", "hit@10"))


def deepest(measures: Iterable[Measure], whole: int) -> int:
    """Returns how many documents per query the measures read, `whole` for those without a cut-off."""
    return max(whole if measure.cutoff is None else measure.cutoff for measure in measures)


def values(
    measures: Sequence[Measure], judged: Judged, listed: Listed, min_relevance: int = 1
) -> dict[Measure, dict[str, float]]:
    """Returns the value of each measure for each query that is both judged and listed.

    Negative relevances count as 0; a positive has `min_relevance` at least.
    """
    both = {query: dict(docs) for query, docs in listed.items() if docs and judged.get(query)}
    qrels = {query: {doc: max(r, 0) for doc, r in judged[query].items()} for query in both}
    if not both:
        return {measure: {} for measure in measures}
    library_measures = {measure: _library_measure(measure, qrels, min_relevance) for measure in measures}
    computed: dict[str, dict[str, float]] = {}
    evaluator = _provider().evaluator(list(dict.fromkeys(library_measures.values())), qrels)
    for metric in evaluator.iter_calc(both):
        computed.setdefault(str(metric.measure), {})[metric.query_id] = float(metric.value)
    return {measure: _cut(measure, computed[str(library)]) for measure, library in library_measures.items()}


def check_installed() -> None:
    """Checks that what computes measures and tests is installed."""
    for module, what in (("ir_measures", None), ("pytrec_eval", "pytrec-eval-terrier"), ("scipy", None)):
        require(module, "evaluate", what)


def _provider() -> Any:
    try:
        import ir_measures
    except ImportError:
        raise MissingExtra("ir-measures", "evaluate") from None
    provider = ir_measures.pytrec_eval
    if not provider.is_available():
        raise MissingExtra("pytrec-eval-terrier", "evaluate")
    return provider


def _library_measure(measure: Measure, judged: Judged, min_relevance: int) -> Any:
    """Returns ir-measures' object for a measure."""
    import ir_measures as library

    if measure.kind in ("nDCG", "nDCG-exp"):
        base = library.nDCG if measure.kind == "nDCG" else library.nDCG(gains=_exponential(judged))
    else:
        kinds = {"MRR": library.RR, "MAP": library.AP, "recall": library.R, "P": library.P}
        base = kinds.get(measure.kind, library.Success)(rel=min_relevance)
    return base if measure.cutoff is None or measure.kind == "MRR" else base @ measure.cutoff


def _exponential(judged: Judged) -> dict[int, int]:
    grades = {relevance for docs in judged.values() for relevance in docs.values()} | {1}
    if max(grades) > _LARGEST_EXPONENT:
        raise ConfigError(
            f"nDCG-exp: a relevance of {max(grades)} has a gain of 2^{max(grades)} - 1, which is too large; "
            "grades are small numbers: ask for nDCG"
        )
    return {grade: 2**grade - 1 for grade in sorted(grades)}


def _cut(measure: Measure, values: dict[str, float]) -> dict[str, float]:
    """Returns reciprocal ranks, 0 beyond the cut-off; the library cuts all other measures."""
    if measure.kind != "MRR" or measure.cutoff is None:
        return values
    least = 1 / (measure.cutoff + 0.5)
    return {query: value if value > least else 0.0 for query, value in values.items()}
