"""Mixes the training sets of several runs into one, in batches that hold no row's positive as a negative.

Reads finished runs, and what `training` knows of their pairs; writes a folder with a training set, its card
and `mix.json`. Runs are never changed.
"""

from __future__ import annotations

from hardneg.mixing.mix_settings import MixSettings, PartSettings, read_mixture
from hardneg.mixing.mixture import mix

__all__ = ["MixSettings", "PartSettings", "mix", "read_mixture"]
