"""Data sets of the Hugging Face hub, as in `hf:owner/name`, or of a local folder, as in `hf:./folder`.

What is in one decides how it is read:

- the configurations `corpus` and `queries` (the BEIR and MTEB layout): documents and queries with `_id` (or
  `id`) and `text`, in the split that the judgments have or in the only one; the judgments, `query-id`,
  `corpus-id` and, unless all are positives, `score`, are in the configuration `qrels` or `default`, or in
  `owner/name-qrels`. With `hf:owner/name:ru` they are `ru-corpus`, `ru-queries`, `ru-qrels`;
- else it is a table of pairs or a training set, see `hardneg.sources.pairs` and `layouts`;
  `hf:owner/name:config` names the configuration.

A folder that `datasets.save_to_disk` wrote is such a table, with splits or as a whole. A folder without a
card is read by the names of its files where these are those of a BEIR or TREC folder.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Source, source
from hardneg.core.errors import ConfigError, DataError, optional_library, wrap_errors
from hardneg.core.records import Collection
from hardneg.sources import beir, training, trec
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import some
from hardneg.sources.companion_texts import companions_of, no_texts, own_documents
from hardneg.sources.entries import ITSELF
from hardneg.sources.judgments import add_judgment_rows
from hardneg.sources.tables import Rows

_SAVED = ("dataset_dict.json", "state.json")


@source("hf")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class HuggingFace(Source):
    """Data sets of the Hugging Face hub, as in `hf:owner/name`, or of a local folder, as in `hf:./folder`."""

    reads_corpus: ClassVar[bool] = True
    takes_paths: ClassVar[bool] = True

    def read(self, name: str, options: LoadOptions) -> Collection:
        """Returns a collection of the hub or of a local folder."""
        place, _, config = name.partition(":")
        with wrap_errors(f"hf:{name}"):
            if _is_saved(place):
                return _read_saved(place, options)
            folder = Path(place)
            if folder.is_dir() and not (folder / "README.md").exists():
                if beir.fits(folder):
                    return beir.read(folder, options)
                if trec.fits(folder):
                    return trec.read(folder, options)
            configs = _datasets().get_dataset_config_names(place)
            prefix = f"{config}-" if f"{config}-corpus" in configs else ""
            if {f"{prefix}corpus", f"{prefix}queries"} <= set(configs):
                return _read_beir(place, prefix, configs, options)
            return _read_table(place, config, configs, options)


def _read_table(place: str, config: str, configs: list[str], options: LoadOptions) -> Collection:
    """Returns what a table of pairs or a training set holds, whose ids other configurations may explain."""
    table = _table(place, config, configs, options)

    def table_of(kind: str, own: str) -> Rows:
        if own == ITSELF:
            return own_documents(_rows(table, place), options)
        if own not in configs:
            raise no_texts(f"hf:{place}", kind, f"a configuration {own}")
        return _part(place, own, options.split)

    return training.read_rows(
        _short(place),
        _rows(table, place),
        options,
        split_is_read=True,
        texts=lambda layout: companions_of(layout, options, table_of),
    )


def labelled_rows(name: str, options: LoadOptions) -> tuple[str, Rows, bool]:
    """Returns the short name of a table, its rows, and whether they are those of the chosen split alone.

    Class labels are given by their names.
    """
    place, _, config = name.partition(":")
    with wrap_errors(f"hf:{name}"):
        if _is_saved(place):
            table, split_is_read = _saved(place, options)
        else:
            configs = _datasets().get_dataset_config_names(place)
            table, split_is_read = _table(place, config, configs, options), True
    classes = {column: kind for column, kind in table.features.items() if hasattr(kind, "int2str")}

    def named(column: str, value: Any) -> Any:
        unknown = column not in classes or value is None or value < 0
        return value if unknown else classes[column].int2str(value)

    rows = (
        (where, {column: named(column, value) for column, value in row.items()})
        for where, row in _rows(table, place)
    )
    return _short(place), rows, split_is_read


def _table(place: str, config: str, configs: list[str], options: LoadOptions) -> Any:
    """Returns the chosen split of a configuration, by default the only one."""
    if (config or "default") not in configs and (config or len(configs) > 1):
        missing = f'there is no configuration "{config}"' if config else "there are several configurations"
        raise DataError(
            f"hf:{place}: {missing}; found: {some(configs)}; name one, as in hf:{place}:{configs[0]}"
        )
    splits = list(_datasets().get_dataset_split_names(place, config or None))
    if options.split not in splits:
        raise _no_split(place, options.split, splits)
    return _datasets().load_dataset(place, config or None, split=options.split)


def _is_saved(place: str) -> bool:
    return any((Path(place) / marker).is_file() for marker in _SAVED)


def _read_saved(place: str, options: LoadOptions) -> Collection:
    table, split_is_read = _saved(place, options)
    return training.read_rows(_short(place), _rows(table, place), options, split_is_read=split_is_read)


def _saved(place: str, options: LoadOptions) -> tuple[Any, bool]:
    """Returns what `save_to_disk` wrote, and whether it is the chosen split alone."""
    saved = _datasets().load_from_disk(place)
    if not isinstance(saved, dict):
        return saved, False
    if options.split not in saved:
        raise _no_split(place, options.split, saved)
    return saved[options.split], True


def _no_split(place: str, split: str, found: Names[str], has: str = "there is") -> DataError:
    """Returns the error for a split that is not there."""
    return DataError(
        f'hf:{place}: {has} no split "{split}"; splits found: {some(found)}; choose one with --split'
    )


def _read_beir(place: str, prefix: str, configs: list[str], options: LoadOptions) -> Collection:
    if options.corpus is not None:
        raise ConfigError(f"load.corpus ({options.corpus}) goes with pairs; hf:{place} has its own documents")
    judgments = _judgments(place, prefix, configs, options.split)
    builder = CollectionBuilder(_short(place), options)
    beir.add_documents(builder, _part(place, f"{prefix}corpus", options.split))
    beir.add_queries(builder, _part(place, f"{prefix}queries", options.split))
    add_judgment_rows(builder, _rows(judgments, f"{place} qrels"))
    return builder.build()


def _judgments(place: str, prefix: str, configs: list[str], split: str) -> Any:
    named = [
        config for config in (f"{prefix}qrels", prefix.removesuffix("-") or "default") if config in configs
    ]
    if named:
        splits = list(_datasets().get_dataset_split_names(place, named[0]))
        if split not in splits:
            raise _no_split(place, split, splits)
        return _datasets().load_dataset(place, named[0], split=split)
    return _datasets().load_dataset(f"{place}-qrels", split=split)


def _part(place: str, config: str, split: str) -> Rows:
    """Yields the rows of a split of a configuration, or of its only one, an `id` renamed to `_id`."""
    splits = list(_datasets().get_dataset_split_names(place, config))
    if split not in splits and len(splits) != 1:
        raise _no_split(place, split, splits, f"{config} has")
    table = _datasets().load_dataset(place, config, split=split if split in splits else splits[0])
    if "_id" not in table.column_names and "id" in table.column_names:
        table = table.rename_column("id", "_id")
    return _rows(table, f"{place} {config}")


def _rows(table: Any, name: str) -> Rows:
    for number, row in enumerate(table, 1):
        yield f"hf:{name}: row {number}", row


def _short(place: str) -> str:
    return Path(place).name or Path(place).resolve().name


def _datasets() -> Any:
    return optional_library("datasets", "hf")
