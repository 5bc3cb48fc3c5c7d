"""Cuts the documents of a collection, and writes their chunks as documents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.chunking.judgments import chunk_id
from hardneg.chunking.splitter import Chunk, Splitter, TokenCounter
from hardneg.core.errors import DataError
from hardneg.core.progress import Progress
from hardneg.core.records import Documents, IntArray, full_text, rows_of
from hardneg.exporters.rows import rows_to

_BLOCK = 1_024


@dataclass(frozen=True)
class CutDocuments:
    """What became of documents.

    Attributes:
        counts: (n_docs,) int32, how many chunks each has.
        facts: Counts of documents and chunks; `beyond`, the share of the tokens that are behind the first
            `tokens` of a document.
    """

    counts: IntArray
    facts: dict[str, Any]


def write_documents(
    documents: Documents,
    counter: TokenCounter,
    splitter: Splitter,
    tokens: int,
    out: Path,
    progress: Progress,
) -> CutDocuments:
    """Writes the chunks of documents as a BEIR corpus; their source is in the column `document_id`."""
    counts = np.ones(len(documents), np.int32)
    found: Counter[str] = Counter()
    with progress.task("cut documents", len(documents), "documents") as task, rows_to(out) as add:
        for rows in rows_of(len(documents), _BLOCK):
            columns = documents.ids(rows), documents.titles(rows), documents.bodies(rows)
            lengths = counter.lengths(documents.texts(rows))
            found["all"] += int(lengths.sum())
            found["beyond"] += int(np.maximum(lengths - tokens, 0).sum())
            for row, doc_id, title, text, length in zip(rows, *columns, lengths, strict=True):
                cut = [Chunk(0, title, text)] if length <= tokens else _cut(splitter, doc_id, title, text)
                counts[row] = len(cut)
                if length > tokens:
                    found["longer"] += 1
                    found["titles"] += cut[0].title != title
                    texts = [full_text(chunk.title, chunk.text) for chunk in cut]
                    found["over"] += int((counter.lengths(texts) > tokens).sum())
                for place, chunk in enumerate(cut):
                    add(
                        {
                            "_id": chunk_id(doc_id, place),
                            "title": chunk.title,
                            "text": chunk.text,
                            "document_id": doc_id,
                            "start": chunk.start,
                        }
                    )
            task.advance(len(rows))
    facts = {
        "documents": len(documents),
        "longer": found["longer"],
        "beyond": round(found["beyond"] / max(found["all"], 1), 4),
        "chunks": int(counts.sum()),
        "titles_cut": found["titles"],
        "chunks_over": found["over"],
    }
    return CutDocuments(counts, facts)


def _cut(splitter: Splitter, doc_id: str, title: str, text: str) -> list[Chunk]:
    try:
        return splitter.cut(title, text)
    except DataError as error:
        raise DataError(f'document "{doc_id}": {error}') from None
