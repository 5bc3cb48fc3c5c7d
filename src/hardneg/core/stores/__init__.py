"""Object stores (`s3://`, `gs://`, `hf://`, `https://`...): a URL has a local copy in the cache.

All other code reads and writes local files. A `Place` is a file or folder of a store, reached through fsspec;
a `Mirror` is its local copy, downloaded before it is read and uploaded when the work on it is done.
"""

from __future__ import annotations

from hardneg.core.stores.mirror import Mirror, display_url, fetched, output_dir, output_file
from hardneg.core.stores.place import is_url

__all__ = ["Mirror", "fetched", "is_url", "display_url", "output_dir", "output_file"]
