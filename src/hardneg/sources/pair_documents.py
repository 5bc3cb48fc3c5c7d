"""The documents in a row of pairs, and what lists beside them say of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.sources.cells import check_text, no_list
from hardneg.sources.entries import Document
from hardneg.sources.tables import Row, as_id, kind_of, relevance_of

if TYPE_CHECKING:
    from hardneg.sources.pairs import Roles

SCORES = "scores"


def documents_of(row: Row, roles: Roles, where: str) -> list[Document]:
    """Returns the documents of a row, those in the column of positives first."""
    main = roles.main
    positives, documents = _texts(row, main, where, named=roles.positive is None), list[Document]()
    for column in roles.negatives:
        if row.get(column) is None:
            documents.append(Document("", relevance=None, column=column))
        for text, place in _texts(row, column, where):
            documents.append(Document(text, relevance=0, column=column, place=place))
    labels = _labels(row, roles, len(positives), len(documents), where)
    ids, count = roles.doc_id, len(positives)
    if ids is not None and isinstance(row[ids], str):
        check_text(row, ids, row[ids], where)
    own = [
        Document(
            text,
            doc_id=None if ids is None else as_id(_nth(row, ids, number, count, where), ids, where),
            relevance=1 if labels is None else _relevance(row, labels, number, count, where),
            column=main,
            place=place,
            labelled=labels is not None,
        )
        for number, (text, place) in enumerate(positives)
    ]
    return own + documents


def _labels(row: Row, roles: Roles, positives: int, negatives: int, where: str) -> str | None:
    """Returns the column that says which texts in the column of positives are relevant.

    Raises:
        DataError: A list beside several of them may say so, but it is not known whether it does.
    """
    main = roles.main
    values = None if roles.labels is None else row.get(roles.labels)
    if isinstance(values, str) and values.lstrip()[:1] == "[":
        raise no_list(str(roles.labels), values, where)
    if not isinstance(row.get(main), list):
        return roles.relevance or (None if isinstance(values, list) and values else roles.labels)
    if roles.labels in row and positives > 1 and not (isinstance(values, list) and values):
        raise DataError(
            f'{where}: "{roles.labels}" is {values!r:.40}, and may say which of the {positives} texts of '
            f'"{main}" are positives; a list with 1 or 0 for each is needed'
        )
    if isinstance(values, list):
        if not negatives or len(values) != positives + negatives:
            return roles.labels
    if roles.relevance is None and positives > 1:
        for column, values in row.items():
            if not isinstance(values, list) or len(values) != positives or column.startswith(main):
                continue
            if (column == SCORES and not negatives) or (0 in values and all(v in (0, 1) for v in values)):
                raise DataError(
                    f'{where}: "{column}" has a value for each text of "{main}", so not all may be '
                    f"positives; rename it: labels if 0 means no, {main}_{column} if all are; if the first "
                    f"alone is one: --column anchor={roles.query} --column documents={main}"
                )
    return roles.relevance


def _texts(row: Row, column: str, where: str, *, named: bool = False) -> list[tuple[str, int | None]]:
    """Returns the texts in a column, one, a list of them or none, with their places in the list.

    Of documents that are only `named`, the ids stand for the texts.
    """
    value = row.get(column)
    texts = value if isinstance(value, list) else [] if value is None else [value]
    if named:
        texts = [as_id(text, column, where) for text in texts]
    for text in texts:
        if not isinstance(text, str):
            raise DataError(f'{where}: "{column}" holds {kind_of(text)}; strings are needed')
        if texts is not value:
            check_text(row, column, text, where, typed=True)
    return [(text, place if isinstance(value, list) else None) for place, text in enumerate(texts)]


def _relevance(row: Row, column: str, number: int, count: int, where: str) -> int:
    """Returns the relevance of the nth positive."""
    return relevance_of(_nth(row, column, number, count, where), where, column)


def _nth(row: Row, column: str, number: int, count: int, where: str) -> Any:
    """Returns the value in a column for the nth positive: each its own from a list, else one for all."""
    value = row[column]
    if not isinstance(value, list):
        return value
    if len(value) != count:
        raise DataError(
            f'{where}: "{column}" has {counted(len(value), "value")} for {counted(count, "positive")}'
        )
    return value[number]
