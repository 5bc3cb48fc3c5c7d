"""A rule as a plain function: a predicate over the texts of candidates."""

from hardneg.core.components import rule


@rule("min-length", shorthand="characters")
def min_length(candidates, *, characters: int = 20):
    """Keeps documents of at least so many characters."""
    return candidates.documents.lengths >= characters
