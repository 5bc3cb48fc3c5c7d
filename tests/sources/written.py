"""Tables written as people have them: each kind of file, and each small damage that it may have taken."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import packed

Rows = Sequence[Mapping[str, Any]]


def whole(rows: Rows) -> list[dict[str, Any]]:
    """Returns rows of the same columns, None where one had none."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return [{column: row.get(column) for column in columns} for row in rows]


def _dumps(value: Any, **more: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **more)


def lines(rows: Rows) -> str:
    return "".join(f"{_dumps(row)}\n" for row in rows)


def cell(value: Any) -> str:
    return "" if value is None else _dumps(value) if isinstance(value, list) else str(value)


def separated(mark: str = ",", **how: Any) -> Callable[[Rows], str]:
    def write(rows: Rows) -> str:
        out = io.StringIO()
        made = csv.writer(out, delimiter=mark, **{"lineterminator": "\n", **how})
        made.writerows([list(whole(rows)[0]), *([*map(cell, row.values())] for row in whole(rows))])
        return out.getvalue()

    return write


def tabbed(rows: Rows) -> str:
    return "".join(
        "\t".join(map(cell, each)) + "\n" for each in ([*whole(rows)[0]], *(r.values() for r in whole(rows)))
    )


def excel(mark: str) -> Callable[[Rows], str]:
    write = separated(mark, lineterminator="\r\n")
    return lambda rows: "\ufeff" + write(rows)


def wide(rows: Rows) -> str:
    return excel(";")(rows).replace("\r\n", ";;\r\n") + ";;;\r\n"


def utf16(rows: Rows) -> bytes:
    return separated("\t", lineterminator="\r\n")(rows).encode("utf-16")


def of_pandas(**how: Any) -> Callable[[Rows], str]:
    return lambda rows: pd.DataFrame(list(rows)).to_json(force_ascii=False, **how)


def parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(whole(rows)), out)
    return out.getvalue()


def pandas_parquet(rows: Rows) -> bytes:
    return pd.DataFrame(whole(rows), index=[f"row {n}" for n in range(len(rows))]).to_parquet()


def polars(write: str) -> Callable[[Rows], str | bytes]:
    def written(rows: Rows) -> bytes:
        out = io.BytesIO()
        getattr(pl.DataFrame(whole(rows), strict=False), write)(out)
        return out.getvalue()

    return written


JSON: dict[str, tuple[str, Callable[[Rows], str | bytes]]] = {
    "JSON lines": (".jsonl", lines),
    "JSON lines called .json": (".json", lines),
    "JSON lines, gzip": (".jsonl.gz", lines),
    "JSON lines, zstd": (".ndjson.zst", lines),
    "JSON lines, packed without saying so": (".jsonl", lambda rows: packed(lines(rows).encode(), ".gz")),
    "a JSON array": (".json", lambda rows: _dumps(list(rows))),
    "a JSON array, gzip": (".json.gz", lambda rows: _dumps(list(rows))),
    "a JSON array, indented": (".json", lambda rows: _dumps(list(rows), indent=2)),
    "JSON objects over several lines": (
        ".json",
        lambda rows: "\n".join(_dumps(row, indent=4) for row in rows),
    ),
    "pandas' records": (".json", of_pandas(orient="records")),
    "pandas' records, lines": (".jsonl", of_pandas(orient="records", lines=True)),
    "pandas' columns": (".json", of_pandas()),
    "pandas' index": (".json", of_pandas(orient="index")),
    "pandas' split": (".json", of_pandas(orient="split")),
    "pandas' table": (".json", of_pandas(orient="table")),
    "polars' JSON": (".json", polars("write_json")),
    "polars' JSON lines": (".ndjson", polars("write_ndjson")),
    "Parquet": (".parquet", parquet),
    "Parquet called .json": (".json", parquet),
    "pandas' Parquet": (".parquet", pandas_parquet),
    "polars' Parquet": (".parquet", polars("write_parquet")),
}
"""Kinds of files that hold values of any type: the ending of the name, and the content."""

CELLS: dict[str, tuple[str, Callable[[Rows], str | bytes]]] = {
    "CSV": (".csv", separated()),
    "CSV, gzip": (".csv.gz", separated()),
    "CSV, all quoted": (".csv", separated(quoting=csv.QUOTE_ALL)),
    "CSV, lines ending in a carriage return": (".csv", separated(lineterminator="\r")),
    "CSV of Excel": (".csv", excel(",")),
    "CSV of Excel, semicolons": (".csv", excel(";")),
    "CSV of Excel, empty columns at the end": (".csv", wide),
    "CSV of Excel, Unicode text": (".csv", utf16),
    "CSV of pandas, with its index": (".csv", lambda rows: pd.DataFrame(map(_texts, whole(rows))).to_csv()),
    "TSV": (".tsv", tabbed),
    "TSV, zstd": (".tsv.zst", tabbed),
}
"""Kinds of files whose cells are texts."""


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    return {column: cell(value) for column, value in row.items()}


def put(path: Path, content: str | bytes) -> Path:
    """Writes a file, packed as its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(content.encode() if isinstance(content, str) else content, path.suffix))
    return path


def same(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Yields rows that say the same in another way, or that may be refused."""
    yield "columns in reverse", [dict(reversed(row.items())) for row in rows]
    yield "columns sorted", [dict(sorted(row.items())) for row in rows]
    yield "a column of numbers first", [{"nr": n, **row} for n, row in enumerate(rows)]
    yield "a column of nothing", [{**row, "note": None} for row in rows]
    yield "a column of short texts", [{**row, "source": "wiki"} for row in rows]
    yield "names in capitals", [{name.upper(): value for name, value in row.items()} for row in rows]
    yield "a space before a name", [{f" {name}": value for name, value in row.items()} for row in rows]
    for name in whole(rows)[0]:
        if isinstance(rows[0].get(name), list):
            for what, value in (("texts", "x"), ("numbers", 0.5), ("ones", 1), ("zeros", 0)):
                extra = [{**row, "extra": [value for _ in row.get(name) or []]} for row in rows]
                yield f"a list of {what} beside {name}", extra
            alone = [
                {**row, name: row[name][0] if len(row.get(name) or []) == 1 else row.get(name)}
                for row in rows
            ]
            yield f"{name} without its brackets", alone
    yield "a row twice", [*rows, rows[0]]
    yield "an empty row", [rows[0], {}, *rows[1:]]


def less(rows: Rows, decisive: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Yields rows that say less, or that may be refused."""
    for name in whole(rows)[0]:
        if name not in decisive:
            yield f"without {name}", [{own: v for own, v in row.items() if own != name} for row in rows]
        for place in range(len(rows)):
            for what, value in (("null", None), ("empty", ""), ("an empty list", []), ("spaces", "  ")):
                changed = [dict(row) for row in rows]
                changed[place][name] = value
                yield f"{name} of row {place + 1} is {what}", changed
            changed = [dict(row) for row in rows]
            changed[place].pop(name, None)
            if name not in decisive:
                yield f"row {place + 1} lacks {name}", changed
            if isinstance(rows[place].get(name), list) and rows[place][name]:
                changed = [dict(row) for row in rows]
                changed[place][name] = rows[place][name][:-1]
                yield f"{name} of row {place + 1} is one shorter", changed
    yield "without the last row", rows[:-1]


QUOTE = "\u2420"
"""Stands for a quote that is put into a file after its text is written."""


def quoted(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """Yields rows with a stray quote before, in or after each text."""
    for place, row in enumerate(rows):
        for name, value in row.items():
            if isinstance(value, str):
                for what, at in (("before", 0), ("in", 2), ("after", len(value))):
                    changed = [dict(each) for each in rows]
                    changed[place][name] = value[:at] + QUOTE + value[at:]
                    yield f"a quote {what} {name} of row {place + 1}", changed
