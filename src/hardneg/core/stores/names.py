"""Names of URLs and of files in stores: which are refused, and which are temporary."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from hardneg.core.errors import ConfigError, DataError

WEB = ("http", "https")
PROBE = ".hardneg-may-write"
"""A file that is written and removed, to find out whether files can be."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")


def is_url(place: str | Path) -> bool:
    """Returns whether a place is in a store, not on a disk."""
    return _URL.match(str(place)) is not None


def is_temporary(name: str) -> bool:
    """Returns whether a file exists only while something is written: a lock, a probe, half a file."""
    last = posixpath.basename(name)
    return last in (".lock", PROBE) or (last.startswith(".") and last.endswith(".tmp"))


def refuse_secrets(url: str) -> None:
    """Refuses a URL with a secret in it, as URLs are recorded."""
    scheme, _, rest = url.partition("://")
    if _PASSWORD.search(url):
        raise ConfigError(
            f"{scheme}://{rest.partition('@')[2]} was given with a password, which would stay in records; "
            "give credentials through the environment, as the store's own library reads them"
        )
    if scheme.lower() in WEB and ("?" in rest or "#" in rest):
        raise ConfigError(
            f"{re.split(r'[?#]', url)[0]} was given with a query, which may be a signature and would stay in "
            "records; leave it out, or fetch the file and name it here"
        )


def safe(name: str, url: str) -> str:
    """Returns the path of a file in a store, if it stays below a local folder."""
    parts = name.split("/")
    if not all(parts) or ".." in parts or "." in parts or "\\" in name or "\0" in name:
        raise DataError(f"{url}: {name!r} there is no name that a file can have here; rename it")
    return name
