"""Cuts texts at the ends of paragraphs, sentences or words, by the tokens that a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hardneg.core.errors import ConfigError, DataError, require
from hardneg.core.records import IntArray, full_text
from hardneg.core.state_files import fingerprint

if TYPE_CHECKING:
    from semantic_text_splitter import TextSplitter

_BATCH = 256
_TITLE = 0.5
"""The share of a chunk's tokens that a title may take; a longer one is cut as text is."""


class Chunk(NamedTuple):
    """A part of a document.

    Attributes:
        start: Where it begins in the document's text, in characters; in title, space and text of a document
            whose title was cut as text is.
        title: The title that it keeps.
        text: Its text, without white space around it.
    """

    start: int
    title: str
    text: str


class TokenCounter:
    """Counts the tokens of documents as a model reads them, with its prompt and special tokens.

    Args:
        tokenizer: The model's, as transformers or tokenizers has it.
        prompt: The text before each document.
        name: The model's name, for errors.

    Raises:
        ConfigError: It is no tokenizer of the library tokenizers.
    """

    def __init__(self, tokenizer: Any, prompt: str, name: str) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
        if not hasattr(backend, "to_str"):
            raise ConfigError(
                f'the model "{name}" has no fast tokenizer, which counts tokens; name another with --model'
            )
        self._tokenizer = type(backend).from_str(backend.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prompt = prompt

    @property
    def digest(self) -> str:
        """The sha256 of all that decides on the counts, hexadecimal."""
        return fingerprint(self._tokenizer.to_str(), self._prompt)

    def length(self, text: str) -> int:
        """Returns the tokens of one text."""
        return len(self._tokenizer.encode(self._prompt + text).ids)

    def lengths(self, texts: Sequence[str]) -> IntArray:
        """Returns (n,) int32: the tokens of each text."""
        found: list[int] = []
        for begin in range(0, len(texts), _BATCH):
            batch = [self._prompt + text for text in texts[begin : begin + _BATCH]]
            found += [len(each.ids) for each in self._tokenizer.encode_batch(batch)]
        return np.array(found, np.int32)


class Splitter:
    """Cuts documents into chunks of a number of tokens at most.

    A chunk ends at the end of a paragraph, or where none fits of a sentence, a word or, in a word that is too
    long, a character.

    Args:
        counter: Counts tokens.
        tokens: Most tokens of a chunk, all included.
        overlap: Most tokens that a chunk repeats of the one before.

    Raises:
        MissingExtra: semantic-text-splitter is not installed.
        ConfigError: The model's prompt and special tokens leave no room.
    """

    def __init__(self, counter: TokenCounter, tokens: int, overlap: int) -> None:
        require("semantic_text_splitter", "chunk")
        self._counter, self._tokens, self._overlap = counter, tokens, overlap
        if (taken := counter.length("")) >= tokens:
            raise ConfigError(
                f"chunks of {tokens:,} tokens have no room for text: the model's prompt and special tokens "
                f"take {taken:,} of them; give more"
            )

    def keeps(self, title: str) -> bool:
        """Returns whether each chunk of a document can have its title."""
        return self._taken(title) <= _TITLE * self._tokens

    def cut(self, title: str, text: str) -> list[Chunk]:
        """Returns the chunks of a document, which hold all of its characters but white space between them."""
        if not self.keeps(title):
            title, text = "", full_text(title, text)
        cut = self._cutter(title).chunk_indices(text)
        _check_whole(text, cut)
        return [Chunk(start, title, part) for start, part in cut if part.strip()]

    def _cutter(self, title: str) -> TextSplitter:
        """Returns a splitter of the library for documents of a title.

        The library takes for granted that a text has no more tokens than bytes, so tokens are counted beyond
        those of the title, the prompt and the special ones.
        """
        from semantic_text_splitter import TextSplitter

        length, taken = self._counter.length, self._taken(title)
        return TextSplitter.from_callback(
            lambda part: max(length(full_text(title, part)) - taken, 0),
            self._tokens - taken,
            overlap=min(self._overlap, self._tokens - taken - 1),
            trim=True,
        )

    def _taken(self, title: str) -> int:
        """Returns the tokens of a chunk that are not its text's."""
        return self._counter.length(f"{title} " if title else "")


def _check_whole(text: str, cut: Sequence[tuple[int, str]]) -> None:
    """Raises DataError if characters other than white space are in no chunk."""
    end = 0
    for start, part in [*cut, (len(text), "")]:
        if text[end:start].strip() or text[start : start + len(part)] != part:
            raise DataError(f"its text was cut wrong near {text[end : end + 60]!r}; leave it out")
        end = max(end, start + len(part))
