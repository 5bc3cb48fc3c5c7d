"""A tokenizer that remembers: static students spend most of their time on reading the same texts again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

MOST = 1 << 25
"""Tokens that are kept at most, 128 MiB; then all are forgotten."""


class Read(NamedTuple):
    """What is kept of a text."""

    ids: Sequence[int]


class _Memory:
    """What was read by one tokenizer and all others that are the same."""

    def __init__(self, kind: str = "") -> None:
        self.kind = kind
        self.known: dict[tuple[str, bool], Read] = {}
        self.tokens = 0

    def add(self, text: str, special: bool, ids: Sequence[int]) -> None:
        if self.tokens + len(ids) > MOST:
            self.known.clear()
            self.tokens = 0
        self.known[text, special] = Read(array("i", ids))
        self.tokens += len(ids)


class CachingTokenizer:
    """A fast tokenizer whose batches are looked up; all else is the tokenizer's.

    The students of a comparison have the same tokenizer and share what they remember; only one is kept.

    Args:
        tokenizer: A `tokenizers.Tokenizer`, its truncation set.
    """

    _memory = _Memory()

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._kind = tokenizer.to_str()

    def __getattr__(self, name: str) -> Any:
        if name in ("_tokenizer", "_kind"):  # while it is copied
            raise AttributeError(name)
        return getattr(self._tokenizer, name)

    def encode_batch(self, texts: Sequence[str], add_special_tokens: bool = True) -> list[Read]:
        """Returns the token ids of each text."""
        if self._kind != CachingTokenizer._memory.kind:
            CachingTokenizer._memory = _Memory(self._kind)
        memory = CachingTokenizer._memory
        found = {text: memory.known.get((text, add_special_tokens)) for text in texts}
        missing = [text for text, read in found.items() if read is None]
        if missing:
            encodings = self._tokenizer.encode_batch(missing, add_special_tokens=add_special_tokens)
            for text, encoding in zip(missing, encodings, strict=True):
                found[text] = Read(encoding.ids)
                memory.add(text, add_special_tokens, encoding.ids)
        return [read for text in texts if (read := found[text]) is not None]
