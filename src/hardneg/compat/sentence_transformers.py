"""Drop-in for sentence-transformers' miner: change one import, keep the call.

from hardneg.compat.sentence_transformers import mine_hard_negatives
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from hardneg.compat._bars import Bars
from hardneg.compat._mine import Miner
from hardneg.compat._output import check_names, columns, rows_to_write
from hardneg.compat._pairs import read_pairs
from hardneg.compat._score import Rescorer, searcher
from hardneg.compat._settings import LOG, InvalidArgument, settle
from hardneg.compat._stats import MiningStats, measure
from hardneg.compat._vectors import Texts, Workers, prompt_of
from hardneg.core.errors import MissingExtra
from hardneg.core.progress import NullProgress, Progress

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import CrossEncoder, SentenceTransformer

__all__ = ["InvalidArgument", "MiningStats", "mine_hard_negatives"]

_BLOCK = 1_024


def mine_hard_negatives(
    dataset: Dataset,
    model: SentenceTransformer,
    anchor_column_name: str | None = None,
    positive_column_name: str | None = None,
    corpus: list[str] | None = None,
    cross_encoder: CrossEncoder | None = None,
    range_min: int = 0,
    range_max: int | None = None,
    max_score: float | None = None,
    min_score: float | None = None,
    absolute_margin: float | None = None,
    relative_margin: float | None = None,
    num_negatives: int = 3,
    sampling_strategy: Literal["random", "top"] = "top",
    query_prompt_name: str | None = None,
    query_prompt: str | None = None,
    corpus_prompt_name: str | None = None,
    corpus_prompt: str | None = None,
    include_positives: bool = False,
    output_format: Literal["triplet", "n-tuple", "labeled-pair", "labeled-list"] = "triplet",
    output_scores: bool = False,
    batch_size: int = 32,
    faiss_batch_size: int = 16384,
    use_faiss: bool = False,
    use_multi_process: list[str] | bool = False,
    verbose: bool = True,
    cache_folder: str | None = None,
    as_triplets: bool | None = None,
    margin: float | None = None,
    *,
    seed: int | None = None,
    deepen: bool = False,
    report: Callable[[MiningStats], None] | None = None,
) -> Dataset:
    """Returns the dataset with hard negatives, as `sentence_transformers.util.mine_hard_negatives` does.

    Same parameters, rows, order, columns and labels as release 6.2; scores agree to 1e-5 in fp32. The
    methods are those of NV-Retriever (arXiv 2407.15831): `relative_margin=0.05` is its TopK-PercPos (95 %).

    Args:
        dataset: A dataset of (anchor, positive) pairs; an anchor may have several positives.
        model: Encodes anchors and documents; its similarity function scores them.
        anchor_column_name: The column of anchors; None for the first.
        positive_column_name: The column of positives; None for the second.
        corpus: Documents to take negatives from, besides the positives.
        cross_encoder: Scores the candidates and the positives instead of the model.
        range_min: How many of the best candidates that pass all bounds are passed over.
        range_max: Where among those candidates to stop; None for `range_min + num_negatives` (ten times
            `num_negatives` with a margin, a `max_score` or a cross-encoder) plus the most positives of an
            anchor. `range_max` plus the most positives of an anchor are retrieved.
        max_score: The highest score of a negative.
        min_score: The lowest score of a negative.
        absolute_margin: How far a negative must score below the anchor's weakest positive.
        relative_margin: The same as a fraction of the magnitude of that positive's score: 0.05 = 5 %.
        num_negatives: Negatives for an anchor.
        sampling_strategy: `top` for the best, `random` for as many drawn from the window of ranks.
        query_prompt_name: The name of one of the model's prompts, put before anchors.
        query_prompt: The text to put before anchors; it comes before the name.
        corpus_prompt_name: The name of one of the model's prompts, put before documents.
        corpus_prompt: The text to put before documents; it comes before the name.
        include_positives: Whether positives stay among the candidates, as for a reranking benchmark.
        output_format: `triplet` (anchor, positive, negative); `n-tuple` (anchor, positive, negative_1,
            ...), anchors with too few negatives left out; `labeled-pair` (anchor, document, label);
            `labeled-list` (anchor, documents, labels).
        output_scores: Whether `scores` are added (`triplet`, `n-tuple`) or stand for the labels.
        batch_size: No batch holds more tokens than this many texts of the model's greatest length; pairs
            in a batch of the cross-encoder.
        faiss_batch_size: Queries searched at once, at most 1,024.
        use_faiss: Accepted and not needed: see the differences.
        use_multi_process: True, or the devices to run one process each on.
        verbose: Whether to draw progress bars and log statistics, at level INFO.
        cache_folder: Where vectors are kept for later calls.
        as_triplets: Deprecated: use `output_format`.
        margin: Deprecated: use `absolute_margin`.
        seed: Seed of `random`; the same seed, the same draws. None for a fresh one, which is logged.
        deepen: Whether anchors that are short of negatives are searched ever further down; only without
            `range_max`.
        report: Receives the counts and score statistics.

    Raises:
        InvalidArgument: An argument cannot be used; it is a `ConfigError` and a `ValueError`.
        DataError: A text is not a string, or a model gives NaN or infinity.
        MissingExtra: datasets or sentence-transformers is not installed.

    Differences:
        Where the original fails or does in silence what it does not say, this function does otherwise:

        - A text is never the negative of itself: what is mined for an anchor is what would be mined if
          its own text were not in the corpus (unless it is one of its positives).
        - A cross-encoder always scores; the original ignores it unless a margin or a bound is set. As
          with a bound, ten times `num_negatives` candidates are then looked at.
        - A column that is not there is an error; the original takes the first or second one instead.
          So is a column with the name of one that the format adds, one column for both roles, a
          `sampling_strategy` that does not exist, a text that is not a string, or vectors with NaN.
        - Random draws take a seed and leave the global states of `random` and numpy alone. Draws differ
          from the original's, the window they are from does not.
        - The search is exact with or without `use_faiss`, which needs no FAISS: scores are the model's
          similarity (FAISS gives inner products whatever the model says, and fp16 and 2,048 documents at
          most on a GPU).
        - Equal scores, as of documents that the model's greatest length cuts to the same text, stand in
          the order of the corpus; the original's order among them is left to rounding.
        - Vectors in `cache_folder` are named by digests of the model's weights, prompt and texts; the
          original's by a model name that is empty for local models, which then share vectors.
        - Where a margin drops every candidate and a bound is set too, the result is empty; the original
          divides by zero.
        - Anchors that starve while valid negatives lie deeper do so here too, unless `deepen` is set.
          `range_min` counts candidates that pass the bounds, as in the original, not ranks.
        - Memory holds at most 1,024 x 8,192 scores; the original 16,384 x corpus.
        - Statistics are logged, not printed, and handed to `report`.
    """
    _require("datasets", "hf")
    _require("sentence-transformers", "dense")
    if faiss_batch_size <= 0:
        raise InvalidArgument(f"faiss_batch_size must be a positive integer, got {faiss_batch_size}")
    pairs = read_pairs(dataset, anchor_column_name, positive_column_name, corpus)
    settings = settle(
        num_negatives=num_negatives,
        range_min=range_min,
        range_max=range_max,
        max_score=max_score,
        min_score=min_score,
        absolute_margin=absolute_margin,
        relative_margin=relative_margin,
        sampling_strategy=sampling_strategy,
        include_positives=include_positives,
        output_format=output_format,
        output_scores=output_scores,
        seed=seed,
        deepen=deepen,
        as_triplets=as_triplets,
        margin=margin,
    )
    window = settings.window(pairs.most_positives, cross_encoder is not None)
    check_names(pairs, settings)
    prompts = (
        prompt_of(model, "query", query_prompt, query_prompt_name),
        prompt_of(model, "document", corpus_prompt, corpus_prompt_name),
    )
    progress: Progress = Bars() if verbose else NullProgress()
    with Workers(model, use_multi_process) as workers:
        texts = Texts(model, *prompts, batch_size, workers, cache_folder, progress)
        found = searcher(model, texts.queries(pairs.queries), texts.documents(pairs.corpus))
    with Workers(cross_encoder, use_multi_process) as workers:
        scorer = Rescorer(cross_encoder, pairs, batch_size, workers) if cross_encoder is not None else None
        mined = Miner(pairs, found, scorer, settings).run(window, min(faiss_batch_size, _BLOCK), progress)
    rows = rows_to_write(pairs, mined, settings)
    if verbose or report:
        _tell(measure(rows, settings, window), verbose, report)
    return _dataset(columns(rows, settings))


def _require(package: str, extra: str) -> None:
    try:
        importlib.import_module(package.replace("-", "_"))
    except ImportError:
        raise MissingExtra(package, extra) from None


def _tell(stats: MiningStats, verbose: bool, report: Callable[[MiningStats], None] | None) -> None:
    if verbose:
        for line in stats.lines():
            LOG.info(line)
    if report is not None:
        report(stats)


def _dataset(data: dict[str, list[Any]]) -> Dataset:
    from datasets import Dataset

    return Dataset.from_dict(data)
