"""A local page on which people judge negatives that may be false; each judgment is on disk at once.

It needs the extra `report`.
"""

from __future__ import annotations

from hardneg.review.queue import Item, Queue
from hardneg.review.server import ReviewServer, open_server
from hardneg.review.session import kappa

__all__ = ["Item", "Queue", "ReviewServer", "kappa", "open_server"]
