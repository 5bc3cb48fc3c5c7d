"""The text before queries and documents: as set, as configured in the model, or as its family was trained."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any, NamedTuple

_LOG = logging.getLogger("hardneg.rankers")
_DOCUMENT_NAMES = ("document", "passage", "corpus")
_SHOWN = 12


class Prompts(NamedTuple):
    """The text before a query and before a document."""

    query: str
    document: str


_SEARCHING = Prompts("Represent this sentence for searching relevant passages: ", "")
_FAMILIES: tuple[tuple[str, Prompts], ...] = (
    # Each from the model card of its family.
    (r"(^|[/_-])(multilingual-)?e5-(small|base|large)(-|$)(?!.*instruct)", Prompts("query: ", "passage: ")),
    (r"(^|[/_-])bge-(small|base|large)-en", _SEARCHING),
    (r"(^|[/_-])bge-(small|base|large)-zh", Prompts("为这个句子生成表示以用于检索相关文章：", "")),
    (r"(^|[/_-])nomic-embed-text", Prompts("search_query: ", "search_document: ")),
    (r"(^|[/_-])mxbai-embed-(large|xsmall)", _SEARCHING),
    (
        r"(^|[/_-])(multilingual-)?e5-\S*instruct",
        Prompts(
            "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
            "",
        ),
    ),
)


def chosen_prompts(model: Any, name: str, query: str | None, document: str | None) -> Prompts:
    """Returns the prompts given, by text or by the name of one of the model's; None for the model's own.

    A model without a prompt for queries or documents has those of the family that its name belongs to.
    """
    named = _named(model)
    own = _configured(model) or _of_family(name) or Prompts("", "")
    return Prompts(
        own.query if query is None else named.get(query, query),
        own.document if document is None else named.get(document, document),
    )


def unused_prompts(model: Any, name: str, setting: str) -> list[str]:
    """Returns the names of a model's prompts if nothing says which of them queries have, and logs them.

    `setting` is the path of the one that chooses; where it is no `query_prompt`, none is used but by default.
    """
    of_queries = setting.endswith("query_prompt")
    if _configured(model, ("query",) if of_queries else ()) or (of_queries and _of_family(name)):
        return []
    names = [each for each in _named(model) if not of_queries or each not in _DOCUMENT_NAMES]
    if names:
        _log_once(name, shown(names), setting)
    return names


def shown(names: list[str]) -> str:
    """Returns the first names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _configured(model: Any, names: tuple[str, ...] = ("query", *_DOCUMENT_NAMES)) -> Prompts | None:
    """Returns the prompts in the model's configuration, None if it has neither a default nor these names."""
    prompts = _named(model)
    default = prompts.get(model.default_prompt_name or "", "")
    if not default and not any(name in prompts for name in names):
        return None
    documents = (prompts[name] for name in _DOCUMENT_NAMES if name in prompts)
    return Prompts(prompts.get("query", default), next(documents, default))


def _named(model: Any) -> dict[str, str]:
    return {name: text for name, text in (model.prompts or {}).items() if text}


def _of_family(model: str) -> Prompts | None:
    """Returns the published prompts of the family that a model's name belongs to, None if it is not known."""
    name = model.rstrip("/").lower()
    return next((prompts for pattern, prompts in _FAMILIES if re.search(pattern, name)), None)


@cache
def _log_once(model: str, names: str, setting: str) -> None:
    _LOG.warning("%s has prompts that are not used: %s; choose one: --set %s=NAME", model, names, setting)
