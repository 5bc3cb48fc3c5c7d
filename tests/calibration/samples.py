"""Samples to learn from: a few candidates, or many of a known rate."""

import numpy as np

from hardneg.calibration.features import POSITIVE, UNLABELLED, Column, Sample
from hardneg.core.records import Candidates

NAN = float("nan")
SCORES = [Column("scores", "dense", "absolute", 1.0)]


def sample(scores, status, **evidence):
    """Candidates by their scores and status, in the order of their ranks."""
    scores = np.array(scores, np.float32)
    docs = np.tile(np.arange(scores.shape[1], dtype=np.int32), (len(scores), 1))
    queries = np.arange(len(scores), dtype=np.int32)
    given = {name: np.array(values, np.float32) for name, values in evidence.items()}
    candidates = Candidates(queries, docs, docs + 1, {"dense": scores}, {}, "dense", evidence=given)
    return Sample(candidates, np.array(status, np.int32))


def simulated(seed, frequency, queries=400, depth=40):
    """Candidates of which every tenth is relevant and known by its score; a share of these is labelled."""
    rng = np.random.default_rng(seed)
    relevant = rng.random((queries, depth)) < 0.1
    labelled = relevant & (rng.random((queries, depth)) < frequency)
    scores = rng.normal(size=(queries, depth)) + np.where(relevant, 3.0, 0.0)
    order = np.argsort(-scores, axis=1)
    relevant, labelled, scores = (np.take_along_axis(a, order, 1) for a in (relevant, labelled, scores))
    docs = np.tile(np.arange(depth, dtype=np.int32), (queries, 1))
    rows = np.arange(queries, dtype=np.int32)
    candidates = Candidates(rows, docs, docs + 1, {"dense": scores.astype(np.float32)}, {}, "dense")
    return Sample(candidates, np.where(labelled, POSITIVE, UNLABELLED).astype(np.int32)), relevant
