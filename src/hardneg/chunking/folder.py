"""Writes the folder of a collection's chunks: documents, queries, judgments, and what is neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hardneg._version import __version__
from hardneg.chunking.chunk_settings import ChunkSettings
from hardneg.chunking.documents import CutDocuments, write_documents
from hardneg.chunking.judgments import ChunkRows, Judged, carried_over, chunk_id
from hardneg.chunking.splitter import Splitter, TokenCounter
from hardneg.core.components import RANKERS, Context, Ranker
from hardneg.core.errors import ConfigError, DataError, require, require_all
from hardneg.core.files import TEMPORARY, digest_file
from hardneg.core.records import Collection
from hardneg.core.state_files import fingerprint, write_state
from hardneg.exporters.rows import rows_to, text_to
from hardneg.runs.directory import RunFolder
from hardneg.sources import beir, chunks
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.tables import rows as table_rows

_LIBRARY = "semantic-text-splitter"
_HEADER = "query-id\tcorpus-id"


@dataclass(frozen=True)
class ChunkJob:
    """What is cut, and how.

    Attributes:
        collections: By split, with the same documents; some without queries have one split.
        source: Where they are from; None for one in memory.
        settings: How they are cut.
        model: The dense ranker whose tokenizer counts, with its prompt.
        ranker: Finds the best chunk of a relevant document.
    """

    collections: Mapping[str, Collection]
    source: str | None
    settings: ChunkSettings
    model: Ranker
    ranker: Ranker

    @property
    def first(self) -> Collection:
        """The collection of the first split."""
        return next(iter(self.collections.values()))

    @property
    def judged(self) -> dict[str, Collection]:
        """The collections that have queries, by split."""
        return {split: each for split, each in self.collections.items() if len(each.queries)}

    def check(self) -> None:
        """Checks that the documents can be cut, and their judgments carried over.

        Raises:
            ConfigError: They are chunks already, differ between the splits, or some pairs are neutral.
            MissingExtra: A library is not installed.
        """
        require("semantic_text_splitter", "chunk")
        require_all((self.model, self.ranker))
        for split, each in self.collections.items():
            if each.chunks:
                raise ConfigError(
                    f"{each.name} is cut into chunks already; cut the documents that they are from"
                )
            if each.neutral is not None:
                raise ConfigError(
                    f"{each.name}: its source has pairs that are neither positive nor negative, as "
                    "classes and sts have, which cannot be carried over to chunks"
                )
            ours, others = self.first.documents, each.documents
            ids = (documents.table["doc_id"].to_pylist() for documents in (ours, others))
            if next(ids) != next(ids) or (ours.keys != others.keys).any():
                raise ConfigError(
                    f"{each.name}: the split {split} has other documents than the first; cut each into a "
                    "folder of its own with --split"
                )


def write(job: ChunkJob, out: Path, context: Context) -> dict[str, Any]:
    """Writes the chunks of a collection into a folder and returns its `chunks.json`.

    A folder that is finished is left as it is; one that was interrupted, or damaged, is written anew.

    Raises:
        ConfigError: The folder holds something else, or the documents cannot be cut.
        DataError: A file cannot be written.
    """
    job.check()
    model: Any = job.model.encoder()
    counter = TokenCounter(model.tokenizer, model.prompts.document, job.settings.model)
    splitter = Splitter(counter, job.settings.tokens, job.settings.overlap)
    described = {
        "settings": job.settings.model_dump(mode="json"),
        "ranker": RANKERS.describe(job.ranker),
        "versions": {"hardneg": __version__, _LIBRARY: version(_LIBRARY)},
    }
    digests = {split: each.digest for split, each in job.collections.items()}
    origin = fingerprint(described, digests, counter.digest)
    with RunFolder(out, chunks.FILE).opened() as folder:
        stored = _claim(folder, origin)
        if stored.get("finished") and not chunks.changed_files(out, stored, list(stored["files"])):
            return stored
        cut = write_documents(
            job.first.documents, counter, splitter, job.settings.tokens, out / chunks.CORPUS, context.progress
        )
        splits = _write_queries_and_judgments(job, cut, out, context)
        info = {
            "fingerprint": origin,
            "finished": True,
            "name": job.first.name,
            **described,
            "facts": _facts(job, cut, model.facts["max_length"]),
            "splits": splits,
            "files": {name: digest_file(out / name) for name in _files(splits)},
        }
        return write_state(out / chunks.FILE, info)


def _claim(folder: RunFolder, origin: str) -> dict[str, Any]:
    """Claims a folder, and returns its `chunks.json`, {} of a new one."""
    try:
        stored = chunks.read_info(folder.path)
    except FileNotFoundError:
        stored = {}
    if stored and stored["fingerprint"] != origin:
        raise ConfigError(
            f"{folder.path} holds chunks of other documents or judgments, or by other settings; choose "
            "another --out, or delete it"
        )
    folder.sweep()
    for part in ("qrels", "neutral"):
        for left in (folder.path / part).glob(TEMPORARY):
            left.unlink(missing_ok=True)
    if not stored:
        write_state(folder.path / chunks.FILE, {"fingerprint": origin, "finished": False})
    return stored


def _files(splits: Iterable[str]) -> list[str]:
    """Returns the files of a folder but `chunks.json`."""
    queries = [chunks.QUERIES] if splits else []
    return [
        chunks.CORPUS,
        *queries,
        *(of(split) for split in splits for of in (chunks.qrels, chunks.neutral)),
    ]


def _facts(job: ChunkJob, cut: CutDocuments, limit: int | None) -> dict[str, Any]:
    """Returns what is known of the chunks wherever they are used."""
    first, settings = job.first, job.settings
    return {
        "source": job.source,
        "tokens": settings.tokens,
        "overlap": settings.overlap,
        "positives": settings.positives,
        "model": settings.model,
        "max_length": limit,
        "ranker": RANKERS.name_of(job.ranker),
        **cut.facts,
        "min_relevance": first.judgments.min_relevance,
        "not_kept": [*first.unread_columns, *first.scores],
        "notes": dict(first.notes),
    }


def _write_queries_and_judgments(
    job: ChunkJob, cut: CutDocuments, out: Path, context: Context
) -> dict[str, dict[str, Any]]:
    """Writes queries and, for each split, judgments; returns what became of them by split."""
    if not job.judged:
        return {}
    documents = job.first.documents
    ids = documents.table["doc_id"].to_pylist()
    builder = CollectionBuilder(job.first.name, LoadOptions())
    beir.add_documents(builder, table_rows(out / chunks.CORPUS))
    ranked = builder.build(documents_alone=True)
    rows = ChunkRows(ids, cut.counts, ranked.documents)
    splits: dict[str, dict[str, Any]] = {}
    for split, each in job.judged.items():
        of_split = replace(ranked, queries=each.queries)
        judged = carried_over(each, rows, of_split, job.ranker, job.settings.positives, context)
        splits[split] = {"digest": each.digest, **_write_judgments(judged, each, ids, out, split)}
    _write_queries(job.judged, out / chunks.QUERIES)
    return splits


def _write_judgments(
    judged: Iterable[Judged], source: Collection, ids: list[str], out: Path, split: str
) -> dict[str, Any]:
    """Writes the judgments of a split and the pairs that are neither; returns the counts.

    `first` and `later` count relevant documents of several chunks by whether their best chunk is the first.
    """
    names: list[str] = source.queries.table["query_id"].to_pylist()
    least = source.judgments.min_relevance
    counts: Counter[str] = Counter()
    with text_to(out / chunks.qrels(split)) as file, text_to(out / chunks.neutral(split)) as beside:
        file.write(f"{_HEADER}\tscore\n")
        beside.write(f"{_HEADER}\n")
        for each in judged:
            query, doc = names[each.query], ids[each.doc]
            file.writelines(f"{query}\t{chunk_id(doc, place)}\t{each.relevance}\n" for place in each.listed)
            beside.writelines(f"{query}\t{chunk_id(doc, place)}\n" for place in each.neutral)
            counts["relevant" if each.relevance >= least else "not_relevant"] += 1
            counts["neutral"] += len(each.neutral)
            if each.neutral:
                counts["later" if each.listed[0] else "first"] += 1
    kinds = ("relevant", "not_relevant", "first", "later", "neutral")
    return {"queries": len(source.queries), **{kind: counts[kind] for kind in kinds}}


def _write_queries(collections: Mapping[str, Collection], out: Path) -> None:
    """Writes the queries of all splits, each once.

    Raises:
        DataError: An id stands for two texts or prompts.
    """
    written: dict[str, dict[str, str]] = {}
    with rows_to(out) as add:
        for split, each in collections.items():
            table = each.queries.table
            for row in table.rename_columns(["_id", *table.column_names[1:]]).to_pylist():
                query_id = row["_id"]
                if query_id not in written:
                    written[query_id] = row
                    add(row)
                elif written[query_id] != row:
                    raise DataError(
                        f'{each.name}: the query "{query_id}" of the split {split} has another text or '
                        "prompt in an earlier split; cut each split into a folder of its own with --split"
                    )
