"""A format: query, positive and negative, one triplet a line."""

from dataclasses import dataclass
from typing import ClassVar

from hardneg.core.components import Format, Written
from hardneg.core.files import atomic


@dataclass(frozen=True)
class TripletTsv(Format):
    """Tab-separated triplets without a header.

    Attributes:
        limit: Most negatives of a query; None for all.
    """

    limit: int | None = None
    suffix: ClassVar[str] = ".tsv"
    usage: ClassVar[str] = 'rows = [line.split("\\t") for line in open("{out}", encoding="utf-8")]'

    def write(self, examples, out):
        """Writes the triplets; a query without negatives has none."""
        rows = skipped = 0
        with atomic(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            for example in examples:
                pairs = [(p, n) for p in example.positives for n in example.negatives[: self.limit]]
                rows, skipped = rows + len(pairs), skipped + (not pairs)
                for positive, negative in pairs:
                    texts = (example.query, positive.text, negative.text)
                    file.write("\t".join(" ".join(text.split()) for text in texts) + "\n")
        return Written((out,), rows, skipped, {"no_negatives": skipped} if skipped else {})
