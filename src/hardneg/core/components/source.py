"""Sources: where collections are read from, each by a scheme, as in `ir:ID`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from hardneg.core.errors import ConfigError
from hardneg.core.records import Collection
from hardneg.core.registry import Component, Registry, adapting, call_function


class Source(Component, ABC):
    """Reads collections that are named `scheme:NAME`, the scheme being its own name.

    Attributes:
        takes_name: Whether a name stands behind the scheme; `stdlib` has none.
        reads_corpus: Whether it reads the documents of `load.corpus` too.
        takes_paths: Whether the name may be a file or folder.
    """

    takes_name: ClassVar[bool] = True
    reads_corpus: ClassVar[bool] = False
    takes_paths: ClassVar[bool] = False

    @abstractmethod
    def read(self, name: str, options: Any) -> Collection:
        """Returns the collection of this name.

        Args:
            name: What stands behind the colon; empty if nothing does.
            options: A `hardneg.LoadOptions`: the split, and how strictly to read.

        Raises:
            DataError: There is no such collection, or its content is not usable; the message has the place.
            MissingExtra: It needs a library that is not installed.
        """

    def read_rows(self, name: str, table: Any, options: Any, split_is_read: bool) -> Collection:
        """Returns the collection of rows in memory, for `Collection.of(..., kind=...)`.

        Args:
            name: What the collection is called.
            table: Yields (where, row) each, a row being a mapping from column to value.
            options: A `hardneg.LoadOptions`.
            split_is_read: Whether the rows are those of the chosen split already.

        Raises:
            ConfigError: The source reads no rows.
            DataError: As `read` does.
        """
        raise ConfigError(f"kind: {SOURCES.name_of(self)} reads no rows of memory")


_source_of = adapting(Source, 2, read=call_function)
SOURCES: Registry[Source] = Registry("source", Source, "read", "hardneg.sources", _source_of)
source = SOURCES.register
