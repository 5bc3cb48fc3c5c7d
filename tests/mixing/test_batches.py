"""How many rows of each part a batch has."""

import numpy as np
import pytest

from hardneg.mixing.batches import _layers, _quotas
from hardneg.mixing.mix_settings import MixSettings
from hardneg.training.rows import Row


@pytest.mark.parametrize(
    ("counts", "size"),
    [([91, 3, 3, 3], 4), ([5, 3, 1, 1], 3), ([1, 1, 1, 1, 1, 1], 4), ([50, 7, 6, 3, 1], 7)],
)
def test_every_batch_is_full_and_no_part_is_far_from_its_share(counts, size):
    settings = MixSettings(parts=[{"run": str(n)} for n in counts], batches="all", batch_size=size)
    quotas = np.array(list(_quotas(counts, settings, np.random.default_rng(0))))
    assert quotas.shape == (sum(counts) // size, len(counts))
    assert (quotas >= 0).all() and (quotas.sum(axis=1) == size).all()
    due = np.arange(1, len(quotas) + 1)[:, None] * size * np.array(counts) / sum(counts)
    assert (np.abs(quotas.cumsum(axis=0) - due) < len(counts)).all()
    whole = len(quotas) * size == sum(counts)
    assert not whole or quotas.sum(axis=0).tolist() == counts


def test_layers_have_a_query_and_a_positive_once():
    """Two queries with the positives 0 and 1 each: the two rows of a layer differ in both."""
    rows = [Row(query, doc, [9], [1.0], [0.5, 0.1]) for query in (0, 1) for doc in (0, 1)]
    layers = [layer.tolist() for layer in _layers(rows, np.array([0, 3, 1, 2]))]
    assert layers == [[0, 3], [1, 2]]
    several = [Row(0, doc, [9], [1.0], [0.5, 0.1]) for doc in range(3)]
    assert [layer.tolist() for layer in _layers(several, np.array([2, 0, 1]))] == [[2], [0], [1]]
