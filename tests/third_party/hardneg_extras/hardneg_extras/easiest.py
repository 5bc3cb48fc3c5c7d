"""A draw as a plain function: the order in which candidates become negatives."""

import numpy as np


def easiest(candidates, noise):
    """Draws the lowest ranked first."""
    return np.where(candidates.rank() > 0, candidates.rank(), np.nan)
