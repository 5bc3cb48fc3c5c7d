"""The arguments of sentence-transformers in the miner's terms: a collection, rules, a window, prompts."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
import pyarrow as pa

from hardneg.core.components import Draw, Rule
from hardneg.core.errors import ConfigError, DataError, unknown_name
from hardneg.core.records import Collection, Documents, Judgments, KeyArray, Queries, id_key
from hardneg.selection.draws.top import Top
from hardneg.selection.draws.uniform import Uniform
from hardneg.selection.rules.absolute_margin import AbsoluteMargin
from hardneg.selection.rules.max_score import MaxScore
from hardneg.selection.rules.min_score import MinScore
from hardneg.selection.rules.relative_margin import RelativeMargin

LOG = logging.getLogger("hardneg.compat.sentence_transformers")

Format = Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"]
_RULES: dict[str, Callable[[float], Rule]] = {
    "absolute_margin": AbsoluteMargin,
    "relative_margin": RelativeMargin,
    "max_score": MaxScore,
    "min_score": MinScore,
}
_DRAWS: dict[str, Draw] = {"top": Top(), "random": Uniform()}
_PROMPT_NAMES = {"query": ("query",), "document": ("document", "passage", "corpus")}


class InvalidArgument(ConfigError, ValueError):
    """An argument cannot be used; a `ValueError` too, as sentence-transformers raises."""


def rules_of(bounds: dict[str, float | None]) -> tuple[Rule, ...]:
    """Returns the rules of the bounds that are set, in the order of sentence-transformers."""
    return tuple(make(float(bound)) for name, make in _RULES.items() if (bound := bounds[name]) is not None)


def draw_of(sampling_strategy: str) -> Draw:
    """Returns the draw of a sampling strategy; an unknown one raises `InvalidArgument`."""
    if sampling_strategy not in _DRAWS:
        raise InvalidArgument(str(unknown_name("sampling_strategy", sampling_strategy, _DRAWS)))
    return _DRAWS[sampling_strategy]


def window_end(range_min: int, range_max: int | None, negatives: int, spare: int, positives: int) -> int:
    """Returns `range_max`, derived as sentence-transformers derives it where it is None."""
    if negatives < 1:
        raise InvalidArgument(f"num_negatives must be at least 1, got num_negatives={negatives}")
    end = range_min + spare * negatives + positives if range_max is None else range_max
    if range_min < 0:
        raise InvalidArgument(f"range_min must be non-negative, got range_min={range_min}")
    if range_min >= end:
        raise InvalidArgument(
            f"range_min must be smaller than range_max, got range_min={range_min} and range_max={end}"
        )
    if negatives > end - range_min:
        raise InvalidArgument(
            f"cannot mine {negatives} negatives per query: range_min={range_min} and range_max={end} leave "
            f"{end - range_min} candidates; lower num_negatives or range_min, or increase range_max"
        )
    return end


def format_of(
    name: str, scores: bool, as_triplets: bool | None, include_positives: bool
) -> tuple[Format, bool]:
    """Returns the output format and whether it has scores, deprecated names resolved with a warning."""
    if as_triplets is not None:
        name = "triplet" if as_triplets else "n-tuple"
        LOG.warning('as_triplets is deprecated: use output_format; it is set to "%s"', name)
    if include_positives:
        if name != "n-tuple":
            LOG.warning('with include_positives, output_format is set to "n-tuple", which keeps the ranking')
        return "n-tuple", scores
    if name == "n-tuple-scores":
        LOG.warning('output_format="n-tuple-scores" is deprecated: use "n-tuple" with output_scores=True')
        return "n-tuple", True
    if name not in get_args(Format):
        raise InvalidArgument(str(unknown_name("output_format", name, get_args(Format))))
    return cast(Format, name), scores


def prompt_of(model: Any, kind: Literal["query", "document"], prompt: str | None, name: str | None) -> str:
    """Returns the text before each query or document, chosen as sentence-transformers does."""
    if prompt is not None:
        if name is not None:
            LOG.warning("both a %s prompt and a prompt name are given; the name is ignored", kind)
        return prompt
    prompts = model.prompts or {}
    if name is not None and name not in prompts:
        raise InvalidArgument(str(unknown_name("prompt", name, prompts)))
    own = next((n for n in _PROMPT_NAMES[kind] if n in prompts), model.default_prompt_name)
    return prompts.get(name or own) or ""


@dataclass(frozen=True)
class Pairs:
    """The (query, positive) pairs of a dataset.

    Texts are the same only when they are equal to the character, as in sentence-transformers; the loaders of
    `hardneg.sources` ignore case and spacing. Queries stand by first appearance, the given corpus before the
    positives. The id of a document is its row, of a query a digest of its text: draws depend on texts.
    """

    collection: Collection
    anchor_column: str
    positive_column: str
    most_positives: int  # pairs that any query has in the dataset, repetitions counted


def read_pairs(dataset: Any, anchor: str | None, positive: str | None, corpus: Sequence[str] | None) -> Pairs:
    """Returns the pairs of a dataset."""
    anchor, positive = _columns(dataset, anchor, positive)
    anchors = _texts(dataset[anchor], f'column "{anchor}"')
    positives = _texts(dataset[positive], f'column "{positive}"')
    if isinstance(corpus, str):
        raise InvalidArgument("corpus must be a list of texts, found one text")
    documents = list(dict.fromkeys([*_texts(corpus or (), "corpus"), *positives]))
    queries = list(dict.fromkeys(anchors))
    query_rows = {text: row for row, text in enumerate(queries)}
    doc_rows = {text: row for row, text in enumerate(documents)}
    pairs = dict.fromkeys((query_rows[a], doc_rows[p]) for a, p in zip(anchors, positives, strict=True))
    judged = np.array(sorted(pairs, key=lambda pair: pair[0]), np.int32)
    ids, doc_keys = np.arange(len(documents)).astype(str), _keys(documents)
    table = pa.table({"doc_id": ids, "title": pa.repeat("", len(documents)), "text": documents})
    collection = Collection(
        "pairs",
        Documents(table, doc_keys, doc_keys),
        Queries(pa.table({"query_id": list(map(_digest, queries)), "text": queries}), _keys(queries)),
        Judgments(judged[:, 0], judged[:, 1], np.ones(len(judged), np.int32)),
    )
    return Pairs(collection, anchor, positive, max(Counter(anchors).values()))


def _keys(texts: list[str]) -> KeyArray:
    return np.fromiter(map(id_key, texts), np.uint64, len(texts))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _columns(dataset: Any, anchor: str | None, positive: str | None) -> tuple[str, str]:
    columns = getattr(dataset, "column_names", None)
    if not isinstance(columns, list) or not hasattr(dataset, "__len__"):
        kind = type(dataset).__name__
        raise InvalidArgument(f"dataset must be a datasets.Dataset, found {kind}; choose one split of it")
    if len(dataset) == 0:
        raise InvalidArgument("the dataset is empty; it needs at least one (anchor, positive) pair")
    for name in (anchor, positive):
        if name and name not in columns:
            raise InvalidArgument(str(unknown_name("column", name, columns)))
    if not positive and len(columns) < 2:
        raise InvalidArgument(f"the dataset must have two columns or more, found {', '.join(columns)}")
    anchor, positive = anchor or columns[0], positive or columns[1]
    if anchor == positive:
        raise InvalidArgument(f'"{anchor}" is both anchor and positive column; name two different columns')
    return anchor, positive


def _texts(values: Iterable[Any], where: str) -> list[str]:
    texts = list(values)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"{where}, row {row}: a text is expected, found {str(text)[:80]!r}")
    return texts
