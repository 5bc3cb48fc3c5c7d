"""Sources: where collections are read from, each by a scheme, as in `ir:ID`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from hardneg.core.records import Collection
from hardneg.core.registry import Component, Registry, adapting, call_function


class Source(Component, ABC):
    """Reads collections that are named `scheme:NAME`, the scheme being its own name.

    Attributes:
        takes_name: Whether a name stands behind the scheme; `stdlib` has none.
        reads_corpus: Whether it reads the documents of `load.corpus` too.
    """

    takes_name: ClassVar[bool] = True
    reads_corpus: ClassVar[bool] = False

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


_source_of = adapting(Source, 2, read=call_function)
SOURCES: Registry[Source] = Registry("source", Source, "read", "hardneg.sources", _source_of)
source = SOURCES.register
