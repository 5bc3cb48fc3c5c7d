"""A source: a file with one query and its positive a line, separated by a bar."""

from dataclasses import dataclass
from pathlib import Path

from hardneg.core.components import Source
from hardneg.sources import CollectionBuilder, LoadOptions


@dataclass(frozen=True)
class Lines(Source):
    """Reads `lines:FILE`."""

    def read(self, name, options):
        """Returns the collection of a file."""
        builder = CollectionBuilder(Path(name).stem, options or LoadOptions())
        for number, line in enumerate(Path(name).read_text(encoding="utf-8").splitlines(), 1):
            query, _, positive = line.partition("|")
            where = f"{name}:{number}"
            builder.add_query(f"q{number}", query.strip(), where=where)
            builder.add_document(f"d{number}", positive.strip(), where=where)
            builder.add_judgment(f"q{number}", f"d{number}", 1, where=where)
        return builder.build()
