"""Drop-in for sentence-transformers' miner: change one import, keep the call.

from hardneg.compat.sentence_transformers import mine_hard_negatives
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hardneg.compat._arguments import (
    LOG,
    InvalidArgument,
    draw_of,
    format_of,
    prompt_of,
    read_pairs,
    rules_of,
    window_end,
)
from hardneg.compat._mining import (
    GivenCrossEncoder,
    GivenModel,
    SurvivorWindow,
    mined,
    processes,
)
from hardneg.compat._output import MiningStats, ProgressBars, column_names, dataset_of, measure
from hardneg.core.components import Ranker
from hardneg.core.errors import optional_library
from hardneg.core.files import cache_folder as default_cache
from hardneg.core.progress import NullProgress, Progress
from hardneg.exporters.sentence_transformers_triplet import Triplet
from hardneg.mining.recipe import RankSettings, Recipe
from hardneg.selection.reasons import rule_reason
from hardneg.selection.settings import SelectSettings

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import CrossEncoder, SentenceTransformer

__all__ = ["InvalidArgument", "MiningStats", "mine_hard_negatives"]


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
    The call becomes a `Recipe` that `hardneg.mining.miner` runs in memory.

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
        num_negatives: Negatives per anchor.
        sampling_strategy: `top` for the best, `random` for as many drawn from the window of ranks.
        query_prompt_name: The name of one of the model's prompts, put before anchors.
        query_prompt: The text to put before anchors; it comes before the name.
        corpus_prompt_name: The name of one of the model's prompts, put before documents.
        corpus_prompt: The text to put before documents; it comes before the name.
        include_positives: Whether positives stay among the candidates, as for a reranking benchmark.
        output_format: `triplet` (anchor, positive, negative); `n-tuple` (anchor, positive, negative_1,
            ...), anchors with too few negatives left out; `labeled-pair` (anchor, document, label);
            `labeled-list` (anchor, documents, labels).
        output_scores: Whether `scores` are added (`triplet`, `n-tuple`) or replace the labels.
        batch_size: No batch holds more tokens than this many texts of the model's greatest length; pairs
            in a batch of the cross-encoder.
        faiss_batch_size: Queries searched at once, at most 1,024.
        use_faiss: Accepted and not needed, see the differences.
        use_multi_process: True for a process on each GPU (or four on the processor), or the names of devices.
        verbose: Whether to draw progress bars and log statistics, at level INFO.
        cache_folder: The folder that keeps vectors for later calls; None keeps none.
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
        Where the original fails, or does silently what its documentation does not mention:

        - A text is never the negative of itself: the result for an anchor is as if its own text were not in
          the corpus (unless it is one of its positives).
        - A cross-encoder always scores, ten times `num_negatives` candidates as with a bound; the original
          ignores it unless a margin or a bound is set.
        - A missing column is an error; the original takes the first or second one instead. So is a column
          with the name of one that the format adds, one column for both roles, an unknown
          `sampling_strategy`, a text that is not a string, or vectors with NaN.
        - Random draws take a seed and leave the global states of `random` and numpy alone. Draws differ
          from the original's, their window does not.
        - The search is exact with or without `use_faiss`, which needs no FAISS: scores are the model's
          similarity (FAISS gives inner products whatever the model's similarity is, and fp16 and 2,048
          documents at most on a GPU).
        - Equal scores, as of documents that the model's greatest length cuts to the same text, stand in
          the order of the corpus; the original's order among them is left to rounding.
        - Vectors in `cache_folder` are named by digests of the model's weights, prompt and texts; the
          original's by a model name that is empty for local models, which then share vectors.
        - Where a margin drops every candidate and a bound is set too, the result is empty; the original
          divides by zero.
        - Anchors whose valid negatives are all further down than the candidates get none, as in the
          original, unless `deepen` is set. `range_min` counts candidates that pass the bounds, as in the
          original; the rule `window` counts ranks.
        - Memory holds at most 1,024 x 8,192 scores; the original 16,384 x corpus.
        - Statistics are logged, not printed, and passed to `report`.
    """
    optional_library("datasets", "hf")
    optional_library("sentence_transformers", "dense")
    for name, size in {"batch_size": batch_size, "faiss_batch_size": faiss_batch_size}.items():
        if size <= 0:
            raise InvalidArgument(f"{name} must be a positive integer, got {size}")
    if deepen and range_max is not None:
        raise InvalidArgument("deepen searches beyond any range_max; give one of the two")
    pairs = read_pairs(dataset, anchor_column_name, positive_column_name, corpus)
    draw = draw_of(sampling_strategy)
    if margin is not None:
        LOG.warning("margin is deprecated: use absolute_margin; it is set to %s", margin)
        absolute_margin = margin
    margins = {"absolute_margin": absolute_margin, "relative_margin": relative_margin}
    rules = rules_of({**margins, "max_score": max_score, "min_score": min_score})
    if include_positives and (rules or range_min or range_max is not None or sampling_strategy != "top"):
        LOG.warning(
            "with include_positives, range_min, range_max, max_score, min_score, absolute_margin, "
            "relative_margin and sampling_strategy may still discard positives"
        )
    form, scored = format_of(output_format, output_scores, as_triplets, include_positives)
    drops = cross_encoder is not None or max_score is not None or any(m is not None for m in margins.values())
    end = window_end(range_min, range_max, num_negatives, 10 if drops else 1, pairs.most_positives)
    names = column_names(pairs, form, scored, num_negatives)
    seed = secrets.randbits(32) if seed is None else seed
    bi_encoder = GivenModel(
        model,
        prompt_of(model, "query", query_prompt, query_prompt_name),
        prompt_of(model, "document", corpus_prompt, corpus_prompt_name),
        batch_size,
        faiss_batch_size,
        use_multi_process,
        cache_folder is not None,
    )
    cache = default_cache() if cache_folder is None else Path(cache_folder)
    progress: Progress = ProgressBars() if verbose else NullProgress()
    dropped: Counter[str] = Counter()
    with processes(cross_encoder, use_multi_process) as options:
        rankers: list[Ranker] = [bi_encoder]
        if cross_encoder is not None:
            rankers.append(GivenCrossEncoder(cross_encoder, batch_size, options))
        by, depth = rankers[-1].name or "", end + pairs.most_positives
        recipe = Recipe(
            rank=RankSettings(
                rankers=tuple(rankers), depth=depth, max_depth=None if deepen else depth, order=by
            ),
            select=SelectSettings(
                negatives=num_negatives, rules=rules, draw=SurvivorWindow(range_min, end, draw), by=by
            ),
            format=Triplet(),
            seed=seed,
        )
        examples = list(mined(pairs.collection, recipe, include_positives, cache, progress, dropped))
    if verbose or report is not None:
        skipped = {reason: dropped[reason] for reason in map(rule_reason, rules)}
        stats = measure(examples, form == "n-tuple", num_negatives, skipped, end, seed)
        for line in stats.lines() if verbose else ():
            LOG.info(line)
        if report is not None:
            report(stats)
    return dataset_of(examples, names, form, scored, num_negatives)
