"""Which failed requests to repeat, and how long to wait before."""

from __future__ import annotations

import datetime
import email.utils
import hashlib

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
"""HTTP statuses after which the same request may succeed."""
_FIRST, _LONGEST = 0.5, 60.0


def backoff(attempt: int, key: str) -> float:
    """Returns the seconds to wait after failed attempt number `attempt` (from 1): 0.5, 1, 2... up to 60.

    Up to half of it is taken off by a hash of the request's key, so that requests that failed together are
    repeated at different times; no random state is involved.
    """
    digest = hashlib.blake2b(f"{key}\0{attempt}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "little") / 2**64
    return float(min(_LONGEST, _FIRST * 2 ** (attempt - 1)) * (1 - share / 2))


def retry_after(header: str | None, now: datetime.datetime) -> float:
    """Returns the seconds that a Retry-After header asks for (RFC 9110, 10.2.3), 0 if it asks for none.

    Args:
        header: A number of seconds or an HTTP date; anything else is ignored.
        now: The time, with a time zone.
    """
    text = (header or "").strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    return max(0.0, (when - now).total_seconds())
