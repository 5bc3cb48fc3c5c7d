"""Blocks of candidates that a person can follow, and how often a draw takes each."""

import numpy as np

from hardneg.core.records import Candidates

NAN = float("nan")


def block(scores, anchor, **more):
    """One row a query, candidates in the order of the pool; NaN scores are candidates without a score."""
    scores = np.array(scores, np.float32)
    depth = scores.shape[1]
    docs = np.tile(np.arange(depth, dtype=np.int32), (len(scores), 1))
    ranks = np.tile(np.arange(1, depth + 1, dtype=np.int32), (len(scores), 1))
    anchors = {"dense": np.array(anchor, np.float32)}
    queries = np.arange(len(scores), dtype=np.int32)
    return Candidates(queries, docs, ranks, {"dense": scores}, anchors, "dense", **more)


def kept(rule, candidates):
    return rule.keep(candidates).tolist()


def noise(shape, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, shape).astype(np.float32)


def order_of(draw, candidates):
    """The columns of the first query that can be drawn, the first drawn first."""
    priority = draw.priority(candidates, noise(candidates.shape))[0]
    return [column for column in np.argsort(-priority).tolist() if not np.isnan(priority[column])]


def first_drawn(draw, scores, anchor, times=20_000):
    """How often each candidate is drawn first."""
    candidates = block([scores] * times, [anchor] * times)
    first = draw.priority(candidates, noise((times, len(scores)))).argmax(axis=1)
    return np.bincount(first, minlength=len(scores)) / times
