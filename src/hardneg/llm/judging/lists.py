"""Lists of one query's documents that are graded together, a known positive among them.

Documents stand in an order drawn from the seed, under codes that no text contains: a model that prefers some
places prefers no kind of document, and a document cannot name its own code. A grade that says that a document
answers counts only with the words that answer, quoted from it.

Source: relabelling against the positive by answers quoted from documents, ARHN (arXiv 2604.11092).
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from hardneg.core.errors import DataError
from hardneg.core.records import Collection
from hardneg.core.verdicts import HIGHEST, Verdict
from hardneg.llm.judging.grades import distinct
from hardneg.llm.judging.pairs import Pair, with_texts
from hardneg.llm.prompt import Prompt, without_thoughts

ANSWERS = 2
"""The least grade that says that a document answers, for which its words must be quoted."""
_CODE_LENGTH = 6


class DocumentList(NamedTuple):
    """Documents of one query to grade together.

    Attributes:
        pairs: What is judged.
        positive: A document known to be relevant, graded among them.
    """

    pairs: tuple[Pair, ...]
    positive: Pair

    def shown(self, seed: int, turn: int) -> dict[str, Pair]:
        """Returns the documents by their codes, in the order in which they are shown.

        Args:
            seed: Seed of codes and order.
            turn: 0 for the first question, 1 for the second.
        """
        pairs = (*self.pairs, self.positive)
        material = "\0".join((self.positive.query, *(pair.document for pair in pairs))).casefold()
        coded: dict[str, Pair] = {}
        for pair in pairs:
            digest = _hashed(f"{seed}\0{turn}\0{pair.query_id}\0{pair.doc_id}")
            while digest[:_CODE_LENGTH] in material or digest[:_CODE_LENGTH] in coded:
                digest = _hashed(digest)
            coded[digest[:_CODE_LENGTH]] = pair
        return dict(sorted(coded.items()))


class ListGrade(NamedTuple):
    """The grade of one document of a list, 0 to 3, and the words of it that answer."""

    grade: int
    span: str


def lists_of(
    pairs: Sequence[tuple[str, str]], collection: Collection, size: int, max_characters: int
) -> list[DocumentList]:
    """Returns lists of at most `size` documents of one query, in the order of their first pairs.

    The positive is the query's most relevant one.
    """
    by_query: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        by_query.setdefault(pair[0], []).append(pair)
    parts = [own[start : start + size] for own in by_query.values() for start in range(0, len(own), size)]
    rows = collection.queries.rows([part[0][0] for part in parts]).tolist()
    best = [_best(collection, row, part[0][0]) for row, part in zip(rows, parts, strict=True)]
    names = collection.documents.ids(best) if best else []
    asked = [[*part, (part[0][0], name)] for part, name in zip(parts, names, strict=True)]
    texts = iter(with_texts([pair for part in asked for pair in part], collection, max_characters))
    lists = []
    for part in asked:
        *own, positive = (next(texts) for _ in part)
        lists.append(DocumentList(tuple(own), positive))
    return lists


def _best(collection: Collection, query: int, name: str) -> int:
    """Returns the row of a query's most relevant positive."""
    positives = collection.judgments.positives(query) if query >= 0 else np.empty(0, np.int32)
    if not len(positives):
        raise DataError(f'query "{name}" has no positive in the collection of the run to be compared with')
    return int(positives[0])


def filled(prompt: Prompt, shown: Mapping[str, Pair]) -> str:
    """Returns the prompt about documents by their codes."""
    documents = "\n\n".join(
        f"<document {code}>\n{pair.document}\n</document {code}>" for code, pair in shown.items()
    )
    return prompt.fill(query=next(iter(shown.values())).query, documents=documents)


def form_of(shown: Mapping[str, Pair]) -> dict[str, Any]:
    """Returns the `response_format` of an answer about documents by their codes, and nothing else."""
    grade = {"type": "integer", "enum": list(range(HIGHEST + 1))}
    document = _object({"answer": {"type": "string"}, "grade": grade})
    schema = _object(dict.fromkeys(shown, document))
    return {"type": "json_schema", "json_schema": {"name": "grades", "strict": True, "schema": schema}}


def read_grades(answer: str, shown: Mapping[str, Pair]) -> dict[str, ListGrade]:
    """Returns the grades of an answer, by the documents' codes; those that are not readable are left out.

    So are grades from 2 on without words that stand in the document.
    """
    try:
        parsed = json.loads(without_thoughts(answer) or "", object_pairs_hook=distinct)
    except (ValueError, RecursionError):
        return {}
    given = parsed if isinstance(parsed, dict) else {}
    read = {code: _read(given.get(code), pair.document) for code, pair in shown.items()}
    return {code: grade for code, grade in read.items() if grade is not None}


def verdict_against(grade: int, positive: int, relevant_from: int) -> Verdict:
    """Returns the verdict on a document of a grade, beside a known positive of another.

    It is relevant if it answers no worse than the positive, partial if it answers worse.
    """
    if grade < relevant_from:
        return Verdict.NOT_RELEVANT
    return Verdict.RELEVANT if grade >= positive else Verdict.PARTIAL


def _read(given: Any, document: str) -> ListGrade | None:
    grade, span = (given.get("grade"), given.get("answer")) if isinstance(given, dict) else (None, None)
    if type(grade) is not int or not 0 <= grade <= HIGHEST or not isinstance(span, str | None):
        return None
    span = span or ""
    return None if grade >= ANSWERS and not _is_quoted(span, document) else ListGrade(grade, span)


def _is_quoted(span: str, document: str) -> bool:
    words = _plain(span).strip(" \"'`«»“”„….")
    return any(map(str.isalnum, words)) and words in _plain(document)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    names = list(properties)
    return {
        "type": "object",
        "properties": dict(properties),
        "required": names,
        "additionalProperties": False,
    }


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
