"""Object stores (`s3://`, `gs://`, `hf://`, `https://`...): what lies there has a copy in the cache.

All else in hardneg reads and writes local files. A `Place` is a file or folder of a store, reached through
fsspec; a `Mirror` is the local copy of one, made like the store before it is read, and put back when what was
done to it is done.
"""

from __future__ import annotations

from hardneg.core.stores.mirror import Mirror, display_url, fetched, output_dir, output_file
from hardneg.core.stores.names import is_url

__all__ = ["Mirror", "fetched", "is_url", "display_url", "output_dir", "output_file"]
