"""The prompts that known model families were trained with, for models whose configuration names none."""

from __future__ import annotations

import re
from typing import NamedTuple


class Prompts(NamedTuple):
    """The text before a query and before a document."""

    query: str
    document: str


_FAMILIES: tuple[tuple[str, Prompts], ...] = (
    # Each from the model card of its family.
    (r"(^|[/_-])(multilingual-)?e5-(small|base|large)(-|$)(?!.*instruct)", Prompts("query: ", "passage: ")),
    (
        r"(^|[/_-])bge-(small|base|large)-en",
        Prompts("Represent this sentence for searching relevant passages: ", ""),
    ),
    (r"(^|[/_-])bge-(small|base|large)-zh", Prompts("为这个句子生成表示以用于检索相关文章：", "")),
    (r"(^|[/_-])nomic-embed-text", Prompts("search_query: ", "search_document: ")),
    (
        r"(^|[/_-])mxbai-embed-(large|xsmall)",
        Prompts("Represent this sentence for searching relevant passages: ", ""),
    ),
    (
        r"(^|[/_-])(multilingual-)?e5-\S*instruct",
        Prompts(
            "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
            "",
        ),
    ),
)


def known_prompts(model: str) -> Prompts | None:
    """Returns the published prompts of the family that a model's name belongs to, None if it is not known."""
    name = model.rstrip("/").lower()
    for pattern, prompts in _FAMILIES:
        if re.search(pattern, name):
            return prompts
    return None
