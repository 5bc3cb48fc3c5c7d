"""A tokenizer with a cache: static students spend most of their time on tokenizing the same texts again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

MOST = 1 << 25
"""Most tokens in the cache (128 MiB); beyond them it is emptied."""


class TokenIds(NamedTuple):
    """The tokens of a text."""

    ids: Sequence[int]


class _Cache:
    """The tokens of texts by one tokenizer, which its `definition` describes in full."""

    def __init__(self, definition: str = "") -> None:
        self.definition = definition
        self.ids: dict[tuple[str, bool], TokenIds] = {}
        self.tokens = 0

    def add(self, text: str, special: bool, ids: Sequence[int]) -> None:
        if self.tokens + len(ids) > MOST:
            self.ids.clear()
            self.tokens = 0
        self.ids[text, special] = TokenIds(array("i", ids))
        self.tokens += len(ids)


class CachingTokenizer:
    """A fast tokenizer whose `encode_batch` reads from a cache; all else is the tokenizer's.

    Equal tokenizers, as those of the students of a comparison, share one cache; only the last one's is kept.
    """

    _cache = _Cache()

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._definition = tokenizer.to_str()

    def __getattr__(self, name: str) -> Any:
        if name in ("_tokenizer", "_definition"):  # while it is copied
            raise AttributeError(name)
        return getattr(self._tokenizer, name)

    def encode_batch(self, texts: Sequence[str], add_special_tokens: bool = True) -> list[TokenIds]:
        """Returns the token ids of each text."""
        if self._definition != CachingTokenizer._cache.definition:
            CachingTokenizer._cache = _Cache(self._definition)
        cache = CachingTokenizer._cache
        tokens = {text: cache.ids.get((text, add_special_tokens)) for text in texts}
        missing = [text for text, ids in tokens.items() if ids is None]
        if missing:
            encodings = self._tokenizer.encode_batch(missing, add_special_tokens=add_special_tokens)
            for text, encoding in zip(missing, encodings, strict=True):
                tokens[text] = TokenIds(encoding.ids)
                cache.add(text, add_special_tokens, encoding.ids)
        return [ids for text in texts if (ids := tokens[text]) is not None]
