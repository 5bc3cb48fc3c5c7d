"""The local page on which a person judges doubtful negatives; every judgment is on disk at once."""

from __future__ import annotations

from hardneg.review.agreement import kappa
from hardneg.review.queue import Item, Queue
from hardneg.review.server import ReviewServer, open_server

__all__ = ["Item", "Queue", "ReviewServer", "kappa", "open_server"]
